"""The quadratic speed-up: drift calls needed for TV <= accuracy, and the factor that PMM saves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pmmtheory.harness.findings import among, exponents, factor, hold, shown
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

ACCURACIES = tuple(float(f"{10 ** (-i / 2):.6g}") for i in range(5, 10))
SETTLED = tuple(float(f"{10 ** (-i / 2):.6g}") for i in range(10, 15))
"""Accuracies at which TV of schemes of order 2 on the bimodal target has its leading form: it turns before."""

COLD_STARTS = (1e-2, 1e-3, 1e-4)
SCHEMES: dict[str, tuple[float, dict[str, Any]]] = {
    "LMC": (-1, {"scheme": "EulerMaruyama"}),
    "PMM bernoulli, K=inf": (-0.5, {"scheme": "PoissonMidpoint", "substeps": "inf", "midpoints": "bernoulli"}),
    "RMM": (-0.5, {"scheme": "RandomizedMidpoint"}),
}
_FAST = "PMM bernoulli, K=inf"
_SOURCE = "Kandasamy & Nagaraj 2024: the quadratic speed-up under LSI"


def cell(target: str, scheme: str, accuracy: float, cold_start: bool) -> Cell:
    """The calls that a scheme needs for an accuracy, per unit time or from a cold start."""
    return Cell.of("calls_for_accuracy", target=target, accuracy=accuracy, cold_start=cold_start, **SCHEMES[scheme][1])


def _checks(profile: str) -> Iterator[Check]:
    full = profile == "full"
    for target in ("ripple", "bimodal") if full else ("ripple",):
        for label in SCHEMES if full else list(SCHEMES)[:2]:
            slope = SCHEMES[label][0]
            at = SETTLED if target == "bimodal" and label != "LMC" else ACCURACIES if full else ACCURACIES[1:]
            points = tuple(Point(accuracy, cell(target, label, accuracy, False), "rate") for accuracy in at)
            statement = f"calls of {label} per unit time for TV = eps grow like eps^{slope:g}"
            yield Check(Claim(statement, label, "calls", slope, "asymptotic", _SOURCE, correction=-slope), target, points)
        for accuracy in COLD_STARTS if full else COLD_STARTS[2:]:
            statement = f"from a cold start PMM (K=inf) needs fewer calls than LMC for TV <= {accuracy:g}"
            claim = Claim(statement, "PMM bernoulli, K=inf", "calls", 1, "inequality", _SOURCE)
            points = (Point(accuracy, cell(target, "PMM bernoulli, K=inf", accuracy, True), "calls"),)
            yield Check(claim, target, points, bounds=(Point(accuracy, cell(target, "LMC", accuracy, True), "calls"),))


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for target in dict.fromkeys(outcome.check.target for outcome in outcomes):
        ours = among(outcomes, target=target)
        slow, fast = (among(ours, scheme=scheme, kind="asymptotic") for scheme in ("LMC", _FAST))
        if found := exponents({"LMC": slow, "PMM": fast}):
            yield f"Calls for TV = eps ({target}): eps^p, p = {found}."
            yield from _saved(target, slow[0], fast[0])
        for outcome in among(ours, kind="inequality"):
            yield from _from_cold(outcome)


def _saved(target: str, slow: Outcome, fast: Outcome) -> Iterator[str]:
    """The factor between the calls at the highest accuracy of both."""
    calls, fewer = dict(slow.points), dict(fast.points)
    at = min(calls.keys() & fewer.keys(), default=None)
    if at is not None and (times := factor(calls[at], fewer[at])):
        yield f"At eps = {at:.2g} ({target}) PMM needs {times} times fewer, {shown(fewer[at])} a unit of time for {shown(calls[at])}."


def _from_cold(outcome: Outcome) -> Iterator[str]:
    for point, bound in zip(outcome.check.points, outcome.check.bounds, strict=True):
        few, many = outcome.estimate(point), outcome.estimate(bound)
        if hold([outcome]) and few and many and (times := factor(many, few)):
            yield f"From a cold start to TV <= {point.step:g} it needs {times} times fewer."


study = Study("speed_up", "The quadratic speed-up: drift calls for a given accuracy in TV", _checks, _findings)
