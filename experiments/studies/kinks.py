"""Gradients with kinks: whether the randomized midpoint keeps its order where F'' jumps, and its constants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pmmtheory.harness.claims import DISTANCES
from pmmtheory.harness.findings import among, exponent, hold
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_STEPS = {"quick": (0.05, 0.025, 0.0125, 0.00625), "full": (0.05, 0.025, 0.0125, 0.00625, 0.003125, 0.0015625, 0.00078125)}
_SOURCE = "phi = -F''^2/12 (theory.expansion)"


def _checks(profile: str) -> Iterator[Check]:
    for distance in ("tv", "kl", "w2") if profile == "full" else ("tv", "w2"):
        rate, name = 2 * DISTANCES[distance], distance.upper()
        yield _check(profile, f"{name} of RMM falls like step^{rate} where F'' jumps", rate, distance)
        yield _check(profile, f"{name} of RMM is above the leading term of smooth F, where F'' jumps", 0, f"{distance} term", distance)
        most = "(1 + 1.5 step^(1/2))^2" if distance == "kl" else "1 + 1.5 step^(1/2)"
        yield _check(profile, f"{name} of RMM is at most {most} times that term", 0, distance, f"{distance} most")
    yield _check(profile, "W2 of RMM falls like step^1.5 where F'' jumps (wrong)", 1.5, "w2", control=True)
    yield _check(profile, "W2 of RMM is above a term 10% larger (wrong)", 0, "w2 more", "w2", control=True)


def _check(profile: str, statement: str, rate: float, metric: str, bound: str = "", control: bool = False) -> Check:
    cells = [(step, Cell.of("huber_midpoint", step_size=step)) for step in _STEPS[profile]]
    points, bounds = (tuple(Point(step, cell, name) for step, cell in cells if name) for name in (metric, bound))
    kind, source = "inequality" if bound else "asymptotic", "negative control" if control else _SOURCE
    return Check(Claim(statement, "RMM", metric, rate, kind, source, "Huber", correction=0.5), "Huber", points, bounds=bounds, control=control)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    whole, close = (among(outcomes, control=False, kind=kind) for kind in ("asymptotic", "inequality"))
    if (power := exponent(among(whole, distance="w2"))) and hold(close):
        yield f"RMM where F'' jumps: order in W2 {power}, terms of smooth F."
        yield "Open question, is 3/2 attained in W2 by gradients that are only Lipschitz: not where F'' jumps; what comes after step^2 falls more slowly."


study = Study("kinks", "The randomized midpoint on Huber's potential, whose F'' jumps: order and constants of smooth targets", _checks, _findings)
