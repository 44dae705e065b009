"""A law on the line beside a target or another law: both densities on panels that resolve them, with what each may be off by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pmmtheory.divergences.generator import LARGE, SMALLEST
from pmmtheory.divergences.line_sides import LawSide, LineSide
from pmmtheory.laws import LineLaw
from pmmtheory.numerics.panels import joined

_GAP = 8
"""Points of a grid in a row that are not told between modes: fewer are rounding."""

_KNOWN = 0.01
"""A density is known where its uncertainty is below this share of it."""


@dataclass(frozen=True)
class Densities:
    """At some points: p, q, log q (that of the least that a number can be where there is no q), log(p/q), p/q - 1 (0 where that is large), and what p and
    q may be off by."""

    p: Tensor
    q: Tensor
    log_q: Tensor
    log: Tensor
    excess: Tensor
    p_error: Tensor
    q_error: Tensor

    @classmethod
    def of(cls, p: Tensor, p_error: Tensor, q: Tensor, log_q: Tensor, q_error: Tensor) -> Densities:
        """With a logarithm of p/q that keeps its digits where q underflows."""
        log = torch.where(p > 0, torch.log(p) - log_q, -torch.inf)
        excess = torch.where(log < 0.5, p / q.clamp_min(1e-320) - 1, torch.expm1(log.clamp_max(LARGE)))
        excess = torch.where(log < LARGE, torch.where(p > 0, excess, -1.0), 0.0)
        return cls(p, q, torch.where(log_q > -torch.inf, log_q, SMALLEST), log, excess, p_error, q_error)


@dataclass(frozen=True)
class OnGrid:
    """The law that is measured, p, and the reference, q."""

    law: LineLaw
    other: LineSide

    @property
    def on_one_grid(self) -> bool:
        """Whether the reference is a smooth target that the grid of the law resolves too."""
        return self.other.resolved_by(self.law.spacing)

    @property
    def grid(self) -> Tensor:
        """The grid of the law, continued over the support of the reference."""
        (low, high), spacing = self.law.ends, self.law.spacing
        first, last = self.other.support
        left, right = max(0, math.ceil((low - first) / spacing)), max(0, math.ceil((last - high) / spacing))
        if left + right == 0:
            return self.law.grid
        steps = spacing * torch.arange(1, max(left, right) + 1, dtype=self.law.grid.dtype, device=self.law.grid.device)
        return torch.cat([low - steps[:left].flip(0), self.law.grid, high + steps[:right]])

    @cached_property
    def known(self) -> Tensor:
        """The points of the grid between the first and the last at which either density is known, a reference that is a law included."""
        x, (first, last) = self.grid, self.other.known
        x = x[(x >= first) & (x <= last)]
        d = self.at(x)
        seen = torch.nonzero(d.p_error + d.q_error < _KNOWN * torch.maximum(d.p, d.q)).flatten()
        return x[int(seen[0]) : int(seen[-1]) + 1] if len(seen) > 24 else x

    @cached_property
    def at_known(self) -> Densities:
        """Both densities at the known points."""
        return self.at(self.known)

    @property
    def shared(self) -> Tensor:
        """The panels between the first and the last known point."""
        ends = self.known[[0, -1]]
        edges = self.edges
        return joined(edges[(edges > ends[0]) & (edges < ends[1])], ends)

    @property
    def outside(self) -> float:
        """The mass of the law where the reference is not known."""
        x, (first, last) = self.law.grid, self.other.known
        return float(self.law.values[(x < first) | (x > last)].clamp_min(0).sum()) * self.law.spacing

    @property
    def missing(self) -> float:
        """The mass of the reference where the law is not known: beyond its grid, if there it is not nothing but has no digits."""
        if self.law.truncated or self.law.wider is not None:
            return 0.0
        return self.other.beyond(*self.law.ends)

    @cached_property
    def depth(self) -> float:
        """Minus the least log density that the reference may fall to where the law is."""
        if self.other.known[0] == -math.inf:
            return -SMALLEST
        q, log_q, error = self.other.logs(self.other.points)
        return _depth(self.other.points, log_q, q > error, self.law.ends)

    @cached_property
    def own_depth(self) -> float:
        """The same of the law, where the reference is."""
        x, p = self.law.grid, self.law.values.clamp_min(0.0)
        return _depth(x, torch.log(p), p > self.law.uncertainty(x, p), self.other.support)

    @property
    def edges(self) -> Tensor:
        """Panels on which either density is smooth at the resolution at which it is known."""
        return shared_edges(LawSide(self.law), self.other)

    def at(self, x: Tensor) -> Densities:
        """Both densities at points of any shape."""
        p = self.law.density(x).clamp_min(0.0)
        q, log_q, q_error = self.other.logs(x)
        return Densities.of(p, self.law.uncertainty(x, p), q, log_q, q_error)

    def covering(self, deep: bool = False) -> OnGrid:
        """The same laws, each known where the other has mass; a target's whole support, too, where small densities of the law matter.

        Raises
        ------
        InvalidParameter
            Where the reference is a law whose tails are not known so far out.
        """
        law = self.law
        outside = self.outside if self.outside > 1e-12 + law.numerical_error else 0.0
        other = self.other.covering(*law.ends, outside)
        (low, high), (first, last) = law.ends, self.other.support
        everywhere = other.known[0] == -math.inf
        if law.wider is not None and (deep if everywhere else first < low or last > high):
            law = law.wider(first, last)
        return OnGrid(law, other)


def _depth(x: Tensor, log: Tensor, told: Tensor, where: tuple[float, float]) -> float:
    """Minus the least log density at some places: that of a quadratic through where it is last told from none, next to any of its modes."""
    seen = torch.nonzero(told).flatten()
    if len(seen) < 2:
        return math.inf
    ends = seen[[0, -1]]
    first, last = map(float, x[ends])
    fallen = float(log.max() - log[ends].min())
    gaps = torch.nonzero(torch.diff(seen) > _GAP).flatten()
    runs = x[seen[torch.cat([gaps.new_zeros(1), gaps + 1])]], x[seen[torch.cat([gaps, gaps.new_tensor([len(seen) - 1])])]]
    half = float((runs[1] - runs[0]).max() if not len(gaps) else (runs[1] - runs[0])[runs[1] > runs[0]].min()) / 2
    between = float((runs[0][1:] - runs[1][:-1]).max()) / 2 if len(gaps) else 0.0
    return max(-SMALLEST, 3 * fallen * (1 + max(first - where[0], where[1] - last, between, 0.0) / half) ** 2)


def shared_edges(one: LineSide, other: LineSide) -> Tensor:
    """Panels on which either density is smooth: those of the first alone, where its grid resolves the other."""
    low, high = one.support
    theirs = [part[(part < low) | (part > high)] if one.resolves(other) else part for part in other.edges]
    parts = [*one.edges, *theirs]
    return joined(*(part.to(parts[0]) for part in parts))
