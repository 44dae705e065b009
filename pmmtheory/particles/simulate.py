"""Particles: many independent copies of a chain."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain, chain_of
from pmmtheory.errors import Diverged, InvalidParameter, count, fits, flag, real, required, whole
from pmmtheory.numerics.devices import known_device
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.drawn import drawn
from pmmtheory.targets import Target

_CHUNK = 16_384
LONGEST = 10**9
_WATCH = 32
"""Steps between two looks at whether all particles are finite."""


def simulate(
    scheme: Scheme | Chain,
    particles: int,
    steps: int | None = None,
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
    scheme : Scheme or Chain
        A Chain says itself where it starts and how many steps it takes.
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

    Raises
    ------
    Diverged
        With the first step after which a particle is not finite, in the first chunk that has one.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> simulate(EulerMaruyama(Overdamped(Gaussian()), step_size=0.1), particles=5, steps=3).shape
    torch.Size([5])
    """
    chain = chain_of(scheme, initial, steps)
    if not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
        raise InvalidParameter("dtype", dtype, "a floating dtype of torch, such as torch.float64")
    n, length, key, place = count("particles", particles), int(required("steps", chain.steps)), whole("seed", seed), known_device(device)
    done, own = [], chain.scheme
    if length > LONGEST:
        raise InvalidParameter("steps", length, f"at most {LONGEST}, which take hours")
    fits("particles", particles, 2.0 * n * math.prod(own.dynamics.state_shape), dtype.itemsize)
    for number, start in enumerate(_starts(own, n, key, chain.start)):
        generator = stream(key, number, place)

        def move(x: Tensor, i: int, generator: torch.Generator = generator) -> Tensor:
            return sample_step(own, x, i * own.step_size, generator)

        what = f"{own.name} with step_size = {own.step_size:g} on {getattr(own.dynamics.target, 'name', 'a predictor')}"
        done.append(_walk(move, start.to(device=place, dtype=dtype), length, what, "a smaller step may keep it stable", generator))
    return torch.cat(done)


def _walk(move: Callable[[Tensor, int], Tensor], x: Tensor, steps: int, what: str, advice: str, generator: torch.Generator) -> Tensor:
    """Steps 0, 1, ... of a chain; raises Diverged once a particle is not finite. The generator is what `move` draws from."""
    kept, since, state = x, 0, generator.get_state()
    for i in range(steps):
        x = move(x, i)
        if (i + 1) % _WATCH == 0 or i + 1 == steps:
            if not bool(torch.isfinite(x).all()):
                generator.set_state(state)
                raise _divergence(move, kept, range(since, steps), what, advice)
            kept, since, state = x, i + 1, generator.get_state()
    return x


def _divergence(move: Callable[[Tensor, int], Tensor], x: Tensor, steps: range, what: str, advice: str) -> Diverged:
    """The same steps again, with a look after each."""
    lost, i = 0, steps.start
    for i in steps:
        x = move(x, i)
        lost = lost_in(x)
        if lost:
            break
    return Diverged(what, i + 1, steps.stop, lost, len(x), advice)


def lost_in(x: Tensor) -> int:
    """How many particles are not finite."""
    return int((~torch.isfinite(x)).reshape(len(x), math.prod(x.shape[1:])).any(1).sum())


def sample_step(scheme: Scheme, x: Tensor, t: float, generator: torch.Generator, together: bool = False) -> Tensor:
    """One random step of every point of x, a floating tensor of states; `together`, all have the same random times."""
    if not isinstance(scheme, Scheme):
        raise InvalidParameter("scheme", scheme, "a pmmtheory scheme")
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise InvalidParameter("x", x, "a floating tensor of states")
    if not hasattr(generator, "manual_seed"):
        raise InvalidParameter("generator", generator, "a torch.Generator")
    real("t", t)
    mean, factor = scheme.step(x, t, drawn(scheme, x, generator, flag("together", together)))
    moved: Tensor = mean + factor * torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    return moved


def stream(seed: int, number: int, device: str) -> torch.Generator:
    """An independent generator for one chunk of one seed."""
    return torch.Generator(device=known_device(device)).manual_seed(_mixed(whole("seed", seed), whole("number", number)))


def _mixed(seed: int, number: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}/{number}".encode(), digest_size=7).digest(), "big")


def _starts(scheme: Scheme, n: int, seed: int, initial: Any) -> list[Tensor]:
    """Where the particles of each chunk start."""
    system = scheme.dynamics
    if initial is None or isinstance(initial, Target):
        source, event = required("initial", initial or system.target), system.state_shape[1:] if system.blocks > 1 else system.state_shape
        if source.dim != math.prod(event):
            raise InvalidParameter("initial", source.name, f"a target in dimension {math.prod(event)}")
        sizes = [(first, min(_CHUNK, n - first)) for first in range(0, n, _CHUNK)]
        return [system.lift(source.sample(size, _mixed(seed, -1 - first)).reshape(size, *event), stream(seed, -2 - first, "cpu")) for first, size in sizes]
    shape = (n, *system.state_shape)
    try:
        points = torch.as_tensor(initial, dtype=torch.float64).detach()
    except (TypeError, ValueError, RuntimeError):
        raise InvalidParameter("initial", initial, f"a target, one finite point, or {n} finite points of shape {shape}") from None
    if not bool(torch.isfinite(points).all()) or tuple(points.shape) not in _allowed(shape):
        raise InvalidParameter("initial", tuple(points.shape), f"a target, one finite point, or {n} finite points of shape {shape}")
    return list(points.expand(shape).split(_CHUNK))


def _allowed(shape: tuple[int, ...]) -> set[tuple[int, ...]]:
    """The shapes of one point and of n points; a number is a point on the line."""
    return {shape, shape[1:]} | ({(1,)} if len(shape) == 1 else set())
