"""Ball arithmetic: every number is an interval that is proved to hold what is meant, at a precision of one's choice (python-flint)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction

from flint import arb, ctx

from pmmtheory.errors import NotConverged, count

ONE = arb(1)


@contextmanager
def working(bits: int) -> Iterator[None]:
    """Balls have so many bits within; the precision before is restored after."""
    before, ctx.prec = ctx.prec, count("bits", bits, 53, 4096)
    try:
        yield
    finally:
        ctx.prec = before


def exact(x: float) -> arb:
    """A double as the dyadic number that it is, whatever decimal it was written as."""
    return arb(float(x))


def square(x: arb) -> arb:
    """x^2; x**2 of a ball around 0 is not finite."""
    return x * x


def symmetric(error: arb) -> arb:
    """The interval [-e, e] for any e in a ball."""
    return error.union(-error)


def total(terms: Iterable[arb]) -> arb:
    """The sum."""
    found = arb(0)
    for term in terms:
        found += term
    return found


def largest(balls: Iterable[arb]) -> arb:
    """A number that is no less than any number in any of the balls; 0 where there are none below."""
    found = arb(0)
    for ball in balls:
        found = found.max(ball.upper())
    return found


def require_finite(ball: arb, what: str) -> arb:
    """The ball; raises NotConverged where it holds all numbers, as after a division by a ball around 0."""
    if not ball.is_finite():
        raise NotConverged(what, float("inf"), 0.0)
    return ball


def require(holds: bool, what: str) -> None:
    """Raise NotConverged unless an inequality is proved; ball arithmetic answers False where it does not know."""
    if not holds:
        raise NotConverged(f"a proof needs that {what}, which", float("nan"), 0.0, "more bits may tell")


def rational(ball: arb) -> Fraction:
    """An exact ball as a fraction."""
    mantissa, exponent = ball.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
