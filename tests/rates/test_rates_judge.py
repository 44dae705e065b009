"""Verdicts on a rate and a constant, from the intervals that are known of them."""

from __future__ import annotations

import math

import pytest

from pmmtheory.rates import fit_rate
from pmmtheory.rates.interval import Interval
from pmmtheory.rates.judge import judge

HALVING = [0.1 * 0.5**i for i in range(7)]


class TestConstant:
    values = [3 * h**2 * (1 + h) for h in HALVING]

    def test_right(self) -> None:
        fit = fit_rate(HALVING, self.values, predicted=2.0, constant=3.0)
        assert fit.verdict == "pass" and fit.constant_interval[0] <= 3 <= fit.constant_interval[1]

    @pytest.mark.parametrize("wrong", [2.9, 3.1, 6.0])
    def test_wrong(self, wrong: float) -> None:
        fit = fit_rate(HALVING, self.values, predicted=2.0, constant=wrong)
        assert fit.verdict == "fail" and "constant" in fit.reason

    def test_too_wide_to_tell(self) -> None:
        assert judge(Interval(1.9, 2.1, ""), 2.0, "asymptotic", Interval(math.log(2.0), math.log(4.0), ""), 3.0)[0] == "undecided"

    def test_nearly_too_wide(self) -> None:
        for width, verdict in ((0.048, "pass"), (0.05, "undecided")):
            assert judge(Interval(1.9, 2.1, ""), 2.0, "asymptotic", Interval(0.0, width, ""), 1.01)[0] == verdict

    def test_a_bound_has_none(self) -> None:
        assert fit_rate(HALVING, self.values, predicted=2.0, kind="bound", constant=99.0).verdict == "pass"


@pytest.mark.parametrize(
    ("interval", "kind", "verdict"),
    [
        ((1.9, 2.1), "asymptotic", "pass"),
        ((1.75, 2.25), "asymptotic", "pass"),
        ((1.74, 2.1), "asymptotic", "undecided"),
        ((1.9, 2.26), "asymptotic", "undecided"),
        ((2.01, 2.03), "asymptotic", "pass"),
        ((1.8, 1.9), "asymptotic", "fail"),
        ((2.1, 2.2), "asymptotic", "fail"),
        ((1.6, 1.9), "asymptotic", "undecided"),
        ((1.9, 2.1), "bound", "pass"),
        ((2.9, 3.1), "bound", "pass"),
        ((1.9, 9.0), "bound", "pass"),
        ((1.7, 9.0), "bound", "undecided"),
        ((1.8, 1.9), "bound", "fail"),
        ((-math.inf, math.inf), "bound", "undecided"),
    ],
)
def test_verdict_on_the_rate_two(interval: tuple[float, float], kind: str, verdict: str) -> None:
    """A claim fails beyond the interval widened by half its width and 0.02, and passes where the interval lies within 1/4 of it."""
    assert judge(Interval(*interval, ""), 2.0, kind, Interval(0.0, 0.0, ""), None)[0] == verdict
