"""The Wasserstein distance of order one on the line."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.divergences.line_densities import OnGrid
from pmmtheory.divergences.line_integrals import METHOD
from pmmtheory.divergences.line_sides import LawSide, LineSide
from pmmtheory.divergences.transport import Transport
from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.panels import integrals

_ROUGHLY = 1e-6
"""How well the distance to a lower resolution is known, relative to the distance."""

_MOVED = 16 * 2.0**-52
"""What rounded places of nodes do, relative to their distance from 0."""


def w1_line(pair: OnGrid) -> Estimate:
    """int |P - Q| with the distribution functions, by the antiderivative of p - q.

    It is a metric: "resolution" and "reference" are the distances of both laws from their lower resolutions. "interpolation" is what that
    does to the distribution functions, integrated; "rounding" and "ends" move the mass that they may have cost over the whole support;
    "start" moves what the start was off by a standard deviation; "tails" bounds what lies beyond the points that are known.
    """
    both = LawSide(pair.law), pair.other
    gap = Transport(*both)
    value, quadrature, interpolation = _distance(gap, pair)
    low, high = float(gap.edges[0]), float(gap.edges[-1])
    law = pair.law
    beyond = 0.0 if law.truncated else law.beyond(1)
    if not beyond < float("inf"):
        raise NotConverged("the W1 of a law whose tails are not resolved")
    rounded = sum(side.rounded for side in both) * (high - low)
    parts = {
        "quadrature": quadrature + 4e-16 * (value + high - low),
        "rounding": rounded + sum(side.shift for side in both) + _MOVED * max(abs(low), abs(high)),
        "interpolation": interpolation,
        "ends": sum(side.lost for side in both) * max(high - low, law.accuracy.reach),
        "tails": beyond + both[1].outer * (high - low),
        "resolution": _coarser(both[0], value),
    }
    if pair.other.coarse is not None:
        parts["reference"] = _coarser(pair.other, value)
    if any(side.start for side in both):
        parts["start"] = sum((side.start * side.covariance) ** 0.5 for side in both)
    return Estimate.of(value, METHOD, **parts)


def _distance(gap: Transport, pair: OnGrid) -> tuple[float, float, float]:
    """The distance, the error of its quadrature, and what interpolation may add."""

    def rows(x: Tensor) -> Tensor:
        shape = x.shape
        apart = gap.gap(x.flatten()).reshape(shape)
        below = pair.law.cdf(x)
        missed = pair.law.missed_below(x, gap.middle) + pair.other.missed_below(x, gap.middle)
        return torch.stack([torch.abs(apart), torch.minimum(missed, torch.minimum(below, 1 - below))])

    found = integrals(rows, gap.edges, 1e-9, 1e-16 * float(gap.edges[-1] - gap.edges[0]), most=4000)
    value, missed = found.values.tolist()
    return value, found.error + gap.missed * float(gap.edges[-1] - gap.edges[0]), missed


def _coarser(side: LineSide, value: float) -> float:
    """How far a law is from itself at the lower resolution, times its caution."""
    if side.coarse is None:
        return 0.0
    gap = Transport(side, side.coarse, 1e-9 * value)
    found = integrals(lambda x: torch.abs(gap.gap(x.flatten()).reshape(x.shape))[None], gap.edges, 1e-4, _ROUGHLY * value, most=4000)
    return side.caution * (float(found.values[0]) + found.error + gap.missed * float(gap.edges[-1] - gap.edges[0]))
