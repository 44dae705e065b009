"""Whether a chain in the plane has a stationary law: what a step does to the second moment far out."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.errors import UnstableStep
from pmmtheory.laws.stability import require_stable
from pmmtheory.laws.step.cubature import STILL, Cubature, cubature, enumerable
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.schemes import Scheme
from pmmtheory.targets.plane import PlaneQuadrature

_FAR = (1e4, 1e2, 8.0)
"""Distances in half lengths of the support, the farthest at which a step is a number."""

_STEEPER = 1.5
"""By how much the force over the distance may grow over four decades where it grows linearly: a power above 1.04 does more."""

_DIRECTIONS = 720


def tail_growth(scheme: Scheme, quadrature: PlaneQuadrature) -> float:
    """The largest E |X' - m|^2 / |x - m|^2 over directions, x far out and m the mean."""
    at, growth = _far_out(scheme), math.nan
    for factor in _FAR:
        x = _ring(quadrature, factor)
        mean, width = scheme.step(x[:, None], 0.0, at.draws)
        width = torch.as_tensor(width, dtype=torch.float64).expand(len(x), len(at), 2)
        after = (((mean.detach() - quadrature.mean) ** 2 + width**2).sum(-1) * at.weights).sum(-1)
        growth = float((after / ((x - quadrature.mean) ** 2).sum(-1)).max())
        if not math.isnan(growth):
            break
    return growth


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
    at = _far_out(scheme)
    offset = x - quadrature.mean
    mean = scheme.step(x[:, None], 0.0, at.draws)[0].detach().expand(len(x), len(at), 2) - quadrature.mean
    square = (offset**2).sum(-1)
    pull = 1 - ((mean * offset[:, None]).sum(-1) * at.weights).sum(-1) / square
    left = 1 - ((mean**2).sum(-1) * at.weights).sum(-1) / square
    ratio = torch.where((pull > 0) & (left > 0), 2 * pull / left.clamp_min(1e-9), 1.0)
    return min(20.0, max(1.0, math.sqrt(float(ratio.max()))))


def _far_out(scheme: Scheme) -> Cubature:
    """A rule for the draws of a step from far out, where the noise at midpoints is next to nothing: it is left out where there may be any number."""
    rule = gauss_hermite(3) if enumerable(scheme) else STILL
    return cubature(scheme, -2, normal=lambda name, component: rule)


def _ring(quadrature: PlaneQuadrature, factor: float) -> Tensor:
    """Points around the mean, (directions, 2), at so many half lengths of the support."""
    half = float((quadrature.box[:, 1] - quadrature.box[:, 0]).max()) / 2
    angles = (torch.arange(_DIRECTIONS, dtype=torch.float64) + 0.3) * (2 * math.pi / _DIRECTIONS)
    return quadrature.mean + factor * half * torch.stack([torch.cos(angles), torch.sin(angles)], -1)
