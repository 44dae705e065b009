"""KL of a mixture of isotropic Gaussians, with means on one axis, from the standard Gaussian in dimension d: a sum over the radius and the angle.

With y = sqrt(d) e^s (cos, sin), in s the trapezoid rule, spectrally accurate, and for the cosine the Gauss rule of its law on the sphere; log p/q of a part
N(delta e, (1 + excess) I) is

    (d/2) [ e^(2s) excess/(1 + excess) - log(1 + excess) ] + ( sqrt(d) e^s cos delta - delta^2/2 )/(1 + excess),

small where the part is near the standard Gaussian, so that no digits are lost. Parts that are far along the axis take the trapezoid rule for their place on
it, and for the distance from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.special import gammainccinv, gammaincinv

from pmmtheory.errors import NotConverged

_NOTHING = 1e-19
"""A share of the mass that is left out at both ends of the radius."""

_DEPTH = 44.0
"""exp(-44) of the mass of a part is left out."""

_NEAR = 0.4

_FAR = 3.0
"""Standard deviations from the centre up to which polynomials of the cosine see a part."""

_PLACES = 4000
"""On the axis, where parts are farther."""


@dataclass(frozen=True)
class Resolution:
    """The spacing of s over 1/sqrt(d), and the number of nodes for the cosine."""

    spacing: float
    angles: int


FINE, COARSE, OTHER = Resolution(0.09, 14), Resolution(0.131, 11), Resolution(0.113, 12)


@dataclass(frozen=True)
class Around:
    """The divergence, and the share of the mass of the mixture that the nodes do not see."""

    kl: float
    unseen: float


def kl_around_axis(dim: int, weights: np.ndarray, shifts: np.ndarray, excess: np.ndarray, at: Resolution) -> Around:
    """sum_q weights[q] N(shifts[q] e, (1 + excess[q]) I) against N(0, I)."""
    if len(weights) == 1:
        return Around(float(dim * wider(excess)[0] + shifts[0] ** 2) / 2, 0.0)
    if dim > 1 and float(np.abs(shifts[_seen(weights)]).max()) > _FAR:
        return _beside_axis(dim, weights, shifts, excess, at)
    s, step = _radii(dim, weights, shifts, excess, at.spacing)
    log_q, inner = _log_radius(dim, s, step), _of_radius(dim, dim, s, excess)
    total = mass = 0.0
    for cosine, share in zip(*cosines(dim, at.angles), strict=True):
        logs = inner + (math.sqrt(dim) * np.exp(s)[:, None] * cosine * shifts - shifts**2 / 2) / (1 + excess)
        value, there = _terms(logs, weights, log_q)
        total, mass = total + float(share) * value * step, mass + float(share) * there * step
    return Around(total, abs(mass - 1))


def _beside_axis(dim: int, weights: np.ndarray, shifts: np.ndarray, excess: np.ndarray, at: Resolution) -> Around:
    """The same by the place on the axis and the distance from it, where parts are far along the axis: no polynomial of the cosine sees them."""
    some, beside = _seen(weights), dim - 1
    spread = np.sqrt((1 + excess[some]) * 2 * np.maximum(_DEPTH + np.log(weights[some]), 0.0))
    low, high = (float(side(np.append(shifts[some] + sign * spread, sign * math.sqrt(2 * _DEPTH)))) for side, sign in ((np.min, -1), (np.max, 1)))
    step_y = at.spacing * math.sqrt(1 + min(float(excess[some].min()), 0.0))
    count = math.ceil((high - low) / step_y) + 1
    if count > _PLACES:
        raise NotConverged(f"the path KL of chains whose steps part by {max(-low, high):.3g} standard deviations", math.nan, 1e-2)
    s, step = _radii(beside, weights, np.zeros_like(shifts), excess, at.spacing)
    log_q, inner = _log_radius(beside, s, step), _of_radius(dim, beside, s, excess)
    total = mass = 0.0
    for y in low + step_y * np.arange(count):
        logs = inner + (y * y * excess / 2 + y * shifts - shifts**2 / 2) / (1 + excess)
        value, there = _terms(logs, weights, log_q - y * y / 2 - math.log(2 * math.pi) / 2)
        total, mass = total + value * step * step_y, mass + there * step * step_y
    return Around(total, abs(mass - 1))


def _log_radius(dim: int, s: np.ndarray, step: float) -> np.ndarray:
    """The logarithm of the density of s where sqrt(dim) e^s is the length of a standard Gaussian vector: of what the nodes see all of."""
    log = -dim * (np.expm1(2 * s) / 2 - s)
    highest = float(log.max())
    normalised: np.ndarray = log - highest - math.log(float(np.exp(log - highest).sum()) * step)
    return normalised


def _of_radius(dim: int, turned: int, s: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """What the lengths sqrt(turned) e^s in `turned` of all dimensions, and the variances in all of them, are in log p/q of every part."""
    grown: np.ndarray = (turned * np.exp(2 * s)[:, None] * (excess / (1 + excess)) - dim * np.log1p(excess)) / 2
    return grown


def _terms(logs: np.ndarray, weights: np.ndarray, log_q: np.ndarray) -> tuple[float, float]:
    """The sums of q (r log r - r + 1) and of q r for r = sum_q weights exp(logs)."""
    most = logs.max(1)
    highest = np.maximum(most, 0.0)
    log = highest + np.log(np.maximum(np.exp(logs - highest[:, None]) @ weights, 1e-300))
    q, p = np.exp(log_q), np.exp(log_q + log)
    values = p * (log - 1) + q
    if (near := np.flatnonzero((np.abs(log) < _NEAR) & (most < 1.0))).size:
        values[near] = q[near] * entropy(np.expm1(logs[near]) @ weights)
    return float(values.sum()), float(p.sum())


def entropy(u: np.ndarray) -> np.ndarray:
    """(1 + u) log(1 + u) - u, by its series near 0."""
    series = u * u * (1 / 2 - u * (1 / 6 - u * (1 / 12 - u * (1 / 20 - u * (1 / 30 - u * (1 / 42 - u / 56))))))
    value: np.ndarray = np.where(np.abs(u) < 3e-3, series, (1 + u) * np.log1p(u) - u)
    return value


def wider(excess: np.ndarray) -> np.ndarray:
    """u - log(1 + u), by its series near 0: twice KL of N(0, 1 + u) from N(0, 1)."""
    series = excess**2 * (1 / 2 - excess * (1 / 3 - excess * (1 / 4 - excess * (1 / 5 - excess / 6))))
    value: np.ndarray = np.where(np.abs(excess) < 1e-3, series, excess - np.log1p(excess))
    return value


def _radii(dim: int, weights: np.ndarray, shifts: np.ndarray, excess: np.ndarray, spacing: float) -> tuple[np.ndarray, float]:
    """The s that see every part, down to exp(-44) of the mass, and their spacing."""
    low, high = (math.sqrt(2 * float(f(dim / 2, _NOTHING))) for f in (gammaincinv, gammainccinv))
    seen = _seen(weights)
    depth = np.sqrt(2 * np.maximum(_DEPTH + np.log(weights[seen]), 0.0))
    widths = np.sqrt(1 + excess[seen])
    top = max(high, float((np.abs(shifts[seen]) + widths * np.minimum(high, math.sqrt(dim) + depth)).max()))
    bottom = min(low, low * float(widths.min()))
    step = spacing / math.sqrt(dim)
    first, last = math.log(max(bottom, 1e-18) / math.sqrt(dim)), math.log(top / math.sqrt(dim))
    return np.arange(math.floor(first / step), math.ceil(last / step) + 1) * step, step


def _seen(weights: np.ndarray) -> np.ndarray:
    """Whose mass matters."""
    found: np.ndarray = weights > math.exp(-_DEPTH)
    return found


@lru_cache(maxsize=64)
def cosines(dim: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The Gauss rule of the first coordinate of a uniform point on the sphere in R^d."""
    if dim == 1:
        return np.array([-1.0, 1.0]), np.array([0.5, 0.5])
    k, half = np.arange(2.0, n), (dim - 2) / 2
    square = np.concatenate([[1 / dim], k * (k + 2 * half - 1) / (4 * (k + half) * (k + half - 1))])
    nodes, vectors = eigh_tridiagonal(np.zeros(n), np.sqrt(square[: n - 1]))
    return nodes, vectors[0] ** 2
