"""Quantiles by bracketed Newton steps on the logarithm of the mass on one side."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

_EPS = 2.0**-52


def inverse(mass: Callable[[Tensor, int], Tensor], density: Callable[[Tensor], Tensor], u: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The points below which the mass is u, between low and high.

    mass(x, side) is what lies to the left (-1) or right (1) of x. Levels above one half are found from the right, where their complement is exact;
    0 and 1 give infinities, and what is no level gives NaN.
    """
    x = torch.full_like(u, math.nan)
    for side, rows, level in ((-1, u <= 0.5, u), (1, u > 0.5, 1 - u)):
        x = torch.where(rows & (level == 0), side * math.inf, x)
        inner = rows & (level > 0)
        if bool(inner.any()):
            x[inner] = _one_sided(mass, density, level[inner], low.expand_as(u)[inner], high.expand_as(u)[inner], side)
    return x


def _one_sided(mass: Callable[[Tensor, int], Tensor], density: Callable[[Tensor], Tensor], level: Tensor, low: Tensor, high: Tensor, side: int) -> Tensor:
    low, high = low.clone(), high.clone()
    x, todo = (low + high) / 2, torch.arange(level.numel(), device=level.device)
    for turn in range(200):
        at, a, b, want = x[todo], low[todo], high[todo], level[todo]
        held = mass(at, side)
        short = (held < want) if side < 0 else (held > want)
        a, b = torch.where(short, at, a), torch.where(short, b, at)
        newton = at + side * torch.log(held / want) * held / density(at)
        middle = (a + b) / 2
        step = torch.where((newton > a) & (newton < b) & (turn % 8 != 7), newton, middle)
        met = torch.abs(held - want) <= 2 * _EPS * want
        x[todo], low[todo], high[todo] = torch.where(met, at, step), a, b
        todo = todo[~met & (torch.abs(step - at) > _EPS / 2 * torch.abs(step))]
        if todo.numel() == 0:
            break
    return x
