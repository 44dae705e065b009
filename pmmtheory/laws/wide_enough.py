"""Grids that are wide enough for what a chain does on them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.schemes import Scheme

Found = TypeVar("Found")

LEAVES = 1e-13
"""The most mass that may leave a grid in a step, if it is wide enough: far kicks end beyond ends at which the density is next to nothing."""

_WIDER, _BETTER = 1.3, 0.3
"""How many times wider the next grid is, and what share of the cost of its ends may be left for it to be better."""

_IN_VAIN = 5
"""How many wider grids are tried that are not better for what is thrown: it may end far beyond the first of them."""

WIDEST = 8.0
"""How many times wider than the last good one a grid may get."""


_NOISE = 4.0
"""How many times the lowest density below zero, which is noise, one may be that is no more than noise."""


def above_noise(density: Tensor) -> Tensor:
    """A density, but for values that are no more than noise. What is at the ends of a grid in vain is there at every width."""
    return torch.where(density > _NOISE * float((-density.min()).clamp_min(0.0)), density, 0.0)


def wide_enough(
    at: Callable[[float], Found],
    leaves: Callable[[Found], float],
    factors: list[float],
    scheme: Scheme,
    rtol: float,
    ends: Callable[[Found], float] | None = None,
    far: Callable[[Found], float] | None = None,
) -> Found:
    """What is found on a grid this factor as wide: wider until it holds what a step throws, and then until its ends cost next to nothing.

    What is left at the ends of a grid that a single wider one does not make better is no tail, but the error of its spacing.

    Parameters
    ----------
    at : function
        Of the factor, to what is found there; or NotConverged where that is out of reach, which ends the search.
    leaves : function
        Of what is found, to the mass that a step throws off the grid.
    factors : list of one number
        The factor that the last resolution ended with, where this one begins; it is set to what this one ends with.
    scheme, rtol
        Of the law that is looked for.
    ends : function or None
        Of what is found, to a number that is below 1 if the density at the ends of the grid is no matter.
    far : function or None
        Of what is found, to the mass that a step throws off the widest grid of all: where that is too much, none is tried.

    Raises
    ------
    NotConverged
        Where mass leaves the widest grid that was tried: it may be anywhere, and moments and a KL follow it there.
    """
    best = at(factors[0])
    if far is None or leaves(best) < LEAVES or far(best) < LEAVES:
        best = _widened(best, at, lambda found: leaves(found) / LEAVES, factors, _IN_VAIN)
    if leaves(best) >= LEAVES:
        what = f"the law of {scheme.name}, of whose mass a step throws {leaves(best):.2g} off a grid several times as wide as its target,"
        raise NotConverged(what, math.nan, rtol)
    return best if ends is None else _widened(best, at, ends, factors, 1)


def _widened(best: Found, at: Callable[[float], Found], cost: Callable[[Found], float], factors: list[float], tries: int) -> Found:
    """The best of this and what is found on wider grids, until the cost is below 1 or none of several in turn is better."""
    factor, widest, in_vain = factors[0], WIDEST * factors[0], 0
    while cost(best) >= 1 and in_vain < tries and factor < widest:
        factor *= _WIDER
        try:
            wider = at(factor)
        except NotConverged:
            break
        if cost(wider) <= _BETTER * cost(best):
            best, factors[0], in_vain = wider, factor, 0
        else:
            in_vain += 1
    return best
