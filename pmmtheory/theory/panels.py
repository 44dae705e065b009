"""Integrals of a target's drift and curvature against its density: panels of Gauss rules that follow both, cut where F'' jumps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache

import numpy as np
import torch
from torch import Tensor

from pmmtheory.numerics.rules import gauss_legendre
from pmmtheory.targets import GaussianMixture
from pmmtheory.targets.derivative import derivative
from pmmtheory.targets.line import LineTarget

_START = 48
_ROUNDS = 60
_MOST = 20_000
_GOAL = 1e-14
"""Of a whole integral, what halving one panel may change."""


class Points:
    """F' and F'' of a target at points x."""

    def __init__(self, target: LineTarget, x: Tensor):
        self.target, self.x = target, x
        self.slope, self.curvature = -target.drift(x).detach(), target.curvature(x).detach()

    def derivative(self, n: int) -> Tensor:
        """The n-th derivative of F, n > 0."""
        if n <= 2:
            return self.slope if n == 1 else self.curvature
        return _derivative(self.target, n)(self.x).detach()

    def antiderivative(self, f: Function) -> Tensor:
        """int f dx from an edge of a panel near the median."""
        raise NotImplementedError


Function = Callable[[Points], Tensor]


class Panels(Points):
    """F' and F'' at the nodes of a Gauss rule in every panel.

    Attributes
    ----------
    edges : (m + 1,) tensor
    x, slope, curvature, mass : (m, n) tensors
        The nodes, F' and F'' there, and density times weight: the masses sum to 1.
    """

    def __init__(self, target: LineTarget, edges: Tensor, nodes: int):
        points, weights = (torch.as_tensor(a) for a in gauss_legendre(nodes))
        self.edges, self.nodes, self.width = edges, nodes, torch.diff(edges)[:, None]
        super().__init__(target, edges[:-1, None] + self.width * points)
        self.weights = self.width * weights
        log = target.log_density(self.x).detach()
        self.log_density = log - torch.logsumexp((log + torch.log(self.weights)).reshape(-1), 0)
        self.mass = torch.exp(self.log_density) * self.weights

    def expect(self, values: Tensor) -> float:
        """E of a function given at the nodes."""
        return float((values * self.mass).sum())

    def antiderivative(self, f: Function) -> Tensor:
        values = f(self)
        right = values @ _upto(self.nodes).T * self.width
        return self.at_edges(values)[:-1, None] + right

    def at_edges(self, values: Tensor) -> Tensor:
        """The antiderivative of a function given at the nodes, at the edges."""
        whole = (values * self.weights).sum(-1)
        after, before = torch.cumsum(whole[self.middle :], 0), torch.cumsum(torch.flip(whole[: self.middle], [0]), 0)
        return torch.cat([-torch.flip(before, [0]), whole.new_zeros(1), after])

    def reaching(self, x: Tensor) -> Points:
        """These points, with antiderivatives from the edge before each."""
        return _Reaching(self, x)

    def from_left(self, values: Tensor) -> Tensor:
        """int_{low}^x at every node, of a function given at the nodes."""
        whole = (values * self.weights).sum(-1)
        return (torch.cumsum(whole, 0) - whole)[:, None] + values @ _upto(self.nodes).T * self.width

    def from_right(self, values: Tensor) -> Tensor:
        """int_x^{high} at every node."""
        whole = (values * self.weights).sum(-1)
        after = torch.flip(torch.cumsum(torch.flip(whole, [0]), 0), [0]) - whole
        return after[:, None] + values.flip(-1) @ _upto(self.nodes).T.flip(-1) * self.width

    @cached_property
    def middle(self) -> int:
        """The panel that holds the median."""
        return int(torch.searchsorted(torch.cumsum(self.mass.sum(-1), 0), 0.5).clamp_max(len(self.mass) - 1))


