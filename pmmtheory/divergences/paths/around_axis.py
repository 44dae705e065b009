"""KL of a mixture of isotropic Gaussians, with means on one axis, from the standard Gaussian in dimension d: a sum over the radius and the angle.

With y = sqrt(d) e^s (cos, sin), in s the trapezoid rule, spectrally accurate, and for the cosine the Gauss rule of its law on the sphere; log p/q of a part
N(delta e, (1 + excess) I) is

    (d/2) [ e^(2s) excess/(1 + excess) - log(1 + excess) ] + ( sqrt(d) e^s cos delta - delta^2/2 )/(1 + excess),

small where the part is near the standard Gaussian, so that no digits are lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.special import gammainccinv, gammaincinv, gammaln

_NOTHING = 1e-19
"""A share of the mass that is left out at both ends of the radius."""

_DEPTH = 44.0
"""exp(-44) of the mass of a part is left out."""

_NEAR = 0.4


@dataclass(frozen=True)
class Resolution:
    """The spacing of s over 1/sqrt(d), and the number of nodes for the cosine."""

    spacing: float
    angles: int


FINE, COARSE, OTHER = Resolution(0.09, 14), Resolution(0.131, 11), Resolution(0.113, 12)


def kl_around_axis(dim: int, weights: np.ndarray, shifts: np.ndarray, excess: np.ndarray, at: Resolution) -> float:
    """sum_q weights[q] N(shifts[q] e, (1 + excess[q]) I) against N(0, I)."""
    s, step = _radii(dim, weights, shifts, excess, at.spacing)
    log_q = math.log(2) + dim / 2 * math.log(dim / 2) - float(gammaln(dim / 2)) + dim * s - dim / 2 * np.exp(2 * s)
    total = 0.0
    for cosine, share in zip(*cosines(dim, at.angles), strict=True):
        inner = dim / 2 * (np.exp(2 * s)[:, None] * (excess / (1 + excess)) - np.log1p(excess))
        logs = inner + (math.sqrt(dim) * np.exp(s)[:, None] * cosine * shifts - shifts**2 / 2) / (1 + excess)
        total += float(share) * float(_terms(logs, weights, log_q).sum()) * step
    return total


def _terms(logs: np.ndarray, weights: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """q (r log r - r + 1) for r = sum_q weights exp(logs)."""
    highest = np.maximum(logs.max(1), 0.0)
    log = highest + np.log(np.exp(logs - highest[:, None]) @ weights)
    u = np.expm1(np.minimum(logs, 1.0)) @ weights
    near = (np.abs(log) < _NEAR) & (logs.max(1) < 1.0)
    q = np.exp(log_q)
    found: np.ndarray = np.where(near, q * entropy(np.where(near, u, 0.0)), np.exp(log_q + log) * (log - 1) + q)
    return found


def entropy(u: np.ndarray) -> np.ndarray:
    """(1 + u) log(1 + u) - u, by its series near 0."""
    series = u * u * (1 / 2 - u * (1 / 6 - u * (1 / 12 - u * (1 / 20 - u * (1 / 30 - u * (1 / 42 - u / 56))))))
    value: np.ndarray = np.where(np.abs(u) < 3e-3, series, (1 + u) * np.log1p(u) - u)
    return value


def _radii(dim: int, weights: np.ndarray, shifts: np.ndarray, excess: np.ndarray, spacing: float) -> tuple[np.ndarray, float]:
    """The s that see every part, down to exp(-44) of the mass, and their spacing."""
    low, high = (math.sqrt(2 * float(f(dim / 2, _NOTHING))) for f in (gammaincinv, gammainccinv))
    seen = weights > math.exp(-_DEPTH)
    depth = np.sqrt(2 * np.maximum(_DEPTH + np.log(weights[seen]), 0.0))
    widths = np.sqrt(1 + excess[seen])
    top = max(high, float((np.abs(shifts[seen]) + widths * np.minimum(high, math.sqrt(dim) + depth)).max()))
    bottom = min(low, low * float(widths.min()))
    step = spacing / math.sqrt(dim)
    first, last = math.log(max(bottom, 1e-18) / math.sqrt(dim)), math.log(top / math.sqrt(dim))
    return np.arange(math.floor(first / step), math.ceil(last / step) + 1) * step, step


@lru_cache(maxsize=64)
def cosines(dim: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The Gauss rule of the first coordinate of a uniform point on the sphere in R^d."""
    if dim == 1:
        return np.array([-1.0, 1.0]), np.array([0.5, 0.5])
    k, half = np.arange(2.0, n), (dim - 2) / 2
    square = np.concatenate([[1 / dim], k * (k + 2 * half - 1) / (4 * (k + half) * (k + half - 1))])
    nodes, vectors = eigh_tridiagonal(np.zeros(n), np.sqrt(square[: n - 1]))
    return nodes, vectors[0] ** 2
