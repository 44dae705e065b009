"""Refine a law until two resolutions agree."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol, Self, TypeVar

from pmmtheory.errors import NotConverged

_LEVELS = 6


class Refinable(Protocol):
    """A law that can measure its error against one of lower resolution."""

    @property
    def numerical_error(self) -> float:
        """What the law may be off by."""
        ...

    def resolved_by(self, coarse: Self) -> Self:
        """The law, with its numerical error seen against a coarser one."""
        ...


Law = TypeVar("Law", bound=Refinable)


def refined(at_level: Callable[[int], Law], rtol: float, what: str, levels: int = _LEVELS) -> Law:
    """The law at the first level that agrees with the one before to rtol; raises NotConverged where none does, with the best that was reached."""
    law, reached = at_level(0), math.inf
    for level in range(1, levels):
        try:
            law = at_level(level).resolved_by(law)
        except NotConverged as error:
            if type(error) is not NotConverged or math.isfinite(error.reached) or not reached < 1:
                raise
            raise NotConverged(error.what, reached, rtol) from error
        reached = min(reached, law.numerical_error)
        if law.numerical_error <= rtol:
            return law
    raise NotConverged(what, reached if reached < 1 else math.nan, rtol)  # no two laws are farther apart


def refined_path(at_level: Callable[[int], list[Law]], rtol: float, scheme: str, steps: Sequence[int], levels: int = _LEVELS) -> list[Law]:
    """The laws after several numbers of steps, each refined on its own; a level is computed once for all of them."""
    memo: dict[int, list[Law]] = {}

    def at(level: int, which: int) -> Law:
        if level not in memo:
            memo[level] = at_level(level)
        return memo[level][which]

    return [refined(lambda level, i=i: at(level, i), rtol, f"the law of {scheme} after {n} steps", levels) for i, n in enumerate(steps)]  # type: ignore[misc]
