"""The law of the diffusion itself, against the Ornstein-Uhlenbeck process and its own semigroup."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.divergences import tv
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import diffusion_law, spectral_gap, transient_law
from pmmtheory.targets import Gaussian, GaussianMixture, Potential
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


def ornstein_uhlenbeck(mean: float, variance: float, start: Gaussian, time: float) -> Gaussian:
    decay = math.exp(-time / variance)
    return Gaussian(mean + (start.mean - mean) * decay, variance + (start.covariance - variance) * decay**2)


@pytest.mark.slow
@settings(max_examples=12)
@given(
    shift=st.sampled_from([0.0, 1e3, -1e5]),
    scale=st.sampled_from([1e-2, 1.0, 1e3]),
    mean=st.floats(-3, 3),
    variance=st.floats(0.1, 1.8),
    time=st.floats(0.02, 5),
)
def test_the_error_holds_at_any_place_and_scale(shift: float, scale: float, mean: float, variance: float, time: float) -> None:
    target, start = Gaussian(shift * scale, scale**2), Gaussian((shift + mean) * scale, variance * scale**2)
    try:
        law = diffusion_law(target, start, time * scale**2, rtol=1e-7)
    except NotConverged:  # far and wide: the norm of p_0/sqrt(pi) costs more digits than there are
        assert abs(mean) > 1 and variance > 1.4
        return
    distance = tv(law, ornstein_uhlenbeck(shift * scale, scale**2, start, time * scale**2))
    assert float(distance) <= law.numerical_error + distance.error
    assert set(law.errors) == {"resolution", "ends", "rounding", "interpolation", "ground state"}


@pytest.mark.slow
def test_a_far_and_narrow_start_is_paid_for_by_rounding() -> None:
    """p_0/sqrt(pi) has a norm of 1e8 there: the digits that it costs are in the error, or the law is refused."""
    target, start = Gaussian(), Gaussian(-7.0, 0.05)
    with pytest.raises(NotConverged):
        diffusion_law(target, start, 0.1, rtol=1e-11)
    law = diffusion_law(target, start, 0.1, rtol=1e-4)
    assert law.errors["rounding"] > 1e-10
    distance = tv(law, ornstein_uhlenbeck(0.0, 1.0, start, 0.1))
    assert float(distance) <= law.numerical_error + distance.error


@pytest.mark.parametrize("shift", [1e3, -1e6])
@pytest.mark.parametrize("scale", [1e-2, 1e3])
def test_the_gap_at_any_place_and_scale(shift: float, scale: float) -> None:
    here = GaussianMixture([0.3, 0.7], [-2.0, 2.0], [1.0, 0.5])
    there = GaussianMixture([0.3, 0.7], [(shift - 2) * scale, (shift + 2) * scale], [scale**2, 0.5 * scale**2])
    assert spectral_gap(there) * scale**2 == pytest.approx(spectral_gap(here), rel=2e-6)


@pytest.mark.slow
@pytest.mark.parametrize("target", [GaussianMixture([0.5, 0.5], [-6.0, 6.0], [1.0, 1.0]), GaussianMixture([0.5, 0.5], [0.0, 20.0], [1.0, 1e-8])])
def test_gaps_that_float64_does_not_resolve(target: GaussianMixture) -> None:
    """A gap of 1e-7 below the rounding that 1e-6 of it allows; a needle that no uniform grid sees."""
    with pytest.raises(NotConverged, match="spectral gap"):
        spectral_gap(target)


def test_jumps_of_the_drift_are_refused() -> None:
    """Their F'' has a point mass, which a grid does not see: both resolutions would agree on a wrong law."""
    target = Potential(torch.abs)
    with pytest.raises(InvalidParameter, match="does not jump"):
        spectral_gap(target)
    with pytest.raises(InvalidParameter, match="does not jump"):
        diffusion_law(target, Gaussian(), 0.1)
