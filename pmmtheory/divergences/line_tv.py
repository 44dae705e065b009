"""The total variation distance on the line."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.line_densities import OnGrid
from pmmtheory.divergences.line_integrals import METHOD
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.panels import Antiderivative, integrals, nodes_of


def tv_line(pair: OnGrid) -> Estimate:
    """int |p - q| / 2: half the total variation of the antiderivative of p - q, whose turning points are the zeros of p - q.

    The parts of the error are those of the laws, in total variation, and "quadrature".
    """
    law, other = pair.law, pair.other

    def gap(x: Tensor) -> Tensor:
        return law.density(x) - other.density(x)

    found = integrals(lambda x: gap(x)[None], pair.edges, goal=1e-10, most=4000)
    nodes = nodes_of(found.edges)
    below = Antiderivative(found.edges, gap(nodes))
    x = torch.cat([torch.cat([found.edges[:-1, None], nodes], 1).flatten(), found.edges[-1:]])
    sign = torch.where(gap(x) < 0, -1.0, 1.0).to(x)
    left = torch.nonzero(sign[:-1] * sign[1:] < 0).flatten()
    low, high, before = x[left], x[left + 1], sign[left]
    for _ in range(50):
        middle = (low + high) / 2
        same = gap(middle) * before > 0
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    turns = below.at((low + high) / 2, gap)
    value = float(torch.diff(turns, prepend=turns.new_zeros(1), append=turns.new_zeros(1)).abs().sum()) / 2
    own = {**law.errors, "reference": other.off}
    return Estimate.of(value, METHOD, **{part: error for part, error in own.items() if math.isfinite(error)}, quadrature=found.error + 4e-16 * (1 + value))
