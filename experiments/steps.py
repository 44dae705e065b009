"""Step sizes and checks that several studies share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from experiments.catalogue import TARGETS
from experiments.study import Cell, Check, Point
from pmmtheory.theory.claim import Claim

DISTANCES = {"tv": 1, "kl": 2, "w2": 1}
"""How many times the order of the scheme each distance falls with."""


def step_sizes(target: str, profile: str, largest: float = 0.08, number: int = 6) -> list[float]:
    """Steps that halve from largest/L, one fewer on the wide support of exponential tails; the full profile puts one more between any two."""
    number -= target == "log-cosh"
    ratio = 0.5 if profile == "quick" else 0.5**0.5
    count = number if profile == "quick" else 2 * number - 1
    return [round(largest / TARGETS[target].smoothness * ratio**i, 12) for i in range(count)]


def stationary_checks(
    target: str, steps: Iterable[float], scheme: str, label: str, order: int, source: str, constant: Cell | None = None, control: bool = False, **options: Any
) -> list[Check]:
    """The three distances of one scheme on one target: TV and W2 of the given order, KL of twice that.

    An option may be a function of the step size (K that grows with 1/step). KL, whose relative errors are larger, takes steps of many at
    which it differs more.
    """
    steps = list(steps)
    checks = []
    for distance, factor in DISTANCES.items():
        points = []
        for step in steps[::2] if distance == "kl" and len(steps) > 8 else steps:
            plain = {name: value(step) if callable(value) else value for name, value in options.items()}
            points.append(Point(step, Cell.of("stationary_error", target=target, scheme=scheme, step_size=step, **plain), distance))
        statement = f"{distance.upper()} of {label} falls like step^{factor * order}"
        claim = Claim(statement, label, distance, factor * order, "asymptotic", source)
        checks.append(Check(claim, target, tuple(points), Point(0.0, constant, distance) if constant else None, control=control))
    return checks


def against_number(claim: Claim, target: str, measured: tuple[Point, ...], limit: float, below: bool) -> Check:
    """Whether what was measured is below a number at every point, or above it."""
    number = tuple(Point(point.step, Cell.of("number", value=limit), "value") for point in measured)
    return Check(claim, target, measured if below else number, bounds=number if below else measured)
