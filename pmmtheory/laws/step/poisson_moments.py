"""The first two moments of a Poisson midpoint step with Bernoulli midpoints on a Gaussian target, exact for every K."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step.poisson_pieces import actions, require_pieces
from pmmtheory.numerics.rules import gauss_legendre
from pmmtheory.schemes import PoissonStructure

_MOST_SUBSTEPS = 4096
"""The largest K whose substeps are walked one by one, where the force at a midpoint depends on its time."""


@dataclass(frozen=True)
class StepMoments:
    """E R (axes, s, s), E R (x) R (axes, s^2, s^2) and E Q (axes, s, s) of a random affine step.

    keeps_mean : whether no draw moves the mean. spread : E R (x) R - E R (x) E R, without cancellation where it can be had: what
    random times make of a squared mean.
    """

    mean: Tensor
    square: Tensor
    noise: Tensor
    spread: Tensor
    keeps_mean: bool = True


@dataclass(frozen=True)
class _Pieces:
    """On every axis: the force at the start (axes, s) and at a midpoint (axes, s), rows that act on a state, and its push (axes, s)."""

    first: Tensor
    middle: Tensor
    push: Tensor


def poisson_moments(pmm: PoissonStructure, axes: int) -> StepMoments:
    """Bernoulli midpoints on a centred Gaussian, by the moments of (X_0, Xhat, X) over the K substeps: a linear recursion, raised to the power K.

    Xhat' = A Xhat + G b0 + Gamma Z, X' = A X + G b0 + H push(b(Xhat) - b0) + Gamma Z. For K = inf the jumps come at the rate
    intensity/a and the recursion is a linear differential equation. Forces, pushes and actions are read off from the scheme.
    """
    require_pieces(pmm)
    a, k = pmm.step_size, pmm.substeps
    pieces = [_pieces(pmm, axes, share * a) for share in ((0.2, 0.5, 0.8) if k == math.inf else (0.0, math.floor(k / 2) / k, (k - 1) / k))]
    steady = all(_same(pieces[0], piece) for piece in pieces[1:])
    if k == math.inf:
        if not steady:
            raise InvalidParameter("scheme", pmm.name, "one whose force at a midpoint does not depend on its time, for moments with infinitely many substeps")
        return _flow(pieces[0], pmm)
    if not steady and k > _MOST_SUBSTEPS:
        raise InvalidParameter("scheme", pmm.name, f"one with at most {_MOST_SUBSTEPS} substeps, where the force at a midpoint depends on its time")
    every = [pieces[0]] if steady else [_pieces(pmm, axes, i * a / k) for i in range(int(k))]
    return _recursion(every, pmm)


def _pieces(pmm: PoissonStructure, axes: int, delay: float) -> _Pieces:
    """Raises InvalidParameter where a force is not affine in the state, or not zero at its mean."""
    system = pmm.dynamics
    shape, s = system.state_shape, system.blocks
    after = torch.full((1,) * len(shape), delay, dtype=torch.float64)
    zero = torch.zeros(shape, dtype=torch.float64)
    units = [zero.clone() for _ in range(s)]
    for unit, k in zip(units, range(s), strict=True):
        (unit if s == 1 else unit[k]).fill_(1.0)

    def rows(force: Callable[[Tensor], Tensor]) -> Tensor:
        found = torch.stack([force(unit) - force(zero) for unit in units], -1)
        numbers = torch.linspace(-41.0, 17.3, s * axes, dtype=torch.float64).reshape(axes, s)
        probe = numbers[:, 0] if s == 1 else numbers.T
        told, size = (found * numbers).sum(-1), (found * numbers).abs().sum(-1)
        if not bool(((force(probe) - told).abs() <= 1e-9 * size + 1e-300).all()) or bool((force(zero) != 0).any()):
            raise InvalidParameter("scheme", pmm.name, "one whose forces are linear about the mean of a Gaussian target, for a law by its moments")
        return found

    push = pmm.push(torch.ones(axes, dtype=torch.float64), after.reshape(-1)[0])
    return _Pieces(rows(lambda x: system.drift(x, 0.0)), rows(lambda x: pmm.midpoint_force(x, 0.0, after)), push[:, None] if s == 1 else push.T)


def _same(one: _Pieces, other: _Pieces) -> bool:
    parts = ("first", "middle", "push")
    return all(torch.allclose(getattr(one, part), getattr(other, part), rtol=1e-14, atol=0.0) for part in parts)


def _maps(pieces: _Pieces, linear: Tensor, force: Tensor, noise: Tensor, still: float) -> tuple[Tensor, Tensor, Tensor]:
    """The maps of (X_0, Xhat, X) without and with a midpoint, and the covariance that is added."""
    axes, s = pieces.first.shape
    drift = torch.zeros((axes, 3 * s, 3 * s), dtype=torch.float64)
    jump, added = torch.zeros_like(drift), torch.zeros_like(drift)
    first, middle, end = (slice(i * s, (i + 1) * s) for i in range(3))
    drift[:, first, first] = still * torch.eye(s, dtype=torch.float64)
    for part in (middle, end):
        drift[:, part, part], drift[:, part, first] = linear, force[:, None] * pieces.first[:, None]
    jump[:, end, middle] = pieces.push[..., None] * pieces.middle[:, None]
    jump[:, end, first] = -pieces.push[..., None] * pieces.first[:, None]
    for i in (middle, end):
        for j in (middle, end):
            added[:, i, j] = noise
    return drift, jump, added


def _flow(pieces: _Pieces, pmm: PoissonStructure) -> StepMoments:
    """For K = inf, by the generator N, f, D of the dynamics."""
    system, a = pmm.dynamics, pmm.step_size
    linear, forcing, diffusion = (torch.tensor(part, dtype=torch.float64) for part in (system.linear, system.forcing, system.diffusion))
    _require_generator(system, a, linear, forcing[:, 0], diffusion)
    drift, jump, noise = _maps(pieces, linear, forcing[:, 0], diffusion, 0.0)
    eye, rate = torch.eye(drift.shape[-1], dtype=torch.float64).expand_as(drift), pmm.intensity / a
    mean = drift + rate * jump
    generator = _kron(mean, eye) + _kron(eye, mean) + rate * _kron(jump, jump)
    return _between_states(torch.linalg.matrix_exp(a * mean), torch.linalg.matrix_exp(a * _augmented(generator, noise, 0.0)), system.blocks)


def _recursion(every: list[_Pieces], pmm: PoissonStructure) -> StepMoments:
    """For finite K; a midpoint at the first substep is none, since there the interpolant is the state itself."""
    k = int(pmm.substeps)
    told = [_maps(pieces, *actions(pmm.dynamics, pmm.substep), 1.0) for pieces in every]
    shares = [pmm.intensity / k] * len(every)
    if len(every) > 1:
        shares[0] = 0.0
    means = [drift + p * jump for p, (drift, jump, _) in zip(shares, told, strict=True)]
    squares = [
        _augmented(_kron(mean, mean) + p * (1 - p) * _kron(jump, jump), noise, 1.0) for p, mean, (_, jump, noise) in zip(shares, means, told, strict=True)
    ]
    if len(every) == 1:
        drift, _, noise = told[0]
        still = (drift, _augmented(_kron(drift, drift), noise, 1.0))
        whole = [torch.linalg.matrix_power(parts[0], k - 1) @ first for parts, first in zip((means, squares), still, strict=True)]
    else:
        whole = [reduce(lambda before, now: now @ before, parts) for parts in (means, squares)]
    return _between_states(whole[0], whole[1], pmm.dynamics.blocks)


def _between_states(mean: Tensor, square: Tensor, s: int) -> StepMoments:
    """What the maps of (X_0, Xhat, X) say about X' given X."""
    axes, n = mean.shape[:2]
    start = torch.eye(s, dtype=mean.dtype).repeat(3, 1)
    last = torch.zeros((s, n), dtype=mean.dtype)
    last[:, -s:] = torch.eye(s, dtype=mean.dtype)
    into, out = torch.kron(start, start), torch.kron(last, last)
    found, pairs = last @ mean @ start, out @ square[:, :-1, :-1] @ into
    return StepMoments(found, pairs, (out @ square[:, :-1, -1:]).reshape(axes, s, s), pairs - _kron(found, found))


