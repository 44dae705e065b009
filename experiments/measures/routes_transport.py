"""W2 on the line, next to the integral of the squared difference of quantiles."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import ndtr, ndtri

from experiments.measures._routes import apart, compared, held
from pmmtheory import divergences
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LineLaw
from pmmtheory.laws.line.accuracy import Accuracy
from pmmtheory.noise.levels import Numbers
from pmmtheory.targets import GaussianMixture

Mixture = tuple[list[float], list[float], list[float]]
"""Weights, means and variances."""

_NEAR: Mixture = ([0.4, 0.6], [-0.5, 0.7], [1.0, 0.8])
_OTHER: Mixture = ([0.41, 0.59], [-0.51, 0.7], [1.01, 0.79])
_PAIRS: dict[str, tuple[Mixture, Mixture]] = {
    "near mixtures": (_NEAR, _OTHER),
    "mixtures far apart": (_NEAR, ([0.7, 0.3], [-1.5, 2.0], [0.5, 0.9])),
    "two modes that lie far apart": (([0.3, 0.7], [-3.0, 3.0], [0.5, 0.6]), ([0.5, 0.5], [-3.1, 2.8], [0.55, 0.5])),
}


_WITHIN: dict[str, float] = {
    "w2 of near mixtures": 1e-10,
    "w2 of near mixtures, both on grids": 1e-10,
    "w2 of mixtures far apart": 1e-10,
    "w2 of two modes that lie far apart": 1e-10,
    "w2 of two modes that lie far apart, both on grids": 1e-10,
}


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Of a law on a grid to a target, and to another law."""
    found = {}
    for words, (p, q) in _PAIRS.items():
        known = _by_quantiles(p, q)
        found[f"w2 of {words}"] = apart(float(divergences.w2(_law(p), GaussianMixture(*q))), known)
        if words != "mixtures far apart":
            found[f"w2 of {words}, both on grids"] = apart(float(divergences.w2(_law(p), _law(q))), known)
    return held(found, _WITHIN)


def _law(mixture: Mixture) -> LineLaw:
    target, grid = GaussianMixture(*mixture), torch.arange(-13, 13, 0.1, dtype=torch.float64)
    law = LineLaw(grid, target.density(grid), target.density, accuracy=Accuracy(floor=0.0))
    law.errors["resolution"] = 0.0
    return law


def _by_quantiles(p: Mixture, q: Mixture) -> float:
    """(int (P^-1 - Q^-1)^2)^1/2 over the levels Phi(z), by Gauss rules between points that are dense where a quantile may pass from mode to mode."""
    jumps = [float(ndtri(weights[0])) for weights, _, _ in (p, q)]
    near = [jump + sign * 2.0**-k for jump in jumps for sign in (-1, 1) for k in range(24)]
    edges = np.unique([*np.linspace(-8.2, 8.2, 42), *jumps, *near])
    nodes, shares = np.polynomial.legendre.leggauss(10)
    half = np.diff(edges) / 2
    z = (edges[:-1] + half + nodes[:, None] * half).reshape(-1)
    square = (_quantiles(p, z) - _quantiles(q, z)) ** 2 * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return math.sqrt(float(shares @ square.reshape(len(nodes), -1) @ half))


def _quantiles(mixture: Mixture, z: Numbers) -> Numbers:
    """By bisection, from the nearer end."""
    weights, means, variances = (np.array(part)[:, None] for part in mixture)
    low, high, sign = np.full(len(z), -20.0), np.full(len(z), 20.0), np.where(z < 0, 1.0, -1.0)
    level = ndtr(sign * z)
    for _ in range(60):
        middle = (low + high) / 2
        left = sign * ((weights * ndtr(sign * (middle - means) / np.sqrt(variances))).sum(0) - level) < 0
        low, high = np.where(left, middle, low), np.where(left, high, middle)
    found: Numbers = (low + high) / 2
    return found
