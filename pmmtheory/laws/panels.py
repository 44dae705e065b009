"""Integrals over panels of the line, halved where a function is not yet resolved: kinks, jumps and narrow features included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pmmtheory.targets.quadrature import gauss_legendre

NODES = 8
"""Gauss-Legendre nodes in a panel."""

_HALVINGS = 48


@dataclass(frozen=True)
class Integrals:
    """The integrals of several functions over the same panels.

    Attributes
    ----------
    values : (c,) tensor
    error : float
        What the rules may miss of the first function: ten times the square of its two last Legendre coefficients over its size, summed
        over the panels. For a smooth function, whose coefficients fall like a power, the rule misses those of twice the degree;
        at a kink or a jump this is more than it misses. Between an edge and the next node, which no coefficient sees, it is the
        difference at the edge from the polynomial through the nodes.
    edges : (m + 1,) tensor
        The panels that resolve it.
    """

    values: Tensor
    error: float
    edges: Tensor


def integrals(f: Callable[[Tensor], Tensor], edges: Tensor, goal: float = 1e-9, floor: float = 0.0, most: int = 20_000) -> Integrals:
    """int f_0, ..., int f_{c-1} between the first and the last edge.

    f : maps points (m, k) to values (c, m, k), edges included. A panel is halved while its share of the error of f_0 matters: until the whole error
    is below `goal` times int |f_0|, or below `floor`, or there are `most` panels: then the error says what is left.

    Examples
    --------
    >>> whole = integrals(lambda x: torch.abs(x - 0.3)[None], torch.tensor([0.0, 1.0], dtype=torch.float64))
    >>> round(float(whole.values[0]), 9), whole.error < 1e-9
    (0.29, True)
    """
    low, high = edges[:-1], edges[1:]
    values, size, error = _on_panels(f, low, high)
    for _ in range(_HALVINGS):
        allowed = max(goal * float(size.sum()), floor)
        rough = error > allowed / (4 * len(error))
        if float(error.sum()) <= allowed or len(low) > most:
            break
        middle = (low[rough] + high[rough]) / 2
        halves = torch.cat([low[rough], middle]), torch.cat([middle, high[rough]])
        parts = _on_panels(f, *halves)
        fine = ~rough
        low, high = torch.cat([low[fine], halves[0]]), torch.cat([high[fine], halves[1]])
        values = torch.cat([values[:, fine], parts[0]], 1)
        size, error = torch.cat([size[fine], parts[1]]), torch.cat([error[fine], parts[2]])
    ends = torch.sort(torch.cat([low, high[high.argmax()][None]])).values
    return Integrals(values.sum(1), float(error.sum()), ends)


def _on_panels(f: Callable[[Tensor], Tensor], low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """On each panel: the integrals, that of |f_0|, and the error of the first."""
    nodes, weights, last = (torch.as_tensor(part, device=low.device) for part in _rule())
    width = high - low
    values = f(torch.cat([low[:, None], low[:, None] + width[:, None] * nodes, high[:, None]], 1))
    values, ends = values[..., 1:-1], values[0][:, [0, -1]]
    tail, size = (values[0] @ last).abs().sum(-1), values[0].abs() @ weights
    unseen = torch.abs(values[0] @ torch.as_tensor(_at_ends(), device=low.device) - ends).sum(-1) * nodes[0]
    return (
        (values @ weights) * width,
        size * width,
        (10 * tail**2 / size.clamp_min(1e-300) + torch.minimum(unseen, unseen**2 / (1e-6 * size).clamp_min(1e-300))) * width,
    )


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


def joined(*parts: Tensor) -> Tensor:
    """The union of several sets of edges, without panels that rounding cannot tell from a point."""
    edges = torch.sort(torch.cat(parts)).values
    keep = torch.diff(edges, prepend=edges[:1] - 1) > 1e-13 * (edges[-1] - edges[0])
    return edges[keep]


def _interpolated(inner: Tensor, share: Tensor) -> Tensor:
    """The integral from the left edge, which vanishes there, at a share of the panel: by the polynomial through 0 and the values at the nodes."""
    nodes, weights = (torch.as_tensor(part, device=share.device) for part in _with_edge())
    gaps = share[..., None] - nodes
    exact = gaps == 0
    ratio = weights / torch.where(exact, 1.0, gaps)
    ratio = torch.where(exact.any(-1, keepdim=True), exact.to(share.dtype), ratio)
    return (ratio[..., 1:] * inner).sum(-1) / ratio.sum(-1)


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
