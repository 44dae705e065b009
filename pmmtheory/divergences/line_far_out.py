"""A law on the line that has digits however small it is, told as far out as a function that grows like a power counts it."""

from __future__ import annotations

import math

from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.line_densities import OnGrid
from pmmtheory.divergences.line_integrand import depths_of, integrand
from pmmtheory.errors import NotConverged

_TRIES, _WIDER, _MOST = 6, 0.25, 2.0
"""How often a grid is made wider, and by what share of it on a side, and at most."""

_DECAYED, _EDGE = 1e-10, 40
"""What the integrand at the ends counts over the whole grid, as a share of the whole, where it has decayed; at the ends is one point in so many."""

_TOLD = 1e-270
"""A density below this has few digits left."""

_DEEP = 1e-150
"""To so little a law is told beside another law: of what both do beyond there is no telling, and their powers may grow again."""


def told_far_out(pair: OnGrid, f: Generator) -> OnGrid:
    """The pair, on grids at whose ends the integrand has decayed, as far as that can be had; beside a law, as far as both have digits."""
    if not f.steep:
        return pair
    to = _beside_a_law if pair.other.known[0] != -math.inf else _decayed
    for _ in range(_TRIES):
        law = pair.law
        if law.wider is None:
            break
        left, right = to(pair, f)
        if left == right == 0:
            break
        (low, high), length = law.ends, law.ends[1] - law.ends[0]
        try:
            pair = OnGrid(law.wider(low - left * length, high + right * length), pair.other).covering()
        except NotConverged:
            break
    return OnGrid(pair.law, pair.other.with_digits())


def _decayed(pair: OnGrid, f: Generator) -> tuple[float, float]:
    """By what share a grid is to be wider on the left and on the right: where the integrand has not decayed there, and the law still is a number."""
    x = pair.law.grid
    d = pair.at(x)
    size = integrand(d, f, depths_of(pair, f))[0].abs().nan_to_num(1e300, 1e300)
    most, edge = _DECAYED * float(size.sum()), max(2, len(x) // _EDGE)
    left, right = (_WIDER if float(size[some].max()) * len(x) > most and float(d.p[some].max()) > _TOLD else 0.0 for some in (slice(edge), slice(-edge, None)))
    return left, right


def _beside_a_law(pair: OnGrid, f: Generator) -> tuple[float, float]:
    """The same where both laws still are more than next to nothing, as if they went on falling like Gaussians."""
    x = pair.law.grid
    d, top = pair.at(x), int(pair.law.values.argmax())
    asked, length = -math.log(_DEEP), float(x[-1] - x[0])

    def more(end: int) -> float:
        p, q = float(d.p[end]), float(d.q[end])
        if p <= _DEEP or q <= _TOLD:
            return 0.0
        fallen = max(1.0, math.log(float(d.p[top]) / p))
        share = abs(float(x[end] - x[top])) / length * (math.sqrt(asked / fallen) - 1)
        return min(_MOST, max(share, _WIDER / 10))

    return more(0), more(-1)
