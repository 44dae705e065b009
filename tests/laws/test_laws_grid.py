"""Interpolation and integration on uniform grids against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.laws.grid import absolute_integral, cell_integrals, cumulative, interpolate
from pmmtheory.targets import Gaussian

EPS = float(np.finfo(float).eps)
GRID = torch.linspace(-10, 10, 201, dtype=torch.float64)
SPACING = 0.1
TRUNCATION = 0.14 * SPACING**12
"""Of polynomials of degree 11 on functions like the normal density."""


@given(st.lists(st.floats(-1, 1), min_size=12, max_size=12), st.floats(-1, 1))
def test_polynomials_of_degree_eleven_are_exact(coefficients: list[float], at: float) -> None:
    x = torch.linspace(-1, 1, 40, dtype=torch.float64)
    polynomial = np.polynomial.Polynomial(coefficients)
    values = torch.as_tensor(polynomial(x.numpy()))
    got = interpolate(values, -1.0, float(x[1] - x[0]), torch.tensor(at, dtype=torch.float64))
    assert float(got) == pytest.approx(polynomial(at), abs=1e4 * EPS * sum(map(abs, coefficients)))


def test_grid_points_are_hit_exactly_and_others_are_clamped() -> None:
    values = torch.sin(GRID)
    assert torch.equal(
        interpolate(values, -10.0, SPACING, -10.0 + SPACING * torch.arange(201, dtype=torch.float64)).round(decimals=13), values.round(decimals=13)
    )
    assert interpolate(values, -10.0, SPACING, torch.tensor([-99.0, 99.0], dtype=torch.float64)).tolist() == [float(values[0]), float(values[-1])]


def test_cells_of_the_normal_density() -> None:
    density, cdf = Gaussian().density(GRID), Gaussian().cdf(GRID)
    assert torch.allclose(cell_integrals(density, SPACING), torch.diff(cdf), rtol=0, atol=TRUNCATION + EPS)


def test_tails_keep_their_digits() -> None:
    """Far out the cumulative integral of p - q is relatively accurate, which one-sided sums are not."""
    p, q = Gaussian(0.1, 1.0), Gaussian(0.0, 1.1)
    got = cumulative(p.density(GRID) - q.density(GRID), SPACING)
    for i in (20, 30, 170, 180):
        x = float(GRID[i])
        exact = _tail(p, x) - _tail(q, x) if x < 0 else _tail(q, x) - _tail(p, x)
        assert float(got[i]) == pytest.approx(exact, rel=1e-6, abs=0.0)
        assert abs(exact) < 1e-6


def _tail(g: Gaussian, x: float) -> float:
    """The mass beyond x, on its own side of the mean."""
    return 0.5 * math.erfc(abs(x - g.mean) / math.sqrt(2 * g.covariance))


@given(st.floats(0.01, 0.5), st.floats(-2, 2))
def test_the_kinks_of_an_absolute_value_cost_nothing(slope: float, centre: float) -> None:
    """f = (x - c) exp(-(x - c)^2/2) has int f = 0 and int |f| = 2 whatever the place of its zero on the grid."""
    y = GRID - centre
    value = absolute_integral(slope * y * torch.exp(-(y**2) / 2), -10.0, SPACING)
    assert value == pytest.approx(2 * slope, rel=1e-11)


def test_the_plain_sum_of_an_absolute_value_is_much_worse() -> None:
    y = GRID - 0.0123
    values = y * torch.exp(-(y**2) / 2)
    assert abs(float(values.abs().sum()) * SPACING - 2) > 1e5 * abs(absolute_integral(values, -10.0, SPACING) - 2)
