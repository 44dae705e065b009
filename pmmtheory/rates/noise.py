"""Rates of points whose corrections are lost in their errors: the hull of all fits that match."""

from __future__ import annotations

import math

import numpy as np

from pmmtheory.rates.sequence import SIGMAS, Array, Points

MATCHES = 2.5
"""The largest residual, in stated errors, of a fit that matches."""
TERMS: tuple[tuple[float, ...], ...] = ((0.4,), (0.6,), (0.8,), (1.0,), (1.5,), (2.0,), (3.0,), (1.0, 2.0))
"""The exponents of the corrections of each fit."""
GROWING = -1.0


def fits(points: Points, slope: bool) -> tuple[float, float]:
    """The ends of the hull of the coefficient of x (slope) or of 1, over all fits that match the longest run that one matches, and one shorter."""
    ends: list[float] = []
    longest = 0
    for number in range(len(points.x), 2 + slope, -1):
        if ends and number < longest - 1:
            break
        for terms in TERMS:
            if len(terms) + 2 + slope > number:
                continue
            value, error, residual, _ = _fit(points, number, terms, slope)
            if residual < MATCHES:
                ends += [value - error, value + error]
                longest = max(longest, number)
    return (min(ends), max(ends)) if ends else (-math.inf, math.inf)


def grows(points: Points, slope: bool) -> bool:
    """Whether a correction that grows as the step falls is seen, and matches the points better than one that shrinks."""
    for number in range(len(points.x), 2 + slope, -1):
        _, _, residual, seen = _fit(points, number, (GROWING,), slope)
        if residual < MATCHES:
            return seen > SIGMAS and residual < min(_fit(points, number, terms, slope)[2] for terms in TERMS if len(terms) == 1)
    return False


def _fit(points: Points, number: int, terms: tuple[float, ...], slope: bool) -> tuple[float, float, float, float]:
    """Weighted least squares on the last points: the coefficient, its error, the largest residual, and the last coefficient, both in stated errors."""
    x, y, noise = (a[-number:] for a in (points.x, points.y, points.noise))
    columns: list[Array] = [x - x[-1]] * slope + [np.ones(number)] + [np.exp(r * (x - x[0])) for r in terms]
    design = np.stack(columns, 1) / noise[:, None]
    inverse = np.linalg.pinv(design)
    found = inverse @ (y / noise)
    residual = float(np.max(np.abs(y / noise - design @ found)))
    error = max(SIGMAS * float(np.linalg.norm(inverse[0])), float(np.abs(inverse[0]).sum()))
    return float(found[0]), error, residual, float(abs(found[-1]) / np.linalg.norm(inverse[-1]))
