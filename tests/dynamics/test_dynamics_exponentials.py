"""The exponential functions against 60 digits: a few units in the last place, on both branches and across the seam at |t| = 1."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics.exponentials import decay, phi1, phi2, spread

FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[[Any], Any], float]] = {
    "decay": (decay, lambda t: mp.exp(-t), 1),
    "phi1": (phi1, lambda t: (1 - mp.exp(-t)) / t if t else mp.mpf(1), 1.5),
    "phi2": (phi2, lambda t: (t - 1 + mp.exp(-t)) / t**2 if t else mp.mpf(1) / 2, 2),
    "spread": (spread, lambda t: 2 * (t - 2 * (1 - mp.exp(-t)) + (1 - mp.exp(-2 * t)) / 2) / t**3 if t else mp.mpf(2) / 3, 6),
}
"""Each with its formula and the number of eps that its relative error may reach."""

SEAM = [side * math.nextafter(1.0, towards) for side in (-1, 1) for towards in (0.0, 1.0, 2.0)]
TIMES = {
    "positive": np.geomspace(1e-12, 50, 800),
    "negative": -np.geomspace(1e-12, 1, 400),
    "seam": np.array([*SEAM, *np.linspace(0.99, 1.01, 101)]),
    "zero": np.zeros(1),
}
battery = pytest.mark.parametrize("name", FUNCTIONS)


def worst(values: Any, times: Any, formula: Callable[[Any], Any]) -> float:
    """The largest relative error."""
    with mp.workdps(60):
        return max(float(abs(mp.mpf(float(value)) / formula(mp.mpf(float(t))) - 1)) for value, t in zip(values, times, strict=True))


@battery
@pytest.mark.parametrize("where", TIMES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_tensors(name: str, where: str, dtype: torch.dtype) -> None:
    function, formula, multiple = FUNCTIONS[name]
    t = torch.tensor(TIMES[where], dtype=dtype)
    value = function(t)
    assert value.dtype == dtype and value.shape == t.shape
    assert worst(value, t, formula) < multiple * torch.finfo(dtype).eps


@battery
@given(t=st.floats(-12, math.log10(50)).map(lambda power: 10**power) | st.floats(-12, 0).map(lambda power: -(10**power)))
def test_numbers(name: str, t: float) -> None:
    function, formula, multiple = FUNCTIONS[name]
    value = function(t)
    assert isinstance(value, float)
    assert worst([value], [t], formula) < multiple * np.finfo(float).eps


@battery
def test_shapes_are_kept(name: str) -> None:
    function = FUNCTIONS[name][0]
    t = torch.tensor([[0.0, 0.3], [2.0, 40.0]], dtype=torch.float64)
    assert function(t).flatten().tolist() == pytest.approx([function(s) for s in t.flatten().tolist()], rel=1e-15, abs=0.0)


def test_far_beyond_the_range_they_stay_finite() -> None:
    for t in (1e3, 1e8):
        assert decay(t) == 0.0
        assert phi1(t) * t == pytest.approx(1) and phi2(t) * t == pytest.approx(1, rel=2 / t) and spread(t) * t**2 == pytest.approx(2, rel=4 / t)
