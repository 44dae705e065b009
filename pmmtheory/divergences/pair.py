"""A law on the line beside a target or another law: both densities on panels that resolve them, with what each may be off by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LineLaw
from pmmtheory.numerics.panels import joined
from pmmtheory.targets.line import LineTarget

Density = LineTarget | LineLaw

_CELLS = 6
"""Cells of a law's grid in a panel, which is halved at least once."""

_KNOWN = 0.01
"""A density is known where its uncertainty is below this share of it."""

LARGE = 30.0
"""Logarithms of p/q above this leave nothing of q beside p."""


@dataclass(frozen=True)
class Densities:
    """At some points: p, q, log(p/q), p/q - 1 (0 where that is large), and what p and q may be off by."""

    p: Tensor
    q: Tensor
    log: Tensor
    excess: Tensor
    p_error: Tensor
    q_error: Tensor


@dataclass(frozen=True)
class Pair:
    """The law that is measured, p, and the reference, q."""

    law: LineLaw
    other: Density

    @property
    def on_one_grid(self) -> bool:
        """Whether the reference is a smooth target that the grid of the law resolves too."""
        other = self.other
        return isinstance(other, LineTarget) and not other.kinks and self.law.spacing <= 0.3 / math.sqrt(other._extreme_curvature(1.0))

    @property
    def grid(self) -> Tensor:
        """The grid of the law, continued over the support of a target."""
        (low, high), spacing = self.law.ends, self.law.spacing
        if isinstance(self.other, LineTarget):
            left = max(0, math.ceil((low - self.other.quadrature.low) / spacing))
            right = max(0, math.ceil((self.other.quadrature.high - high) / spacing))
        else:
            left = right = 0
        if left + right == 0:
            return self.law.grid
        steps = spacing * torch.arange(1, max(left, right) + 1, dtype=self.law.grid.dtype, device=self.law.grid.device)
        return torch.cat([low - steps[:left].flip(0), self.law.grid, high + steps[:right]])

    @cached_property
    def known(self) -> Tensor:
        """The points of the grid between the first and the last at which either density is known, a reference that is a law included."""
        x = self.grid
        if isinstance(self.other, LineLaw):
            first, last = self.other.ends
            x = x[(x >= first) & (x <= last)]
        d = self.at(x)
        seen = torch.nonzero(d.p_error + d.q_error < _KNOWN * torch.maximum(d.p, d.q)).flatten()
        return x[int(seen[0]) : int(seen[-1]) + 1] if len(seen) > 24 else x

    @property
    def shared(self) -> Tensor:
        """The panels between the first and the last known point."""
        ends = self.known[[0, -1]]
        edges = self.edges
        return joined(edges[(edges > ends[0]) & (edges < ends[1])], ends)

    @property
    def outside(self) -> float:
        """The mass of the law where a reference that is a law is not known."""
        if not isinstance(self.other, LineLaw):
            return 0.0
        x, (first, last) = self.law.grid, self.other.ends
        return float(self.law.values[(x < first) | (x > last)].clamp_min(0).sum()) * self.law.spacing

    @property
    def reach(self) -> float:
        """How many times further than a reference that is a law the law is known, from the middle of the reference."""
        if not isinstance(self.other, LineLaw):
            return 1.0
        (low, high), (first, last) = self.law.ends, self.other.ends
        middle, half = (first + last) / 2, (last - first) / 2
        return max(middle - low, high - middle, half) / half

    @property
    def edges(self) -> Tensor:
        """Panels on which either density is smooth at the resolution at which it is known."""
        parts = [_edges(self.law)]
        if isinstance(self.other, LineLaw):
            parts.append(_edges(self.other))
        else:
            quadrature = self.other.quadrature
            parts += [quadrature.edges, torch.tensor([*self.other.kinks], dtype=torch.float64)]
        return joined(*(part.to(self.law.grid) for part in parts))

    def at(self, x: Tensor) -> Densities:
        """Both densities at points of any shape."""
        p = self.law.density(x).clamp_min(0.0)
        if isinstance(self.other, LineLaw):
            q = self.other.density(x).clamp_min(0.0)
            q_error = self.other.uncertainty(x, q)
            log_q = torch.log(q)
        else:
            log_q = self.other.log_density(x)
            q = torch.exp(log_q)
            q_error = (normaliser_error(self.other) or 4e-16) * q
        log = torch.where(p > 0, torch.log(p) - log_q, -torch.inf)
        excess = torch.where(log < 0.5, p / q.clamp_min(1e-320) - 1, torch.expm1(log.clamp_max(LARGE)))
        excess = torch.where(log < LARGE, torch.where(p > 0, excess, -1.0), 0.0)
        return Densities(p, q, log, excess, self.law.uncertainty(x, p), q_error)

    def covering(self, roots: bool = False) -> Pair:
        """The same laws, each known where the other has mass; a target's whole support, too, where roots of the density matter.

        Raises
        ------
        InvalidParameter
            Where the reference is a law whose tails are not known so far out.
        """
        law, other = self.law, self.other
        if not isinstance(other, LineLaw):
            return Pair(law.wider(other.quadrature.low, other.quadrature.high), other) if roots and law.wider is not None else self
        (low, high), (first, last) = law.ends, other.ends
        if low < first or high > last:
            if other.wider is not None:
                other = other.wider(low, high)
            elif self.outside > 1e-12 + law.numerical_error:
                allowed = "a law whose density is known where the first has mass: that of a chain with random draws is not, in its far tails"
                raise InvalidParameter("other", f"a law known on [{first:.4g}, {last:.4g}]", allowed)
        if (first < low or last > high) and law.wider is not None:
            law = law.wider(first, last)
        return Pair(law, other)


def _edges(law: LineLaw) -> Tensor:
    return torch.cat([law.grid[:-1:_CELLS], law.grid[-1:]])


def normaliser_error(target: LineTarget) -> float:
    """The relative error of a target's density: that of its normaliser where it comes by quadrature, 0 for a closed form."""
    return 0.0 if type(target).log_density is not LineTarget.log_density else target.quadrature.error
