"""Whether a chain in the plane has a stationary law: what a step does to the second moment far out."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, UnstableStep
from pmmtheory.laws.stability import require_stable
from pmmtheory.laws.step.cubature import cubature, enumerable
from pmmtheory.laws.step.midpoint_step import MidpointStep, checked
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.schemes import Scheme
from pmmtheory.targets.plane import PlaneQuadrature

_FAR = (1e4, 1e2, 8.0, 2.0, 1.0)
"""Distances in half lengths of the support, the farthest at which a step is a number."""

_STEEPER = 1.5
"""By how much the force over the distance may grow over four decades where it grows linearly: a power above 1.04 does more."""

_DIRECTIONS = 720


def tail_growth(scheme: Scheme, quadrature: PlaneQuadrature) -> float:
    """The largest E |X' - m|^2 / |x - m|^2 over directions, x far out and m the mean."""
    for factor in _FAR:
        x = _ring(quadrature, factor)
        _, square, noise = _after(scheme, x, quadrature.mean)
        growth = float(((square + noise) / ((x - quadrature.mean) ** 2).sum(-1)).max())
        if not math.isnan(growth):
            return growth
    raise InvalidParameter("target", scheme.dynamics.target.name, f"a potential whose gradient is a number at {_FAR[-1]:g} half lengths of its support")


def require_law(scheme: Scheme, quadrature: PlaneQuadrature) -> None:
    """Raise UnstableStep where the second moment grows far out: at any step where the force is super-linear and the step does not tame it."""
    if tail_growth(scheme, quadrature) >= 1 and superlinear(scheme, quadrature):
        raise UnstableStep(scheme.step_size, math.nan, scheme.name)
    require_stable(scheme, lambda other: tail_growth(other, quadrature))


def superlinear(scheme: Scheme, quadrature: PlaneQuadrature) -> bool:
    """Whether the force grows faster than the distance in some direction: an explicit chain then has no stationary law on the whole plane."""
    slopes = []
    for factor in (1e6, 1e2):
        x = _ring(quadrature, factor)
        force = scheme.dynamics.drift(x, 0.0).detach()
        slopes.append(torch.linalg.vector_norm(force, dim=-1) / torch.linalg.vector_norm(x - quadrature.mean, dim=-1))
    return not bool((slopes[0] <= _STEEPER * slopes[1] + 1e-9 * slopes[1].max()).all())


def spread_of(scheme: Scheme, quadrature: PlaneQuadrature) -> float:
    """How many times as wide as the target the law is along the direction that is pulled back the least, as far as linear forces tell: 1 for small steps."""
    x = _ring(quadrature, 8.0)
    offset, (mean, after, _) = x - quadrature.mean, _after(scheme, x, quadrature.mean)
    square = (offset**2).sum(-1)
    pull, left = 1 - (mean * offset).sum(-1) / square, 1 - after / square
    ratio = torch.where((pull > 0) & (left > 0), 2 * pull / left.clamp_min(1e-9), 1.0)
    return min(20.0, max(1.0, math.sqrt(float(ratio.max()))))


def _after(scheme: Scheme, x: Tensor, middle: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """E (X' - m), (n, 2), E |X' - m|^2 but for the last Gaussian, (n,), and what that adds, of steps from far out.

    There the noise at midpoints is next to nothing. Where there may be any number of them it is left out: what each pushes is then a number, and independent of
    all others.
    """
    if enumerable(scheme):
        at = cubature(scheme, -2, normal=lambda name, component: gauss_hermite(3))
        mean, width = scheme.step(x[:, None], 0.0, at.draws)
        offset = mean.detach().expand(len(x), len(at), 2) - middle
        width = torch.as_tensor(width, dtype=torch.float64).expand(offset.shape)
        mean, square, noise = (torch.einsum("q,nqj->nj", at.weights, part) for part in (offset, offset**2, width**2))
        return mean, square.sum(-1), noise.sum(-1)
    pmm = checked(scheme)
    step, system, a = MidpointStep(pmm, 0.0), pmm.dynamics, pmm.step_size
    times, shares = (torch.as_tensor(part, dtype=x.dtype) for part in pmm.midpoints.one(0))
    pushed = torch.cat([block[:, 0] for block in step.blocks(times.tolist(), x, x.new_zeros(1, 2))]).detach()
    still = system.transport(a, x, 0.0) + system.respond(a, system.drift(x, 0.0), 0.0).detach() - middle
    mean = still + pmm.intensity * torch.einsum("s,snj->nj", shares, pushed)
    varied = pmm.intensity * (1 - pmm.intensity / pmm.substeps) * torch.einsum("s,snj->n", shares, pushed**2)
    return mean, (mean**2).sum(-1) + varied, torch.full_like(varied, 2 * step.width(1.0) ** 2)


def _ring(quadrature: PlaneQuadrature, factor: float) -> Tensor:
    """Points around the mean, (directions, 2), at so many half lengths of the support."""
    half = float((quadrature.box[:, 1] - quadrature.box[:, 0]).max()) / 2
    angles = (torch.arange(_DIRECTIONS, dtype=torch.float64) + 0.3) * (2 * math.pi / _DIRECTIONS)
    return quadrature.mean + factor * half * torch.stack([torch.cos(angles), torch.sin(angles)], -1)
