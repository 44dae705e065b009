"""What is known of the values of a law on the line."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.laws.line.unseen import Unseen
from pmmtheory.laws.step.far_maps import Far

_SHIFT = 4 * 2.3e-16
"""What arithmetic does to a place, relative to the farthest."""


_ROUNDED = 2.3e-16 / 2 / math.sqrt(3)
"""By how much a sum is rounded in root mean square, relative to itself: by half a unit of its last place at most."""


def shift_of(ends: tuple[float, float]) -> float:
    """By how much rounding may have moved the points of a grid between these ends."""
    return _SHIFT * max(map(abs, ends))


def piled(ends: tuple[float, float], points: int, noise: float, steps: float = math.inf) -> float:
    """What densities are off by, relative to themselves, as every step of a grid's points, with noise of this deviation, is rounded to a number.

    The place u to which a point moves is off by about e = 1e-16 |u|, at every step alike and at random from point to point: a drift that is off by e a
    step, which changes log p by int 2 e / noise^2 in the long run, a sum of random signs over the points, and by e / noise in one step.
    """
    moved = _ROUNDED * max(map(abs, ends))
    return moved * min(steps / noise, 2 * (ends[1] - ends[0]) / math.sqrt(points) / noise**2)


@dataclass(frozen=True)
class Accuracy:
    """How well the values of a law on its grid are known, apart from their resolution.

    Attributes
    ----------
    floor : float
        What a value may be off by, relative to the largest: 0 where each is known to relative accuracy.
    relative : float
        What a value may be off by, relative to itself.
    rounding : float
        The total variation distance that rounding may cost.
    tail_index : float
        The law has finite moments of orders below this.
    shift : float
        By how much rounding may have moved every point.
    reach : float
        How far from the mean the mass may be that was lost, in root mean square, where it is farther than the ends of the grid.
    missed : float
        What the second moment, seen step by step, lost to mass that left the grid or was put elsewhere on it.
    cut : float
        The second moment, about the mean, of mass that was left out of the law for being too little to matter.
    apart : float
        How much of that was no tail of the law but lay apart from it.
    leaves : float
        The mass that leaves the grid in a step.
    caution : float
        How many times the distance to a lower resolution the law may be off: more than once where the chain mixes so slowly that the
        weights of its modes magnify every error of a step.
    doubts : (n,) tensor or None
        What each value on the grid may be off by besides.
    unseen : Unseen or None
        What the chain may have started with beyond where the values are known.
    far : Far or None
        How the law falls far out.
    """

    floor: float = 1e-16
    relative: float = 1e-14
    rounding: float = 0.0
    tail_index: float = math.inf
    shift: float = 0.0
    reach: float = 0.0
    missed: float = 0.0
    cut: float = 0.0
    apart: float = 0.0
    leaves: float = 0.0
    caution: float = 1.0
    doubts: Tensor | None = None
    unseen: Unseen | None = None
    far: Far | None = None

    def least(self, place: Tensor, largest: float) -> Tensor:
        """What values at places counted from the first are off by however small they are, given the largest."""
        found = torch.full_like(place, self.floor * largest)
        return found if self.doubts is None else found + self.doubts[place.round().long().clamp(0, len(self.doubts) - 1)]
