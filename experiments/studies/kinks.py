"""Gradients with kinks: whether the randomized midpoint keeps its order and constants where F'' jumps, and which it has where the gradient is only Hoelder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pmmtheory.harness.claims import DISTANCES
from pmmtheory.harness.findings import among, exponent, hold
from pmmtheory.harness.study import Cell, Check, Point, Study
from pmmtheory.harness.verdict import Outcome
from pmmtheory.theory.claim import Claim

_STEPS = {"quick": (0.05, 0.025, 0.0125, 0.00625), "full": (0.05, 0.025, 0.0125, 0.00625, 0.003125, 0.0015625, 0.00078125)}
_HOELDER = (
    ("RMM", "w2", 2, 1.75, 0.25),
    ("RMM", "kl", 2, 3.0, 0.25),
    ("LMC", "tv", 2, 1.0, 0.25),
    ("LMC", "kl", 2, 1.75, 0.25),
)
"""A scheme, a distance, k of the order b = 2^-k of the gradient, the rate, and by which power what comes next falls faster: phi of smooth targets cut off at
|x| ~ step^(1/2), that is |x|^(2b - 2) for RMM and |x|^(b - 1) for LMC, integrated in W2, its square in KL. TV of RMM is
not told from its neighbours here: two corrections have different signs."""

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
    if profile == "full":
        for parts in _HOELDER:
            yield _hoelder(*parts)
        yield _hoelder("RMM", "w2", 2, 2.0, 0.25, control=True)


def _hoelder(scheme: str, distance: str, k: int, rate: float, next_power: float, control: bool = False) -> Check:
    statement = f"{distance.upper()} of {scheme} falls like step^{rate:g} where the gradient is Hoelder of order 1/{2**k}{' (wrong)' if control else ''}"
    cells = [(step, Cell.of("hoelder_gradient", step_size=step, scheme=scheme, halvings=k)) for step in _STEPS["full"][1:]]
    target, source = f"x^2/2 + |x|^(1 + 1/{2**k})/2", "negative control" if control else "phi, cut off at |x| ~ step^(1/2)"
    points = tuple(Point(step, cell, distance) for step, cell in cells)
    claim = Claim(statement, scheme, distance, rate, "asymptotic", source, target, correction=next_power)
    return Check(claim, target, points, control=control)


def _check(profile: str, statement: str, rate: float, metric: str, bound: str = "", control: bool = False) -> Check:
    cells = [(step, Cell.of("huber_midpoint", step_size=step)) for step in _STEPS[profile]]
    points, bounds = (tuple(Point(step, cell, name) for step, cell in cells if name) for name in (metric, bound))
    kind, source = "inequality" if bound else "asymptotic", "negative control" if control else _SOURCE
    return Check(Claim(statement, "RMM", metric, rate, kind, source, "Huber", correction=0.5), "Huber", points, bounds=bounds, control=control)


def _findings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    jumps = [outcome for outcome in outcomes if outcome.check.target == "Huber"]
    whole, close = (among(jumps, control=False, kind=kind) for kind in ("asymptotic", "inequality"))
    if (power := exponent(among(whole, distance="w2"))) and hold(close):
        yield f"RMM where F'' jumps: order in W2 {power}, terms of smooth F."
        yield "Open question, is 3/2 attained in W2 by gradients that are only Lipschitz: not where F'' jumps; what comes after step^2 falls more slowly."
    rough = among(outcomes, control=False, scheme="RMM", distance="w2", statement="W2 of RMM falls like step^1.75 where the gradient is Hoelder of order 1/4")
    if rough and hold(rough) and (power := exponent(rough)):
        yield f"Gradients that are only Hoelder of order b < 1/2: RMM has order 3/2 + b in W2 ({power} at b = 1/4)."


study = Study(
    "kinks", "The randomized midpoint where F'' jumps: order and constants of smooth targets; and where the gradient is only Hoelder", _checks, _findings
)
