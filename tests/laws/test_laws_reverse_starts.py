"""Reverse diffusion from a start with a far mode: a mixture of Gaussians again on Gaussian data, whose powers are sums of closed forms."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.divergences import chi2, renyi
from pmmtheory.dynamics import Overdamped, ReverseDiffusion
from pmmtheory.errors import PmmError
from pmmtheory.laws import transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian, GaussianMixture

STEPS, HORIZON, STOP = 20, 1.0, 0.02
Parts = list[tuple[float, float, float]]


def moved(parts: Parts) -> Parts:
    """(weight, mean, variance) after all steps on N(0, 1): each is a linear map and noise."""
    step = (HORIZON - STOP) / STEPS
    factor = 1 - step  # 1 + h - 2 h / Var X_t, and Var X_t is 1
    for _ in range(STEPS):
        parts = [(weight, factor * mean, factor**2 * variance + 2 * step) for weight, mean, variance in parts]
    return parts


def power(parts: Parts, order: int) -> float:
    """int p^order phi^(1 - order), phi the standard normal density."""
    total = 0.0
    for some in product(parts, repeat=order):
        a, b, c = (sum(1 / v for _, _, v in some) - order + 1, sum(m / v for _, m, v in some), sum(m * m / v for _, m, v in some))
        assert a > 0
        scale = math.prod(w / math.sqrt(v) for w, _, v in some)
        total += scale / math.sqrt(a) * math.exp((b * b / a - c) / 2)
    return total


def parts_of(weight: float) -> Parts:
    return [(1 - weight, 0.0, 1.0), (weight, 8.0, 0.1)]


def start(weight: float) -> GaussianMixture:
    return GaussianMixture([1 - weight, weight], [0.0, 8.0], [1.0, 0.1])


@pytest.mark.slow
@given(st.floats(-9, -1), st.sampled_from([0.1, 1e-2, 1e-4, 2e-8]))
def test_powers_hold_or_are_refused(log_weight: float, rtol: float) -> None:
    weight = 10**log_weight
    law = transient_law(EulerMaruyama(ReverseDiffusion(Gaussian(0.0, 1.0), HORIZON, STOP), (HORIZON - STOP) / STEPS), start(weight), STEPS, rtol=rtol)
    after = moved(parts_of(weight))
    for found, true in ((lambda: chi2(law, Gaussian()), power(after, 2) - 1), (lambda: renyi(law, Gaussian(), 3.0), math.log(power(after, 3)) / 2)):
        try:
            estimate = found()
        except PmmError as refusal:
            assert "tails" in str(refusal) or "finite" in str(refusal)
        else:
            assert abs(estimate.value - true) <= estimate.error


def test_at_the_default_accuracy_they_are_given() -> None:
    law = transient_law(EulerMaruyama(ReverseDiffusion(Gaussian(0.0, 1.0), HORIZON, STOP), (HORIZON - STOP) / STEPS), start(1e-6), STEPS)
    estimate = chi2(law, Gaussian())
    assert estimate.error < 1e-5 * estimate.value
    assert abs(estimate.value - power(moved(parts_of(1e-6)), 2) + 1) <= estimate.error


@pytest.mark.parametrize("engine", ["overdamped", "reverse"])
def test_a_mode_below_the_digits_is_no_number(engine: str) -> None:
    """What a law as a start was not told of goes on with its chain."""
    dynamics = Overdamped(Gaussian()) if engine == "overdamped" else ReverseDiffusion(Gaussian(0.0, 1.0), HORIZON, STOP)
    scheme = EulerMaruyama(dynamics, 0.049)
    rtol = {"rtol": 0.1} if engine == "reverse" else {}
    begun = transient_law(scheme, GaussianMixture([1 - 1e-14, 1e-14], [0.0, 12.0], [1.0, 0.5]), 1, **rtol)
    law = transient_law(scheme, begun, 1, **rtol)
    with pytest.raises(PmmError, match="tails"):
        renyi(law, Gaussian(0.5, 1.0), 3.0)
