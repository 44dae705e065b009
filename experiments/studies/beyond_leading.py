"""The constants of leading terms, to less than 0.1%: what is left of error/(constant step^p) less 1 falls like the step.

A constant that is fitted has the uncertainty of the fit. What is left beyond the leading term has none: a constant that is off by 0.1% leaves 0.001, which
does not fall.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from experiments.studies._steps import against_number
from pmmtheory.harness.findings import among, exponent, hold
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_SOURCE = "theory.leading_term, theory.phase_leading_term, theory.leading_covariance and theory.scale_mixture"
_POISSON = {"scheme": "PoissonMidpoint", "midpoints": "bernoulli"}
_CASES: list[tuple[str, str, float, float, tuple[str, ...], dict[str, Any]]] = [
    ("LMC", "gaussian", 0.001, 1, ("kl", "tv", "w2"), {"scheme": "EulerMaruyama"}),
    ("LMC, d = 100", "gaussian", 0.001, 1, ("kl", "tv"), {"scheme": "EulerMaruyama", "dim": 100}),
    ("PMM bernoulli, K=inf, d = 10", "gaussian", 0.01, 1, ("kl", "tv", "w2"), {**_POISSON, "substeps": "inf", "dim": 10}),
    ("PMM bernoulli, K=20, d = 100", "gaussian", 0.0025, 1, ("kl",), {**_POISSON, "substeps": 20, "dim": 100}),
    ("RMM", "gaussian", 0.04, 1, ("kl", "tv", "w2"), {"scheme": "RandomizedMidpoint"}),
    ("RMM, d = 100", "gaussian", 0.02, 1, ("kl", "tv", "w2"), {"scheme": "RandomizedMidpoint", "dim": 100}),
    ("ULMC, d = 10", "gaussian", 0.004, 1, ("kl", "tv", "w2"), {"scheme": "EulerMaruyama", "dim": 10, "friction": 2.3}),
    ("LMC", "bimodal", 0.0025, 1, ("kl", "tv", "w2"), {"scheme": "EulerMaruyama"}),
    ("LMC", "cosine", 0.0025, 1, ("kl", "tv", "w2"), {"scheme": "EulerMaruyama"}),
]
"""The scheme, the target, the largest step, the order of what is left, the distances and the cells; steps halve three times."""
_MORE: list[tuple[str, str, float, float, tuple[str, ...], dict[str, Any]]] = [
    ("RMM", "bimodal", 0.04, 1, ("kl", "tv", "w2"), {"scheme": "RandomizedMidpoint"}),
    ("PMM bernoulli, K=inf", "bimodal", 0.02, 1, ("kl",), {**_POISSON, "substeps": "inf"}),
    ("LMC", "ripple", 0.0025, 1, ("kl", "w2"), {"scheme": "EulerMaruyama"}),
    ("tamed Euler", "bimodal", 0.02, 1, ("kl", "w2"), {"scheme": "TamedEuler"}),
    ("OBABO, d = 10", "gaussian", 0.08, 2, ("kl", "tv", "w2"), {"scheme": "OBABO", "dim": 10, "friction": 2.3}),
    ("UBU, d = 10", "gaussian", 0.08, 2, ("kl", "w2"), {"scheme": "UBU", "dim": 10, "friction": 2.3}),
]


def _checks(profile: str) -> Iterator[Check]:
    for label, target, largest, rate, distances, options in _CASES + (_MORE if profile == "full" else []):
        for distance in distances:
            yield _check(label, target, largest, rate, distance, distance, options)
    for label, target, largest, rate, _, options in (_CASES[0], _CASES[7]):
        yield _check(label, target, largest, rate, "w2", "wrong w2", options)
    if profile == "full":
        yield from _underdamped()


def _underdamped() -> Iterator[Check]:
    """Positions on targets that are no Gaussians: at steps at which what is left is small, and less so the errors of the laws."""
    splittings = [(scheme, scheme, 0.02, 5e-4, ("ripple", "bimodal", "cosine")) for scheme in ("UBU", "OBABO", "BUB")]
    for label, scheme, step, most, targets in (
        *splittings,
        ("ULMC", "EulerMaruyama", 0.002, 1e-3, ("ripple", "bimodal", "cosine")),
        ("RMM, underdamped", "RandomizedMidpoint", 0.03, 5e-3, ("ripple", "bimodal")),
    ):
        for target in targets:
            cell = Cell.of("beyond_leading", target=target, step_size=step, scheme=scheme, friction=2.0)
            for distance in ("kl", "tv", "w2"):
                yield _within(label, target, Point(step, cell, distance), most)
                if (scheme, target) == ("UBU", "ripple"):
                    yield _within(label, target, Point(step, cell, f"wrong {distance}"), most)


def _within(label: str, target: str, point: Point, most: float) -> Check:
    """Whether what is left beyond a leading term is no more than that; a wrong constant is a control."""
    wrong, _, distance = point.metric.rpartition(" ")
    words, source = (" over 1.001 (wrong)", "negative control") if wrong else ("", _SOURCE)
    statement = f"{distance.upper()} of {label} is its leading term{words} to {100 * most:g}%, at step {point.step:g}"
    claim = Claim(statement, label, f"{distance} beyond its leading term", 0, "inequality", source)
    return replace(against_number(claim, target, (point,), most, True), control=bool(wrong))


def _check(label: str, target: str, largest: float, rate: float, distance: str, metric: str, options: dict[str, Any]) -> Check:
    control = metric != distance
    points = tuple(
        Point(step, Cell.of("beyond_leading", target=target, step_size=step, **options), metric) for step in (round(largest / 2**i, 9) for i in range(4))
    )
    wrong, source = (" over 1.001 (wrong)", "negative control") if control else ("", _SOURCE)
    statement = f"{distance.upper()} of {label} over its leading term{wrong}, less 1, falls like step^{rate:g}"
    return Check(Claim(statement, label, f"{distance} beyond its leading term", rate, "asymptotic", source), target, points, control=control)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = [outcome for outcome in among(outcomes, control=False) if outcome.check.claim.kind == "asymptotic"]
    left = [outcome.points[-1][1].value for outcome in ours if outcome.points]
    if hold(ours) and left and exponent(ours):
        small = sum(value < 1e-3 for value in left)
        yield f"{len(ours)} constants: what is left falls like the step, below 0.1% for {small} of them."


study = Study("beyond_leading", "Constants of leading terms to less than 0.1%: what is left beyond them falls like the step", _checks, _findings)
