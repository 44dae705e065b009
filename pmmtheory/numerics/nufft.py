"""Masses anywhere on the line, each blurred by a Gaussian, on a uniform grid: a nonuniform fast Fourier transform.

Each mass is spread over the nearest points of a grid twice as fine by a narrow kernel, whose transform is divided out again where
those of the Gaussians are multiplied in. Source: Barnett, Magland & af Klinteberg 2019 (SIAM J. Sci. Comput. 41, C479).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import Tensor

from pmmtheory.numerics.chebyshev import chebyshev
from pmmtheory.numerics.rules import gauss_legendre

_FEW = 25_000
"""Pairs of a mass and a point of the grid that are not worth a transform."""

_CHUNK = 10_000
"""Masses spread at once: what is computed of them stays in the cache."""


def blurred(points: Tensor, masses: Tensor, deviations: Tensor, grid: Tensor, digits: int = 13, band: float = math.inf) -> Tensor:
    """sum_gi masses[g, i] N(grid; points[g, i], deviations[g]^2) times the spacing, band limited to what the grid can hold and to `band`.

    points, masses : (g, m); deviations : (g,), zero for no blur; grid : (n,), uniform. What lies far beyond the grid is left out.
    The error is about 10^-digits of the mass.

    Examples
    --------
    >>> grid = torch.linspace(-6, 6, 61, dtype=torch.float64)
    >>> one = torch.ones((1, 1), dtype=torch.float64)
    >>> round(float(blurred(0.3 * one, one, one[0], grid)[30]), 12) == round(0.2 * math.exp(-0.045) / math.sqrt(2 * math.pi), 12)
    True
    """
    n, spacing, device = len(grid), float(grid[1] - grid[0]), grid.device
    width = min(max(digits, 3), 14) + 1
    size = next_fast_len(n + max(2 * width, n // 4), real=True)
    margin = (size - n) // 2
    start, fine = float(grid[0]) - margin * spacing, 2 * size
    place = (points - start) * (2 / spacing)
    masses, place = torch.where((place >= 0) & (place < fine), masses, 0.0), place.clamp_(0, fine - 1)
    if points.numel() * n <= _FEW and band == math.inf and bool((deviations > 0).all()):
        return _summed(points, masses, deviations, grid) * spacing
    groups = max(1, _CHUNK // points.shape[1])
    k = 2 * math.pi / (size * spacing) * torch.arange(size // 2 + 1, dtype=torch.float64, device=device)
    damping, parts = -(k**2) / 2, []
    for first in range(0, len(place), groups):
        some = slice(first, first + groups)
        waves = torch.fft.rfft(_spread(place[some], masses[some], fine, width))[:, : size // 2 + 1]
        parts.append((waves * torch.exp(damping * deviations[some, None] ** 2)).sum(0))
    spectrum = (parts[0] if len(parts) == 1 else torch.stack(parts).sum(0)) / torch.as_tensor(kernel_transform(width, size), device=device)
    if band < math.inf:
        spectrum = torch.where(k <= band, spectrum, 0.0)
    if size % 2 == 0:
        spectrum[-1] = 0.0  # the grid cannot tell its phase
    found: Tensor = torch.fft.irfft(spectrum * _share(masses, float(spectrum[0].real)), n=size)
    return found[margin : margin + n]


def _summed(points: Tensor, masses: Tensor, deviations: Tensor, grid: Tensor) -> Tensor:
    """The sum of Gaussians itself."""
    z = (grid - points.flatten()[:, None]).square_().mul_((-0.5 / deviations**2).repeat_interleave(points.shape[1])[:, None])
    return (masses / (math.sqrt(2 * math.pi) * deviations[:, None])).flatten() @ z.exp_()


def _share(masses: Tensor, found: float) -> float:
    """By what a sum is off, whose whole mass is known exactly: not where masses of both signs cancel."""
    whole = float(masses.sum())
    return whole / found if whole > 0.9 * float(masses.abs().sum()) else 1.0


def _spread(place: Tensor, masses: Tensor, size: int, width: int) -> Tensor:
    """Masses (g, m) at places in [0, size), in units of a periodic grid, spread by the kernel: (g, size)."""
    groups, period = place.shape[0], size + 2 * width
    offsets = torch.arange(width, device=place.device)[:, None]
    start = width + period * torch.arange(groups, device=place.device)[:, None]
    padded = torch.zeros(groups * period, dtype=torch.float64, device=place.device)
    some, kernel = max(1, _CHUNK // groups), torch.as_tensor(kernel_polynomials(width), device=place.device)
    for begin in range(0, place.shape[1], some):
        at, weights = place[:, begin : begin + some], masses[:, begin : begin + some]
        first = torch.ceil(at - width / 2)
        share = ((first - at) * 2 + (width - 1)).reshape(-1)
        powers = share.new_empty((kernel.shape[1], len(share)))
        powers[0] = weights.reshape(-1)
        for k in range(1, len(powers)):
            torch.mul(share, powers[k - 1], out=powers[k])
        column = (first.to(torch.long) + start).reshape(-1) + offsets
        padded.scatter_add_(0, column.reshape(-1), (kernel @ powers).reshape(-1))
    padded = padded.reshape(groups, -1)
    result = padded[:, width:-width]
    result[:, -width:] += padded[:, :width]
    result[:, :width] += padded[:, -width:]
    return result


def steepness(width: int) -> float:
    """beta of the kernel exp(beta (sqrt(1 - z^2) - 1)) for a grid that is twice as fine as needed."""
    return 2.3 * width


@lru_cache(maxsize=16)
def kernel_polynomials(width: int) -> np.ndarray:
    """The kernel at each of the points that it covers as a polynomial, shape (width, terms), by powers of t in [-1, 1); the first point is at
    (t + 1)/width - 1."""
    long, (angles, told) = np.longdouble, chebyshev(width + 2)
    z = (np.cos(angles) + 1) / width - 1 + long(2) / width * np.arange(width)[:, None]
    values = np.exp(long(steepness(width)) * (np.sqrt(np.clip(1 - z**2, 0, None)) - 1))
    return np.array([np.polynomial.chebyshev.cheb2poly(row) for row in values @ told.T]).astype(np.float64)


@lru_cache(maxsize=256)
def kernel_transform(width: int, size: int) -> np.ndarray:
    """The Fourier transform of the kernel at the frequencies kept."""
    nodes, weights = gauss_legendre(60)
    z = 2 * nodes - 1
    kernel = np.exp(steepness(width) * (np.sqrt(1 - z**2) - 1)) * weights * width
    k = math.pi / size * np.arange(size // 2 + 1)
    transform: np.ndarray = np.cos(np.outer(k, z * width / 2)) @ kernel
    return transform
