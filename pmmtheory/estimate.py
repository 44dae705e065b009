"""A number with its error: the one result type of every measurement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True)
class Estimate:
    """A measured number.

    Attributes
    ----------
    value : float
        The number.
    error : float
        A bound on the numerical error, or a standard error when `method` names sampling.
    method : str
        How it was obtained.
    parts : mapping of names to floats
        What the error is made of, where it is a sum: "resolution", "rounding", "ends", ...

    Examples
    --------
    >>> float(Estimate(2.0, 1e-9, "quadrature"))
    2.0
    >>> Estimate.of(2.0, "quadrature", resolution=1e-9, rounding=1e-15).error
    1.000001e-09
    """

    value: float
    error: float
    method: str
    parts: Mapping[str, float] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, value: float, method: str, **parts: float) -> Self:
        """A number whose error is the sum of named parts."""
        return cls(value, sum(parts.values()), method, parts)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and math.isfinite(self.error) and self.error >= 0):
            raise ValueError(f"an Estimate needs a finite value and error, not {self.value!r} and {self.error!r}.")

    def __float__(self) -> float:
        return self.value

    @property
    def relative_error(self) -> float:
        """error / |value|, infinite when the value is zero."""
        return self.error / abs(self.value) if self.value else math.inf
