"""A leading constant: a number that carries its error."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

from pmmtheory.estimate import Estimate

_EPS = 2.0**-52


class LeadingConstant(float, Estimate):  # type: ignore[misc]  # its operators are those of float
    """An Estimate that is a float as well, and calculates, compares and prints as one: `Estimate.of(constant.value, ...)` carries an error on.

    Examples
    --------
    >>> constant = LeadingConstant.of(0.25, "quadrature", resolution=1e-12, rounding=1e-15)
    >>> constant / 2, constant.error < 2e-12
    (0.125, True)
    """

    def __new__(cls, value: float, error: float = 0.0, method: str = "", parts: Mapping[str, float] = MappingProxyType({})) -> Self:
        return super().__new__(cls, value)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.value, self.error, self.method

    __str__ = float.__repr__

    @classmethod
    def exact(cls, value: float, units: float = 8.0) -> Self:
        """From a closed form, within a few units of rounding."""
        return cls.of(value, "symbolic expansion", rounding=units * _EPS * abs(value))
