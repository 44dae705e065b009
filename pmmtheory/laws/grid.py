"""Functions known on a uniform grid: local interpolation and integration of high order."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pmmtheory.targets.quadrature import gauss_legendre

_POINTS = 12


def interpolate(values: Tensor, start: float, spacing: float, x: Tensor) -> Tensor:
    """Values at x of a function sampled at start + i spacing, by local polynomials of degree 11; x is clamped to the grid.

    values : (n,) with n >= 12;  x : any shape.
    """
    n = values.shape[0]
    position = ((x - start) / spacing).clamp(0, n - 1)
    first = torch.clamp(torch.floor(position).to(torch.long) - _POINTS // 2 + 1, 0, n - _POINTS)
    offset = position - first
    nodes = torch.arange(_POINTS, dtype=values.dtype, device=values.device)
    gaps = offset[..., None] - nodes
    exact = gaps == 0
    weights = torch.as_tensor(_barycentric_weights(), dtype=values.dtype, device=values.device) / torch.where(exact, 1.0, gaps)
    weights = torch.where(exact.any(-1, keepdim=True), exact.to(values.dtype), weights)
    local = values[first[..., None] + torch.arange(_POINTS, device=values.device)]
    return (weights * local).sum(-1) / weights.sum(-1)


def cell_integrals(values: Tensor, spacing: float) -> Tensor:
    """The integrals over the n - 1 cells of the grid, by local polynomials of degree 11; the function vanishes outside."""
    half = _POINTS // 2 - 1
    padded = torch.nn.functional.pad(values, (half, half))
    weights = torch.as_tensor(_cell_weights(), dtype=values.dtype, device=values.device)
    return padded.unfold(0, _POINTS, 1) @ weights * spacing


def cumulative(values: Tensor, spacing: float, middle: int | None = None) -> Tensor:
    """int_{-inf}^{x_j} of a function of integral zero, from the left up to `middle` and from the right beyond: tails keep their digits."""
    cells = cell_integrals(values, spacing)
    zero = torch.zeros(1, dtype=values.dtype, device=values.device)
    left = torch.cat([zero, torch.cumsum(cells, 0)])
    right = -torch.cat([torch.flip(torch.cumsum(torch.flip(cells, [0]), 0), [0]), zero])
    middle = values.shape[0] // 2 if middle is None else middle
    return torch.cat([left[:middle], right[middle:]])


def absolute_integral(values: Tensor, start: float, spacing: float) -> float:
    """int |f| for a function on the grid whose whole integral is zero.

    It is the total variation of the antiderivative, whose turning points are the zeros of f: they are located on the
    interpolant, so that the kinks of |f| cost no accuracy.
    """
    total = cumulative(values, spacing)
    left = torch.nonzero(torch.sign(values[:-1]) * torch.sign(values[1:]) < 0).flatten()
    origin = start + left * torch.tensor(spacing, dtype=values.dtype, device=values.device)
    low, high = origin, origin + spacing
    sign = torch.sign(values[left])
    for _ in range(50):
        middle = (low + high) / 2
        before = interpolate(values, start, spacing, middle) * sign > 0
        low, high = torch.where(before, middle, low), torch.where(before, high, middle)
    nodes, weights = (torch.as_tensor(a, device=values.device) for a in gauss_legendre(8))
    inside = interpolate(values, start, spacing, origin[:, None] + (low - origin)[:, None] * nodes)
    turns = total[left] + (inside * weights).sum(-1) * (low - origin)
    return float(torch.diff(turns, prepend=turns.new_zeros(1), append=turns.new_zeros(1)).abs().sum())


@lru_cache(maxsize=1)
def _barycentric_weights() -> np.ndarray:
    nodes = np.arange(_POINTS)
    return np.array([1 / np.prod(np.delete(k - nodes, k).astype(float)) for k in nodes])


@lru_cache(maxsize=1)
def _cell_weights() -> np.ndarray:
    """Integrals of the Lagrange polynomials over the middle cell of their 12 nodes."""
    nodes, weights = gauss_legendre(_POINTS)
    x = _POINTS // 2 - 1 + nodes
    w = _barycentric_weights() / (x[:, None] - np.arange(_POINTS))
    integrals: np.ndarray = weights @ (w / w.sum(1, keepdims=True))
    return integrals
