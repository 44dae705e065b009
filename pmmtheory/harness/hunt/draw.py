"""Random parameters of a case, from numbers in [0, 1): where a number is 0 the plainest value comes out, so that cases can be made simpler."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """What a relation draws its parameters with; every method gives its first or plainest value for the number 0.

    Parameters
    ----------
    number : callable
        Gives the next number in [0, 1).

    Attributes
    ----------
    taken : list of float
        The numbers so far, from which `replay` draws the same case.

    Examples
    --------
    >>> plain = Draw(lambda: 0.0)
    >>> plain.real(1.0, 3.0), plain.whole(2, 5), plain.one_of(["a", "b"]), plain.chance(0.9)
    (1.0, 2, 'a', False)
    """

    def __init__(self, number: Callable[[], float]):
        self._number = number
        self.taken: list[float] = []

    def unit(self) -> float:
        """The next number."""
        u = min(max(float(self._number()), 0.0), 1.0 - 2.0**-53)
        self.taken.append(u)
        return u

    def real(self, plain: float, other: float) -> float:
        """A number between the two, with three digits."""
        return _short(plain + (other - plain) * self.unit())

    def log(self, plain: float, other: float) -> float:
        """A number between two positive ones, uniform in its logarithm, with three digits."""
        return _short(plain * (other / plain) ** self.unit())

    def place(self, most: float) -> float:
        """A multiple of 1/64 between -most and most: shifts of it by whole numbers are exact."""
        u = self.unit()
        size = round(64 * most * abs(2 * u - 1 if u >= 0.5 else 2 * u)) / 64
        return -size if u >= 0.5 else size

    def whole(self, plain: int, other: int) -> int:
        """A whole number between the two, both included."""
        way = 1 if other >= plain else -1
        return plain + way * int(self.unit() * (abs(other - plain) + 1))

    def one_of(self, options: Sequence[T]) -> T:
        """One of the options; the first is the plainest."""
        return options[int(self.unit() * len(options))]

    def chance(self, p: float) -> bool:
        """True with probability p."""
        return self.unit() > 1 - p

    def seed(self) -> int:
        """A seed for random numbers that no simpler case depends on."""
        return int(self.unit() * 2**31)


def replay(numbers: Sequence[float]) -> Draw:
    """A Draw of these numbers, and of 0 after them."""
    left = iter(numbers)
    return Draw(lambda: next(left, 0.0))


def _short(value: float) -> float:
    return float(f"{value:.3g}") if math.isfinite(value) else value
