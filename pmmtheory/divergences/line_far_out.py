"""A law on the line that has digits however small it is, told as far out as a function that grows like a power counts it."""

from __future__ import annotations

import torch

from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.line_densities import OnGrid
from pmmtheory.divergences.line_integrand import depths_of, integrand
from pmmtheory.errors import NotConverged

_TRIES, _WIDER = 6, 0.25
"""How often a grid is made wider, and by what share of it on a side."""

_DECAYED, _EDGE = 1e-10, 40
"""What the integrand at the ends counts over the whole grid, as a share of the whole, where it has decayed; at the ends is one point in so many."""

_TOLD = 1e-270
"""A density below this has few digits left."""


def told_far_out(pair: OnGrid, f: Generator) -> OnGrid:
    """The pair, on grids at whose ends the integrand has decayed, as far as that can be had."""
    for _ in range(_TRIES):
        law = pair.law
        if not f.steep or law.wider is None:
            break
        (low, high), more = law.ends, _WIDER * (law.ends[1] - law.ends[0])
        left, right = _not_decayed(pair, f)
        if not left and not right:
            break
        try:
            pair = OnGrid(law.wider(low - more if left else low, high + more if right else high), pair.other).covering()
        except NotConverged:
            break
    return pair


def _not_decayed(pair: OnGrid, f: Generator) -> tuple[bool, bool]:
    """Whether the integrand has not, where the law still is a number, on the left and on the right; or there is more of a start beyond."""
    x, astray = pair.law.grid, pair.law.accuracy.unseen is not None and pair.law.accuracy.unseen.astray
    d = pair.at(x)
    size = integrand(d, f, depths_of(pair, f))[0].abs().nan_to_num(1e300, 1e300)
    most, edge = _DECAYED * float(size.sum()), max(2, len(x) // _EDGE)
    ends = [(size[some].max() * len(x) > most, d.p[some].max() > _TOLD) for some in (slice(edge), slice(-edge, None))]
    left, right = (bool((still or torch.tensor(astray)) and told) for still, told in ends)
    return left, right
