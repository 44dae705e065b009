"""Integrals that are proved: of analytic functions over an interval, of absolute values, and of what lies beyond."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial

from flint import acb, arb

from pmmtheory.rigor.balls import require, require_finite, symmetric, total

DEPTH = 2.0**-70
"""Width of an interval around a change of sign that is split no more, relative to the whole."""


def integral(f: Callable[[acb, bool], acb], low: arb, high: arb) -> arb:
    """int_low^high f for f that is real on the line and analytic near it.

    By adaptive Gauss-Legendre rules whose error is bounded by |f| on complex ellipses around each piece (Johansson 2018, "Numerical integration
    in arbitrary-precision ball arithmetic"; acb.integral). f(z, analytic) must not be finite where `analytic` is asked for and it is not.
    """
    return require_finite(acb.integral(f, acb(low), acb(high)).real, "an integral over an interval")


def signed_pieces(g: Callable[[arb], arb], low: arb, high: arb, start: int = 64) -> list[tuple[arb, arb, int]]:
    """Intervals that make up [low, high], from left to right, each with the sign of g all over it; 0 where none was seen at a width of DEPTH.

    The ends of pieces are exact; neighbours of one sign are joined.
    """
    ends = [low + (high - low) * k / start for k in range(start + 1)]
    ends = [low, *(end.mid() for end in ends[1:-1]), high]
    least, todo, found = DEPTH * (high - low), list(zip(ends, ends[1:], strict=False))[::-1], list[tuple[arb, arb, int]]()
    while todo:
        left, right = todo.pop()
        value = g(left.union(right))
        sign = 1 if value > 0 else -1 if value < 0 else 0
        if not sign and not right - left < least:
            middle = ((left + right) / 2).mid()
            todo += [(middle, right), (left, middle)]
        elif found and found[-1][2] == sign:
            found[-1] = found[-1][0], right, sign
        else:
            found.append((left, right, sign))
    return found


def absolute(g: Callable[[arb], arb], mass: Callable[[arb, arb], arb], low: arb, high: arb) -> arb:
    """int_low^high |g|, from mass(a, b) = int_a^b g: exact where g has a sign; where it has none, between 0 and the width times the largest |g|."""
    found = arb(0)
    for left, right, sign in signed_pieces(g, low, high):
        if sign:
            found += sign * mass(left, right)
        else:
            found += arb(0).union((right - left) * abs(g(left.union(right))).upper())
    return found


def beyond(edge: arb, weight: arb, steepness: arb, polynomial: Sequence[arb]) -> arb:
    """A bound on int_edge^inf p(x) w(x) dx for p with coefficients of at least 0 and w(edge + u) <= weight exp(-steepness u):

    weight sum_i p^(i)(edge)/steepness^(i + 1), from int_0^inf u^i exp(-k u) du = i!/k^(i + 1).
    """
    require(bool(steepness > 0) and bool(edge >= 0), "a density falls beyond an edge")
    return (weight * total(derivative(polynomial, edge, i) / steepness ** (i + 1) for i in range(len(polynomial)))).upper()


def derivative(polynomial: Sequence[arb], x: arb, order: int) -> arb:
    """p^(order)(x)."""
    return total(c * (factorial(k) // factorial(k - order)) * x ** (k - order) for k, c in enumerate(polynomial) if k >= order)


def product(p: Sequence[arb], q: Sequence[arb]) -> list[arb]:
    """The coefficients of a product of polynomials."""
    found = [arb(0)] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            found[i + j] += a * b
    return found


def tail(bound: arb) -> arb:
    """What is left out where its absolute value is at most this."""
    return symmetric(bound.upper())
