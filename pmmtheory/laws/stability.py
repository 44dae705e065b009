"""Mean-square stability of a scheme."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from pmmtheory.errors import UnstableStep
from pmmtheory.laws.step.characteristic import mean_square
from pmmtheory.laws.step.cubature import cubature, enumerable
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget, on_the_line

_SHORTEST = 1e-12
"""A step below which no chain is taken to be stable where it has not been before."""

_FAR = (1e4, 1e2, 8.0, 1.0)
"""Distances in half lengths of the support, the farthest at which a step is a number."""


def superlinear(target: LineTarget) -> bool:
    """Whether the drift grows faster than |x|: then an explicit chain has no stationary law on the whole line."""
    return target.superlinear


def explodes(scheme: Scheme) -> bool:
    """Whether the drift grows faster than |x| and a step does not tame it: only the chain that is killed outside a grid has a law."""
    target = on_the_line(scheme.dynamics.target)
    return superlinear(target) and not (enumerable(scheme) and max(_tamed_growth(scheme, target, side) for side in (-1, 1)) < 1)


def _tamed_growth(scheme: Scheme, target: LineTarget, side: int) -> float:
    """E (X' - m)^2 / (x - m)^2 far out by the step itself, beside whose mean the force is too large a number."""
    half, growth, at = (target.quadrature.high - target.quadrature.low) / 2, math.nan, cubature(scheme, 1)
    for factor in _FAR:
        x = torch.tensor([[target.mean + side * factor * half]], dtype=torch.float64)
        mean, width = scheme.step(x, 0.0, at.draws)
        growth = float((((mean - target.mean) ** 2 + width**2) * at.weights).sum() / (x - target.mean) ** 2)
        if not math.isnan(growth):
            break
    return growth


def tail_growth(scheme: Scheme) -> float:
    """The larger of E (X' - m)^2 / (x - m)^2 far to the left and far to the right; infinite for super-linear drifts.

    m is the point that the drift of that tail pulls to where it is linear, else the mean.
    """
    target = on_the_line(scheme.dynamics.target)
    if superlinear(target):
        return math.inf
    return max(_growth(scheme, target, side, slope) for side, slope in zip((-1, 1), target.tail_curvature, strict=True))


def _growth(scheme: Scheme, target: LineTarget, side: int, slope: float) -> float:
    half = (target.quadrature.high - target.quadrature.low) / 2
    mean, growth = target.mean, math.nan
    for factor in _FAR:
        x = torch.tensor([mean + side * factor * half], dtype=torch.float64)
        pull = float(target.drift(x)) / slope if slope > 0 else math.inf
        middle = float(x) + pull if abs(float(x) + pull - mean) < 0.1 * factor * half else mean
        growth = float(mean_square(scheme, x, 0.0, middle) / (x - middle) ** 2)
        if not math.isnan(growth):
            break
    return growth


def require_stable(scheme: Scheme, growth: Callable[[Scheme], float]) -> None:
    """Raise UnstableStep, with the limit, where `growth`, the factor of a step on the second moment, is above one.

    Tails lighter than quadratic have growth just below one and no limit of their own; a drift that vanishes
    relative to |x| is left to the law itself.
    """
    if growth(scheme) < 1 + 1e-12:
        return
    stable, unstable = 0.0, scheme.step_size
    trial = unstable / 2
    for turn in range(80):
        if growth(scheme.with_step(trial)) < 1:
            stable = trial
        else:
            unstable = trial
        if stable > 0:
            trial = (stable + unstable) / 2
        else:  # by ever larger factors, as the step may be any number
            trial = unstable / 2.0 ** (1 + turn)
        if unstable < _SHORTEST or unstable - stable < 1e-12 * stable:
            break
    raise UnstableStep(scheme.step_size, stable if stable else math.nan, scheme.name)
