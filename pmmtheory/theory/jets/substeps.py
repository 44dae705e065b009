"""Coefficients as polynomials in 1/K, through those at some K."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pmmtheory.theory.jets.series import NoSeries

Key = TypeVar("Key")

SUBSTEPS, CHECKED = (1, 2, 3, 4, 5), 3
"""The K at which a scheme is looked at, and that at which the rules of its draws are too."""


def interpolated(parts: Sequence[Mapping[Key, Any]], substeps: Sequence[int], inverse: Any, rounding: float = 0.0) -> dict[Key, Any]:
    """The polynomials in `inverse`, the variable 1/K of their ring, of a degree that leaves one K over; raises NoSeries where that K tells otherwise.

    parts : what is known at each of `substeps`, by key; what is missing is zero. rounding : coefficients of the difference that is left over are none below it.
    """
    zero, places = inverse.ring(0), [inverse.ring.domain(1, n) for n in substeps]
    result: dict[Key, Any] = {}
    for key in {key for part in parts for key in part}:
        differences = [part.get(key, zero) for part in parts]  # Newton's
        for level in range(1, len(places)):
            for i in range(len(places) - 1, level - 1, -1):
                differences[i] = (differences[i] - differences[i - 1]) / (places[i] - places[i - level])
        if any(abs(float(c)) > rounding for c in differences[-1].values()):
            raise NoSeries("its moments are no polynomials in 1/K of a low degree")
        total = differences[-2]
        for place, difference in zip(places[-3::-1], differences[-3::-1], strict=True):
            total = total * (inverse - place) + difference
        if total:
            result[key] = total
    return result
