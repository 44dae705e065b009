"""Quadrature on the line for densities exp(-F): support, normaliser, distribution function, each with its error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import NotConverged, NotNormalisable
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.rules import gauss_legendre
from pmmtheory.targets.inverse import inverse
from pmmtheory.targets.panels import MOST, graded, settled
from pmmtheory.targets.region import DEPTH, Region, region
from pmmtheory.targets.rules import NODES, Function, Panels, offsets

__all__ = ["DEPTH", "LineQuadrature"]

_EPS = 2.0**-52


class LineQuadrature:
    """The normalised law exp(-F)/Z on the line, by panels of Gauss-Legendre rules.

    Panels are halved until a Gauss and a Lobatto rule, which share no node, agree about exp(-F) and about F,
    and are split where F' or F'' jumps.

    Parameters
    ----------
    potential : callable
        F, elementwise on float64 tensors.
    where : Region, optional
        What is known of the density; searched for otherwise.
    points : numbers
        Places that the search would miss: where F does something narrow.
    derivatives : pair of callables, optional
        -F' and F''; kinks are looked for where they are given.
    grain : float
        The widest panel that is allowed.

    Attributes
    ----------
    low, high : float
        The ends, beyond which the density is below exp(-42) of its maximum.
    edges : (n + 1,) tensor
        The panels, graded: none spans places where F changes at different scales.
    kinks, jumps : tuples of floats
        The places inside the support where F' or F'' jumps, and by how much F' does.
    outer : pair of floats
        The masses below and above the ends.
    errors : dict of names to floats
        What the normaliser may be off by, relatively: "resolution", "rounding", "tails".
    error : float
        Their sum.
    """

    def __init__(
        self,
        potential: Function,
        where: Region | None = None,
        points: Sequence[float] = (),
        derivatives: tuple[Function, Function] | None = None,
        grain: float = math.inf,
    ):
        self._potential = potential
        for depth in (1.0, 1.5, 2.0) if where is None else (1.0,):
            found = where or region(potential, points, DEPTH * depth)
            self.low, self.high, self.minimum, self.landmarks = found.low, found.high, found.minimum, found.landmarks
            noise = self._noise() if where is None else 0.0
            edges = graded(found, grain=grain if grain * MOST / 3 > self.high - self.low else math.inf)
            self._panels, self.kinks, self.jumps = settled(potential, self.minimum, edges, derivatives, noise)
            total = float(self._panels.mass.sum())
            ends = torch.tensor([self.low, self.high], dtype=torch.float64)
            below, above = (self._beyond(ends, torch.tensor([-1.0, 1.0], dtype=torch.float64)) / total).tolist()
            self.outer, tails = (below, above), below + above
            if tails < 1e-16:
                break
        self.edges = torch.as_tensor(np.append(self._panels.left, self._panels.right[-1]))
        rounding = float(self._panels.mass @ self._panels.rounding) / total + noise
        self.errors = {"resolution": float(self._panels.gap.sum()) / total, "rounding": rounding, "tails": tails}
        self.error = sum(self.errors.values())
        if not self.error < 1e-8:
            raise NotConverged("the normaliser of the potential", self.error, 1e-8)
        self._total = total
        self.log_normaliser = math.log(total) - self.minimum
        masses = torch.as_tensor(self._panels.mass) / total
        self._below, self._above = _sums(below, masses), _sums(above, masses.flip(0)).flip(0)

    @property
    def nodes(self) -> Tensor:
        """The nodes of the Gauss rule, shape (n, 24)."""
        return self._panels.x[:, :NODES]

    def log_density(self, x: Tensor) -> Tensor:
        """-F(x) - log Z."""
        return -self._potential(x) - self.log_normaliser

    def expect(self, f: Function) -> float:
        """E_pi f(X)."""
        panels = self._panels
        return float((f(panels.x[:, :NODES]) * panels.weight[:, :NODES]).sum()) / self._total

    def power(self, k: int, centre: float = 0.0) -> Estimate:
        """E (X - centre)^k, with panels added beyond the ends until nothing is left there.

        Raises
        ------
        NotNormalisable
            If the tails do not end.
        """
        panels, left = self._panels, 0.0
        if k:
            grown = self._beyond_the_ends(k, centre)
            panels, left = Panels.joined([*grown[0], panels]), grown[1]
        terms = offsets(panels, centre) ** k * panels.weight / self._total
        rows, others = terms[:, :NODES].sum(1), terms[:, NODES:].sum(1)
        value, size = float(rows.sum()), float(terms[:, :NODES].abs().sum())
        resolution = float((rows - others).abs().sum()) + (self.errors["resolution"] + self.errors["tails"]) * abs(value)
        return Estimate.of(value, "quadrature", resolution=resolution, rounding=(self.errors["rounding"] + (k + 4) * _EPS) * size, tails=left)

    @cached_property
    def mean(self) -> float:
        """E X, about the middle of the support so that its distance from the origin costs no digits."""
        middle = (self.low + self.high) / 2
        return middle + self.power(1, middle).value

    def cdf(self, x: Tensor) -> Tensor:
        """pi((-inf, x]), with the relative accuracy of the left tail."""
        return self._side(x, -1)

    def survival(self, x: Tensor) -> Tensor:
        """pi([x, inf)), with the relative accuracy of the right tail."""
        return self._side(x, 1)

    def quantile(self, u: Tensor) -> Tensor:
        """The inverse of cdf; 0 and 1 give infinities."""
        level = u.to(self.edges)
        last = self.edges.numel() - 2
        left = torch.clamp(torch.searchsorted(self._below, level.contiguous()) - 1, 0, last)
        right = last - torch.clamp(torch.searchsorted(self._above.flip(0), (1 - level).contiguous()) - 1, 0, last)
        panel = torch.where(level <= 0.5, left, right)
        low, high = self._bracketed(self.edges[panel], self.edges[panel + 1], level)
        return inverse(self._side, lambda x: torch.exp(self.log_density(x)), level, low, high).to(u)

    def _side(self, x: Tensor, side: int) -> Tensor:
        """The mass on one side of x."""
        edges = self.edges.to(x.device)
        sums = (self._below if side < 0 else self._above).to(x.device)
        y = x.clamp(self.low, self.high)
        panel = torch.clamp(torch.searchsorted(edges, y.contiguous(), right=True) - 1, 0, edges.numel() - 2)
        start = edges[panel] if side < 0 else edges[panel + 1]
        nodes, weights = (torch.as_tensor(a, device=x.device) for a in gauss_legendre(NODES))
        part = (torch.exp(self.log_density(start[..., None] + (y - start)[..., None] * nodes)) * weights).sum(-1) * torch.abs(y - start)
        mass = (sums[panel] if side < 0 else sums[panel + 1]) + part
        out = (x < self.low) if side < 0 else (x > self.high)
        if bool(out.any()):
            mass = torch.where(out, self._beyond(torch.where(out, x, self.low if side < 0 else self.high), side) / self._total, mass)
        return torch.clamp(mass, 0.0, 1.0)

    def _bracketed(self, low: Tensor, high: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """Brackets moved outwards for levels that lie beyond the ends."""
        reach = self.high - self.low
        under, over = (low <= self.low) & (level > 0), (high >= self.high) & (level < 1)
        for _ in range(60):
            under = under & (self._side(low, -1) > level)
            over = over & (self._side(high, 1) > 1 - level)
            if not bool((under | over).any()):
                break
            low, high = torch.where(under, low - reach, low), torch.where(over, high + reach, high)
            reach *= 2
        return low, high

    def _beyond(self, x: Tensor, side: Tensor | int) -> Tensor:
        """The integral of exp(minimum - F) from x outwards, for x at or beyond an end: three panels at the rate at which F grows there."""
        f = self._potential(x).detach()
        nodes, weights = (torch.as_tensor(a, device=x.device) for a in gauss_legendre(NODES))
        step = 1e-3 * (self.high - self.low)
        rate = ((self._potential(x + side * step).detach() - f) / step).nan_to_num(nan=math.inf).clamp_min(1 / (self.high - self.low))
        length = 45 / rate
        total = torch.zeros_like(x)
        for start, stop in ((0.0, 0.1), (0.1, 0.35), (0.35, 1.0)):
            at = x[..., None] + (side * length)[..., None] * (start + (stop - start) * nodes)
            total = total + (torch.exp(self.minimum - self._potential(at).detach()).nan_to_num(nan=0.0) * weights).sum(-1) * length * (stop - start)
        return torch.where(torch.isinf(x) | torch.isinf(f), 0.0, total)

    def _noise(self) -> float:
        """The rounding of F where the mass is: its second differences over a few units in the last place."""
        places = [p + t * (w or (self.high - self.low) / 20) for p, w in self.landmarks for t in (-1.3, -0.7, -0.2, 0.3, 0.9, 1.4)]
        x = torch.tensor(places, dtype=torch.float64)
        unit = torch.as_tensor(np.spacing(np.abs(x.numpy())))
        f = self._potential(torch.stack([x - 3 * unit, x, x + 3 * unit])).detach()
        rough = torch.abs(f[2] - 2 * f[1] + f[0])[f[1] < self.minimum + 10]
        return float(rough.nan_to_num(nan=0.0).max()) / 2 if rough.numel() else 0.0

    def _beyond_the_ends(self, k: int, centre: float) -> tuple[list[Panels], float]:
        """Panels outside the support for E (X - centre)^k, and what the last of them still held."""
        found, left = [], 0.0
        inside = float((offsets(self._panels, centre).abs() ** k * self._panels.weight)[:, :NODES].sum())
        for end, side in ((self.low, -1), (self.high, 1)):
            width, held, at = (self.high - self.low) / 12, math.inf, end
            for _ in range(60):
                a, b = sorted((at, at + side * width))
                panel = Panels.of(self._potential, self.minimum, np.array([a]), np.array([b]))
                held = float((offsets(panel, centre).abs() ** k * panel.weight)[:, :NODES].sum().nan_to_num(nan=0.0))
                if held == 0.0:
                    break
                found.append(panel)
                at, width = at + side * width, 1.5 * width
                if held < 1e-17 * inside:
                    break
            else:
                raise NotNormalisable("potential", f"tails that hold {held:.3g} of a moment of order {k} far out", "tails must be lighter than that")
            left += held / self._total
        return found, left


def _sums(first: float, masses: Tensor) -> Tensor:
    return first + torch.cat([torch.zeros(1, dtype=torch.float64), torch.cumsum(masses, 0)])
