"""The law of the diffusion itself, against the Ornstein-Uhlenbeck process and its own semigroup."""

from __future__ import annotations

import math

import pytest

from pmmtheory.divergences import tv
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import diffusion_law, spectral_gap, transient_law
from pmmtheory.targets import Gaussian
from tests.oracles.chains import chain
from tests.oracles.lines import BIMODAL, LINES
from tests.oracles.schroedinger import gap_by_differences

ROUNDING = 1e-11


@pytest.mark.parametrize("time", [0.05, 0.5, 3.0])
def test_ornstein_uhlenbeck(time: float) -> None:
    """m exp(-lam t) and v + (v_0 - v) exp(-2 lam t)."""
    law = diffusion_law(Gaussian(0.2, 0.5), Gaussian(1.0, 0.3), time)
    decay = math.exp(-2 * time)
    exact = Gaussian(0.2 + 0.8 * decay, 0.5 + (0.3 - 0.5) * decay**2)
    assert float(tv(law, exact)) <= 2 * law.numerical_error + ROUNDING


def test_small_steps_of_a_chain_tend_to_it() -> None:
    """LMC after time 1 differs by order a: Richardson's extrapolation removes most of it."""
    start = Gaussian(0.5, 0.6)
    exact = diffusion_law(BIMODAL, start, 1.0)
    gaps = [transient_law(chain("lmc", BIMODAL, 1 / n), start, n).covariance - exact.covariance for n in (50, 100)]
    assert gaps[0] / gaps[1] == pytest.approx(2, rel=0.05)
    assert abs(2 * gaps[1] - gaps[0]) < 0.05 * abs(gaps[1])


def test_long_times_give_the_target() -> None:
    law = diffusion_law(BIMODAL, Gaussian(0.5, 0.6), 200.0)
    assert float(tv(law, BIMODAL)) <= 2 * law.numerical_error + ROUNDING


@pytest.mark.parametrize("time", [0.0, -1.0, math.nan])
def test_wrong_time(time: float) -> None:
    with pytest.raises(InvalidParameter, match="time"):
        diffusion_law(Gaussian(), Gaussian(), time)


def test_an_initial_law_that_is_too_wide_is_not_converged() -> None:
    with pytest.raises(NotConverged):
        diffusion_law(Gaussian(), Gaussian(0.0, 9.0), 0.1)


@pytest.mark.parametrize("target", ["gaussian", "bimodal", "skewed", "cosine", "own", "double_well"])
def test_the_gap_by_finite_differences(target: str) -> None:
    """A tridiagonal matrix and Richardson's extrapolation against trigonometric interpolation."""
    gap, error = gap_by_differences(LINES[target])
    assert spectral_gap(LINES[target]) == pytest.approx(gap, abs=error)


def test_the_gap_under_exponential_tails_is_not_given() -> None:
    """The spectrum is continuous from 1/4 on: the gap of a box depends on the box."""
    with pytest.raises(NotConverged, match="two boxes"):
        spectral_gap(LINES["log_cosh"])
