"""Logarithmic axes whose labels do not overlap, however short or long they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import Formatter, Locator, MaxNLocator

_ROOM = {"x": 36.0, "y": 17.0}
"""Points of an axis for each label: a label is about 25 points wide and 8 high."""
_PLAIN = 1e-3, 1e5
"""Numbers between these are written in full."""


def log(panel: Axes, axes: str = "xy") -> None:
    """Make the axes "x", "y" or "xy" of a panel logarithmic, with ticks that fit whatever its size and limits turn out to be."""
    for name in axes:
        axis = panel.xaxis if name == "x" else panel.yaxis
        panel.set(**{f"{name}scale": "log"})
        major = _Major(name)
        axis.set_major_locator(major)
        axis.set_major_formatter(_Words(True))
        axis.set_minor_locator(_Minor(major))
        axis.set_minor_formatter(_Words(False))


class _Ticks(Locator):
    """Places between the limits of an axis, none where those are no positive numbers."""

    def __call__(self) -> Any:
        low, high = self.axis.get_view_interval()  # type: ignore[union-attr]
        return self.tick_values(float(low), float(high))

    def tick_values(self, vmin: float, vmax: float) -> Any:
        low, high = sorted((vmin, vmax))
        return self._between(low, high) if 0 < low < high < math.inf else np.array([])

    def _between(self, low: float, high: float) -> np.ndarray:
        raise NotImplementedError


class _Major(_Ticks):
    """Powers of ten, every so many where they are crowded; with 2 and 5 times them on short axes, and round numbers on the shortest."""

    def __init__(self, name: str) -> None:
        self.name = name

    def _between(self, low: float, high: float) -> np.ndarray:
        fit = max(2, int(self._length() / _ROOM[self.name]))
        whole = np.arange(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
        if len(whole) > 2 or (len(whole) == 2 and fit < 5):
            return 10.0 ** whole[:: -(-len(whole) // fit)]
        for factors in ((1, 2, 5), (1, 3), (1, 1.5, 2, 3, 5, 7)):
            if 2 <= len(found := _within(low, high, factors)) <= fit:
                return found
        found = np.asarray(MaxNLocator(max(1, fit - 1), steps=[1, 2, 5, 10]).tick_values(low, high))
        return found[(found >= low) & (found <= high)][:fit] if math.log10(high / low) < 0.5 else 10.0 ** whole[:fit]

    def _length(self) -> float:
        """Of the axis, in points."""
        axis: Any = self.axis
        panel = axis.axes
        box = panel.get_window_extent()
        return float(box.width if self.name == "x" else box.height) * 72 / float(panel.figure.dpi)


class _Minor(_Ticks):
    """Between powers of ten that are all labelled 2 to 9 times them, and powers that are not labelled."""

    def __init__(self, major: _Major) -> None:
        self.major = major

    def _between(self, low: float, high: float) -> np.ndarray:
        labelled = self.major.tick_values(low, high)
        many = math.log10(high / low) > 6
        found = _within(low, high, (1,) if many else range(1, 10))
        return found[~np.isclose(found[:, None], labelled[None, :], rtol=1e-9).any(axis=1)] if len(labelled) else found


class _Words(Formatter):
    """Numbers in full where all are short, else with a power of ten; or none."""

    def __init__(self, any_at_all: bool) -> None:
        self.any_at_all = any_at_all

    def __call__(self, value: float, position: int | None = None) -> str:
        if not self.any_at_all or value <= 0:
            return ""
        shown = [one for one in self.locs if one > 0] or [value]
        return number(value, plain=all(_PLAIN[0] <= one < _PLAIN[1] for one in shown) and max(shown) / min(shown) < 2e3)


def number(value: float, plain: bool) -> str:
    """A label.

    >>> number(0.02, True), number(2e-5, False), number(1e-5, False)
    ('0.02', '$2{\\\\times}10^{-5}$', '$10^{-5}$')
    """
    if plain:
        return f"{value:g}"
    power = math.floor(math.log10(value) + 1e-9)
    factor = float(f"{value / 10.0**power:.4g}")
    return f"$10^{{{power}}}$" if factor == 1 else f"${factor:g}{{\\times}}10^{{{power}}}$"


def _within(low: float, high: float, factors: Sequence[float]) -> np.ndarray:
    """These multiples of powers of ten, inside the limits."""
    powers = np.arange(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    found = np.sort((10.0 ** powers[:, None] * np.asarray(factors, dtype=float)[None, :]).ravel())
    return found[(found >= low * (1 - 1e-9)) & (found <= high * (1 + 1e-9))]
