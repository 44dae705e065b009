"""Matrices of polynomials in the step, truncated: the algebra that expands one step of a chain.

The variables are the step a, k = 1/K, times s and r in units of the step, w with w^2 the curvature of the target, and the friction g.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy.polys.ring_series import rs_mul, rs_trunc
from sympy.polys.rings import ring

ORDER = 6
"""The highest power of the step that is kept."""

Array = Any
"""A numpy array of polynomials."""

RING, a, k, s, r, w, g = ring("a, k, s, r, w, g", sp.QQ)
_S = 2


def array(rows: Any) -> Array:
    """An array of polynomials from nested lists of polynomials and numbers."""
    return _each(lambda entry: entry, np.array(rows, dtype=object))


def product(*factors: Array) -> Array:
    """The matrix product, without powers of the step beyond ORDER."""
    result = factors[0]
    for factor in factors[1:]:
        result = array([[sum(times(p, q) for p, q in zip(row, column, strict=True)) for column in factor.T] for row in result])
    return result


def times(p: Any, q: Any) -> Any:
    """p q without powers of the step beyond ORDER."""
    return rs_mul(p, q, a, ORDER + 1)


def exponential_series(first: Array, following: Callable[[Array], Array]) -> Array:
    """first + following(first)/2 + following(following(first))/6 + ..., where each application adds a power of the step."""
    total, term = first, first
    for j in range(2, ORDER + 1):
        term = following(term) * sp.QQ(1, j)
        total = total + term
    return total


def per_substep(entries: Array) -> Array:
    """Entries divided by k."""
    return _each(lambda p: p.exquo(k), entries)


def in_time_s(entries: Array) -> Array:
    """Entries with s written for r."""
    return _each(lambda p: p.compose(r, s), entries)


def mean_over_times(entries: Array, start: Any = 0) -> Array:
    """k times the sum over the times s = 0, k, ..., 1 - k from `start` on; for k = 0 the integral from `start` to 1.

    The sum of s^n k is k^(n+1) (B_(n+1)(1/k) - B_(n+1)(start/k)) / (n+1), a polynomial.
    """

    def mean(p: Any) -> Any:
        total = RING(0)
        for powers, c in p.items():
            rest = RING.from_dict({(*powers[:_S], 0, *powers[_S + 1 :]): c})
            total += rest * sum(share * k**low * (1 - start**high) for high, low, share in _power_sum(powers[_S]))
        return total

    return _each(lambda p: rs_trunc(mean(p), a, ORDER + 1), entries)


@lru_cache(maxsize=64)
def _power_sum(n: int) -> list[tuple[int, int, Any]]:
    """Triples (i, j, c) such that k sum of s^n over s = 0, k, ..., x - k is the sum of c k^j x^i."""
    x = sp.Symbol("x")
    terms = sp.Poly((sp.bernoulli(n + 1, x) - sp.bernoulli(n + 1, 0)) / (n + 1), x).terms()
    return [(i, n + 1 - i, sp.QQ(c.p, c.q)) for (i,), c in terms]


def _each(change: Callable[[Any], Any], entries: Array) -> Array:
    return np.vectorize(lambda entry: change(RING(entry)), otypes=[object])(entries)
