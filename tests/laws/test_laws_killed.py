"""Laws of explicit chains on super-linear drifts: of those that are left of a chain that is killed outside its grid."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import LineLaw, stationary_law
from pmmtheory.numerics.invariant import quasi_invariant
from pmmtheory.numerics.rules import gauss_legendre
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import DoubleWell

WELL = DoubleWell(1.0, 1.0)


def moments_of_those_left(step: float, end: float) -> tuple[float, float]:
    """E X^2 and E X^4 of the law that LMC, killed outside [-end, end], leaves as it is but for the mass: power iteration on Gauss rules."""
    edges = torch.linspace(-end, end, 61, dtype=torch.float64)
    nodes, weights = (torch.as_tensor(part, dtype=torch.float64) for part in gauss_legendre(12))
    width = torch.diff(edges)
    x, w = (edges[:-1, None] + width[:, None] * nodes).flatten(), (width[:, None] * weights).flatten()
    mean = x + step * WELL.drift(x)
    kernel = torch.exp(-((x[:, None] - mean) ** 2) / (4 * step)) / math.sqrt(4 * math.pi * step) * w
    p = WELL.density(x)
    for _ in range(20_000):
        before = p
        p = kernel @ p
        p = p / (w @ p)
        if float(w @ (p - before).abs()) < 1e-15:
            break
    return float(w @ (p * x**2)), float(w @ (p * x**4))


@pytest.mark.parametrize("step", [0.1, 0.07, 0.04])
def test_moments_of_those_left(step: float) -> None:
    """Not of a chain that starts again at the mode: at a step of 0.1, where 2.5e-4 of the mass leave in each, that is off by 2.3e-4."""
    law = stationary_law(EulerMaruyama(Overdamped(WELL), step), rtol=1e-2)
    assert isinstance(law, LineLaw) and law.truncated
    low, high = law.ends
    assert low == pytest.approx(-high)
    for by in (0.0, 0.5, 1.0):  # how much of the last cell is outside is not said
        for power, exact in zip((2, 4), moments_of_those_left(step, high + by * law.spacing), strict=True):
            assert abs(law.moment(power).value - exact) <= law.moment(power).error
    for power, exact in zip((2, 4), moments_of_those_left(step, high + law.spacing / 2), strict=True):
        assert abs(law.moment(power).value - exact) <= 0.03 * law.moment(power).error


def test_a_matrix_that_loses_mass() -> None:
    """The leading eigenvector of two states, in closed form."""
    matrix = torch.tensor([[0.8, 0.1], [0.2, 0.7]], dtype=torch.float64)
    found, _, _ = quasi_invariant(matrix, torch.ones(2, dtype=torch.float64), "two states", 1e-8)
    kept = 0.75 + math.sqrt(0.05**2 + 0.1 * 0.2)
    p = torch.tensor([0.2, kept - 0.8], dtype=torch.float64)
    assert float((found - p / p.sum()).abs().max()) < 1e-14
    assert float(found @ matrix.sum(1)) == pytest.approx(kept, rel=1e-14)
