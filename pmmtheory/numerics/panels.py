"""Integrals over panels of the line, halved where a function is not yet resolved: kinks, jumps and narrow features included."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pmmtheory.numerics.interpolation import AT_A_NODE
from pmmtheory.numerics.rules import gauss_legendre

NODES = 8
"""Gauss-Legendre nodes in a panel."""

_HALVINGS = 48

_SMOOTH = 1 / 32
"""By how much the last coefficients of a smooth function fall at least when a panel is halved: those of degree 6 by 1/64."""


@dataclass(frozen=True)
class Integrals:
    """The integrals of several functions over the same panels.

    Attributes
    ----------
    values : (c,) tensor
    error : float
        What the rules may miss of the first function, summed over the panels, each of which came of halving: by how much the integral
        changed then, or a quarter of the two last Legendre coefficients if these fell by less than those of a smooth function do (at a
        kink the rule misses less than that), or ten times their square over the size, the largest of the three. Between an edge
        and the next node, which no coefficient sees, it is the difference at the edge from the polynomial through the nodes.
    edges : (m + 1,) tensor
        The panels that resolve it.
    """

    values: Tensor
    error: float
    edges: Tensor


def integrals(f: Callable[[Tensor], Tensor], edges: Tensor, goal: float = 1e-9, floor: float = 0.0, most: int = 20_000, share: float = 0.0) -> Integrals:
    """int f_0, ..., int f_{c-1} between the first and the last edge.

    f : maps points (m, k) to values (c, m, k), edges included. A panel is halved while its share of the error of f_0 matters: until the whole error
    is below `goal` times int |f_0|, or below `floor`, or below this share of the other integrals, where these are what f_0 is off by itself,
    or there are `most` panels: then the error says what is left.

    Examples
    --------
    >>> whole = integrals(lambda x: torch.abs(x - 0.3)[None], torch.tensor([0.0, 1.0], dtype=torch.float64))
    >>> round(float(whole.values[0]), 9), whole.error < 1e-9
    (0.29, True)
    """
    panels = _halved(f, _on_panels(f, edges[:-1], edges[1:]))
    for _ in range(_HALVINGS):
        others = share * float(panels.values[1:].sum())
        allowed = max(goal * float(panels.size.sum()), floor, others if math.isfinite(others) else 0.0)
        rough = panels.error > allowed / (4 * len(panels.error))
        if float(panels.error.sum()) <= allowed or len(panels.low) > most:
            break
        panels = _joined(panels.where(~rough), _halved(f, panels.where(rough)))
    low, high = panels.low, panels.high
    ends = torch.sort(torch.cat([low, high[high.argmax()][None]])).values
    return Integrals(panels.values.sum(1), float(panels.error.sum()), ends)


@dataclass(frozen=True)
class _Panels:
    """On each panel: the integrals, that of |f_0|, the error of the first, and its last Legendre coefficients."""

    low: Tensor
    high: Tensor
    values: Tensor
    size: Tensor
    error: Tensor
    last: Tensor

    def where(self, kept: Tensor) -> _Panels:
        return _Panels(*(part[..., kept] for part in self.parts))

    @property
    def parts(self) -> tuple[Tensor, ...]:
        return self.low, self.high, self.values, self.size, self.error, self.last


def _joined(one: _Panels, other: _Panels) -> _Panels:
    return _Panels(*(torch.cat(parts, -1) for parts in zip(one.parts, other.parts, strict=True)))


def _halved(f: Callable[[Tensor], Tensor], whole: _Panels) -> _Panels:
    """Both halves of every panel."""
    n, middle = len(whole.low), (whole.low + whole.high) / 2
    halves = _on_panels(f, torch.cat([whole.low, middle]), torch.cat([middle, whole.high]))
    change = torch.abs(halves.values[0, :n] + halves.values[0, n:] - whole.values[0]).repeat(2) / 2
    width = halves.high - halves.low
    rough = halves.last > _SMOOTH * whole.last.repeat(2) + 1e-14 * halves.size / width
    error = torch.maximum(torch.maximum(halves.error, change), torch.where(rough, halves.last / 4, 0.0) * width)
    return replace(halves, error=error)


def _on_panels(f: Callable[[Tensor], Tensor], low: Tensor, high: Tensor) -> _Panels:
    nodes, weights, last = (torch.as_tensor(part, device=low.device) for part in _rule())
    width = high - low
    values = f(torch.cat([low[:, None], low[:, None] + width[:, None] * nodes, high[:, None]], 1))
    values, ends = values[..., 1:-1], values[0][:, [0, -1]]
    tail, size = (values[0] @ last).abs().sum(-1), values[0].abs() @ weights
    unseen = torch.abs(values[0] @ torch.as_tensor(_at_ends(), device=low.device) - ends).sum(-1) * nodes[0]
    error = 10 * tail**2 / size.clamp_min(1e-300) + torch.minimum(unseen, unseen**2 / (1e-6 * size).clamp_min(1e-300))
    return _Panels(low, high, (values @ weights) * width, size * width, error * width, tail)


class Antiderivative:
    """int_{-inf}^x of a function of integral zero, given on panels.

    It is summed from the left up to the middle of its mass and from the right beyond, so that tails keep their digits.

    Parameters
    ----------
    edges : (m + 1,) tensor
        Panels that resolve the function, which vanishes outside.
    values : (m, NODES) tensor
        The function at the nodes of each panel.
    whole : bool
        Whether to sum from the left throughout, for a function whose integral is not zero.
    """

    def __init__(self, edges: Tensor, values: Tensor, whole: bool = False):
        self.edges = edges
        _, weights, _ = (torch.as_tensor(part, device=edges.device) for part in _rule())
        width = torch.diff(edges)
        masses = (values @ weights) * width
        zero = torch.zeros(1, dtype=edges.dtype, device=edges.device)
        left = torch.cat([zero, torch.cumsum(masses, 0)])
        right = -torch.cat([torch.flip(torch.cumsum(torch.flip(masses, [0]), 0), [0]), zero])
        size = torch.cumsum((values.abs() @ weights) * width, 0)
        self._middle = len(width) if whole else int(torch.searchsorted(size, size[-1] / 2))
        self._left, self._right, self._end = left, right, float(left[-1]) if whole else 0.0
        inner = (values @ torch.as_tensor(_inner().T, device=edges.device)) * width[:, None]
        self._coefficients = inner  # of the integral from the left edge, at the nodes

    @property
    def middle(self) -> float:
        """Where sums from the left end."""
        return float(self.edges[self._middle])

    def at(self, x: Tensor, f: Callable[[Tensor], Tensor]) -> Tensor:
        """At points (n,) between the edges, with all the digits that it has at the edges: the rest is a rule of its own on the function."""
        nodes, weights, _ = (torch.as_tensor(part, device=x.device) for part in _rule())
        panel = (torch.searchsorted(self.edges, x.contiguous(), right=True) - 1).clamp(0, len(self.edges) - 2)
        left = panel < self._middle
        start = torch.where(left, self.edges[panel], self.edges[panel + 1])
        rest = f(start[:, None] + (x - start)[:, None] * nodes) @ weights * (x - start)
        return torch.where(left, self._left[panel], self._right[panel + 1]) + rest

    def __call__(self, x: Tensor) -> Tensor:
        """At x of any shape."""
        edges = self.edges
        panel = (torch.searchsorted(edges, x.contiguous(), right=True) - 1).clamp(0, len(edges) - 2)
        share = ((x - edges[panel]) / (edges[panel + 1] - edges[panel])).clamp(0, 1)
        inner = _interpolated(self._coefficients[panel], share)
        mass = self._left[panel + 1] - self._left[panel]
        value = torch.where(panel < self._middle, self._left[panel] + inner, self._right[panel + 1] + (inner - mass))
        return torch.where(x < edges[0], 0.0, torch.where(x > edges[-1], self._end, value))


def nodes_of(edges: Tensor) -> Tensor:
    """The nodes of each panel, (m, NODES)."""
    nodes = torch.as_tensor(_rule()[0], device=edges.device)
    return edges[:-1, None] + torch.diff(edges)[:, None] * nodes


def weights_of(edges: Tensor) -> Tensor:
    """The weights of the nodes of each panel, (m, NODES)."""
    return torch.diff(edges)[:, None] * torch.as_tensor(_rule()[1], device=edges.device)


def halved(edges: Tensor) -> Tensor:
    """The edges with the middle of every panel."""
    return torch.sort(torch.cat([edges, (edges[:-1] + edges[1:]) / 2])).values


def joined(*parts: Tensor) -> Tensor:
    """The union of several sets of edges, without panels that rounding cannot tell from a point."""
    edges = torch.sort(torch.cat(parts)).values
    keep = torch.diff(edges, prepend=edges[:1] - 1) > 1e-13 * (edges[-1] - edges[0])
    return edges[keep]


def _interpolated(inner: Tensor, share: Tensor) -> Tensor:
    """The integral from the left edge, which vanishes there, at a share of the panel: by the polynomial through 0 and the values at the nodes."""
    nodes, weights = (torch.as_tensor(part, device=share.device) for part in _with_edge())
    ratio = weights / (share[..., None] - nodes).add_(AT_A_NODE)
    return torch.where(share == 0, 0.0, (ratio[..., 1:] * inner).sum(-1) / ratio.sum(-1))


@lru_cache(maxsize=1)
def _rule() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes and weights on [0, 1], and the (NODES, 2) matrix of the two last Legendre coefficients."""
    nodes, weights = gauss_legendre(NODES)
    basis = np.polynomial.legendre.legvander(2 * nodes - 1, NODES - 1)
    coefficients = basis * weights[:, None] * (2 * np.arange(NODES) + 1)
    return nodes, weights, coefficients[:, -2:]


