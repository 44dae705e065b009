"""Quadrature rules on the unit interval and for the standard normal."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.special
from numpy.polynomial.hermite_e import hermegauss


@lru_cache(maxsize=32)
def gauss_legendre(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the n-point Gauss-Legendre rule on [0, 1]."""
    nodes, weights = scipy.special.roots_legendre(n)
    return (nodes + 1) / 2, weights / 2


@lru_cache(maxsize=8)
def gauss_lobatto(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the n-point Gauss-Lobatto rule on [0, 1], exact for polynomials of degree 2n - 3; it has both ends."""
    inner, _ = scipy.special.roots_jacobi(n - 2, 1, 1)
    nodes = np.concatenate([[-1.0], inner, [1.0]])
    weights = 2 / (n * (n - 1) * scipy.special.eval_legendre(n - 1, nodes) ** 2)
    return (nodes + 1) / 2, weights / 2


@lru_cache(maxsize=64)
def gauss_hermite(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the n-point Gauss rule for the standard normal."""
    nodes, weights = hermegauss(n)
    return nodes, weights / weights.sum()
