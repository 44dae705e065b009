"""Grids that are wide enough for what a chain does on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

_WIDER, _BETTER = 1.3, 0.3
"""How many times wider the next grid is, and what share of the cost of its ends may be left for it to be better."""

_IN_VAIN, _WIDEST = 5, 8.0
"""How many wider grids are tried that are not better, and how many times wider than the last good one a grid may get."""


def wide_enough(at: Callable[[float], Found], cost: Callable[[Found], float], factors: list[float]) -> Found:
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
    """
    best, factor, in_vain = at(factors[0]), factors[0], 0
    while cost(best) >= 1 and in_vain < _IN_VAIN and factor < _WIDEST * factors[0]:
        factor *= _WIDER
        wider = at(factor)
        if cost(wider) <= _BETTER * cost(best):
            best, factors[0], in_vain = wider, factor, 0
        else:
            in_vain += 1
    return best
