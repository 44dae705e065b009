"""Coarse paths on isotropic Gaussian targets in any dimension."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pmmtheory.divergences.paths.around_axis import COARSE, FINE, OTHER, Resolution, kl_around_axis, wider
from pmmtheory.divergences.paths.paths import PathComparison, Paths, change
from pmmtheory.divergences.paths.radii import Begun, Radii, radii
from pmmtheory.divergences.paths.step_mixture import StepMixture, step_mixture
from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws.engine import Refusal, refused
from pmmtheory.laws.gaussian.check import require_axes
from pmmtheory.laws.gaussian.start import linear

WORST = 1e-2
"""The largest relative change between two resolutions that is reported instead of raised."""

_EPS = 2.0**-52

_NODES = 8
"""For the random variance of a law that a chain starts from."""

_ALLOWED = "the target, or an isotropic Gaussian or law about its mean"


@dataclass(frozen=True)
class _Level:
    """The degree of the moments of (m_S, v_S) that are kept, the nodes for |X_t|^2, the grid, and the level of rules for other draws."""

    degree: int
    nodes: int
    grid: Resolution
    draws: int


_LEVELS = _Level(9, 11, FINE, 2), _Level(7, 8, COARSE, 1), _Level(8, 9, OTHER, 1)
"""Three resolutions that have no rule in common but for the draws."""


class GaussianPaths(PathComparison):
    """A step from x is a mixture of Gaussians with means along x: two-dimensional integrals, at a few |x|."""

    rank, hidden = 0, False

    def supports(self, paths: Paths) -> Refusal | None:
        return isotropic(paths)

    def kl(self, paths: Paths) -> Estimate:
        begun, width = begins(paths.start), width_of(paths)
        values, unseen = [], 0.0
        for level in _LEVELS:
            mixture = step_mixture(paths.scheme, paths.fine, paths.many, width, level.degree, level.draws)
            at = radii(begun, mixture, paths.steps, level.nodes)
            found, missed = summed(at, mixture, begun.dim, level.grid)
            values.append(found)
            unseen = max(unseen, missed)
        value, off = values[0], change(*values) + unseen
        rounding = carried(mixture, at, begun.dim, paths, value)
        if not off <= WORST * value + rounding:
            raise NotConverged(f"the path KL of {paths.scheme.name} in dimension {begun.dim}", off / value if value else math.nan, WORST)
        return Estimate.of(max(value, 0.0), "chain rule, integrals over radius and angle", resolution=3 * off, rounding=rounding)


def summed(at: Radii, mixture: StepMixture, dim: int, grid: Resolution) -> tuple[float, float]:
    """sum_t E KL(P(. | X_t) || Q(. | X_t)), and what mass of P that no node sees may count: as much as its farthest part does."""
    each = [kl_around_axis(dim, mixture.weights, mixture.shifts * math.sqrt(place), mixture.excess, grid) for place in at.places]
    own = dim * wider(mixture.excess) / 2
    farthest = [float((own + mixture.shifts**2 * place / 2).max()) for place in at.places]
    missed = [one.unseen * far for one, far in zip(each, farthest, strict=True)]
    return float(at.weights @ np.array([one.kl for one in each])), float(np.abs(at.weights) @ np.array(missed))


def carried(mixture: StepMixture, at: Radii, dim: int, paths: Paths, value: float) -> float:
    """What relative errors of eps in slopes and variances do: 2 sqrt(KL) e + e^2 a step, with e^2 = eps^2 (d + |x|^2/v)."""
    eps = _EPS * (4 + paths.many)
    square = eps**2 * (paths.steps * dim + float(at.weights @ at.places) / mixture.variance)
    return 2 * math.sqrt(abs(value) * square) + square + 16 * _EPS * abs(value)


def isotropic(paths: Paths) -> Refusal | None:
    """Refused unless the target is an isotropic Gaussian, and so is the start, about the same mean."""
    target: Any = paths.scheme.dynamics.target
    if not target.isotropic:
        return Refusal("target", target.name, "an isotropic Gaussian in any dimension, or a smooth target on the line")
    start = linear(paths.start)
    if start is None or (start.dim, start.size) != (target.dim, 1) or not start.isotropic:
        return Refusal("start", getattr(paths.start, "name", paths.start), _ALLOWED)
    if refused(lambda: start.mixture(2)) is not None:
        return Refusal("start", start.words, f"{_ALLOWED} whose random variance is known: a Gaussian, or the stationary law of a chain")
    if (refusal := about_the_mean(paths, _ALLOWED)) is not None:
        return refusal
    return refused(lambda: step_mixture(paths.scheme, paths.fine, paths.many, float(target.variances[0]), 7))


def about_the_mean(paths: Paths, allowed: str) -> Refusal | None:
    """Refused unless the start has the mean of the target, and steps act on every coordinate alike."""
    target: Any = paths.scheme.dynamics.target
    start, aim = (linear(part).centre[0] for part in (paths.start, target))
    off = np.abs(np.asarray(start) - np.asarray(aim)).max()
    if off > 1e-12 * math.sqrt(float(target.variances[0])):
        return Refusal("start", getattr(paths.start, "name", paths.start), allowed)
    for chain in (paths.scheme, paths.fine):
        if refusal := refused(partial(require_axes, chain, target, merged=True)):
            return refusal
    return None


def width_of(paths: Paths) -> float:
    """The variance of an isotropic Gaussian target."""
    target: Any = paths.scheme.dynamics.target
    return float(target.variances[0])


def begins(start: Any) -> Begun:
    """The variances of the law that a chain starts from, and their weights."""
    law = linear(start)
    variances, weights = (np.atleast_1d(np.asarray(part.cpu())) for part in law.mixture(_NODES))
    return Begun(law.dim, variances, weights)
