"""Integrals of the quantile function of a target on the line, to the accuracy of its distribution function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pmmtheory.numerics.rules import gauss_legendre
from pmmtheory.targets.gaussian import normal_cdf
from pmmtheory.targets.line import LineTarget

_CHUNK = 1 << 17
_REACH = 9.0
_PER_SD = 50
_PANELS = (1024, 2048, 4096, 8192)
_WHOLE, _PART = 16, 8
"""Nodes of the Gauss rules over a panel, and from its left end to a point in it."""

Below = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
"""The density, the mass and the first moment about the centre up to every point of a tensor."""


@dataclass(frozen=True)
class QuantileSums:
    """S(u) = int_0^u Q for the quantile function Q of Y - centre, E Y = centre.

    S(u) = max over q of u q - int_{-inf}^q F: at a q near Q(u) it is M(q) + q (u - F(q)), with F and M the mass and the first moment up to q,
    and off by no more than (F(q) - u)(q - Q(u)), the product of two small errors.

    Attributes
    ----------
    centre, second : float
        E Y, and the variance.
    table : (m,) tensor
        Points between which the quantiles are sought, about the centre, and `masses` up to them.
    below : callable
    error : float
        What the variance may be off by.
    """

    centre: float
    second: float
    table: Tensor
    masses: Tensor
    below: Below
    error: float

    def cells(self, n: int) -> tuple[Tensor, float]:
        """S(i/n) - S((i - 1)/n) for i = 1..n, and the largest error of an S(i/n)."""
        u = torch.arange(1, n, dtype=torch.float64) / n
        pieces = [self._upto(part) for part in torch.split(u, _CHUNK)]
        inner = torch.cat([piece[0] for piece in pieces]) if pieces else u
        zero = torch.zeros(1, dtype=torch.float64)
        return torch.diff(torch.cat([zero, inner, zero])), max((piece[1] for piece in pieces), default=0.0)

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """n sorted points of Y - centre, by a straight line between the points of the table."""
        u = torch.sort(torch.rand(n, generator=generator, dtype=torch.float64)).values
        return torch.as_tensor(np.interp(u.numpy(), self.masses.numpy(), self.table.numpy()))

    def _upto(self, u: Tensor) -> tuple[Tensor, float]:
        """S at u, and the largest error."""
        place = torch.searchsorted(self.masses, u).clamp(1, len(self.table) - 1)
        low, high = self.table[place - 1], self.table[place]
        start, stop = self.masses[place - 1], self.masses[place]
        q = low + (high - low) * ((u - start) / (stop - start).clamp_min(1e-300)).clamp(0, 1)
        for _ in range(60):
            density, mass, first = self.below(q)
            gap = mass - u
            low, high = torch.where(gap <= 0, q, low), torch.where(gap >= 0, q, high)
            off = ((gap.abs() + 2.0**-52) * (high - low)).max()
            if float(gap.abs().max()) <= 4e-15 or float(off) <= 1e-15 * math.sqrt(self.second):
                break
            newton = q - gap / density.clamp_min(1e-300)
            q = torch.where((newton > low) & (newton < high), newton, (low + high) / 2)
        return first + q * (u - mass), float(off)


def quantile_sums(target: LineTarget) -> QuantileSums:
    """In closed form for Gaussians and mixtures, by panels of Gauss rules for other targets."""
    return _by_panels(target) if target.components is None else _mixture(*target.components)


def _mixture(weights: Tensor, means: Tensor, variances: Tensor) -> QuantileSums:
    centre = float(means[0]) + float(weights @ (means - means[0]))
    m, s = means - centre, torch.sqrt(variances)
    m = m - weights @ m
    table = torch.sort((m + s * torch.linspace(-_REACH, _REACH, int(2 * _REACH * _PER_SD) + 1, dtype=torch.float64)[:, None]).reshape(-1)).values

    def below(q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        density, mass, first = torch.zeros_like(q), torch.zeros_like(q), torch.zeros_like(q)
        for w, centre_k, s_k in zip(weights.tolist(), m.tolist(), s.tolist(), strict=True):
            z = (q - centre_k) / s_k
            bell, share = torch.exp(-z * z / 2) * (w / math.sqrt(2 * math.pi)), w * normal_cdf(z)
            density, mass, first = density + bell / s_k, mass + share, first + centre_k * share - s_k * bell
        return density, mass, first

    masses = torch.cummax(below(table)[1], 0).values
    second = float(weights @ (variances + m * m))
    return QuantileSums(centre, second, table, masses, below, 8 * 2.0**-52 * second)


def _by_panels(target: LineTarget) -> QuantileSums:
    base = _edges(target)

    def moments(edges: Tensor, centre: float, count: int = _WHOLE) -> Tensor:
        nodes, rule = (torch.as_tensor(a) for a in gauss_legendre(count))
        width = torch.diff(edges)
        y = edges[:-1, None] + width[:, None] * nodes
        density = target.density(y)
        return torch.stack([(density * (y - centre) ** k) @ rule * width for k in range(3)])

    edges, previous = base, math.inf
    for panels in _PANELS:
        times = max(1, math.ceil(panels / (len(base) - 1)))
        edges = torch.cat([torch.lerp(base[:-1, None], base[1:, None], torch.arange(times, dtype=torch.float64) / times).reshape(-1), base[-1:]])
        start = float(edges[len(edges) // 2])
        mass, first, _ = moments(edges, start).sum(-1).tolist()
        centre = start + first / mass
        found = moments(edges, centre)
        second = float(found[2].sum()) / mass
        change, previous = abs(second - previous), second
        if change <= 1e-13 * second:
            break
    masses, firsts = (torch.cat([torch.zeros(1, dtype=torch.float64), torch.cumsum(part, 0)]) / mass for part in found[:2])
    table = edges - centre
    short = float((moments(edges, centre, _PART)[:2] - found[:2]).abs().max()) / mass
    nodes, rule = (torch.as_tensor(a) for a in gauss_legendre(_PART))

    def below(q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        panel = torch.searchsorted(table, q.contiguous(), right=True).clamp(1, len(table) - 1) - 1
        width = q - table[panel]
        y = table[panel, None] + width[:, None] * nodes
        density = target.density(y + centre) / mass
        return target.density(q + centre) / mass, masses[panel] + density @ rule * width, firsts[panel] + (density * y) @ rule * width

    return QuantileSums(centre, second, table, masses, below, change + 1e-14 * second + 2 * short * float(table[-1] - table[0]))


def _edges(target: LineTarget) -> Tensor:
    """The panels of the target's own quadrature, cut at the kinks that it names."""
    edges = getattr(target.quadrature, "_edges", None)
    if edges is None:
        edges = torch.linspace(target.quadrature.low, target.quadrature.high, _PANELS[0] + 1, dtype=torch.float64)
    kinks = [kink for kink in getattr(target, "kinks", ()) if float(edges[0]) < kink < float(edges[-1])]
    cut: Tensor = torch.unique(torch.cat([edges, torch.tensor(kinks, dtype=torch.float64)]))
    return cut
