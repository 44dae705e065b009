"""Where the steps of a chain on the line end, and what they throw off an interval."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from pmmtheory.laws.step.cubature import cubature
from pmmtheory.schemes import Scheme

_AT_ONCE = 200_000
"""Steps that are taken together."""


def landings(scheme: Scheme, x: Tensor, t: float) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """For some rows of the starts x, (n,), at a time: the rows, means and spreads of the Gaussians at nodes of the draws, (rows, q), and their weights (q,).

    Nothing for draws in layers, of which no product rule tells a step.
    """
    if any(draw.layered for draw in scheme.draws.values()):
        return
    at = cubature(scheme, 0, x.device, t=t)
    for rows in torch.arange(len(x), device=x.device).split(max(1, _AT_ONCE // len(at))):
        mean, factor = scheme.step(x[rows, None], t, at.draws)
        spread = torch.as_tensor(factor, dtype=x.dtype, device=x.device).abs().clamp_min(1e-300)
        yield rows, mean.expand(len(rows), len(at)), spread, at.weights


def leaving(scheme: Scheme, x: Tensor, ends: tuple[float, float], t: float = 0.0) -> Tensor:
    """The probability with which a step at time t ends outside of an interval, from each start of the line, (n,); zero for draws in layers.

    Each to relative accuracy, where the rows of a matrix say it to their rounding.
    """
    found = torch.zeros_like(x)
    for rows, mean, spread, weights in landings(scheme, x, t):
        found[rows] = (outside(mean, spread, ends) * weights).sum(1)
    return found


def outside(mean: Tensor, spread: Tensor, ends: tuple[float, float]) -> Tensor:
    """The mass of Gaussians outside of an interval, to relative accuracy."""
    beyond: Tensor = torch.special.ndtr((ends[0] - mean) / spread) + torch.special.ndtr((mean - ends[1]) / spread)
    return beyond


def square_outside(mean: Tensor, spread: Tensor, ends: tuple[float, float], middle: float) -> Tensor:
    """E (X - middle)^2 of Gaussians where they are outside of an interval.

    Below z deviations of N(m, s^2) it is (m^2 + s^2) Phi(z) - s (2 m + s z) phi(z), from the middle.
    """
    away, found = mean - middle, torch.zeros_like(mean)
    for side, end in ((1.0, ends[0]), (-1.0, ends[1])):
        z = side * (end - mean) / spread
        density = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        found += (away**2 + spread**2) * torch.special.ndtr(z) - spread * (2 * side * away + spread * z) * density
    return found
