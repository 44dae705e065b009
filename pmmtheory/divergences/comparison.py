"""What makes a pair of two laws: one kind of laws a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, ClassVar

from pmmtheory.discover import classes
from pmmtheory.divergences.pair import Pair
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.law import side_of


class Comparison(ABC):
    """Makes pairs of laws of one kind, or of a law and a target. A subclass in a file of this folder is found there.

    Attributes
    ----------
    laws, targets : mapping of types to functions
        What makes a side of a pair of an object of the type: of laws, which may be first or second, and of targets, which are second.
    """

    laws: ClassVar[Mapping[type, Callable[[Any], Any]]]
    targets: ClassVar[Mapping[type, Callable[[Any], Any]]] = {}

    @abstractmethod
    def pair(self, first: Any, second: Any) -> Pair | None:
        """The pair of two sides; None where they are not in the same space."""

    def of(self, law: Any, other: Any) -> Pair | None:
        """The pair of a law and another or a target; None where they are not of this kind."""
        first, second = side_of(law, self.laws), side_of(other, {**self.laws, **self.targets})
        return None if first is None or second is None else self.pair(first, second)


@lru_cache(maxsize=1)
def comparisons() -> tuple[Comparison, ...]:
    """All of them; no two laws are taken by two."""
    return tuple(kind() for kind in classes("pmmtheory.divergences", Comparison).values())


def pair_of(law: Any, other: Any, name: str, allowed: str = "") -> Pair:
    """The pair of these laws, for the divergence of this name; raises InvalidParameter where they are not of one kind, with what is allowed."""
    for comparison in comparisons():
        if (pair := comparison.of(law, other)) is not None:
            return pair
    raise InvalidParameter(
        "law",
        f"{type(law).__name__} against {type(other).__name__}",
        allowed or f"{name} takes a law and a target or law of the same kind and dimension, or two Gaussians of one dimension",
    )
