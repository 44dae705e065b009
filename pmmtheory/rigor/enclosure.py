"""An interval that is proved to hold a number, and what it says of a stated error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from flint import arb

from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.rigor.balls import rational, require_finite, working

BITS = 128
"""The precision of balls unless one is asked for."""


@dataclass(frozen=True)
class Enclosure:
    """lower <= the number <= upper, both exact.

    Examples
    --------
    >>> Enclosure.of(arb(2).sqrt()).width < Fraction(1, 10**14)
    True
    """

    lower: Fraction
    upper: Fraction

    def __post_init__(self) -> None:
        if not (isinstance(self.lower, Fraction) and isinstance(self.upper, Fraction) and self.lower <= self.upper):
            raise InvalidParameter("lower", self.lower, "a Fraction that is no larger than the Fraction `upper`")

    @classmethod
    def of(cls, ball: arb) -> Self:
        """The two ends of a ball; raises NotConverged where it is not finite."""
        require_finite(ball, "an enclosure")
        return cls(rational(ball.lower()), rational(ball.upper()))

    @property
    def width(self) -> Fraction:
        """upper - lower."""
        return self.upper - self.lower

    @property
    def middle(self) -> Fraction:
        """The number half way."""
        return (self.lower + self.upper) / 2

    def moved(self, by: Fraction) -> Enclosure:
        """The same interval elsewhere."""
        return Enclosure(self.lower + by, self.upper + by)


@dataclass(frozen=True)
class Certificate:
    """A floating-point number with its stated error beside a proof of what it is.

    Attributes
    ----------
    name : str
        What the number is.
    stated : Estimate
        Of the floating-point engine.
    enclosure : Enclosure
        Of the same number, by ball arithmetic.
    """

    name: str
    stated: Estimate
    enclosure: Enclosure

    @property
    def verdict(self) -> str:
        """ "holds" where [value - error, value + error] is proved to hold the number, "fails" where it is proved not to, else "open"."""
        low, high = Fraction(self.stated.value) - Fraction(self.stated.error), Fraction(self.stated.value) + Fraction(self.stated.error)
        if low <= self.enclosure.lower and self.enclosure.upper <= high:
            return "holds"
        return "fails" if self.enclosure.upper < low or high < self.enclosure.lower else "open"

    @property
    def holds(self) -> bool:
        """Whether the stated error is proved to hold."""
        return self.verdict == "holds"

    @property
    def share(self) -> float:
        """The largest distance from the value to the enclosure, over the stated error: at most 1 where that holds, infinite where it is 0 and does not."""
        value, error = Fraction(self.stated.value), Fraction(self.stated.error)
        far = max(abs(self.enclosure.lower - value), abs(self.enclosure.upper - value))
        return (float(far / error) if error else float("inf")) if far else 0.0


@dataclass(frozen=True)
class Claimed:
    """A number to be certified.

    Attributes
    ----------
    name : str
    stated : callable
        () -> the Estimate of the floating-point engine.
    proved : callable
        () -> a ball that holds the number, at the working precision.
    """

    name: str
    stated: Callable[[], Estimate]
    proved: Callable[[], arb]

    def certify(self, bits: int = BITS) -> Certificate:
        """Both, at so many bits."""
        stated = self.stated()
        with working(bits):
            return Certificate(self.name, Estimate(float(stated.value), stated.error, stated.method, stated.parts), Enclosure.of(self.proved()))
