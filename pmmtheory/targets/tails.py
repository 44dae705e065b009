"""How the drift of a target on the line grows far out: measured on its increments, so that no origin matters."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

_WINDOWS = ((1e2, 1e4, 1e6), (4.0, 16.0, 64.0), (2.0, 4.0, 8.0), (1.0, 1.5, 2.0))
"""Distances from the middle of the support, in halves of its length."""


@dataclass(frozen=True)
class Tail:
    """The slope of F' far out on one side.

    Attributes
    ----------
    slope : float
        The increment of F' over that of x between the two outer points; infinite where F' grows faster than |x|, zero where it does not grow.
    quadratic : bool
        Whether the slope tends to a positive number.
    reach : float
        The distance of the outermost point from the middle of the support.
    """

    slope: float
    quadratic: bool
    reach: float


def tail(drift: Callable[[Tensor], Tensor], low: float, high: float, side: int) -> Tail:
    """The tail on the left (side = -1) or the right (side = 1), as far out as the drift is a number.

    A power |x|^p of F' counts as faster than linear from p = 1.04 on and as slower up to p = .95.
    """
    middle, half = (low + high) / 2, (high - low) / 2
    near, far, size, outer = math.nan, math.nan, math.nan, math.nan
    for window in _WINDOWS:
        x = middle + side * half * torch.tensor(window, dtype=torch.float64)
        force = -drift(x).detach()
        outer = half * window[-1]
        if bool(torch.isinf(force).any()) and not bool(torch.isnan(force).any()):
            return Tail(math.inf, False, outer)
        near, far = ((force[1:] - force[:-1]) / (x[1:] - x[:-1])).tolist()
        size = float(force.abs().max()) / outer
        if not math.isnan(far) and not math.isnan(near):
            break
    if math.isnan(far) or abs(far) < 1e-6 * size:
        return Tail(0.0 if size > 0 else far, False, outer)
    if far > 1.2 * near:
        return Tail(math.inf, False, outer)
    return Tail(far, 0 < 0.8 * near <= far, outer)
