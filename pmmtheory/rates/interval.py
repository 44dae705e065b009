"""An interval, and how it was found."""

from __future__ import annotations

import math
from dataclasses import dataclass

_LARGEST_LOG = 700.0


@dataclass(frozen=True)
class Interval:
    """Two ends, and how they were found."""

    low: float
    high: float
    how: str

    @property
    def width(self) -> float:
        """high - low."""
        return self.high - self.low

    @property
    def middle(self) -> float:
        """Half way."""
        return (self.low + self.high) / 2

    @property
    def known(self) -> bool:
        """Whether it is finite."""
        return math.isfinite(self.width)

    @property
    def exponentials(self) -> tuple[float, float]:
        """exp of both ends: 0 and infinity beyond what floats hold."""
        low, high = (math.exp(end) if end < _LARGEST_LOG else math.inf for end in (self.low, self.high))
        return low, high

    @classmethod
    def unknown(cls, why: str) -> Interval:
        """Everything is possible."""
        return cls(-math.inf, math.inf, why)
