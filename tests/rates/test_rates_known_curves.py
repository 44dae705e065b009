"""Curves on which a true claim must not fail and a wrong one must not pass: measured ones, and formulas."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from pmmtheory.rates import fit_rate

JOINT = ([0.28, 0.221359, 0.175, 0.13835, 0.109375, 0.086469, 0.068359, 0.054043],
         [0.02624944, 0.02072706, 0.01635442, 0.01290371, 0.01017860, 0.00803250, 0.00633948, 0.00500437])  # fmt: skip
HUBER = ([0.1 / 2**k for k in range(6)], [5.420469081e-4, 1.364841883e-4, 3.442454903e-5, 8.678418223e-6, 2.184921146e-6, 5.492795330e-7])


def test_total_variation_of_a_joint_law_is_of_order_one() -> None:
    fit = fit_rate(*JOINT, predicted=1.0)
    assert fit.verdict == "pass" and fit.interval[0] <= 1.0 <= fit.interval[1]


def test_divergence_with_a_kink_is_of_order_two() -> None:
    """LMC on a Huber potential: a correction that falls like the root of the step."""
    assert fit_rate(*HUBER, predicted=2.0).verdict in ("pass", "undecided")


@pytest.mark.parametrize("shift", [-1.0, -0.5, -0.26, 0.26, 0.5, 1.0])
def test_nothing_else_passes_on_them(shift: float) -> None:
    assert fit_rate(*JOINT, predicted=1.0 + shift).verdict != "pass"
    assert fit_rate(*HUBER, predicted=2.0 + shift).verdict != "pass"


CURVES: dict[str, tuple[Callable[[float], float], float]] = {
    "a small first order": (lambda h: 1e-3 * h + h**2, 1.0),
    "a logarithm": (lambda h: h * math.log(1 / h), 1.0),
    "saturating": (lambda h: 1 - math.exp(-366 * h), 1.0),
    "saturated to the last digit": (lambda h: 1 - math.exp(-1e5 * h), 1.0),
    "a crossover of half an order": (lambda h: math.sqrt(h) + 30 * h, 0.5),
    "a large second order": (lambda h: h * (1 + 300 * h), 1.0),
    "beyond a zero": (lambda h: h * abs(1 - 30 * h), 1.0),
}


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("first", [0.1, 0.2])
@pytest.mark.parametrize("number", [4, 5, 7])
def test_a_true_claim_does_not_fail_and_a_wrong_one_does_not_pass(name: str, first: float, number: int) -> None:
    curve, rate = CURVES[name]
    steps = [first / 2**k for k in range(number)]
    errors = [curve(h) for h in steps]
    assert fit_rate(steps, errors, predicted=rate).verdict != "fail"
    for wrong in (rate - 1, rate - 0.5, rate - 0.26, rate - 0.2 - 0.06, rate + 0.26, rate + 0.5, rate + 1):
        assert fit_rate(steps, errors, predicted=wrong).verdict != "pass"


@pytest.mark.parametrize("ratio", [1.02, 1.05, 1.1])
@pytest.mark.parametrize("name", CURVES)
def test_steps_that_are_close_to_each_other_decide_little(name: str, ratio: float) -> None:
    """Over so short a range a large next term looks like another rate, and waves like none."""
    curve, rate = CURVES[name]
    for first in (0.05, 0.1, 0.2):
        steps = [first / ratio**k for k in range(8)]
        fit = fit_rate(steps, [curve(h) for h in steps], predicted=rate)
        assert fit.verdict != "fail"
        for wrong in (rate - 1, rate - 0.5, rate - 0.26, rate + 0.26, rate + 0.5, rate + 1):
            assert fit_rate(steps, [curve(h) for h in steps], predicted=wrong).verdict != "pass"


@pytest.mark.parametrize("c", [0.3, 1.0, 3.0, 10.0])
def test_a_logarithm_beside_the_first_term_on_close_steps(c: float) -> None:
    steps = [0.1 / 1.05**k for k in range(8)]
    for p in (0.5, 1.0, 2.0):
        errors = [h**p * (1 + c * h * math.log(1 / h)) for h in steps]
        assert fit_rate(steps, errors, predicted=p).verdict != "fail"
        assert all(fit_rate(steps, errors, predicted=p + shift).verdict != "pass" for shift in (-0.5, -0.26, 0.26, 0.5))
