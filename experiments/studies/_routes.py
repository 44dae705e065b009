"""Claims that two computations of one number agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pmmtheory.harness.study import Cell, Check, Point
from pmmtheory.theory.claim import Claim

APART = "difference"
"""What the claims are about: |one number - the other| / |the other|."""


@dataclass(frozen=True)
class Routes:
    """The numbers of one measure, each the relative difference of two computations, and how small it is claimed to be.

    Attributes
    ----------
    measure, about : str
        The measure, and what its numbers are of, for the table.
    within : mapping of float to names
        The largest difference allowed, and the numbers that are held to it.
    parameters : mapping
        Of the cell.
    """

    measure: str
    about: str
    within: Mapping[float, Sequence[str]]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def checks(self, control: bool = False) -> Iterator[Check]:
        """One for each number."""
        cell = Cell.of(self.measure, **self.parameters)
        for within, name in ((within, name) for within, names in self.within.items() for name in names):
            claim = Claim(f"{name}: two routes agree to {within:g}", "none", APART, 0, "inequality", "negative control" if control else "the definition")
            bound = Point(1.0, Cell.of("number", value=within), "value")
            yield Check(claim, self.about, (Point(1.0, cell, name),), bounds=(bound,), control=control)
