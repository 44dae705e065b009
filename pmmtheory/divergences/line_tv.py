"""The total variation distance on the line."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.divergences.line_densities import OnGrid
from pmmtheory.divergences.line_integrals import METHOD
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.panels import Antiderivative, integrals, nodes_of

_HALVINGS = 50

_SHARE = 1e-3
"""Of what the laws are off by: a rule that misses less would be refined in vain."""

_SURE = 1e-18
"""What the place of a turning point may do to the distance: it is flat there."""


def tv_line(pair: OnGrid) -> Estimate:
    """int |p - q| / 2: half the total variation of the antiderivative of p - q, whose turning points are the zeros of p - q.

    The parts of the error are those of the laws, in total variation, and "quadrature".
    """
    law, other = pair.law, pair.other

    def gap(x: Tensor) -> Tensor:
        return law.density(x) - other.density(x)

    own = {**law.errors, "reference": other.off}
    told = {part: error for part, error in own.items() if math.isfinite(error)}
    found = integrals(lambda x: gap(x)[None], pair.edges, goal=1e-10, floor=_SHARE * sum(told.values()), most=4000)
    nodes = nodes_of(found.edges)
    below = Antiderivative(found.edges, gap(nodes))
    x = torch.cat([torch.cat([found.edges[:-1, None], nodes], 1).flatten(), found.edges[-1:]])
    found_at = gap(x)
    left = torch.nonzero((found_at[:-1] < 0) != (found_at[1:] < 0)).flatten()
    places, unsure = _turns(gap, x[left], x[left + 1], found_at[left], found_at[left + 1])
    turns = below.at(places, gap)
    value = float(torch.diff(turns, prepend=turns.new_zeros(1), append=turns.new_zeros(1)).abs().sum()) / 2
    quadrature = found.error + unsure + 4e-16 * (1 + value)
    return Estimate.of(value, METHOD, **told, quadrature=quadrature)


def _turns(gap: Callable[[Tensor], Tensor], low: Tensor, high: Tensor, at_low: Tensor, at_high: Tensor) -> tuple[Tensor, float]:
    """Where a function changes its sign, once between low and high (n,), by chords and halves in turn; and what of its integral is in doubt."""
    place, doubt = (low + high) / 2, torch.zeros_like(low)
    for number in range(2 * _HALVINGS):
        chord = low - at_low * (high - low) / (at_high - at_low)
        place = chord if number % 2 == 0 else (low + high) / 2
        at = gap(place)
        doubt = at.abs() * (high - low)
        same = (at < 0) == (at_low < 0)
        low, at_low = torch.where(same, place, low), torch.where(same, at, at_low)
        high, at_high = torch.where(same, high, place), torch.where(same, at_high, at)
        if bool((doubt <= _SURE).all()):
            break
    return place, float(doubt.sum())
