"""Where a density on the line lives: its support, its minimum and the places where it does something, at any scale and any origin."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import NotNormalisable

DEPTH = 42.0
"""Potential difference beyond which mass is dropped: exp(-42) = 6e-19."""

REACH = math.sqrt(2 * DEPTH)
"""Standard deviations of a Gaussian at that depth."""

_SMALLEST, _LARGEST, _PER_DECADE = -20, 20, 32
_KEPT = 24


@dataclass(frozen=True)
class Region:
    """The interval outside which F exceeds its minimum by the depth, that minimum, and places with their widths.

    Attributes
    ----------
    low, high, minimum : float
    landmarks : tuple of (place, width)
        Modes, with the distance over which the density changes near them; a place that the user named has width zero.
    """

    low: float
    high: float
    minimum: float
    landmarks: tuple[tuple[float, float], ...]


def region(potential: Callable[[Tensor], Tensor], points: Sequence[float] = (), depth: float = DEPTH) -> Region:
    """The region of exp(-F): minima by scans at all scales (1e-20 to 1e20) around the origin, the named points and every minimum found.

    Raises
    ------
    NotNormalisable
        If F is NaN there, not bounded below, does not reach the depth, or grows slower than linearly beyond it.
    """
    scan = _Scan(potential)
    scan.look(np.concatenate([_around(c) for c in (0.0, *points)]))
    scan.settle()
    low, high = scan.ends(depth)
    for _ in range(4):
        middle, half = (low + high) / 2, (high - low) / 2
        scan.look(np.concatenate([np.linspace(middle - half, middle + half, 4001), np.linspace(middle - 8 * half, middle + 8 * half, 2000)]))
        before, (low, high) = (low, high), scan.ends(depth) if not scan.settle() else (math.nan, math.nan)
        if abs(low - before[0]) + abs(high - before[1]) < 1e-2 * half:
            break
        low, high = scan.ends(depth)
    scan.require_tails(low, high, depth)
    places = tuple((m.place, m.width) for m in scan.minima)
    return Region(low, high, scan.least, places + tuple((float(p), 0.0) for p in points))


class _Minimum(NamedTuple):
    """A local minimum, and the smaller distance at which F has risen by one half."""

    place: float
    value: float
    width: float


class _Scan:
    """Values of F at the points seen so far, in order, and its local minima among them."""

    def __init__(self, potential: Callable[[Tensor], Tensor]):
        self._potential = potential
        self._x, self._f = np.empty(0), np.empty(0)
        self.minima: list[_Minimum] = []

    @property
    def least(self) -> float:
        return self.minima[0].value

    def look(self, x: np.ndarray) -> None:
        joined = np.concatenate([self._x, x])
        _, first = np.unique(joined, return_index=True)
        values = np.concatenate([self._f, self._at(x)])
        self._x, self._f = joined[first], values[first]

    def settle(self) -> bool:
        """Zoom into the lowest local minima, and scan around each new one, until there is none; whether any was new."""
        any_new = False
        for _ in range(6):
            known = self.minima
            self.minima = self._zoomed()
            fresh = [m.place for m in self.minima if all(abs(m.place - k.place) > 0.1 * m.width for k in known)]
            if not fresh:
                break
            any_new = True
            self.look(np.concatenate([_around(x) for x in fresh[:8]]))
        return any_new

    def ends(self, depth: float) -> tuple[float, float]:
        inside = np.flatnonzero(self._f - self.least < depth)
        first, last = inside[0], inside[-1]
        if first == 0 or last == self._x.size - 1:
            seen = f"{float(min(self._f[0], self._f[-1])) - self.least:.3g} above its minimum at |x| = {float(self._x[-1]):g}"
            raise NotNormalisable(
                "potential", seen, f"exp(-F) must be integrable with F at least {depth:g} above its minimum there (tails at least exponential)"
            )
        return self._crossing(first, first - 1, depth), self._crossing(last, last + 1, depth)

    def require_tails(self, low: float, high: float, depth: float) -> None:
        """F must be a number, and go on growing about linearly, one length of the support beyond its ends."""
        outer = np.array([2 * low - high, 2 * high - low])
        values = self._at(outer)
        if np.isnan(self._f[(self._x > outer[0]) & (self._x < outer[1])]).any() or np.isnan(values).any():
            raise NotNormalisable("potential", "NaN", "a potential is never NaN where its density is not negligible")
        beyond = float(values.min()) - self.least
        if beyond < 1.3 * depth:
            seen = f"{beyond:.3g} above its minimum one length of the support beyond where it is {depth:g} above"
            raise NotNormalisable("potential", seen, "tails must be at least exponential")

    def _at(self, x: np.ndarray) -> np.ndarray:
        values: np.ndarray = self._potential(torch.as_tensor(x)).detach().numpy()
        return values

    def _crossing(self, inside: int, outside: int, depth: float) -> float:
        """A place between two neighbours, one inside, just beyond where F crosses the depth."""
        a, b = self._x[inside], self._x[outside]
        for _ in range(40):
            if abs(b - a) <= 1e-4 * min(abs(b - m.place) for m in self.minima):
                break
            t = np.linspace(a, b, 9)
            last = int(np.flatnonzero(self._at(t) - self.least < depth)[-1])
            a, b = t[min(last, 7)], t[min(last, 7) + 1]
        return float(b)

    def _zoomed(self) -> list[_Minimum]:
        """The lowest local minima, lowest first; ripples below 1e-3 do not count."""
        f = np.where(np.isnan(self._f), np.inf, self._f)
        lowest = int(np.argmin(f))
        if not np.isfinite(f).any():
            raise NotNormalisable("potential", "NaN or infinite", "a potential is a finite number where its density is")
        if lowest in (0, f.size - 1) or not math.isfinite(f[lowest]):
            raise NotNormalisable("potential", float(f[lowest]), "a potential must be bounded below and grow in both directions")
        level = np.minimum((f - f[lowest]) * 1e3, 1e9).astype(np.int64)
        starts = np.concatenate([[0], np.flatnonzero(np.diff(level)) + 1])
        height, stops = level[starts], np.concatenate([starts[1:], [f.size]])
        inner = np.flatnonzero((height[1:-1] < height[:-2]) & (height[1:-1] < height[2:]) & (height[1:-1] < 2e3 * DEPTH)) + 1
        inner = inner[np.argsort(height[inner], kind="stable")][:_KEPT]
        if inner.size == 0:
            raise NotNormalisable("potential", float(f[lowest]), "a potential must be bounded below and grow in both directions")
        a, b = self._x[starts[inner] - 1], self._x[stops[inner]]
        rows = np.arange(inner.size)
        for _ in range(18):
            x = a[:, None] + (b - a)[:, None] * np.linspace(0, 1, 17)
            values = self._at(x)
            values = np.where(np.isnan(values), np.inf, values)
            best = values.argmin(1)
            a, b = x[rows, np.maximum(best - 1, 0)], x[rows, np.minimum(best + 1, 16)]
            if (values.max(1) - values.min(1) < 1e-9).all():
                break
        place, value = x[rows, best], values[rows, best]
        self.look(place)
        found = [_Minimum(float(place[i]), float(value[i]), self._width(place[i], value[i])) for i in np.argsort(value, kind="stable")]
        return [m for m in found if m.value - found[0].value < DEPTH]

    def _width(self, place: float, value: float) -> float:
        at = int(np.searchsorted(self._x, place))
        high = ~(self._f < value + 0.5)
        right, left = high[at:], high[:at][::-1]
        sides = [self._x[at + right.argmax()] - place] if right.any() else []
        sides += [place - self._x[at - 1 - left.argmax()]] if left.any() else []
        return float(min(sides, default=math.inf))


def _around(centre: float) -> np.ndarray:
    """Points on both sides of a centre, at all distances that float64 tells apart."""
    nearest = _SMALLEST if centre == 0 else max(_SMALLEST, math.log10(abs(centre)) - 15)
    steps = np.logspace(nearest, _LARGEST, math.ceil((_LARGEST - nearest) * _PER_DECADE))
    return np.concatenate([centre - steps[::-1], [centre], centre + steps])
