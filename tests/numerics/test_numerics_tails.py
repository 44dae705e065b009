"""Bounds on what lies beyond the points at which a density is known."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.numerics.tails import Tail, tails


@given(exponent=st.floats(3.5, 40.0), distance=st.floats(0.5, 20.0), farther=st.floats(1.0, 5.0), k=st.integers(0, 2))
def test_a_power_is_told_beyond_any_distance(exponent: float, distance: float, farther: float, k: int) -> None:
    tail, start = Tail(distance, 1e-5, exponent, light=False), farther * distance
    right = 1e-5 * distance**exponent * start ** (k + 1 - exponent) / (exponent - k - 1)
    assert math.isclose(tail.moment(k, start), right, rel_tol=1e-9)
    assert tail.moment(k) == tail.moment(k, distance) == tail.moment(k, 0.3 * distance)


@pytest.mark.parametrize("uncertainty", [1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("farther", [0.0, 5.5, 6.5])
def test_of_a_gaussian_it_is_a_bound_wherever_it_begins(uncertainty: float, farther: float) -> None:
    x = torch.linspace(-8.0, 8.0, 1601, dtype=torch.float64)
    density = torch.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    for tail in tails(x, density, torch.full_like(x, uncertainty), 0.0):
        start = max(farther, tail.distance)
        right = math.erfc(start / math.sqrt(2)) / 2
        assert right <= tail.moment(0, farther) <= tail.moment(0)
        assert tail.moment(0, tail.distance) < 1.5 * math.erfc(tail.distance / math.sqrt(2)) / 2


def test_tails_that_are_too_heavy_have_no_moment_however_far_out() -> None:
    assert Tail(1.0, 1e-3, 1.5, light=False).moment(1, 100.0) == math.inf
