"""fit_rate where a claim states the form of the error: a factor log(1/step), a second term, corrections of another order."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.rates import fit_rate

STEPS = [0.1 / 2**k for k in range(7)]
rates, constants = st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0]), st.floats(1e-3, 1e3)


@pytest.mark.slow
@given(rates, constants, st.floats(-2, 2))
def test_a_factor_log_is_divided_out(p: float, c: float, first: float) -> None:
    errors = [c * h**p * math.log(1 / h) * (1 + first * h) for h in STEPS]
    fit = fit_rate(STEPS, errors, predicted=p, constant=c, logarithm=1.0)
    assert fit.verdict == "pass", fit
    assert fit_rate(STEPS, errors, predicted=p, constant=1.1 * c, logarithm=1.0).verdict == "fail"


@pytest.mark.parametrize("claimed", [0.8, 1.0, 1.26])
def test_a_factor_log_that_nobody_stated_decides_nothing(claimed: float) -> None:
    assert fit_rate(STEPS[:5], [h * math.log(1 / h) for h in STEPS[:5]], predicted=claimed).verdict != ("fail" if claimed == 1.0 else "pass")


@pytest.mark.slow
@given(rates, constants, st.floats(1, 1e3), st.sampled_from([0.5, 1.0, 2.0]))
def test_two_terms_are_told_apart(p: float, c: float, ratio: float, more: float) -> None:
    """c step^p + d step^q with q known: exactly, whichever is larger at these steps, to what rounding leaves."""
    errors = [c * h**p * (1 + ratio * h**more) for h in STEPS]
    fit = fit_rate(STEPS, errors, predicted=p, constant=c, crossover=p + more)
    assert fit.verdict == "pass", fit
    assert fit.rate == pytest.approx(p, abs=1e-4) and fit.constant == pytest.approx(c, rel=1e-3)


@pytest.mark.slow
@given(rates, st.floats(1, 300), st.floats(-2, 2))
def test_two_terms_with_a_correction(p: float, ratio: float, first: float) -> None:
    """What is left of the form is a correction: no true claim fails, and where a rate is found it is that one."""
    errors = [h**p * (1 + ratio * h * (1 + first * h)) for h in STEPS]
    assert fit_rate(STEPS, errors, predicted=p, crossover=p + 1).verdict != "fail"
    assert fit_rate(STEPS, errors, predicted=p + 0.5, crossover=p + 1).verdict != "pass"


@pytest.mark.parametrize("claimed", [1.0, 1.5, 2.0])
def test_a_second_term_that_nobody_stated_decides_nothing(claimed: float) -> None:
    assert fit_rate(STEPS[:5], [1e-3 * h + h**2 for h in STEPS[:5]], predicted=claimed).verdict == "undecided"


def test_a_second_term_needs_five_points() -> None:
    fit = fit_rate(STEPS[:4], [h + h**2 for h in STEPS[:4]], predicted=1.0, crossover=2.0)
    assert fit.verdict == "undecided" and "told apart" in fit.reason


def test_a_second_term_that_is_not_there() -> None:
    """step^2 alone is no step + step^2: nothing is left beside the second term."""
    fit = fit_rate(STEPS, [h**2 for h in STEPS], predicted=1.0, constant=1.0, crossover=2.0)
    assert fit.verdict == "undecided"


@pytest.mark.slow
@given(st.sampled_from([1.0, 2.0, 3.0]), st.floats(-0.5, 3))
def test_a_stated_correction_of_a_third(p: float, first: float) -> None:
    """Calls for an accuracy: slower than what is assumed of corrections that nobody stated."""
    errors = [h**p * (1 + first * h ** (1 / 3)) for h in STEPS]
    fit = fit_rate(STEPS, errors, predicted=p, correction=1 / 3)
    assert fit.verdict != "fail"
    assert fit.interval[0] <= p + 0.02 and fit.interval[1] >= p - 0.02
