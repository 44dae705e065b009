"""Functions known on a uniform grid: local interpolation of high order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

_POINTS = 12

_TOGETHER = 8_000
"""Places at which a function is interpolated together: what that takes stays in cache."""

AT_A_NODE = 1e-100
"""Stands for no gap: barycentric weights over it drown all others, and over no other gap do they feel it."""


def interpolate(values: Tensor, start: float, spacing: float, x: Tensor) -> Tensor:
    """Values at x of a function sampled at start + i spacing, by local polynomials of degree 11; x is clamped to the grid.

    values : (n,) with n >= 12;  x : any shape.
    """
    position = ((x - start) / spacing).clamp(0, values.shape[0] - 1).reshape(-1)
    return torch.cat([_interpolated(values, part) for part in position.split(_TOGETHER)]).reshape(x.shape)


def _interpolated(values: Tensor, position: Tensor) -> Tensor:
    """The same at positions in units of the spacing, (k,)."""
    n = values.shape[0]
    first = (position.to(torch.long) - (_POINTS // 2 - 1)).clamp(0, n - _POINTS)
    gaps = (position - first)[:, None] - torch.arange(_POINTS, dtype=values.dtype, device=values.device)
    weights = torch.as_tensor(_barycentric_weights(), dtype=values.dtype, device=values.device) / gaps.add_(AT_A_NODE)
    ones = torch.ones(_POINTS, dtype=values.dtype, device=values.device)  # sums of short rows are faster as products
    local = values.unfold(0, _POINTS, 1)[first]
    return (local.mul_(weights) @ ones) / (weights @ ones)


def band_limited(values: Tensor, start: float, spacing: float, x: Tensor) -> Tensor:
    """sum_i sinc((x - start)/spacing - i) values_i at x of shape (k,), for values (n, ...): the sines of all i are one but for their signs."""
    position = (x - start) / spacing
    nearest = torch.round(position)
    places = torch.arange(len(values), dtype=values.dtype, device=values.device)
    gaps = (position[:, None] - places).add_(AT_A_NODE)
    size = torch.sin(math.pi * (position - nearest + AT_A_NODE)) / math.pi * (1 - 2 * nearest.remainder(2))
    return torch.einsum("k,k...->k...", size, torch.tensordot((1 - 2 * places.remainder(2)) / gaps, values, 1))


def finer(values: Tensor, times: int) -> Tensor:
    """Band-limited functions, (n, ...), on a grid so many times as fine over the same period: their discrete Fourier transform is padded."""
    n = len(values)
    spectrum = torch.fft.rfft(values, dim=0)
    if n % 2 == 0:
        spectrum[-1] /= 2
    result: Tensor = torch.fft.irfft(spectrum, n=n * times, dim=0) * times
    return result


@lru_cache(maxsize=1)
def _barycentric_weights() -> np.ndarray:
    nodes = np.arange(_POINTS)
    return np.array([1 / np.prod(np.delete(k - nodes, k).astype(float)) for k in nodes])


def lagrange(nodes: Sequence[float], at: float) -> list[float]:
    """The weights of polynomial interpolation from the nodes to a point."""
    return [math.prod((at - other) / (node - other) for other in nodes if other != node) for node in nodes]


def piecewise_linear(x: Tensor, places: Tensor, values: Tensor) -> Tensor:
    """By straight lines between ascending places, and constant beyond them."""
    k = torch.searchsorted(places, x).clamp(1, max(1, len(places) - 1)).clamp_max(len(places) - 1)
    share = ((x - places[k - 1]) / (places[k] - places[k - 1]).clamp_min(1e-300)).clamp(0, 1)
    return torch.lerp(values[k - 1], values[k], share)
