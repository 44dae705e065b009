"""The derived constants against exact laws: distances over their leading terms, extrapolated to step 0, are 1.

A constant that is fitted has the uncertainty of the fit. Extrapolated from three small steps, what is left of the ratio less 1 is below 0.5%, of most below
0.01%: a constant that is slightly wrong has nothing to hide behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from experiments.studies._steps import against_number
from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.findings import among, hold
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_SOURCE = "theory.leading_term, theory.phase_leading_term and theory.leading_covariance"
_POISSON = {"scheme": "PoissonMidpoint", "midpoints": "bernoulli"}
_SINGLE = {"scheme": "PoissonMidpoint", "midpoints": "single", "substeps": "inf"}
_FRICTION = 2.0
_LIMIT, _SHARP = 5e-3, 1e-3


@dataclass(frozen=True)
class _Case:
    """A scheme: its largest step in units of 1/L, underdamped of 1/sqrt(L), its cell, the distances that are told (others on Gaussians), and how well."""

    largest: float
    options: dict[str, Any]
    distances: tuple[str, ...] = ("kl", "tv", "w2")
    gaussian: tuple[str, ...] | None = None
    limit: float = _LIMIT

    def told(self, target: str) -> tuple[str, ...]:
        """The distances that are told on a target."""
        return self.distances if target != "gaussian" or self.gaussian is None else self.gaussian


_OVERDAMPED = {
    "LMC": _Case(0.02, {"scheme": "EulerMaruyama"}, limit=_SHARP),
    "tamed Euler": _Case(0.02, {"scheme": "TamedEuler"}, gaussian=(), limit=_SHARP),
    "Ozaki": _Case(0.02, {"scheme": "Ozaki"}, gaussian=(), limit=_SHARP),
    "PMM bernoulli, K=4": _Case(0.02, {**_POISSON, "substeps": 4}, limit=_SHARP),
    "RMM": _Case(0.01, {"scheme": "RandomizedMidpoint"}),
    "PMM single, K=inf": _Case(0.01, _SINGLE),
    "PMM bernoulli, K=inf": _Case(0.01, {**_POISSON, "substeps": "inf"}),
}
_BOTH = ("position kl", "position tv", "position w2", "velocity kl", "velocity tv")
_TOLD = ("position tv", "position w2", "velocity tv")
"""Of order 3, KL falls like step^6, below what rounding leaves of it."""
_EXACT = {"BAOAB": _BOTH[3:], "ABOBA": _BOTH[3:], "OBABO": _BOTH[:3]}
"""Splittings that have the position, or the velocity, of a Gaussian exactly: what is left to tell."""

_UNDERDAMPED = {
    "ULMC": _Case(0.07, {"scheme": "EulerMaruyama"}, _BOTH),
    **{name: _Case(0.18, {"scheme": name, "even": True}, _BOTH, _EXACT.get(name)) for name in ("BAOAB", "ABOBA", "OBABO", "UBU", "BUB")},
    "PMM bernoulli, K=4, underdamped": _Case(0.07, {**_POISSON, "substeps": 4}, _BOTH),
    "RMM, underdamped": _Case(0.16, {"scheme": "RandomizedMidpoint"}, _BOTH),
    "PMM single, K=inf, underdamped": _Case(0.125, _SINGLE, _TOLD),
    "PMM bernoulli, K=inf, underdamped": _Case(0.1, {**_POISSON, "substeps": "inf"}, _TOLD),
}
_MANY = {
    "LMC, d = 100": _Case(0.01, {"scheme": "EulerMaruyama", "dim": 100}, limit=_SHARP),
    "RMM, d = 100": _Case(0.02, {"scheme": "RandomizedMidpoint", "dim": 100}, limit=_SHARP),
    "PMM bernoulli, K=inf, d = 10": _Case(0.01, {**_POISSON, "substeps": "inf", "dim": 10}, limit=_SHARP),
    "PMM bernoulli, K=20, d = 100": _Case(0.002, {**_POISSON, "substeps": 20, "dim": 100}, limit=_SHARP),
    "ULMC, d = 10": _Case(0.01, {"scheme": "EulerMaruyama", "dim": 10, "friction": 2.3}, _BOTH, limit=_SHARP),
    "UBU, d = 10": _Case(0.1, {"scheme": "UBU", "dim": 10, "friction": 2.3, "even": True}, _BOTH, limit=_SHARP),
    "OBABO, d = 10": _Case(0.1, {"scheme": "OBABO", "dim": 10, "friction": 2.3, "even": True}, _BOTH[:3], limit=_SHARP),
}
"""In many dimensions, on Gaussians."""

_UNTOLD = {("skew mixture", "OBABO", "velocity kl"), ("skew mixture", "RMM, underdamped", "position kl")}
"""Constants so small that the errors of the laws leave 0.7% of them."""

_TARGETS = ("gaussian", "bimodal", "skew mixture", "cosine", "ripple", "log-cosh")
_QUICK = "skew mixture"


def _checks(profile: str) -> Iterator[Check]:
    for target in _TARGETS if profile == "full" else (_QUICK,):
        for label, case in _OVERDAMPED.items():
            if case.told(target):
                yield _check(label, target, case)
    for label, case in _MANY.items():
        yield _check(label, "gaussian", case)
    yield _check("LMC", _QUICK, _OVERDAMPED["LMC"], "wrong ")
    yield _check("LMC, d = 100", "gaussian", _MANY["LMC, d = 100"], "wrong ")
    for target in _TARGETS[:-1] if profile == "full" else ():
        for label, case in _UNDERDAMPED.items():
            yield _check(label, target, case)


def _check(label: str, target: str, case: _Case, wrong: str = "") -> Check:
    """Whether all distances of a scheme have their constants; wrong ones are a control."""
    power, friction = (0.5, {"friction": _FRICTION}) if label in _UNDERDAMPED else (1.0, {})
    step = round(case.largest / TARGETS[target].smoothness ** power, 6)
    cell = Cell.of("leading_ratio", target=target, step_size=step, **case.options, **friction)
    told = [distance for distance in case.told(target) if (target, label, distance) not in _UNTOLD]
    words, source = (" over 1.002 (wrong)", "negative control") if wrong else ("", _SOURCE)
    statement = f"{', '.join(told)} of {label} have their leading terms{words} to {100 * case.limit:g}%"
    claim = Claim(statement, label, "constants", 0, "inequality", source)
    points = tuple(Point(step, cell, wrong + distance) for distance in told)
    return replace(against_number(claim, target, points, case.limit, True), control=bool(wrong))


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ours = among(outcomes, control=False)
    if hold(ours):
        ends = [estimate.value + estimate.error for outcome in ours for _, estimate in outcome.points]
        schemes, targets = {outcome.check.claim.scheme for outcome in ours}, {outcome.check.target for outcome in ours}
        sharp = sum(end <= _SHARP for end in ends)
        yield f"{len(ends)} constants, {len(schemes)} schemes, {len(targets)} targets: as derived to 0.5%, {sharp} of them to 0.1%."


study = Study("leading_terms", "Derived constants against exact laws that are extrapolated to step 0", _checks, _findings)
