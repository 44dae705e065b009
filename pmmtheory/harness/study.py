"""What a study is: claims joined to the cells that measure them. Pure data, no numerics."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pmmtheory.theory.claim import Claim

if TYPE_CHECKING:
    from pmmtheory.harness.verdict import Outcome

PROFILES = ("quick", "full")


@dataclass(frozen=True)
class Cell:
    """One measurement, named by a measure (a function in a file of measures/) and plain JSON parameters.

    The same cell in two studies is computed once.
    """

    measure: str
    parameters: tuple[tuple[str, Any], ...]

    @staticmethod
    def of(measure: str, **parameters: Any) -> Cell:
        """A cell with its parameters sorted, so that equal cells have equal keys."""
        return Cell(measure, tuple(sorted(parameters.items())))

    @property
    def key(self) -> str:
        """A hash of the measure and its parameters."""
        text = json.dumps([self.measure, self.parameters], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Point:
    """One point of a curve: at `step`, the number `metric` of a cell."""

    step: float
    cell: Cell
    metric: str


@dataclass(frozen=True)
class Check:
    """A claim with the points that decide it.

    Attributes
    ----------
    claim : Claim
    target : str
        The name of the target in the catalogue.
    points : tuple of Point
        The measured quantity against the step.
    constant : Point or None
        Where the predicted constant comes from.
    bounds : tuple of Point
        For kind "inequality": the bound at each point.
    control : bool
        A negative control: its verdict must be "fail".
    """

    claim: Claim
    target: str
    points: tuple[Point, ...]
    constant: Point | None = None
    bounds: tuple[Point, ...] = ()
    control: bool = False

    @property
    def all_points(self) -> tuple[Point, ...]:
        """Every number that the check needs."""
        extra = (self.constant,) if self.constant else ()
        return (*self.points, *extra, *self.bounds)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell that the check needs, once."""
        return tuple({point.cell.key: point.cell for point in self.all_points}.values())


@dataclass(frozen=True)
class Study:
    """A named set of checks. A file in studies/ defines one as `study`.

    Attributes
    ----------
    name, title : str
    checks : function
        Of a profile ("quick" or "full"), to the checks; the full profile has more targets and steps.
    findings : function, optional
        Of the outcomes of the checks (see verdict.Outcome), to sentences that say what was found, with their numbers.
    """

    name: str
    title: str
    checks: Callable[[str], Iterable[Check]] = field(compare=False)
    findings: Callable[[Sequence[Outcome]], Iterable[str]] | None = field(default=None, compare=False)
