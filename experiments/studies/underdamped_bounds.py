"""Upper bounds for underdamped schemes as one-sided claims, and for both dynamics the orders in W2 under strong log-concavity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from experiments.studies import phase_plane
from experiments.studies._steps import step_sizes
from pmmtheory.harness.findings import among, exponent, exponents, hold
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.bounds import SRINIVASAN_NAGARAJ, kandasamy_nagaraj_underdamped_rate
from pmmtheory.theory.claim import Claim

_TARGET = "ripple"
_KN = "Kandasamy & Nagaraj 2024, Theorem 3 (with T = time/step) and Pinsker's inequality"
_SN = "Srinivasan & Nagaraj 2025 (arXiv 2506.07614): complexity in W2"
_OVERDAMPED: dict[str, dict[str, Any]] = {
    "LMC": {"scheme": "EulerMaruyama"},
    "RMM": {"scheme": "RandomizedMidpoint"},
    "PMM": {"scheme": "PoissonMidpoint", "substeps": "inf", "midpoints": "bernoulli"},
}
_UNDERDAMPED = {"ULMC": "ULMC", "underdamped RMM": "RMM", "underdamped PMM": "PMM bernoulli, K=inf"}


def _checks(profile: str) -> Iterator[Check]:
    yield from _kandasamy_nagaraj(profile)
    yield from _srinivasan_nagaraj(profile)


def _kandasamy_nagaraj(profile: str) -> Iterator[Check]:
    """TV <= sqrt(KL/2): half the exponent of the bound on KL."""
    time = 1.0
    few = (8, 12, 18, 27) if profile == "quick" else (8, 10, 12, 14, 18, 22, 27)
    cases = (("K=4", 0, lambda n: 4, few), ("K=1/step", 1, lambda n: n, (14, 20, 28, 40)))
    for label, growth, substeps, counts in cases if profile == "full" else cases[:1]:
        name, bound = f"PMM bernoulli, {label}", kandasamy_nagaraj_underdamped_rate(growth) / 2
        points = tuple(Point(time / n, _against_fine(n, substeps(n), time), "tv") for n in counts)
        statement = f"TV of {name} to ULMC(step/K) at time {time:g} falls"
        yield Check(Claim(f"{statement} at least like step^{bound:g}", name, "joint tv", bound, "bound", _KN), _TARGET, points)
        exact = "the factor K T of the theorem is not needed for the law at one time (measured here)"
        yield Check(Claim(f"{statement} like step^3", name, "joint tv", 3, "asymptotic", exact), _TARGET, points)


def _against_fine(steps: int, substeps: int, time: float) -> Cell:
    start: dict[str, float] = {"mean": 1.0, "variance": 0.6}
    if steps >= 12:  # where so much can be reached: total variations of 1e-6 are measured
        start["rtol"] = 2e-9
    return Cell.of("plane_against_fine", target=_TARGET, steps=steps, substeps=substeps, time=time, friction=phase_plane.FRICTION, **start)


def _srinivasan_nagaraj(profile: str) -> Iterator[Check]:
    for label, options in _OVERDAMPED.items():
        sizes = step_sizes(_TARGET, profile)
        points = tuple(Point(step, Cell.of("stationary_error", target=_TARGET, step_size=step, **options), "w2") for step in sizes)
        yield _w2(label, "w2", points)
    for label, scheme in _UNDERDAMPED.items():
        points = tuple(Point(step, phase_plane.cell(_TARGET, scheme, step), "position w2") for step in phase_plane.steps(_TARGET, scheme, profile))
        yield _w2(label, "position w2", points)


def _w2(label: str, distance: str, points: tuple[Point, ...]) -> Check:
    rate = SRINIVASAN_NAGARAJ[label]
    statement = f"W2 of {label} falls at least like step^{rate:g}"
    return Check(Claim(statement, label, distance, rate, "bound", _SN, "strongly log-concave, L-smooth"), _TARGET, points)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    rates = among(outcomes, kind="asymptotic")
    theorem = among(outcomes, kind="bound", scheme=tuple(outcome.check.claim.scheme for outcome in rates))
    if (power := exponent(rates)) and hold(theorem):
        proved = " or ".join(dict.fromkeys(f"{outcome.check.claim.rate:g}" for outcome in theorem))
        yield f"TV of underdamped PMM to ULMC(step/K): order {power}, {proved} is proved."
    if found := exponents({name: among(outcomes, scheme=name, kind="bound") for name in SRINIVASAN_NAGARAJ}):
        yield f"Order in W2: {found}; proved {', '.join(f'{rate:g}' for rate in SRINIVASAN_NAGARAJ.values())}."


study = Study("underdamped_bounds", "Upper bounds of Kandasamy & Nagaraj and of Srinivasan & Nagaraj, as one-sided claims", _checks, _findings)
