"""Integrals on panels: what is stated covers the truth for smooth functions, kinks of any order and jumps, wherever they are."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.numerics.panels import Antiderivative, integrals, nodes_of
from pmmtheory.targets import Gaussian

EDGES = torch.linspace(-8, 8, 33, dtype=torch.float64)
GRID = torch.linspace(-10, 10, 67, dtype=torch.float64)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4), st.floats(-3, 3), st.floats(1e-6, 10.0))
def test_a_derivative_that_jumps(order: int, place: float, size: float) -> None:
    """phi(x) + size (x - c)_+^order phi(x - c): the integral of the second part is size times half an absolute moment."""

    def f(x: torch.Tensor) -> torch.Tensor:
        y = x - place
        rest = torch.where(y > 0, y**order, 0.0) * torch.exp(-y * y / 2)
        return (torch.exp(-x * x / 2) + size * rest)[None] / math.sqrt(2 * math.pi)

    half = 2 ** (order / 2) * math.gamma((order + 1) / 2) / math.sqrt(math.pi) / 2
    beyond = 1e-6 * size  # the Gaussians leave [-8, 8] by five deviations
    found = integrals(f, torch.linspace(-8, 14, 45, dtype=torch.float64), goal=1e-8)
    assert abs(float(found.values[0]) - (1 + size * half)) <= found.error + 1e-6 * beyond + 1e-12
    assert found.error <= 2e-8 * (1 + size * half)


def test_one_halving_sees_what_coefficients_do_not() -> None:
    """A third derivative that jumps off the edges: the square of the last coefficients alone is a hundred times too small."""
    place = 0.2173

    def f(x: torch.Tensor) -> torch.Tensor:
        return (torch.exp(-x * x / 2) + 1e-4 * torch.where(x > place, (x - place) ** 3, 0.0) * torch.exp(-x * x / 2))[None]

    exact = float(integrals(f, torch.cat([EDGES, torch.tensor([place], dtype=torch.float64)]).sort().values, goal=1e-15).values[0])
    for goal in (1e-4, 1e-6, 1e-8, 1e-10):
        found = integrals(f, EDGES[::4], goal=goal)
        assert abs(float(found.values[0]) - exact) <= found.error + 1e-15


def test_tails_keep_their_digits() -> None:
    """Far out the antiderivative of p - q is relatively accurate, which one-sided sums are not."""
    p, q = Gaussian(0.1, 1.0), Gaussian(0.0, 1.1)
    x = nodes_of(GRID)
    below = Antiderivative(GRID, p.density(x) - q.density(x))
    for at in (-8.0, -7.0, 7.0, 8.0):
        exact = _tail(p, at) - _tail(q, at) if at < 0 else _tail(q, at) - _tail(p, at)
        assert float(below(torch.tensor(at, dtype=torch.float64))) == pytest.approx(exact, rel=1e-6, abs=0.0)
        assert abs(exact) < 1e-6


def _tail(g: Gaussian, x: float) -> float:
    """The mass beyond x, on its own side of the mean."""
    return 0.5 * math.erfc(abs(x - g.mean) / math.sqrt(2 * g.covariance))
