"""Drift calls for W2 <= accuracy: eps^-1 for LMC and ULMC, eps^(-1/2) for schemes of order 2, eps^(-1/3) for the cubic speed-up of order 3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pmmtheory.harness.findings import among, exponents, factor
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

TARGET, FRICTION = "gaussian", 2.3
ACCURACIES = {profile: tuple(float(f"{10 ** (-i / 2):.6g}") for i in range(first, last)) for profile, first, last in (("quick", 6, 10), ("full", 5, 11))}
_POISSON = {"scheme": "PoissonMidpoint", "substeps": "inf"}
SCHEMES: dict[str, tuple[int, dict[str, Any]]] = {
    "LMC": (1, {"scheme": "EulerMaruyama"}),
    "PMM bernoulli, K=inf": (2, {**_POISSON, "midpoints": "bernoulli"}),
    "RMM": (3, {"scheme": "RandomizedMidpoint"}),
    "ULMC": (1, {"scheme": "EulerMaruyama", "friction": FRICTION}),
    "OBABO": (2, {"scheme": "OBABO", "friction": FRICTION}),
    "UBU": (2, {"scheme": "UBU", "friction": FRICTION}),
    "BUB": (2, {"scheme": "BUB", "friction": FRICTION}),
    "underdamped RMM": (3, {"scheme": "RandomizedMidpoint", "friction": FRICTION}),
    "underdamped PMM single, K=inf": (3, {**_POISSON, "midpoints": "single", "friction": FRICTION}),
    "underdamped PMM bernoulli, K=inf": (3, {**_POISSON, "midpoints": "bernoulli", "friction": FRICTION}),
}
_FAST = "underdamped PMM single, K=inf"
_SLOW = "underdamped PMM bernoulli, K=inf"
"""The law of its random covariance takes seconds: only in the full profile."""


def cell(label: str, accuracy: float) -> Cell:
    """The calls that a scheme needs for an accuracy."""
    return Cell.of("calls_for_w2", target=TARGET, accuracy=accuracy, **SCHEMES[label][1])


def _checks(profile: str) -> Iterator[Check]:
    for label, (order, _) in SCHEMES.items():
        if label == _SLOW and profile == "quick":
            continue
        points = tuple(Point(accuracy, cell(label, accuracy), "rate") for accuracy in ACCURACIES[profile])
        statement = (
            f"calls of {label} per unit time for W2 = eps grow like eps^(-1/{order})"
            if order > 1
            else f"calls of {label} per unit time for W2 = eps grow like 1/eps"
        )
        source = "W2 of order p costs eps^(-1/p): Srinivasan & Nagaraj 2025, the cubic speed-up"
        yield Check(Claim(statement, label, "calls", -1 / order, "asymptotic", source, "Gaussian target", correction=1 / order), TARGET, points)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    names = {"LMC": "LMC", "ULMC": "ULMC", "UBU": "UBU", "RMM": "RMM", "URMM": "underdamped RMM", "UPMM": _FAST}
    groups = {words: among(outcomes, scheme=scheme) for words, scheme in names.items()}
    if (found := exponents(groups)) and (few := exponents({name: groups[name] for name in ("LMC", "UBU", "UPMM")})):
        yield f"Calls for W2 = eps, powers: {few}."
        yield f"On a Gaussian, all: {found}."
        slow, fast = (dict(groups[name][0].points) for name in ("ULMC", "UPMM"))
        at = min(slow.keys() & fast.keys(), default=None)
        if at is not None and (times := factor(slow[at], fast[at])):
            yield f"At eps = {at:.2g} underdamped PMM (UPMM) needs {times} times fewer than ULMC."


study = Study("underdamped_speed_up", "The cubic speed-up: drift calls for a given accuracy in W2, overdamped and underdamped", _checks, _findings)
