"""Two values of one number, and what the sum of their stated errors allows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pmmtheory.errors import NotConverged, PmmError

T = TypeVar("T")
U = TypeVar("U")

ROUNDING = 4e-15
"""Relative error of what a relation itself computes from a value: a few operations."""


@dataclass(frozen=True)
class Compared:
    """A number by two routes.

    Attributes
    ----------
    quantity : str
        What was compared.
    one, other : float
        The two values; infinity is a value.
    allowed : float
        The sum of their stated errors.
    """

    quantity: str
    one: float
    other: float
    allowed: float

    @property
    def difference(self) -> float:
        """|one - other|; 0 where both are the same infinity, infinite where one is not a number."""
        if self.one == self.other:
            return 0.0
        gap = abs(self.one - self.other)
        return math.inf if math.isnan(gap) else gap

    @property
    def holds(self) -> bool:
        """Whether the difference is within what is allowed."""
        return self.difference <= self.allowed

    @property
    def excess(self) -> float:
        """The difference in units of what is allowed."""
        return 0.0 if self.difference == 0 else self.difference / self.allowed if self.allowed > 0 else math.inf


class Lopsided(Exception):
    """A verdict on the input that only one of two forms of one case gets."""


def compare(quantity: str, one: Any, other: Any, extra: float = 0.0) -> Compared:
    """Two Estimates or numbers; a number is exact but for rounding, and `extra` is the error of an oracle."""
    a, b = float(one), float(other)
    size = sum(abs(x) for x in (a, b) if math.isfinite(x))
    return Compared(quantity, a, b, float(stated(one) + stated(other) + extra + ROUNDING * size))


def stated(value: Any) -> float:
    """The error of an Estimate, 0 of a number."""
    return float(getattr(value, "error", 0.0))


def both(one: Callable[[], T], other: Callable[[], U]) -> tuple[T, U]:
    """What two forms of one case give.

    Raises
    ------
    PmmError
        Where both refuse, or one does not reach its tolerance.
    Lopsided
        Where one form is called invalid and the other is not.
    """
    first, second = _tried(one), _tried(other)
    refused = [result for result in (first, second) if isinstance(result, PmmError)]
    if len(refused) == 1 and not isinstance(refused[0], NotConverged):
        raise Lopsided(f"only one of two forms of this case is refused: {refused[0]}")
    for result in refused:
        raise result
    return first, second  # type: ignore[return-value]


def _tried(run: Callable[[], T]) -> T | PmmError:
    try:
        return run()
    except PmmError as error:
        return error
