"""Mean-square stability of a scheme."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from pmmtheory.errors import UnstableStep
from pmmtheory.laws.characteristic import centre, one_step_moments
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget


def superlinear(target: LineTarget) -> bool:
    """Whether the drift grows faster than |x|: then an explicit chain has no stationary law on the whole line."""
    ends = torch.tensor([target.quadrature.low, target.quadrature.high], dtype=torch.float64)
    return not max(target.tail_curvature) < 10 * float(torch.abs(target.drift(ends) / ends).max())


def tail_growth(scheme: Scheme) -> float:
    """The larger of E (X' - m)^2 / (x - m)^2, m the mean, far to the left and far to the right; infinite for super-linear drifts."""
    target = scheme.dynamics.target
    assert isinstance(target, LineTarget)
    if superlinear(target):
        return math.inf
    reach = 100 * max(abs(target.quadrature.low), abs(target.quadrature.high))
    x = target.mean + torch.tensor([-reach, reach], dtype=torch.float64)
    shift, square = one_step_moments(scheme, x, 0.0)
    middle = centre(scheme, x, 0.0) - target.mean
    return float(((middle**2 + 2 * middle * shift + square) / reach**2).max())


def require_stable(scheme: Scheme, growth: Callable[[Scheme], float]) -> None:
    """Raise UnstableStep, with the limit, where `growth`, the factor of a step on the second moment, is above one.

    Tails lighter than quadratic have growth just below one and no limit of their own; a drift that vanishes
    relative to |x| is left to the law itself.
    """
    if growth(scheme) < 1 + 1e-12:
        return
    stable, unstable = 0.0, scheme.step_size
    trial = unstable / 2
    for _ in range(60):
        if growth(scheme.with_step(trial)) < 1:
            stable = trial
        else:
            unstable = trial
        trial = (stable + unstable) / 2
        if unstable < 1e-9 * scheme.step_size:
            break
    raise UnstableStep(scheme.step_size, stable if stable else math.nan, scheme.name)