class _Reaching(Points):
    def __init__(self, panels: Panels, x: Tensor):
        super().__init__(panels.target, x)
        self._panels = panels

    def antiderivative(self, f: Function) -> Tensor:
        p = self._panels
        panel = (torch.searchsorted(p.edges, self.x.contiguous(), right=True) - 1).clamp(0, len(p.edges) - 2)
        points, weights = (torch.as_tensor(a) for a in gauss_legendre(p.nodes))
        start = p.edges[panel]
        part = f(Points(p.target, start[:, None] + (self.x - start)[:, None] * points)) @ weights * (self.x - start)
        return p.at_edges(f(p))[panel] + part


def _derivative(target: LineTarget, n: int) -> Callable[[Tensor], Tensor]:
    """The n-th derivative of F, from the curvature on by automatic differentiation."""
    if n == 2:
        return target.curvature
    lower = _derivative(target, n - 1)
    return lambda x: derivative(lower, x)


def panels(target: LineTarget) -> Tensor:
    """The edges of panels on which the density times 1, F'^4 and F''^2 is integrated to double precision, by halving those that are not."""
    edges = _first(target)
    low, high, kept, largest = edges[:-1], edges[1:], [edges[-1:]], torch.zeros(3, dtype=torch.float64)
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        whole, left, right = (_integrals(target, *ends) for ends in ((low, high), (low, middle), (middle, high)))
        largest = torch.maximum(largest, (left + right).sum(-1))
        poor = ((whole - left - right).abs() > _GOAL * largest[:, None]).any(0) & (high - low > 1e-14 * edges.abs().max())
        kept.append(low[~poor])
        low, middle, high = low[poor], middle[poor], high[poor]
        if not len(low) or sum(map(len, kept)) > _MOST:
            break
        low, high = torch.cat([low, middle]), torch.cat([middle, high])
    edges = torch.sort(torch.cat([*kept, low])).values
    return edges


def _integrals(target: LineTarget, low: Tensor, high: Tensor) -> Tensor:
    """The three integrals over every panel, (3, m)."""
    points, weights = (torch.as_tensor(a) for a in gauss_legendre(16))
    at = Points(target, low[:, None] + (high - low)[:, None] * points)
    mass = target.density(at.x).detach() * weights * (high - low)[:, None]
    return torch.stack([mass.sum(-1), (mass * at.slope**4).sum(-1), (mass * at.curvature**2).sum(-1)])


def refined(edges: Tensor, points: Sequence[float], share: float | None = None) -> Tensor:
    """The panels cut at some points, and where `share` is given each in two at this share of its width."""
    parts = [edges, torch.tensor([p for p in points if float(edges[0]) < p < float(edges[-1])], dtype=torch.float64)]
    cut: Tensor = torch.unique(torch.cat(parts))
    return cut if share is None else torch.sort(torch.cat([cut, torch.lerp(cut[:-1], cut[1:], share)])).values


def _first(target: LineTarget) -> Tensor:
    """Equal panels of the support, the kinks that the target names, and for a mixture a few standard deviations around every mode."""
    low, high = target.quadrature.low, target.quadrature.high
    points = list(getattr(target, "kinks", ()))
    if isinstance(target, GaussianMixture):
        sd = torch.sqrt(target.variances)
        points += [float(p) for k in (-4.0, -1.0, 1.0, 4.0) for p in target.means[:, 0] + k * sd]
    return refined(torch.linspace(low, high, _START + 1, dtype=torch.float64), points)


@lru_cache(maxsize=8)
def _upto(nodes: int) -> Tensor:
    """The integrals of the Lagrange polynomials of a Gauss rule on [0, 1] from 0 to every node: (node, polynomial)."""
    points, weights = gauss_legendre(nodes)
    legendre = np.polynomial.legendre
    basis = legendre.legvander(2 * points - 1, nodes - 1)
    coefficients = basis * weights[:, None] * (2 * np.arange(nodes) + 1)  # of the polynomial that is one at this node
    integrals = np.stack([legendre.legval(2 * points - 1, legendre.legint(row, lbnd=-1)) / 2 for row in coefficients], 1)
    return torch.as_tensor(integrals)
