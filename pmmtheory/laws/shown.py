"""Masses on a grid of the line, as a law with what it is off by."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from pmmtheory.laws.line_law import Accuracy, LineLaw
from pmmtheory.laws.scales import interpolation_error
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget

INTERPOLATED = 0.25
"""The share of the accuracy asked for that interpolation may use up."""

_CAUTION = 3.0
"""How many times the change between two resolutions a moving law may be off: each step has a grid of its own, and their errors add up unevenly."""

ROUNDING = 1e-15
"""What an arithmetic step loses of a position, relative to it: a few units of the last place."""


def line_law(points: Tensor, masses: Tensor, target: LineTarget, lost: float = 0.0, rounded: float = ROUNDING, amplified: float = 0.0) -> LineLaw:
    """The law of these masses, compared to a target near which it should be.

    Parameters
    ----------
    lost : float
        Mass that was seen to get lost.
    rounded : float
        By how much rounding may have moved a point, relative to the largest.
    amplified : float
        What rounding did to the densities otherwise, in total variation.

    The errors named "interpolation" and "rounding" are set: by predicting every other point, and by how far the law moves in total
    variation where its points move by their rounding.
    """
    law, error = min((_with(points, masses, reference, lost) for reference in _references(points, masses, target)), key=lambda found: found[1])
    travelled = float((law.values[1:] - law.values[:-1]).abs().sum()) / 2
    law.errors["interpolation"] = error
    law.errors["rounding"] = rounded * float(points.abs().max()) * travelled + amplified
    return law


def _references(points: Tensor, masses: Tensor, target: LineTarget) -> list[Callable[[Tensor], Tensor]]:
    """Densities, the best first, to which the ratio of the law may be smooth: that of the target, with wide tails where the law is much
    wider; and the wide tails alone, for a law that is nowhere near the target."""
    mass = float(masses.sum())
    mean = float(masses @ points) / mass
    variance = float(masses @ (points - mean) ** 2) / mass
    if not variance > 0:
        return [target.density]
    wide = Gaussian(mean, 4 * variance)
    first = target.density if variance < 1.5 * target.covariance else lambda x: (target.density(x) + wide.density(x)) / 2
    return [first, wide.density]


def _with(points: Tensor, masses: Tensor, reference: Callable[[Tensor], Tensor], lost: float) -> tuple[LineLaw, float]:
    law = LineLaw(points, masses, reference, lost=lost, accuracy=Accuracy(caution=_CAUTION))
    there = reference(points).clamp_min(1e-300)
    error = interpolation_error(law.values, law.values / there, reference(points))
    return law, max(error, 1e-13)
