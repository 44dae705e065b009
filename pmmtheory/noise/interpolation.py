"""Functions of one real variable, for numbers and for tensors, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, real
from pmmtheory.noise.levels import Numbers

Times = TypeVar("Times", float, Tensor)

_WITHIN = "within the training times of the schedule"


def each(function: Callable[[Tensor], Tensor], value: Times) -> Times:
    """A function of tensors, for a tensor or a number."""
    if isinstance(value, Tensor):
        return function(value)
    return float(function(torch.tensor(value, dtype=torch.float64)))


def interpolated(name: str, x: Times, knots: Numbers, values: Numbers) -> Times:
    """The piecewise linear function through the knots, ascending, at x; raises InvalidParameter outside them, but for rounding.

    Examples
    --------
    >>> import numpy as np
    >>> interpolated("t", 1.5, np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 4.0]))
    2.5
    """
    low, high = float(knots[0]), float(knots[-1])
    slack = 1e-9 * (high - low)
    if not isinstance(x, Tensor):
        x = real(name, x, _WITHIN)
        if not low - slack <= x <= high + slack:
            raise InvalidParameter(name, x, _WITHIN)
        i = min(max(int(np.searchsorted(knots, x, side="right")), 1), len(knots) - 1)
        return float(values[i - 1] + (x - knots[i - 1]) / (knots[i] - knots[i - 1]) * (values[i] - values[i - 1]))
    point = x.to(torch.float64)
    if point.numel() and not bool(((point >= low - slack) & (point <= high + slack)).all()):
        raise InvalidParameter(name, "a tensor", _WITHIN)
    grid, heights = (torch.as_tensor(a, device=point.device) for a in (knots, values))
    right = torch.searchsorted(grid, point.clamp(low, high).contiguous(), right=True).clamp(1, len(knots) - 1)
    left = right - 1
    share = (point - grid[left]) / (grid[right] - grid[left])
    result = heights[left] + share * (heights[right] - heights[left])
    return result.to(x.dtype) if x.is_floating_point() else result
