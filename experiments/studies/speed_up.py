"""The quadratic speed-up: drift calls needed for TV <= accuracy, and the factor that PMM saves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.study import Cell, Check, Point, Study
from pmmtheory.theory.claim import Claim

ACCURACIES = tuple(10 ** (-i / 2) for i in range(4, 10))
COLD_STARTS = {"ripple": (1e-2, 1e-3, 1e-4), "gaussian": (1e-2, 1e-3, 1e-4), "bimodal": (1e-2, 1e-3)}
SCHEMES: dict[str, tuple[float, dict[str, Any]]] = {
    "LMC": (-1, {"scheme": "EulerMaruyama"}),
    "PMM bernoulli, K=inf": (-0.5, {"scheme": "PoissonMidpoint", "substeps": "inf", "midpoints": "bernoulli"}),
    "RMM": (-0.5, {"scheme": "RandomizedMidpoint"}),
}
_SOURCE = "Kandasamy & Nagaraj 2024: the quadratic speed-up under LSI"


def cell(target: str, scheme: str, accuracy: float) -> Cell:
    """The calls that a scheme needs for an accuracy; from a cold start, too, at some of them."""
    accuracy = float(f"{accuracy:.6g}")
    return Cell.of("calls_for_accuracy", target=target, accuracy=accuracy, cold_start=scheme != "RMM" and accuracy in COLD_STARTS[target], **SCHEMES[scheme][1])


def _checks(profile: str) -> Iterator[Check]:
    for target in ("ripple", "bimodal", "gaussian") if profile == "full" else ("ripple", "bimodal"):
        for label, (slope, _) in SCHEMES.items():
            order = -1 / slope
            # a series in the step is one in accuracy^(1/order): the abscissa of the fit
            points = tuple(Point(accuracy ** (1 / order), cell(target, label, accuracy), "rate") for accuracy in ACCURACIES)
            statement = f"calls of {label} per unit time for TV = eps grow like eps^{slope:g}"
            yield Check(Claim(statement, label, "calls", -1, "asymptotic", _SOURCE), target, points)
        for accuracy in COLD_STARTS[target]:
            statement = f"from a cold start PMM (K=inf) needs fewer calls than LMC for TV <= {accuracy:g}"
            claim = Claim(statement, "PMM bernoulli, K=inf", "calls", 1, "inequality", _SOURCE)
            points = (Point(accuracy, cell(target, "PMM bernoulli, K=inf", accuracy), "calls"),)
            yield Check(claim, target, points, bounds=(Point(accuracy, cell(target, "LMC", accuracy), "calls"),))


study = Study("speed_up", "The quadratic speed-up: drift calls for a given accuracy in TV", _checks)
