"""Calls against the condition number: bounds on W2 in the plane against chains of random variances, and limits by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from experiments.measures.calls_for_condition import _distance, measure
from pmmtheory.dynamics import Overdamped
from pmmtheory.harness.measures.gaussian_error import uniform
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import EulerMaruyama, RandomizedMidpoint
from pmmtheory.targets import Gaussian


@pytest.mark.slow
def test_the_variances_of_both_axes() -> None:
    """Given its times a chain is Gaussian, with v' = R^2 v + Q on each axis: drawn along many chains, in units of the target."""
    step, n, rng = 0.4, 100_000, np.random.default_rng(0)
    curvatures, v = np.array([2.0, 1.0]), np.ones((n, 2))
    for _ in range(25):
        u, x = rng.random((n, 1)), step * curvatures  # X' = X - x Y + noise, Y = (1 - u x) X + the noise up to u
        v = (1 - x + u * x * x) ** 2 * v + 2 * x * (u * (1 - x) ** 2 + 1 - u)
    steep, flat = (RandomizedMidpoint(Overdamped(Gaussian(0.0, 1 / lam)), step) for lam in curvatures)
    assert abs(float(uniform(stationary_law(flat, engine="gaussian"), 1.0)) ** 2 - ((np.sqrt(v[:, 1]) - 1) ** 2).mean()) < 4.5 * (
        (np.sqrt(v[:, 1]) - 1) ** 2
    ).std() / math.sqrt(n)
    # quantiles of the steep axis, a mixture of Gaussians, by many draws of its variance
    points, levels = np.linspace(-9, 9, 1501), (np.arange(20_000) + 0.5) / 20_000
    cdf = special.ndtr(points[:, None] / np.sqrt(v[:4000, 0])).mean(1)
    first = np.mean((np.interp(levels, cdf, points) - special.ndtri(levels)) ** 2) / 2
    told = _distance(steep, flat, "cpu")
    assert told.value + told.error == pytest.approx(math.hypot(math.sqrt(first), float(uniform(stationary_law(flat, engine="gaussian"), 1.0))), rel=0.05)


@pytest.mark.parametrize("condition", [1.0, 25.0, 900.0])
def test_lmc_by_hand(condition: float) -> None:
    """Variances 1/(lam (1 - step lam/2)) on both axes."""
    found = measure("cpu", "EulerMaruyama", 1e-3, condition)
    step = found["step"].value
    distances = [(1 / math.sqrt(1 - step * lam / 2) - 1) / math.sqrt(lam) for lam in (1.0, condition)]
    assert math.hypot(*distances) == pytest.approx(1e-3, rel=found["step"].relative_error * 4 + 1e-8)
    assert found["rate"].value == pytest.approx(1 / step)


def test_underdamped_limit() -> None:
    """ULMC adds step/(2 friction) to the variance of the position on every axis, to first order: W2 = step sqrt(1 + kappa)/(4 friction)."""
    found = measure("cpu", "EulerMaruyama", 1e-6, 100.0, damping=2.0)
    assert found["rate"].value == pytest.approx(20.0 * math.sqrt(101.0) / (4 * 20.0 * 1e-6), rel=1e-4)


@pytest.mark.slow
def test_shared_times_widen_the_error() -> None:
    """The bounds agree for a Gaussian law, and are apart for a mixture over times."""
    axes = [Overdamped(Gaussian(0.0, v)) for v in (0.5, 1.0)]
    gaussian, mixture = (_distance(*(kind(axis, 0.3) for axis in axes), "cpu") for kind in (EulerMaruyama, RandomizedMidpoint))
    assert gaussian.relative_error < 1e-9 < 0.01 < mixture.relative_error
