"""Rates of points whose corrections are lost in their errors: the hull of all fits that match."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from pmmtheory.rates.sequence import SIGMAS, Array, Points

MATCHES = 2.5
"""The largest residual, in stated errors, of a fit that matches."""
SLOW = 0.15
"""The exponent of a correction that hardly shrinks: it counts where it is seen."""
POWERS = ((SLOW,), (0.4,), (0.6,), (0.8,), (1.0,), (1.5,), (2.0,), (3.0,))
"""The exponents of the corrections of fits ..."""
PAIRS = ((1.0, 2.0), (0.4, 1.0), (SLOW, 1.0))
"""... and, where none of these matches, of two corrections."""
GROWING = -1.0


def fits(points: Points, slope: bool) -> tuple[float, float]:
    """The ends of the hull of the coefficient of x (slope) or of 1, over all fits that match the longest run that one matches, and one shorter."""
    ends: list[float] = []
    longest = 0
    for number in range(len(points.x), 2 + slope, -1):
        if ends and number < longest - 1:
            break
        matching = _matching(points, number, POWERS, slope) or _matching(points, number, PAIRS, slope)
        longest = max(longest, number) if matching else longest
        ends += [end for value, error in matching for end in (value - error, value + error)]
    return (min(ends), max(ends)) if ends else (-math.inf, math.inf)


def hardly_shrinks(points: Points, slope: bool) -> bool:
    """Whether a correction that hardly shrinks with the step is seen, in the longest run of points that it matches."""
    _, residual, seen = _longest(points, SLOW, slope)
    return residual < MATCHES and seen > SIGMAS


def grows(points: Points, slope: bool) -> bool:
    """Whether a correction that grows as the step falls is seen, and matches better than any that shrinks."""
    number, residual, seen = _longest(points, GROWING, slope)
    if residual >= MATCHES or seen <= SIGMAS:
        return False
    return residual < min(_fit(points, number, terms, slope)[2] for terms in POWERS if terms != (SLOW,))


def _matching(points: Points, number: int, corrections: Iterable[tuple[float, ...]], slope: bool) -> list[tuple[float, float]]:
    """The coefficients that the fits give which match the last points, with their errors."""
    found = [(SLOW in terms, *_fit(points, number, terms, slope)) for terms in corrections if len(terms) + 2 + slope <= number]
    return [(value, error) for slow, value, error, residual, seen in found if residual < MATCHES and (seen > SIGMAS or not slow)]


def _longest(points: Points, exponent: float, slope: bool) -> tuple[int, float, float]:
    """The longest run of last points that a correction of one exponent matches: its length, largest residual, and the correction in its errors."""
    number, residual, seen = 0, math.inf, 0.0
    for number in range(len(points.x), 2 + slope, -1):
        _, _, residual, seen = _fit(points, number, (exponent,), slope)
        if residual < MATCHES:
            break
    return number, residual, seen


def _fit(points: Points, number: int, terms: tuple[float, ...], slope: bool) -> tuple[float, float, float, float]:
    """Weighted least squares on the last points: the coefficient, its error, the largest residual, and the first correction, both in stated errors."""
    x, y, noise = (a[-number:] for a in (points.x, points.y, points.noise))
    columns: list[Array] = [x - x[-1]] * slope + [np.ones(number)] + [np.exp(r * (x - x[0])) for r in terms]
    inverse = np.linalg.pinv(np.stack(columns, 1) / noise[:, None])
    found = inverse @ (y / noise)
    residual = float(np.max(np.abs(y - np.stack(columns, 1) @ found) / noise))
    error = max(SIGMAS * float(np.linalg.norm(inverse[0])), float(np.abs(inverse[0]).sum()))
    first = 1 + slope
    return float(found[0]), error, residual, float(abs(found[first]) / np.linalg.norm(inverse[first]))
