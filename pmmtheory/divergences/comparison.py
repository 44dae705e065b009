"""What compares two laws: one kind of laws a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Any

from pmmtheory.discover import classes
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate


class Comparison(ABC):
    """Distances between two laws of one kind, or of a law and a target. A subclass in a file of this folder is found there."""

    @abstractmethod
    def takes(self, name: str, law: Any, other: Any) -> bool:
        """Whether the distance of this name ("kl", "tv", "w2", "chi2" or "renyi") of such a pair is one of its own."""

    @abstractmethod
    def between(self, name: str, law: Any, other: Any, order: float) -> Estimate:
        """The distance, `order` being that of a Renyi divergence."""


@lru_cache(maxsize=1)
def comparisons() -> tuple[Comparison, ...]:
    """All of them; no pair of laws has two."""
    return tuple(kind() for kind in classes("pmmtheory.divergences", Comparison).values())


def compared(name: str, law: Any, other: Any, order: float = 2.0) -> Estimate:
    """The distance of this name; raises InvalidParameter where none of them takes the pair."""
    for comparison in comparisons():
        if comparison.takes(name, law, other):
            return comparison.between(name, law, other, order)
    raise InvalidParameter(
        "law",
        f"{type(law).__name__} against {type(other).__name__}",
        f"{name} takes a law and a target or law of the same kind and dimension, or two Gaussians of one dimension",
    )
