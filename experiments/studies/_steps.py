"""Step sizes and checks that several studies share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pmmtheory.harness.catalogue import TARGETS
from pmmtheory.harness.study import Cell, Check, Point
from pmmtheory.theory.claim import Claim


def step_sizes(target: str, profile: str, largest: float = 0.08, number: int = 6) -> list[float]:
    """Steps that halve from largest/L, one fewer on the wide support of exponential tails; the full profile puts one more between any two."""
    number -= target == "log-cosh"
    ratio = 0.5 if profile == "quick" else 0.5**0.5
    count = number if profile == "quick" else 2 * number - 1
    return [round(largest / TARGETS[target].smoothness * ratio**i, 12) for i in range(count)]


def against_number(claim: Claim, target: str, measured: tuple[Point, ...], limit: float, below: bool) -> Check:
    """Whether what was measured is below a number at every point, or above it."""
    number = tuple(Point(point.step, Cell.of("number", value=limit), "value") for point in measured)
    return Check(claim, target, measured if below else number, bounds=number if below else measured)


def with_constant(checks: Iterable[Check], value: float) -> Iterator[Check]:
    """Checks with a number as the constant that is claimed."""
    constant = Point(0.0, Cell.of("number", value=value), "value")
    yield from (replace(check, constant=constant) for check in checks)
