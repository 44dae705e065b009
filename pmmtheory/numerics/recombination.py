"""Fewer points with the same moments: a discrete law in place of another, with weights that stay positive.

Source: Tchakaloff 1957, that there are such; they come by nonnegative least squares (Lawson & Hanson 1974).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

_EPS = 2.0**-52


def recombined(points: np.ndarray, weights: np.ndarray, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Some of the points, with weights such that all moments up to a total degree are those of the whole.

    points : (n, 2); weights : (n,), positive. At most (degree + 1)(degree + 2)/2 are left; fewer points are returned as they are.

    Examples
    --------
    >>> points, weights = np.random.default_rng(0).random((500, 2)), np.full(500, 1 / 500)
    >>> fewer, shares = recombined(points, weights, 4)
    >>> len(fewer) <= 15, bool(abs((shares * fewer[:, 0] ** 3 * fewer[:, 1]).sum() - (weights * points[:, 0] ** 3 * points[:, 1]).sum()) < 1e-13)
    (True, True)
    """
    if len(weights) <= (degree + 1) * (degree + 2) // 2:
        return points, weights
    root = np.sqrt(weights)
    left, sizes, _ = np.linalg.svd(root[:, None] * _polynomials(points, degree), full_matrices=False)
    basis = left[:, sizes > sizes[0] * len(weights) * _EPS]  # polynomials, orthonormal under the weights, times their roots
    shares, _ = nnls(basis.T * root, basis.T @ root, maxiter=20 * len(weights))
    kept = shares > 0
    return points[kept], (weights * shares)[kept]


def _polynomials(points: np.ndarray, degree: int) -> np.ndarray:
    """Products of Chebyshev polynomials of the coordinates, carried to [-1, 1], up to a total degree: (n, m)."""
    low, high = points.min(0), points.max(0)
    scaled = 2 * (points - low) / np.maximum(high - low, 1e-300) - 1
    first, second = (np.polynomial.chebyshev.chebvander(scaled[:, axis], degree) for axis in (0, 1))
    return np.stack([first[:, i] * second[:, j] for i in range(degree + 1) for j in range(degree + 1 - i)], 1)
