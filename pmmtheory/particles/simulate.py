"""Particles: many independent copies of a chain."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count
from pmmtheory.schemes import Midpoints, Scheme
from pmmtheory.targets import Target

_CHUNK = 16_384


def simulate(
    scheme: Scheme,
    particles: int,
    steps: int,
    seed: int = 0,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    initial: Any = None,
) -> Tensor:
    """Run independent copies of a chain and return where they end.

    Particles are simulated in chunks of 16384, each with random streams of its own that depend only on the seed and the
    number of the chunk: whole chunks are the same whatever comes after them.

    Parameters
    ----------
    scheme : Scheme
    particles, steps : int
    seed : int
    device, dtype
        Where and in which precision; a seed gives one result per device and dtype.
    initial : Target, tensor or number, optional
        Where they start: draws of a target (the scheme's own by default) with velocities from N(0, 1), or states: one for
        all, or one a particle.

    Returns
    -------
    Tensor of shape (particles, *state_shape), as in pmmtheory.dynamics.Dynamics

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> simulate(EulerMaruyama(Overdamped(Gaussian()), step_size=0.1), particles=5, steps=3).shape
    torch.Size([5])
    """
    n, length = count("particles", particles), count("steps", steps, 0)
    scheme.dynamics.require_time_for(length, scheme.step_size)
    starts = _starts(scheme, n, seed, initial)
    done = []
    for number, start in enumerate(starts):
        generator = stream(seed, number, device)
        x = start.to(device=device, dtype=dtype)
        for i in range(length):
            x = sample_step(scheme, x, i * scheme.step_size, generator)
        done.append(x)
    return torch.cat(done)


def sample_step(scheme: Scheme, x: Tensor, t: float, generator: torch.Generator) -> Tensor:
    """One random step of every point of x."""
    axes = len(scheme.dynamics.state_shape)
    shape = x.shape[: x.ndim - axes] + (1,) * axes
    draws: dict[str, Any] = {}
    layers: tuple[int, ...] = ()
    for name, draw in scheme.draws.items():
        if isinstance(draw, Midpoints):
            draws[name] = draw.sample(tuple(shape), generator, x.dtype)
            layers = (draws[name][0].shape[0],)
        else:
            own = tuple(shape) if draw.shared else layers + tuple(x.shape)
            draws[name] = draw.sample(own, generator, x.dtype)
    mean, factor = scheme.step(x, t, draws)
    moved: Tensor = mean + factor * torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    return moved


def stream(seed: int, number: int, device: str) -> torch.Generator:
    """An independent generator for one chunk of one seed."""
    return torch.Generator(device=device).manual_seed(_mixed(seed, number))


def _mixed(seed: int, number: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}/{number}".encode(), digest_size=7).digest(), "big")


def _starts(scheme: Scheme, n: int, seed: int, initial: Any) -> list[Tensor]:
    """Where the particles of each chunk start."""
    system = scheme.dynamics
    if initial is None or isinstance(initial, Target):
        source = initial or system.target
        if source.dim != system.target.dim:
            raise InvalidParameter("initial", source.name, f"a target in dimension {system.target.dim}")
        sizes = [(first, min(_CHUNK, n - first)) for first in range(0, n, _CHUNK)]
        return [system.lift(source.sample(size, _mixed(seed, -1 - first)), stream(seed, -2 - first, "cpu")) for first, size in sizes]
    points = torch.as_tensor(initial, dtype=torch.float64)
    shape = (n, *system.state_shape)
    if not bool(torch.isfinite(points).all()) or tuple(points.shape) not in _allowed(shape):
        raise InvalidParameter("initial", tuple(points.shape), f"a target, one finite point, or {n} finite points of shape {shape}")
    return list(points.expand(shape).split(_CHUNK))


def _allowed(shape: tuple[int, ...]) -> set[tuple[int, ...]]:
    """The shapes of one point and of n points; a number is a point on the line."""
    return {shape, shape[1:]} | ({(1,)} if len(shape) == 1 else set())
