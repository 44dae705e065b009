"""What lies beyond the points at which the density of a law on the line is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_SEEN = 100.0
"""How many times its uncertainty a density must be for its decay to be read off."""

_INSIDE, _SAFETY = 0.8, 2.0
"""Where the tail is a power, the density near the end of the grid lacks what comes in from beyond: it is read off further in, and doubled."""

_BEFORE = 0.6
"""Where values rise again towards the end, as ripples do, they must be below those from here on, and fall after the last top."""


@dataclass(frozen=True)
class Tail:
    """One side of a density: p(c + r) <= density (r / distance)^-exponent for r >= distance, on a side whose decay does not slow down.

    Attributes
    ----------
    distance : float
        From the centre c to the last point where the density is well above its uncertainty.
    density : float
        There, or where it is largest shortly before, if it rises again towards the end.
    exponent : float
        -d log p / d log r there, or that of the far tail where it is smaller.
    light : bool
        Whether the far tail falls faster than any power.
    """

    distance: float
    density: float
    exponent: float
    light: bool = True

    def moment(self, k: float, beyond: float = 0.0) -> float:
        """A bound on int r^k p beyond the distance, or farther out; infinite where the exponent does not tell that it is finite.

        A light tail whose decay cannot be read off is taken to fall like r^-(k + 2).
        """
        left = max(self.exponent - k - 1, 1.0 if self.light else 0.0)
        if left <= 0.05:
            return math.inf
        farther: float = max(beyond / self.distance, 1.0) ** -left
        return float(self.density * self.distance ** (k + 1) / left * farther)


def tails(grid: Tensor, values: Tensor, uncertainty: Tensor, centre: float, index: float = math.inf, light: bool = True) -> tuple[Tail, Tail]:
    """The left and the right tail of a density on a grid; far out it falls no faster than r^-(index + 1), or, if light, faster than any power."""
    left = _tail(centre - grid.flip(0), values.flip(0), uncertainty.flip(0), index, light)
    return left, _tail(grid - centre, values, uncertainty, index, light)


def _tail(distance: Tensor, values: Tensor, uncertainty: Tensor, index: float, light: bool) -> Tail:
    heavy = math.isfinite(index)
    end = float(distance[-1]) * (_INSIDE if heavy else 1.0)
    seen = torch.nonzero((values > _SEEN * uncertainty) & (distance > 0) & (distance <= end)).flatten()
    if len(seen) < 2:
        return Tail(float(distance[-1]), float(values.abs().max()), 0.0, False)
    last = int(seen[-1])
    inner = int(torch.searchsorted(distance.contiguous(), 0.9 * distance[last]))
    inner = min(max(inner, int(seen[0])), last - 1)
    exponent, density = _fall(distance, values, inner, last), float(values[last])
    before = int(torch.searchsorted(distance.contiguous(), _BEFORE * distance[last]))
    if exponent <= 1 and not heavy and before < inner and (top := inner + int(torch.argmax(values[inner : last + 1]))) < last:
        density = float(values[top])
        exponent = _fall(distance, values, top, last) if density < float(values[before:inner].max()) else exponent
    return Tail(float(distance[last]), density * (_SAFETY if heavy else 1.0), min(exponent, index + 1), light and not heavy)


def _fall(distance: Tensor, values: Tensor, first: int, last: int) -> float:
    """-d log p / d log r between two points."""
    fallen = math.log(float(values[first] / values[last])) if values[first] > 0 else 0.0
    return fallen / math.log(float(distance[last] / distance[first]))