@lru_cache(maxsize=1)
def _at_ends() -> np.ndarray:
    """The (NODES, 2) matrix of the polynomial through the nodes at both edges."""
    nodes = gauss_legendre(NODES)[0]
    basis = np.polynomial.legendre.legvander(2 * nodes - 1, NODES - 1)
    matrix: np.ndarray = (np.polynomial.legendre.legvander(np.array([-1.0, 1.0]), NODES - 1) @ np.linalg.inv(basis)).T
    return matrix


@lru_cache(maxsize=1)
def _with_edge() -> tuple[np.ndarray, np.ndarray]:
    """The left edge with the nodes, and barycentric weights."""
    nodes = np.concatenate([[0.0], gauss_legendre(NODES)[0]])
    return nodes, np.array([1 / np.prod(np.delete(x - nodes, k)) for k, x in enumerate(nodes)])


@lru_cache(maxsize=1)
def _inner() -> np.ndarray:
    """The matrix of the integrals from 0 to each node of the polynomial through the values at the nodes."""
    nodes, weights = gauss_legendre(NODES)
    basis = np.polynomial.legendre.legvander(2 * nodes - 1, NODES - 1)
    inside = np.array([weights @ np.polynomial.legendre.legvander(2 * x * nodes - 1, NODES - 1) * x for x in nodes])
    matrix: np.ndarray = inside @ np.linalg.inv(basis)
    return matrix
