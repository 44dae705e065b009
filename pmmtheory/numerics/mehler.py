"""What a Gaussian that remembers a share of itself knows of its past, on the nodes of a Gauss-Hermite rule."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.polynomial.hermite_e import hermevander

from pmmtheory.numerics.rules import gauss_hermite


@lru_cache(maxsize=256)
def mehler(nodes: int, kept: float) -> np.ndarray:
    """The matrix of f -> E[f(V) | V' = node], V = sqrt(kept) V' + sqrt(1 - kept) Z, which is sum_k kept^(k/2) f_k He_k.

    Exact for polynomials of degree below `nodes`.
    """
    values = hermevander(gauss_hermite(nodes)[0], nodes - 1)
    matrix: np.ndarray = (values * kept ** (np.arange(nodes) / 2)) @ hermite_coefficients(nodes)
    return matrix


@lru_cache(maxsize=64)
def hermite_coefficients(nodes: int) -> np.ndarray:
    """The matrix (nodes, nodes) from values at the nodes to f_k = E[f He_k] / k!."""
    places, weights = gauss_hermite(nodes)
    factorials = np.array([math.factorial(k) for k in range(nodes)], dtype=np.float64)
    matrix: np.ndarray = (hermevander(places, nodes - 1) * weights[:, None] / factorials).T
    return matrix
