"""Distances of pi (1 + a phi) from pi to leading order in a, by one rule on the panels of a target."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from pmmtheory.targets.line import LineTarget
from pmmtheory.theory.panels import Panels, Points, refined

_EPS = 2.0**-52

Phi = Callable[[Points], Tensor]
"""phi at points, up to a constant."""


class Expansion:
    """phi on panels that are cut at its zeros, where |phi| has kinks.

    Attributes
    ----------
    panels : Panels
    raw, phi : tensors
        At the nodes, before and after E phi is subtracted.
    """

    def __init__(self, target: LineTarget, edges: Tensor, nodes: int, phi: Phi):
        self._function, self._nodes = phi, nodes
        self._on(Panels(target, edges, nodes))
        for _ in range(2):  # where phi jumps inside a panel its mean, and all other zeros, are known once the jump is an edge
            edges = refined(edges, self._zeros())
            self._on(Panels(target, edges, nodes))

    @property
    def kl(self) -> float:
        """E phi^2 / 2."""
        return self.panels.expect(self.phi**2) / 2

    @property
    def tv(self) -> float:
        """E |phi| / 2."""
        return self.absolute / 2

    @property
    def w2(self) -> float:
        """(int (int_{-inf}^x phi pi)^2 / pi dx)^(1/2)."""
        return self._norm(self._flow(self.phi))

    @property
    def absolute(self) -> float:
        """E |phi|."""
        return self.panels.expect(self.phi.abs())

    @property
    def size(self) -> float:
        """What E |phi| would be without cancellation in phi."""
        return self.panels.expect(self.raw.abs()) + abs(self._mean)

    @cached_property
    def rounding(self) -> dict[str, float]:
        """What rounding may change: phi by a few units of what it is the difference of, and nodes far from the origin by units of their size."""
        p = self.panels
        unit = _EPS * (16 + 4 * float((p.x.abs() * torch.sqrt(p.curvature.abs())).max()))
        size = self.raw.abs() + abs(self._mean)
        flow = torch.minimum(self._sum(size, left=True), self._sum(size, left=False))
        tv = unit * p.expect(size) / 2
        return {"kl": unit * (p.expect(size * self.phi.abs()) + self.kl), "tv": tv + unit * self.tv, "w2": unit * (self._norm(flow) + self.w2)}

    @cached_property
    def ends(self) -> dict[str, float]:
        """What lies beyond the support: the integrands fall off at least like the density, whose scale there is 1/|F'|."""
        p, total = self.panels, {"kl": 0.0, "tv": 0.0, "w2": 0.0}
        for place in ((0, 0), (-1, -1)):
            mass = math.exp(float(p.log_density[place])) / max(abs(float(p.slope[place])), 1e-300)
            phi = abs(float(self.phi[place]))
            total["kl"] += mass * phi**2
            total["tv"] += mass * phi
            total["w2"] += mass * phi**2 / max(abs(float(p.slope[place])), 1e-300) ** 2
        w2 = self.w2
        return total | {"w2": total["w2"] / (w2 + math.sqrt(w2**2 + total["w2"])) if total["w2"] else 0.0}

    def at(self, points: Tensor) -> Tensor:
        """phi at points of any shape."""
        x = torch.as_tensor(points)
        return self._at(x.detach().to("cpu", torch.float64).reshape(-1)).reshape(x.shape).to(x)

    def _on(self, p: Panels) -> None:
        self.panels, self.raw = p, self._function(p)
        self._mean = p.expect(self.raw)
        self.phi = self.raw - self._mean

    def _zeros(self) -> list[float]:
        """Where phi changes sign, by bisection between the nodes, the edges and the turning points between them."""
        p = self.panels
        near = torch.lerp(p.edges[:-1, None], p.edges[1:, None], torch.tensor([1e-9, 1 - 1e-9], dtype=torch.float64)).reshape(-1)
        x = torch.cat([p.x.reshape(-1), near])
        phi = torch.cat([self.phi.reshape(-1), self._at(near)])
        x, phi = self._ordered(x, phi)
        turning = _turning(x, phi)
        x, phi = self._ordered(torch.cat([x, turning]), torch.cat([phi, self._at(turning)]))
        place = torch.nonzero(torch.sign(phi[:-1]) * torch.sign(phi[1:]) < 0).flatten()
        low, high, sign = x[place], x[place + 1], torch.sign(phi[place])
        for _ in range(36 if len(place) else 0):
            middle = (low + high) / 2
            before = self._at(middle) * sign > 0
            low, high = torch.where(before, middle, low), torch.where(before, high, middle)
        found: list[float] = ((low + high) / 2).tolist()
        return found

    @staticmethod
    def _ordered(x: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        order = torch.argsort(x)
        return x[order], values[order]

    def _at(self, x: Tensor) -> Tensor:
        """phi at points of shape (n,)."""
        return self._function(self.panels.reaching(x)) - self._mean

    def _sum(self, values: Tensor, left: bool) -> Tensor:
        p = self.panels
        weighted = values * torch.exp(p.log_density)
        return p.from_left(weighted) if left else p.from_right(weighted)

    def _flow(self, values: Tensor) -> Tensor:
        """int_{-inf}^x values pi of a function with mean zero, from the end that is nearer in mass."""
        left, right = self._sum(values, left=True), -self._sum(values, left=False)
        before = torch.arange(len(left))[:, None] < self.panels.middle
        return torch.where(before, left, right)

    def _norm(self, flow: Tensor) -> float:
        """(int flow^2 / pi)^(1/2)."""
        p = self.panels
        return math.sqrt(float(((flow * torch.exp(-p.log_density / 2)) ** 2 * p.weights).sum()))


def _turning(x: Tensor, values: Tensor) -> Tensor:
    """Where parabolas through three neighbours come nearest to zero, for values of one sign that are least in the middle."""
    left, here, right = values[:-2], values[1:-1], values[2:]
    least = (here.abs() <= left.abs()) & (here.abs() <= right.abs()) & (left * here > 0) & (here * right > 0)
    a, b, c = x[:-2][least], x[1:-1][least], x[2:][least]
    one, other = (here - left)[least] / (b - a), (right - here)[least] / (c - b)
    bend = (other - one) / (c - a)
    place = (a + b) / 2 - one / (2 * bend)
    kept: Tensor = place[(place > a) & (place < c)]
    return kept
