"""Upper bounds of theorems as one-sided claims: the measured rate may be better, never worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pmmtheory.harness.findings import among, exponent, hold
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.bounds import kandasamy_nagaraj_rate
from pmmtheory.theory.claim import Claim

_STARTS = {"bimodal": (1.0, 0.6), "ripple": (1.0, 0.5), "gaussian": (1.0, 0.3)}
_KN = "Kandasamy & Nagaraj 2024, Theorem 2 (with T = time/step)"
_VW = "Vempala & Wibisono 2019, Theorem 1"


def _checks(profile: str) -> Iterator[Check]:
    for target in _STARTS if profile == "full" else ("bimodal", "ripple"):
        yield from _kandasamy_nagaraj(target, profile)
        yield _vempala_wibisono(target)


def _kandasamy_nagaraj(target: str, profile: str) -> Iterator[Check]:
    time = 0.5
    counts = (8, 12, 16, 24, 32, 48) if profile == "quick" else (8, 12, 16, 24, 32, 48)
    for label, bound, substeps in (("K=4", kandasamy_nagaraj_rate(0), lambda n: 4), ("K=1/step", kandasamy_nagaraj_rate(1), lambda n: 2 * n)):
        points = tuple(Point(time / n, _against_fine(target, n, time, substeps(n)), "kl") for n in counts)
        name = f"PMM bernoulli, {label}"
        yield Check(Claim(f"KL of {name} to LMC(step/K) at time {time:g} falls at least like step^{bound}", name, "kl", bound, "bound", _KN), target, points)
        if target == "bimodal":  # at these steps the fourth power is not reached yet: the interval is wider than half an order
            continue
        exact = "the factor K of the theorem is not needed for the law at one time (measured here)"
        yield Check(Claim(f"KL of {name} to LMC(step/K) at time {time:g} falls like step^4", name, "kl", 4, "asymptotic", exact), target, points)


def _against_fine(target: str, steps: int, time: float, substeps: int) -> Cell:
    mean, variance = _STARTS[target]
    options: dict[str, Any] = {"scheme": "PoissonMidpoint", "midpoints": "bernoulli", "against": "fine"}
    return Cell.of("transient_error", target=target, steps=steps, time=time, mean=mean, variance=variance, substeps=substeps, **options)


def _vempala_wibisono(target: str) -> Check:
    mean, variance = _STARTS[target]
    points, bounds = [], []
    for steps in (800, 1600, 3200):
        cell = Cell.of("vempala_wibisono", target=target, steps=steps, time=4.0, mean=mean, variance=variance)
        points.append(Point(4.0 / steps, cell, "kl"))
        bounds.append(Point(4.0 / steps, cell, "bound"))
    claim = Claim("KL of LMC after N steps is at most exp(-lsi step N) KL_0 + 8 d L^2 step/lsi", "LMC", "kl", 1, "inequality", _VW, "log-Sobolev, L-smooth")
    return Check(claim, target, tuple(points), bounds=tuple(bounds))


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    rates, theorem = among(outcomes, kind="asymptotic"), among(outcomes, kind="bound")
    proved = {outcome.check.claim.scheme.removeprefix("PMM bernoulli, "): outcome.check.claim.rate for outcome in theorem}
    if hold(theorem) and (power := exponent(rates)):
        said = ", ".join(f"{rate:g} ({words})" for words, rate in proved.items())
        yield f"KL of PMM to LMC(step/K): order {power}; proved {said}."
    vempala = among(outcomes, kind="inequality")
    if hold(vempala):
        largest = max(outcome.ratio for outcome in vempala if outcome.ratio is not None)
        yield f"KL of LMC is at most {100 * largest:.2g}% of its bound."


study = Study("upper_bounds", "Upper bounds of Kandasamy & Nagaraj and of Vempala & Wibisono, as one-sided claims", _checks, _findings)
