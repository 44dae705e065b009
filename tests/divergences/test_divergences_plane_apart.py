"""W2 in the plane where either law has a mode that the map between them does not see: too faint for its grid, or beyond it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr

from pmmtheory.divergences import w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian, GaussianMixture, Potential

STEP = 0.1
WIDE = 1 / (1 - STEP / 2)
"""The variance of LMC at this step on a standard Gaussian."""

NORMAL = Potential(lambda x: (x * x).sum(-1) / 2, dim=2)
CHAIN = EulerMaruyama(Overdamped(NORMAL), STEP)


def on_the_axis(one: list[tuple[float, float, float]], two: list[tuple[float, float, float]]) -> float:
    """W2^2 of mixtures of Gaussians (weight, mean, variance) on the line: of their quantiles, by a rule on each decade of both tails."""

    def quantile(parts: list[tuple[float, float, float]], log_u: float, above: bool) -> float:
        sign = -1.0 if above else 1.0
        return float(
            brentq(lambda x: math.log(max(sum(w * ndtr(sign * (x - m) / math.sqrt(v)) for w, m, v in parts), 1e-300)) - log_u, -60.0, 160.0, xtol=1e-12)
        )

    nodes, shares = np.polynomial.legendre.leggauss(24)
    total = 0.0
    edges = np.log([1e-16, *(10.0**k for k in range(-15, 0)), 0.25, 0.5])
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        for node, share in zip(nodes, shares, strict=True):
            log_u = (low + high) / 2 + (high - low) / 2 * node
            for above in (False, True):
                gap = quantile(one, log_u, above) - quantile(two, log_u, above)
                total += share * (high - low) / 2 * math.exp(log_u) * gap**2
    return total


@pytest.mark.parametrize(("weight", "far"), [(1e-4, 20.0), (1e-6, 40.0), (1e-8, 15.0), (1e-8, 40.0), (1e-10, 40.0), (1e-12, 40.0)])
def test_a_mode_of_the_reference(weight: float, far: float) -> None:
    other = GaussianMixture([1 - weight, weight], [[0.0, 0.0], [far, 0.0]], [1.0, 1.0])
    along = on_the_axis([(1.0, 0.0, WIDE)], [(1 - weight, 0.0, 1.0), (weight, far, 1.0)])
    value = math.sqrt(along + (math.sqrt(WIDE) - 1) ** 2)
    try:
        found = w2(stationary_law(CHAIN), other)
    except InvalidParameter as error:
        assert "far beyond the grid" in str(error) and value > 0.045
        return
    assert abs(found.value - value) <= found.error + 1e-9
    assert found.error < found.value


@pytest.mark.parametrize(("weight", "far"), [(5e-12, 100.0), (8e-12, 60.0)])
def test_a_mode_of_the_law(weight: float, far: float) -> None:
    """The start has it, and steps on a Gaussian keep it a Gaussian."""
    steps, kept = 20, 0.9**20
    start = GaussianMixture([1 - weight, weight], [[0.0, 0.0], [far, 0.0]], [1.0, 1.0])
    spread = kept**2 + WIDE * (1 - kept**2)
    along = on_the_axis([(1 - weight, 0.0, spread), (weight, kept * far, spread)], [(1.0, 0.0, 1.0)])
    value = math.sqrt(along + (math.sqrt(spread) - 1) ** 2)
    found = w2(transient_law(CHAIN, start, steps), Gaussian([0.0, 0.0], 1.0))
    assert abs(found.value - value) <= found.error + 1e-9
    assert found.error < 0.01 * found.value


def test_nothing_is_apart_where_there_are_only_tails() -> None:
    law = stationary_law(CHAIN)
    for other in (Gaussian([0.0, 0.0], 1.0), Gaussian([0.3, 0.0], 1.5), GaussianMixture([0.7, 0.3], [[0.0, 0.0], [0.5, 0.0]], [1.0, 1.0])):
        assert w2(law, other).parts["apart"] == 0


@pytest.mark.slow
def test_what_a_second_law_may_have_started_with() -> None:
    """A mode of 1e-12 at 110, below its digits: W2 was off by 1.3 of its errors, but not the other way round. Truth by quantiles on the line."""
    target = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [0.5, 0.0]], [1.0, 1.0])
    chain = EulerMaruyama(Overdamped(target), 0.05)
    start = GaussianMixture([0.5, 0.5, 1e-12], [[0.0, 0.0], [0.5, 0.0], [110.0, 0.0]], [1.0] * 3)
    one, other = stationary_law(chain), transient_law(chain, start, 2)
    for found in (w2(one, other), w2(other, one)):
        assert abs(found.value - 0.01449086803) <= found.error < 1e-4
