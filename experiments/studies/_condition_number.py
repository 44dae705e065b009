"""How the calls for a given accuracy grow with the condition number kappa, on Gaussians in the plane with curvatures 1 and kappa.

Where the accuracy is below kappa^(-1/2) the step is set by the bias of the steep axis, whose relative variance error is c (step kappa)^p: W2 = eps at
step kappa ~ (eps kappa^(1/2))^(1/p), so that a relaxation time costs kappa^(1 - 1/(2p)) calls. Theorems hold for any accuracy and say more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pmmtheory.harness.findings import among, exponents, hold
from pmmtheory.harness.study import Cell, Check, Point
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_TARGET, _DAMPING = "gaussian", 2.0
_MANY, _FEWER = (100, 300, 1000, 3000, 10000), (30, 100, 300, 1000, 3000)
_DERIVED, _SN = "the bias of the steep axis (derived here)", "Srinivasan & Nagaraj 2025: complexity of overdamped PMM"
_SCHEMES: dict[str, tuple[float, float, tuple[int, ...], dict[str, Any]]] = {
    "LMC": (1 / 2, 1e-5, _MANY, {"scheme": "EulerMaruyama"}),
    "PMM bernoulli, K=inf": (3 / 4, 1e-7, _MANY, {"scheme": "PoissonMidpoint", "substeps": "inf", "midpoints": "bernoulli"}),
    "RMM": (5 / 6, 1e-5, _MANY, {"scheme": "RandomizedMidpoint"}),
    "ULMC": (1 / 2, 1e-5, _FEWER, {"scheme": "EulerMaruyama", "damping": _DAMPING}),
    "UBU": (3 / 4, 1e-5, _FEWER, {"scheme": "UBU", "damping": _DAMPING}),
}
"""The exponent, the accuracy, the condition numbers and the scheme; the friction is twice the root of L."""
_LIMITS = ("LMC", "PMM bernoulli, K=inf", "ULMC", "UBU")
"""Not RMM: at accuracies so small that step kappa is, the flat axis has the larger share of what is known of W2."""
_QUICK = ("LMC", "ULMC")


def condition_checks(profile: str) -> Iterator[Check]:
    for label in _LIMITS if profile == "full" else _QUICK:
        power = _SCHEMES[label][0]
        yield _growth(label, f"like kappa^{power:.3g}", power, "asymptotic", _DERIVED)
    yield _growth("LMC", "like kappa^1", 1, "asymptotic", "negative control", control=True)
    if profile == "full":
        for label in ("PMM bernoulli, K=inf", "RMM"):
            yield _growth(label, "at most like kappa^(4/3)", 4 / 3, "bound", _SN)


def _growth(label: str, words: str, power: float, kind: str, source: str, control: bool = False) -> Check:
    _, accuracy, conditions, options = _SCHEMES[label]
    statement = f"calls of {label} in a relaxation time for W2 = {accuracy:g} grow {words} (fitted in 1/kappa)"
    points = tuple(Point(1 / k, Cell.of("calls_for_condition", accuracy=accuracy, condition=float(k), **options), "rate") for k in conditions)
    return Check(Claim(statement, label, "calls", -power, kind, source, "Gaussian"), _TARGET, points, control=control)


def condition_findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    derived = {label: among(outcomes, scheme=label, distance="calls", kind="asymptotic", control=False) for label in _SCHEMES}
    if found := exponents({label.removesuffix(" bernoulli, K=inf"): group for label, group in derived.items() if group}, -1):
        yield f"Calls for W2 = eps grow like kappa^p, p = {found}."
    if hold(among(outcomes, distance="calls", kind="bound")):
        yield "Srinivasan & Nagaraj's bound for all strongly convex F has kappa^(4/3)."
