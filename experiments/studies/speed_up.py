"""The quadratic speed-up: drift calls needed for TV <= accuracy, and the factor that PMM saves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmmtheory.harness.study import Cell, Check, Point, Study
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


study = Study("speed_up", "The quadratic speed-up: drift calls for a given accuracy in TV", _checks)
