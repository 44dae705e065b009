"""Laws on the line by their logarithms: a step is a sum of positive numbers at the points of a uniform grid, so that every density has all its digits."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp

Array = np.ndarray
Parts = list[tuple[float, float, float]]
"""Weights, means and variances."""

_NOISES, _DEPTH = 281, 12.0
"""Of a midpoint: how many, and how far out."""


def gaussian(x: Array, mean: Array | float, variance: float) -> Array:
    """The logarithm of a density."""
    return -((x - mean) ** 2) / (2 * variance) - math.log(2 * math.pi * variance) / 2


def mixture(parts: Parts) -> Callable[[Array], Array]:
    """That of a mixture."""
    return lambda x: logsumexp([math.log(w) + gaussian(x, m, v) for w, m, v in parts], axis=0)


def drift(parts: Parts) -> Callable[[Array], Array]:
    """The gradient of that."""

    def at(x: Array) -> Array:
        logs = np.array([math.log(w) + gaussian(x, m, v) for w, m, v in parts])
        shares = np.exp(logs - logs.max(0))
        return (shares * np.array([(m - x) / v for _, m, v in parts])).sum(0) / shares.sum(0)

    return at


def lmc(parts: Parts, step: float, x: Array, y: Array) -> Array:
    """The logarithm of the density of a step of LMC from x (n,) to y (m,)."""
    return gaussian(y[None], (x + step * drift(parts)(x))[:, None], 2 * step)


def poisson_midpoint(parts: Parts, step: float, x: Array, y: Array) -> Array:
    """That of the Poisson midpoint method of two substeps: with probability 1/2 the force is that half a step on, where noise of variance `step` went in."""
    force, z = drift(parts), np.linspace(-_DEPTH, _DEPTH, _NOISES)
    weights = gaussian(z, 0.0, 1.0) + math.log(z[1] - z[0])
    noise = math.sqrt(step) * z

    def moved(one: float) -> Array:
        means = one + step * force(one + step / 2 * force(np.array(one)) + noise) + noise
        return logsumexp(gaussian(y[None], means[:, None], step) + weights[:, None], axis=0)

    return np.logaddexp(lmc(parts, step, x, y), np.stack([moved(one) for one in x])) - math.log(2)


def after(log: Array, kernel: Array, spacing: float) -> Array:
    """The logarithm of a density a step later."""
    both = log[:, None] + kernel
    return logsumexp(both, axis=0) + math.log(spacing)


def invariant(kernel: Array, spacing: float) -> Array:
    """That of the stationary density, by elimination without a subtraction (Grassmann, Taksar and Heyman)."""
    matrix = np.exp(kernel) * spacing
    for k in range(len(matrix) - 1, 0, -1):
        matrix[:k, k] /= matrix[k, :k].sum()
        matrix[:k, :k] += np.outer(matrix[:k, k], matrix[k, :k])
    masses = np.zeros(len(matrix))
    masses[0] = 1.0
    for k in range(1, len(matrix)):
        masses[k] = masses[:k] @ matrix[:k, k]
    return np.log(masses / masses.sum() / spacing)


def renyi(log_p: Array, log_q: Array, spacing: float, order: float) -> float:
    """The Renyi divergence: from the power less what a mean of 1 and of its derivative leave, so that it keeps its digits next to 0."""
    p, q = np.exp(log_p), np.exp(log_q)
    return math.log1p(float((np.exp(order * log_p + (1 - order) * log_q) - q - order * (p - q)).sum()) * spacing) / (order - 1)


def kl(log_p: Array, log_q: Array, spacing: float) -> float:
    """KL(p|q)."""
    p, q = np.exp(log_p), np.exp(log_q)
    return float((p * (log_p - log_q) - p + q).sum()) * spacing
