"""Two chains whose paths are compared, and who compares them: one kind a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from pmmtheory.discover import classes
from pmmtheory.estimate import Estimate
from pmmtheory.laws.engine import Refusal
from pmmtheory.schemes import Scheme


@dataclass(frozen=True)
class Paths:
    """`steps` large steps of a scheme, each against `many` of a finer one, from one start: a target, or a law of the state."""

    scheme: Scheme
    fine: Scheme
    many: int
    steps: int
    start: Any


def change(finest: float, *others: float) -> float:
    """The largest distance to other rules that are nearly as fine: one alone may agree by chance."""
    return max(abs(finest - other) for other in others)


class PathComparison(ABC):
    """Computes the KL of paths of one kind. A subclass in a file of this folder is found there.

    rank : they are asked in ascending order. hidden : whether of paths at the substeps, whose midpoints stay hidden, or of those at the large steps.
    blocks : 1 for paths of positions, 2 for those of positions and velocities.
    """

    rank: ClassVar[int]
    hidden: ClassVar[bool]
    blocks: ClassVar[int] = 1

    @abstractmethod
    def supports(self, paths: Paths) -> Refusal | None:
        """None where it computes their KL; else why not."""

    @abstractmethod
    def kl(self, paths: Paths) -> Estimate:
        """The KL; asked for only where it is supported."""


@lru_cache(maxsize=4)
def path_comparisons(hidden: bool, blocks: int) -> tuple[PathComparison, ...]:
    """Those of such paths, in the order in which they are asked."""
    kinds = (kind() for kind in classes("pmmtheory.divergences.paths", PathComparison).values())
    return tuple(sorted((one for one in kinds if (one.hidden, one.blocks) == (hidden, blocks)), key=lambda one: one.rank))
