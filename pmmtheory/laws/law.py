"""What all laws have in common, and how laws and targets are told apart."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

_PLACED = ("resolution", "rounding", "interpolation", "ends", "start")
"""Parts of an error that those who use a law count where they are."""


class Law(ABC):
    """The law of a chain, with what it may be off by.

    Attributes
    ----------
    errors : dict of names to floats
        The parts of its error; what they are, and of which distance, each kind of law says.
    """

    errors: dict[str, float]

    @property
    @abstractmethod
    def dim(self) -> int:
        """The dimension of the position."""

    def inherit(self, error: float) -> None:
        """Add to the parts of the error what the law was off by that the chain started from."""
        self.errors["start"] = error

    @property
    def unplaced(self) -> float:
        """What the law may be off by, in total variation, for causes of its engine that say not where."""
        return sum(error for name, error in self.errors.items() if name not in _PLACED)

    @property
    def numerical_error(self) -> float:
        """The sum of `errors`."""
        return sum(self.errors.values())

    @property
    @abstractmethod
    def mean(self) -> Any:
        """The mean: a number, or a tensor of the shape of a state."""

    @property
    @abstractmethod
    def covariance(self) -> Any:
        """The covariance: a number on the line, else a tensor."""


def side_of(part: Any, sides: Mapping[type, Callable[[Any], Any]]) -> Any:
    """What these functions make of a law, a target or what is given for one, by its type; None where they have none for it."""
    return next((make(part) for kind, make in sides.items() if isinstance(part, kind)), None)
