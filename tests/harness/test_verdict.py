"""Verdicts from stored results: inequalities, missing points, missing constants."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from pmmtheory.estimate import Estimate
from pmmtheory.harness.store import Stored
from pmmtheory.harness.study import Cell, Check, Point
from pmmtheory.harness.verdict import Outcome, decide
from pmmtheory.theory.claim import Claim

STEPS = (0.1, 0.05, 0.025, 0.0125, 0.00625)


def points(name: str) -> tuple[Point, ...]:
    return tuple(Point(step, Cell.of(name, step_size=step), "kl") for step in STEPS)


def claim(kind: str) -> Claim:
    return Claim("a claim", "a scheme", "kl", 2.0, kind, "made up")


def stored(name: str, values: list[float], error: float = 0.0) -> dict[str, Stored]:
    return {point.cell.key: Stored({"kl": Estimate(value, error, "given")}) for point, value in zip(points(name), values, strict=False)}


def compare(measured: list[float], error: float = 0.0) -> Outcome:
    check = Check(claim("inequality"), "a target", points("kl"), bounds=points("bound"))
    return decide("a study", check, stored("kl", measured, error) | stored("bound", [1.0] * 5))


@pytest.mark.parametrize(
    ("last", "error", "verdict"), [(0.8, 0.1, "pass"), (1.3, 0.1, "fail"), (0.95, 0.1, "undecided"), (1.05, 0.1, "undecided"), (1.0, 0.0, "pass")]
)
def test_inequality(last: float, error: float, verdict: str) -> None:
    outcome = compare([0.1, 0.2, 0.3, 0.4, last], error)
    assert outcome.verdict == verdict and outcome.ratio == last
    assert f"measured / bound is {last:g}, at step 0.00625" in outcome.reason


def test_inequality_with_a_missing_point_is_not_proved_but_may_be_refuted() -> None:
    assert compare([0.1, 0.2]).verdict == "undecided"
    assert compare([0.1, 2.0]).verdict == "fail"
    assert "step 0.025, 0.0125, 0.00625: not computed yet" in compare([0.1, 0.2]).skipped


def test_missing_points_are_named_with_their_reasons() -> None:
    results = stored("kl", [step**2 for step in STEPS])
    first, second = (point.cell.key for point in points("kl")[:2])
    results[first] = Stored(reason="too hard")
    results[second] = Stored({"tv": Estimate(1.0, 0.0, "given")})
    outcome = decide("a study", Check(claim("asymptotic"), "a target", points("kl")), results)
    assert outcome.verdict == "undecided" and "only 3 of 3 points" in outcome.reason
    assert outcome.skipped == "step 0.1: too hard; step 0.05: the measure kl gave no 'kl'"


def test_missing_constant_does_not_pass() -> None:
    constant = Point(0.0, Cell.of("leading"), "kl")
    check = Check(claim("asymptotic"), "a target", points("kl"), constant=constant)
    results = stored("kl", [step**2 for step in STEPS])
    outcome = decide("a study", check, results)
    assert outcome.verdict == "undecided" and "the predicted constant is missing: not computed yet" in outcome.reason
    results[constant.cell.key] = Stored({"kl": Estimate(1.0, 0.0, "given")})
    assert decide("a study", check, results).verdict == "pass"


@pytest.mark.parametrize(("form", "values"), [({"logarithm": 1.0}, lambda h: h * math.log(1 / h)), ({"crossover": 2.0}, lambda h: h + 100 * h**2)])
def test_the_form_that_a_claim_states_is_the_one_that_is_fitted(form: dict[str, float], values: Callable[[float], float]) -> None:
    """With a factor log(1/step), and with a second term, the constant is found where the form is stated, and not where it is not."""
    results = stored("kl", [values(step) for step in STEPS])
    plain = Claim("a claim", "a scheme", "kl", 1.0, "asymptotic", "made up")
    fits = [decide("a study", Check(claim, "a target", points("kl")), results).fit for claim in (plain, replace(plain, **form))]  # type: ignore[arg-type]
    assert fits[0] is not None and fits[1] is not None and fits[1].verdict == "pass"
    assert fits[1].constant == pytest.approx(1.0, rel=1e-6) and fits[0].constant != pytest.approx(1.0, rel=0.05)
