"""fit_rate on exact synthetic errors C h^p (1 + c_1 h + c_2 h^2), with and without noise."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.rates import RateFit, fit_rate

HALVING = [0.1 * 0.5**i for i in range(7)]


@dataclass(frozen=True)
class Case:
    rate: float
    constant: float
    steps: list[float]
    estimates: list[Estimate]

    def fit(self, shift: float = 0.0, **options: float) -> RateFit:
        return fit_rate(self.steps, self.estimates, predicted=self.rate + shift, **options)


def random_case(rng: np.random.Generator, noise: float, correction: float = 2.0) -> Case:
    """Random rate, constant, corrections and steps; normal noise of relative size `noise`, as stated."""
    rate, constant = float(rng.choice([1.0, 1.5, 2.0, 3.0, 4.0])), float(10 ** rng.uniform(-3, 2))
    first, second = rng.uniform(-correction, correction, 2)
    steps = rng.choice([0.05, 0.1, 0.2]) * rng.choice([0.5, 0.7]) ** np.arange(rng.integers(5, 9))
    exact = constant * steps**rate * (1 + first * steps + second * steps**2)
    seen = exact * (1 + noise * rng.standard_normal(len(steps)))
    estimates = [Estimate(float(v), float((noise + 1e-15) * e), "synthetic") for v, e in zip(seen, exact, strict=True)]
    return Case(rate, constant, steps.tolist(), estimates)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 1e-9, 1e-6, 1e-4, 1e-3, 5e-3])
def test_the_intervals_hold_the_truth(noise: float) -> None:
    """Both intervals in at least 95% of 50 cases at every level of noise: 300 cases in all."""
    rng = np.random.default_rng(round(1e9 * noise))
    fits = [(case, case.fit()) for case in (random_case(rng, noise) for _ in range(50))]
    assert sum(fit.interval[0] <= case.rate <= fit.interval[1] for case, fit in fits) >= 48
    assert sum(fit.constant_interval[0] <= case.constant <= fit.constant_interval[1] for case, fit in fits) >= 48
    assert sum(fit.verdict == "fail" for _, fit in fits) <= 2


@pytest.mark.slow
def test_a_narrow_interval_is_had_from_clean_points() -> None:
    """Coverage alone is worth nothing: with exact points the interval is narrow and the verdict a pass."""
    rng = np.random.default_rng(5)
    fits = [case.fit(constant=case.constant) for case in (random_case(rng, 0.0, correction=1.0) for _ in range(50))]
    assert Counter(fit.verdict for fit in fits)["pass"] >= 48
    assert np.median([fit.interval[1] - fit.interval[0] for fit in fits]) < 5e-3


@pytest.mark.slow
@pytest.mark.parametrize("shift", [-1.0, -0.5, 0.5, 1.0])
def test_a_wrong_rate_never_passes(shift: float) -> None:
    rng = np.random.default_rng(7)
    verdicts = Counter(random_case(rng, noise).fit(shift).verdict for noise in (0.0, 1e-6, 1e-3) for _ in range(25))
    assert verdicts["pass"] == 0
    assert verdicts["fail"] >= 60


@pytest.mark.parametrize("shift", [-1.0, -0.5])
def test_a_bound_below_the_rate_passes(shift: float) -> None:
    rng = np.random.default_rng(8)
    verdicts = Counter(random_case(rng, 1e-6, correction=1.0).fit(shift, kind="bound").verdict for _ in range(25))  # type: ignore[arg-type]
    assert verdicts["pass"] >= 24 and verdicts["fail"] == 0


def test_a_bound_above_the_rate_fails() -> None:
    rng = np.random.default_rng(9)
    verdicts = Counter(random_case(rng, 1e-6, correction=1.0).fit(0.5, kind="bound").verdict for _ in range(25))  # type: ignore[arg-type]
    assert verdicts["fail"] >= 24 and verdicts["pass"] == 0


def test_noise_beyond_one_percent_is_undecided() -> None:
    values = [h**2 for h in HALVING]
    fit = fit_rate(HALVING, [Estimate(v, 0.02 * v, "particles") for v in values], predicted=2.0)
    assert (fit.verdict, fit.used) == ("undecided", ())
    assert math.isnan(fit.rate) and fit.interval == (-math.inf, math.inf)


def test_only_good_points_enter() -> None:
    """Points that are zero, negative or too uncertain are left out, wherever they stand."""
    estimates = [Estimate(h**2, 1e-12 * h**2, "") for h in HALVING]
    spoilt = [Estimate(0.0, 0.0, ""), Estimate(-1.0, 1e-9, ""), Estimate(5.0, 1.0, "")]
    steps = [*HALVING, 0.3, 1e-4, 2e-4]
    fit = fit_rate(steps, [*estimates, *spoilt], predicted=2.0)
    assert fit == fit_rate(HALVING, estimates, predicted=2.0)
    assert fit.verdict == "pass"


@pytest.mark.parametrize("number", [0, 1, 3])
def test_fewer_than_four_points_are_undecided(number: int) -> None:
    fit = fit_rate(HALVING[:number], [h**2 for h in HALVING[:number]], predicted=2.0)
    assert fit.verdict == "undecided"
    assert "4" in fit.reason


def test_four_points_are_enough() -> None:
    assert fit_rate(HALVING[3:], [h**2 * (1 + h) for h in HALVING[3:]], predicted=2.0).verdict == "pass"


def test_without_a_prediction_the_rate_is_still_fitted() -> None:
    fit = fit_rate(HALVING, [3 * h**1.5 for h in HALVING])
    assert fit.verdict == "undecided"
    assert fit.rate == pytest.approx(1.5, abs=1e-12) and fit.constant == pytest.approx(3, rel=1e-12)


def test_a_plain_slope_would_be_biased() -> None:
    """Why the correction is fitted: least squares of the logarithms misses the rate by far more than the interval is wide."""
    values = [h**2 * (1 + 4 * h) for h in HALVING]
    slope = np.polyfit(np.log(HALVING), np.log(values), 1)[0]
    fit = fit_rate(HALVING, values, predicted=2.0)
    assert abs(slope - 2) > 10 * (fit.interval[1] - fit.interval[0])
    assert fit.verdict == "pass"


def test_exponential_decay_is_no_rate() -> None:
    assert fit_rate(HALVING, [math.exp(-1 / h) for h in HALVING], predicted=2.0).verdict != "pass"


def test_errors_that_do_not_fall_yet_decide_nothing() -> None:
    """1 - exp(-10^4 h) is 1 to the last digit at these steps, and its rate is 1."""
    assert fit_rate(HALVING, [1.0] * 7, predicted=1.0).verdict == "undecided"
    assert fit_rate(HALVING, [1.0] * 7, predicted=0.0).verdict == "undecided"


def test_a_floor_that_is_approached_is_no_decay() -> None:
    assert fit_rate(HALVING, [0.3 * (1 + h) for h in HALVING], predicted=1.0).verdict == "fail"


def test_a_term_of_lower_order_that_surfaces_is_not_passed() -> None:
    """At the smallest step the two terms are of one size, and the local slope is 1.6."""
    assert fit_rate(HALVING, [h**2 + 1e-3 * h for h in HALVING], predicted=2.0).verdict != "pass"


@given(st.floats(-0.5, 1.0), st.floats(-0.5, 0.5))
def test_corrections_of_half_an_order(first: float, second: float) -> None:
    """They are fitted where they are announced; without that the same data may well exclude the true rate."""
    errors = [3 * h**1.5 * (1 + first * h**0.5 + second * h) for h in HALVING]
    fit = fit_rate(HALVING, errors, predicted=1.5, constant=3.0, correction=0.5)
    assert fit.interval[0] <= 1.5 <= fit.interval[1]
    assert fit.constant_interval[0] <= 3.0 <= fit.constant_interval[1]


finite = st.floats(-1, 1)


@pytest.mark.slow
@given(finite, finite, st.floats(1e-6, 1e6), st.floats(1e-3, 1e3))
def test_units_do_not_matter(first: float, second: float, unit: float, stretch: float) -> None:
    """Errors in another unit scale the constant; steps in another unit scale it by stretch^-p; the rate stays."""
    errors = [0.7 * h**2 * (1 + first * h + second * h * h) for h in HALVING]
    plain = fit_rate(HALVING, errors, predicted=2.0)
    scaled = fit_rate([stretch * h for h in HALVING], [unit * e for e in errors], predicted=2.0)
    width = 1e-9 + plain.interval[1] - plain.interval[0]
    assert scaled.verdict == plain.verdict
    assert scaled.rate == pytest.approx(plain.rate, abs=width)
    assert scaled.constant == pytest.approx(plain.constant * unit / stretch**2, rel=1e-9 + plain.constant_interval[1] / plain.constant_interval[0] - 1, abs=0.0)


@pytest.mark.slow
@given(st.permutations(range(7)))
def test_order_does_not_matter(order: list[int]) -> None:
    errors = [h * (1 + 2 * h) for h in HALVING]
    assert fit_rate([HALVING[i] for i in order], [errors[i] for i in order], predicted=1.0) == fit_rate(HALVING, errors, predicted=1.0)


@pytest.mark.parametrize(
    ("steps", "estimates", "options", "name"),
    [
        ([0.1, 0.1, 0.2], [1.0, 1.0, 2.0], {}, "step_sizes"),
        ([0.1, 0.2], [1.0], {}, "step_sizes"),
        ([0.1, -0.2], [1.0, 1.0], {}, "step_sizes"),
        ([0.1, math.nan], [1.0, 1.0], {}, "step_sizes"),
        ([0.1, 0.2], [1.0, 1.0], {"kind": "exact"}, "kind"),
        (HALVING, HALVING, {"correction": 0.0}, "correction"),
        (HALVING, HALVING, {"logarithm": math.inf}, "logarithm"),
        ([1.0, *HALVING[1:]], HALVING, {"logarithm": 1.0}, "step_sizes"),
        (HALVING, HALVING, {"crossover": math.nan}, "crossover"),
        (HALVING, HALVING, {"predicted": math.nan}, "predicted"),
        (HALVING, HALVING, {"predicted": 1.0, "constant": math.nan}, "constant"),
    ],
)
def test_wrong_input(steps: list[float], estimates: list[float], options: dict[str, float], name: str) -> None:
    with pytest.raises(InvalidParameter, match=name):
        fit_rate(steps, estimates, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, "x", None, True, [1.0, 2.0]])
def test_an_estimate_that_is_no_finite_number_is_named(bad: object) -> None:
    with pytest.raises(InvalidParameter, match="estimates = .* is not allowed"):
        fit_rate(HALVING, [*HALVING[1:], bad], predicted=1.0)  # type: ignore[list-item]
