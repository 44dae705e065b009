"""Grids that are wide enough for what a chain does on them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from pmmtheory.errors import NotConverged
from pmmtheory.schemes import Scheme

Found = TypeVar("Found")

LEAVES = 1e-13
"""The most mass that may leave a grid in a step, if it is wide enough: far kicks end beyond ends at which the density is next to nothing."""

_WIDER, _BETTER = 1.3, 0.3
"""How many times wider the next grid is, and what share of the cost of its ends may be left for it to be better."""

_WIDEST = 8.0
"""How many times wider than the last good one a grid may get."""


def wide_enough(at: Callable[[float], Found], cost: Callable[[Found], float], factors: list[float], tries: int = 5) -> Found:
    """What is found on a grid this factor as wide, wider until its ends cost less than 1, or until that is seen to be no matter of width.

    What ends far beyond the grid is not met by the first that are wider.

    Parameters
    ----------
    at : function
        Of the factor, to what is found there.
    cost : function
        Of what is found, to a number that is below 1 if its grid is wide enough.
    factors : list of one number
        The factor that the last resolution ended with, where this one begins; it is set to what this one ends with.
    tries : int
        How many wider grids one after the other may be no better.
    """
    best, factor, in_vain = at(factors[0]), factors[0], 0
    while cost(best) >= 1 and in_vain < tries and factor < _WIDEST * factors[0]:
        factor *= _WIDER
        wider = at(factor)
        if cost(wider) <= _BETTER * cost(best):
            best, factors[0], in_vain = wider, factor, 0
        else:
            in_vain += 1
    return best


def require_held(scheme: Scheme, leaves: float, rtol: float) -> None:
    """Raise NotConverged where mass leaves the widest grid that was tried: it may be anywhere, and moments and a KL follow it there."""
    if leaves >= LEAVES:
        what = f"the law of {scheme.name}, of whose mass a step throws {leaves:.2g} off a grid several times as wide as its target,"
        raise NotConverged(what, math.nan, rtol)
