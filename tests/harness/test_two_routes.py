"""Numbers by two routes: what is compared, and how a number that is wrong, or is none, is told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from experiments.measures._routes import apart, attempt, beside, compared, farthest, held, stated
from experiments.studies.two_routes import study
from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate
from tests.harness.deciding import decided

ONE = Estimate(1.001, 1e-5, "ours")


def test_differences_are_relative_and_carry_errors() -> None:
    assert apart(ONE, 2.0).value == pytest.approx(0.4995) and apart(ONE, 2.0).error == pytest.approx(5e-6)
    assert beside(ONE, 1.0).value == pytest.approx(1.01e-3) and beside(ONE, 1.0).error == 0.0
    assert stated(ONE).value == pytest.approx(1e-5, rel=1e-2)
    assert farthest(np.array([1.0, 2.2]), np.array([1.0, 2.0])).value == pytest.approx(0.1)


@pytest.mark.parametrize("one", [np.array([1.0]), np.array([1.0, math.nan])])
def test_what_is_no_number_is_far(one: np.ndarray) -> None:
    assert farthest(one, np.array([1.0, 2.0])).value == 1e6
    assert apart(float(one.sum()) * math.inf, 1.0).value == 1e6
    assert attempt(lambda: 1 / 0).value == 0.0  # type: ignore[arg-type, return-value]


def test_the_largest_is_over_what_each_number_may_differ_by() -> None:
    found = held({"kl near": Estimate(1e-8, 0.0, ""), "kl": Estimate(1e-6, 0.0, ""), "tv": Estimate(3e-9, 0.0, "")}, 1e-8, {"kl": 1e-5, "kl near": 2e-8})
    assert found["largest"].value == pytest.approx(0.5) and found["largest"].method.startswith("kl near") and found["numbers"].value == 3
    assert held({"tv": Estimate(3e-9, 0.0, "")}, {"tv": 1e-9})["largest"].value == pytest.approx(3)
    for within, but in ((1e-9, {"w2": 1.0}), ({"tv": 1.0, "kl": 1.0}, None)):
        with pytest.raises(ValueError, match="differ by"):
            held({"tv": Estimate(0.0, 0.0, "")}, within, but)


@pytest.mark.parametrize("trouble", [TypeError("nothing"), NotConverged("nothing", 1.0, 0.5), ZeroDivisionError("nothing")])
def test_a_measure_that_cannot_be_computed_agrees_with_nothing(trouble: Exception) -> None:
    @compared
    def measure(device: str) -> dict[str, Estimate]:
        raise trouble

    found = measure("cpu")
    assert found["largest"].value == 1e6 and "nothing" in found["largest"].method and found["numbers"].value == 0


@pytest.mark.slow
def test_controls_fail_and_cheap_families_agree() -> None:
    checks = list(study.checks("quick"))
    assert {decided(check) for check in checks if check.control} == {"fail"}
    cheap = [check for check in checks if check.claim.statement.split(":")[0] in ("noise schedules", "local rates and constants", "coefficients of samplers")]
    assert len(cheap) == 3 and {decided(check) for check in cheap} == {"pass"}
