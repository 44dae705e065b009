"""What all laws have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any


class Law(ABC):
    """The law of a chain, with what it may be off by.

    Attributes
    ----------
    errors : mapping of names to floats
        The parts of its error; what they are, and of which distance, each kind of law says.
    """

    errors: Mapping[str, float]

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
