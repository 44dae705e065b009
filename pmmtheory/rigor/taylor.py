"""Integrals of functions that are known by their Taylor series on balls: antiderivatives and inverses of others, whose values are not at hand off the line.

On [c - r, c + r] with an even order n, the series at c gives sum_{k<n} f_k s^k, and the coefficient f_n of the series at the whole ball, which
holds f^(n)/n! everywhere in it, gives the rest: by Taylor's theorem with Lagrange's remainder, as s^n has one sign,

    int_a^b f(c + s) ds  is in  sum_{k<n} f_k (b^(k+1) - a^(k+1))/(k + 1) + f_n (b^(n+1) - a^(n+1))/(n + 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flint import arb, arb_series, ctx

from pmmtheory.rigor.balls import symmetric, total

NARROWEST = 2.0**-40
"""The width of a panel that is halved no more."""


def order() -> int:
    """n, an even number: that of the innermost `truncated`."""
    return ctx.cap - 1


@contextmanager
def truncated(n: int | None = None) -> Iterator[None]:
    """Power series have their terms up to that of order n within: an even number, by default one that grows with the working precision."""
    before, ctx.cap = ctx.cap, (2 * (ctx.prec // 8) if n is None else n) + 1
    try:
        yield
    finally:
        ctx.cap = before


@dataclass(frozen=True)
class Interval:
    """[left, right], with exact ends."""

    left: arb
    right: arb

    @property
    def centre(self) -> arb:
        """Exact, as long as the ends have fewer bits than the working precision."""
        return ((self.left + self.right) / 2).mid()

    @property
    def ball(self) -> arb:
        """All of it."""
        return self.left.union(self.right)

    @property
    def halves(self) -> tuple[Interval, Interval]:
        """The left and the right one."""
        return Interval(self.left, self.centre), Interval(self.centre, self.right)


@dataclass(frozen=True)
class Model:
    """A function on an interval by its series at the centre and at the whole ball; what is done to both is done to the function."""

    interval: Interval
    near: arb_series
    whole: arb_series

    @classmethod
    def identity(cls, interval: Interval) -> Model:
        """x itself."""
        return cls(interval, arb_series([interval.centre, 1]), arb_series([interval.ball, 1]))

    def map(self, f: Callable[[arb_series], arb_series]) -> Model:
        """f of it."""
        return Model(self.interval, f(self.near), f(self.whole))

    def with_(self, other: Model, f: Callable[[arb_series, arb_series], arb_series]) -> Model:
        """f of both."""
        return Model(self.interval, f(self.near, other.near), f(self.whole, other.whole))

    def __mul__(self, other: Model) -> Model:
        return self.with_(other, lambda x, y: x * y)

    @property
    def values(self) -> arb:
        """A ball that holds all its values."""
        return coefficient(self.whole, 0)

    @property
    def sharp(self) -> arb:
        """A narrower ball that holds all its values: sum_{k<n} f_k s^k + f_n s^n for |s| <= r."""
        n, half = order(), symmetric((self.interval.right - self.interval.left) / 2)
        return total(coefficient(self.near if k < n else self.whole, k) * power(half, k) for k in range(n + 1))

    def integral(self, low: arb | None = None, high: arb | None = None) -> arb:
        """From low to high within the interval, which is all of it unless they are given."""
        centre = self.interval.centre
        a, b = ((self.interval.left if low is None else low) - centre, (self.interval.right if high is None else high) - centre)
        n = order()
        return total(coefficient(self.near if k < n else self.whole, k) * (b ** (k + 1) - a ** (k + 1)) / (k + 1) for k in range(n + 1))

    def antiderivative(self, at_left: arb) -> Model:
        """The antiderivative that has the value at_left at the left end."""
        begun = at_left + self.integral(high=self.interval.centre)
        rises = at_left + (self.values * (self.interval.right - self.interval.left)).union(arb(0))
        return Model(self.interval, self.near.integral() + begun, self.whole.integral() + rises)


def integrated(f: Callable[[Model], Model], low: arb, high: arb, goal: arb, width: float = 0.25) -> arb:
    """int_low^high f on panels that are halved while their part is wider than the goal."""
    found, todo = arb(0), panels(low, high, width)
    while todo:
        interval = todo.pop()
        part = f(Model.identity(interval)).integral()
        if (not part.is_finite() or part.rad() > goal) and interval.right - interval.left > NARROWEST:
            todo += interval.halves
        else:
            found += part
    return found


def power(ball: arb, k: int) -> arb:
    """ball^k, by multiplications: even powers of [-r, r] are not negative."""
    if k % 2 or not ball.contains(0):
        return math.prod([ball] * k, start=arb(1))
    return arb(0).union(math.prod([abs(ball).upper()] * k, start=arb(1))) if k else arb(1)


def coefficient(series: arb_series, k: int) -> arb:
    """The k-th coefficient."""
    return series[k]


def panels(low: arb, high: arb, width: float) -> list[Interval]:
    """[low, high] cut into intervals of about this width, with ends of few bits."""
    number = int(float((high - low).upper()) / width) + 1
    unit = arb(2) ** -20
    ends = [low + (high - low) * k / number for k in range(number + 1)]
    places = [low, *((end / unit).mid().floor().mid() * unit for end in ends[1:-1]), high]
    return [Interval(a, b) for a, b in zip(places, places[1:], strict=False)]
