"""Masses on a grid of the line, as a law with what it is off by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from pmmtheory.laws.line.accuracy import Accuracy
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.line.loss import NOTHING, Loss
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget

Density = Callable[[Tensor], Tensor]

INTERPOLATED = 0.25
"""The share of the accuracy asked for that interpolation may use up."""

_CAUTION = 4.0
"""How many times the change between two resolutions a moving law may be off: each step has a grid of its own, and their errors add up unevenly."""

ROUNDING = 1e-15
"""What an arithmetic step loses of a position, relative to it: a few units of the last place."""


def line_law(
    points: Tensor,
    masses: Tensor,
    target: LineTarget,
    loss: Loss = NOTHING,
    rounded: float = ROUNDING,
    amplified: float = 0.0,
) -> LineLaw:
    """The law of these masses, compared to a target near which it should be.

    Parameters
    ----------
    loss : Loss
        What was left out on the way.
    rounded : float
        By how much rounding may have moved a point, relative to the largest.
    amplified : float
        What rounding did to the densities otherwise, in total variation.

    The error named "rounding" is set: by how far the law moves in total variation where its points move by their rounding.
    """
    shift = rounded * float(points.abs().max())
    accuracy = Accuracy(caution=_CAUTION, shift=shift, reach=loss.reach, missed=loss.missed, cut=loss.cut, apart=loss.apart)
    law = best_told(points, masses, wide_too(points, masses, target.density, target.covariance), lost=loss.mass, accuracy=accuracy)
    travelled = float((law.values[1:] - law.values[:-1]).abs().sum()) / 2
    law.errors["rounding"] = shift * travelled + amplified
    return law


def best_told(points: Tensor, values: Tensor, references: Sequence[Density | None], **options: Any) -> LineLaw:
    """The law with that of the references to which its ratio is interpolated best; None stands for its logarithm."""
    return min((LineLaw(points, values, reference, **options) for reference in references), key=lambda law: law.errors["interpolation"])


def wide_too(points: Tensor, values: Tensor, density: Density, variance: float) -> list[Density]:
    """Densities, the best first, to which the ratio of a law may be smooth: one that it should be near, of this variance, with wide tails
    where the law is much wider; and the wide tails alone, for a law that is nowhere near it."""
    mass = float(values.sum())
    mean = float(values @ points) / mass
    own = float(values @ (points - mean) ** 2) / mass
    if not own > 0:
        return [density]
    wide = Gaussian(mean, 4 * own)
    first = density if own < 1.5 * variance else lambda x: (density(x) + wide.density(x)) / 2
    return [first, wide.density]
