"""Checks for the fake studies."""

from dataclasses import replace

from pmmtheory.harness.study import Cell, Check, Point
from pmmtheory.theory.claim import Claim

STEPS = (0.1, 0.05, 0.025, 0.0125, 0.00625, 0.003125)


def curve(measure: str, rate: float, claimed: float, control: bool = False, kind: str = "asymptotic") -> Check:
    points = tuple(Point(step, Cell.of(measure, step_size=step, rate=rate), "error") for step in STEPS)
    claim = Claim(f"{measure} falls like step^{claimed:g}", "fake scheme", "kl", claimed, kind, "made up")
    return Check(claim, "fake target", points, control=control)


def with_constant(check: Check, constant: float) -> Check:
    return replace(check, constant=Point(0.0, Cell.of("given", value=constant), "value"))
