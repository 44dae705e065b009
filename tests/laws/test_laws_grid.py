"""Interpolation on uniform grids."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.numerics.interpolation import interpolate

EPS = float(np.finfo(float).eps)
GRID = torch.linspace(-10, 10, 201, dtype=torch.float64)
SPACING = 0.1


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