def _require_generator(system: Dynamics, a: float, linear: Tensor, forcing: Tensor, diffusion: Tensor) -> None:
    """Raise InvalidParameter unless the actions of the dynamics follow from its generator."""
    moved, pushed, spread = actions(system, a)
    times, shares = gauss_legendre(24)
    grown = [torch.linalg.matrix_exp(a * float(time) * linear) for time in times]
    told_push = sum(a * float(w) * (part @ forcing) for w, part in zip(shares, grown, strict=True))
    told_noise = sum(a * float(w) * (part @ diffusion @ part.mT) for w, part in zip(shares, grown, strict=True))
    pairs = ((moved, torch.linalg.matrix_exp(a * linear)), (pushed, told_push), (spread, told_noise))
    if not all(bool((seen - told).abs().max() <= 1e-9 * seen.abs().max()) for seen, told in pairs):
        allowed = "one whose actions follow from its linear part, forcing and diffusion, for moments with infinitely many substeps"
        raise InvalidParameter("dynamics", type(system).__name__, allowed)


def _augmented(linear: Tensor, noise: Tensor, corner: float) -> Tensor:
    """The affine map P -> linear P + noise as one matrix."""
    axes, m = linear.shape[:2]
    whole = torch.zeros((axes, m + 1, m + 1), dtype=linear.dtype, device=linear.device)
    whole[:, :m, :m], whole[:, :m, m], whole[:, m, m] = linear, noise.reshape(axes, m), corner
    return whole


def _kron(a: Tensor, b: Tensor) -> Tensor:
    n = a.shape[-1]
    return torch.einsum("aik,ajl->aijkl", a, b).reshape(-1, n * n, n * n)
