"""An interval, and how it was found."""

from __future__ import annotations

import math
from dataclasses import dataclass


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

    @classmethod
    def unknown(cls, why: str) -> Interval:
        """Everything is possible."""
        return cls(-math.inf, math.inf, why)
