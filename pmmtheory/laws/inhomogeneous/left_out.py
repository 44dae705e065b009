"""Mass that a step whose grid moves leaves out for being too little to matter: where it ends, and what of it the process itself does not have there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.laws.step.leaving import outside, square_outside
from pmmtheory.laws.step.parts import Parts
from pmmtheory.targets.line import LineTarget

_LIKE = 10.0
"""How many times the density of the process that of a law may be that is like it: there what is left out counts as little as any; far from it, more."""

_NOTHING = 12.5
"""How many deviations of a Gaussian from both ends of a grid its mass beyond them, 4e-36, is nothing."""

_BINS = 200
"""Into how many, on each side, what lies beyond a grid is sorted, as far out as the grid is long; and one for all that is farther."""

_WIDE, _FARTHEST, _DEVIATIONS, _MORE, _NONE = 1.5, 100, 3.0, 2.0, 1e-30
"""What lies apart is looked for in bins of so many standard deviations of the law, so many on each side; a Gaussian counts where it is so many of its own
deviations farther out; there must be so many times more than nearer; and mass that is none."""


@dataclass(frozen=True)
class LeftOut:
    """Masses that are left out, (n,) tensors: how much each is, its mean square about the mean of the law, and its side of that, by sign."""

    mass: Tensor
    square: Tensor
    side: Tensor

    @classmethod
    def of_parts(cls, parts: Parts, masses: Tensor, matters: Tensor, ends: tuple[float, float], mean: float) -> LeftOut:
        """What of the Gaussians of a step, with masses (g, n, q), lies beyond the ends of a grid; all of those that do not matter, (n, q)."""
        spread = parts.deviation.clamp_min(1e-150)[:, None, None]
        counted = torch.minimum(parts.mean - ends[0], ends[1] - parts.mean).lt(_NOTHING * spread).logical_or_(~matters)
        centre, spread, mass = parts.mean[counted], spread.expand_as(parts.mean)[counted], masses.expand_as(parts.mean)[counted]
        whole = ~matters.expand_as(parts.mean)[counted]
        share = torch.where(whole, 1.0, outside(centre, spread, ends))
        square = torch.where(whole, (centre - mean) ** 2 + spread**2, square_outside(centre, spread, ends, mean) / share.clamp_min(1e-300))
        return cls(share * mass, square, centre - sum(ends) / 2)

    @classmethod
    def joined(cls, *some: LeftOut | None) -> LeftOut:
        """Several together."""
        there = [one for one in some if one is not None]
        return cls(*(torch.cat([getattr(one, name) for one in there]) for name in ("mass", "square", "side")))

    def unlike(self, process: LineTarget, points: Tensor, mean: float) -> float:
        """The second moment of what is there in excess of the process, beyond the kept points of a grid."""
        length, total = float(points[-1] - points[0]), 0.0
        middles = (torch.arange(_BINS, dtype=points.dtype, device=points.device) + 0.5) * (length / _BINS)
        for sign, end in ((-1.0, float(points[0])), (1.0, float(points[-1]))):
            mass, square = (torch.where(torch.sign(self.side) == sign, part, 0.0) for part in (self.mass.abs(), self.square))
            bins = ((torch.sqrt(square.clamp_min(0.0)) - abs(end - mean)) * (_BINS / length)).clamp(0, _BINS).to(torch.long)
            masses, squares = (torch.bincount(bins, weights, _BINS + 1) for weights in (mass, mass * square))
            like = torch.nn.functional.pad(_LIKE * process.density(end + sign * middles) * (length / _BINS), (0, 1))
            total += float((squares * (1 - like / masses.clamp_min(1e-300)).clamp_min(0.0)).sum())
        return total


def apart(parts: Parts, masses: Tensor, tolerance: float) -> float:
    """What of the Gaussians of a step, with masses (g, n, q), is no tail of the rest: where, going outwards beyond all but so little mass, there is more of
    them again."""
    masses = masses.abs().expand_as(parts.mean)
    middle = float((masses * parts.mean).sum() / masses.sum())
    away, spread = parts.mean - middle, parts.deviation[:, None, None]
    wide, total = _WIDE * math.sqrt(float((masses * (away**2 + spread**2)).sum() / masses.sum())), 0.0
    for sign in (-1.0, 1.0):
        bins = ((sign * away + _DEVIATIONS * spread) / wide).clamp_(0, _FARTHEST).to(torch.long)
        there = torch.bincount(bins.flatten(), masses.flatten(), _FARTHEST + 1)
        tail = there[there.flip(0).cumsum(0).flip(0) <= tolerance]
        total += float(tail[1:][tail[1:] > _MORE * torch.cummin(tail, 0).values[:-1] + _NONE].sum())
    return total
