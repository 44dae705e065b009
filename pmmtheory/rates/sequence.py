"""Sequences that approach a rate, or the logarithm of a constant, as the step falls: what limits are taken of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
SIGMAS = 3.0
"""Errors are taken so many times as large as stated, and added up: what follows holds for bounds as for noise."""


@dataclass(frozen=True)
class Points:
    """Logarithms of steps, falling, and of errors, with the stated relative errors of the latter."""

    x: Array
    y: Array
    noise: Array


@dataclass(frozen=True)
class Sequence:
    """Numbers v_k -> v as the step falls.

    Attributes
    ----------
    values, bounds : arrays of n numbers
        v_k, and bounds of their errors.
    places : array of n numbers
        The logarithm of the step that v_k belongs to, falling.
    effect : function of an exponent r
        What a relative correction step^r of the error adds to v_1, ..., v_n, up to a factor.
    points, slope : Points or None, bool
        Where v is the coefficient of x (slope), or of 1, in a linear model of the points: these; fits are made of them.
    """

    values: Array
    bounds: Array
    places: Array
    effect: Callable[[float], Array]
    points: Points | None = None
    slope: bool = False

    def first(self, number: int) -> Sequence:
        """The sequence of the largest steps alone."""
        n = number + self.slope
        points = self.points and Points(self.points.x[:n], self.points.y[:n], self.points.noise[:n])
        return Sequence(self.values[:number], self.bounds[:number], self.places[:number], lambda r: self.effect(r)[:number], points, self.slope)


def local_rates(points: Points) -> Sequence:
    """The slopes between neighbours: they approach the rate."""
    x, gaps = points.x, np.diff(points.x)
    bounds = SIGMAS * (points.noise[1:] + points.noise[:-1]) / -gaps
    return Sequence(np.diff(points.y) / gaps, bounds, (x[1:] + x[:-1]) / 2, lambda r: np.diff(_power(x, r)) / gaps, points, slope=True)


def local_constants(points: Points, rate: float) -> Sequence:
    """y - rate x: it approaches the logarithm of the constant."""
    held = Points(points.x, points.y - rate * points.x, points.noise)
    return Sequence(held.y, SIGMAS * held.noise, held.x, lambda r: _power(held.x, r), held)


def _power(x: Array, r: float) -> Array:
    return np.asarray(np.exp(r * (x - x[-1])))
