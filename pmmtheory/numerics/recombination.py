"""Fewer points with the same moments: a discrete law in place of another, with weights that stay positive.

Source: Tchakaloff 1957, that there are such; they come by nonnegative least squares (Lawson & Hanson 1974).
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.optimize import nnls

from pmmtheory.errors import NotConverged

_EPS = 2.0**-52

_OFF = 1e-9
"""What moments may be off by, relative to the largest of orthonormal polynomials."""


def recombined(points: np.ndarray, weights: np.ndarray, degree: int, faint: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Some of the points, with weights such that all moments up to a total degree are those of the whole.

    points : (n, dim); weights : (n,), which may be negative for some where there is a law with the same moments. At most C(degree + dim, dim) points are
    left; fewer are returned as they are. faint : polynomials that are smaller than this, over the largest, are rounding errors of the points.

    Raises
    ------
    NotConverged
        Where no weights that are positive have these moments.

    Examples
    --------
    >>> points, weights = np.random.default_rng(0).random((500, 2)), np.full(500, 1 / 500)
    >>> fewer, shares = recombined(points, weights, 4)
    >>> len(fewer) <= 15, bool(abs((shares * fewer[:, 0] ** 3 * fewer[:, 1]).sum() - (weights * points[:, 0] ** 3 * points[:, 1]).sum()) < 1e-13)
    (True, True)
    """
    if len(weights) <= math.comb(degree + points.shape[1], degree):
        return points, weights
    size = np.abs(weights)
    root = np.sqrt(size)
    left, sizes, _ = np.linalg.svd(root[:, None] * _polynomials(points, degree), full_matrices=False)
    basis = left[:, sizes > sizes[0] * max(faint, len(weights) * _EPS)]  # polynomials, orthonormal under the weights, times their roots
    shares, off = nnls(basis.T * root, basis.T @ (np.sign(weights) * root), maxiter=20 * len(weights))
    if off > _OFF:
        raise NotConverged(f"a law on {len(weights)} points with moments up to degree {degree}", float(off), _OFF)
    kept = shares > 0
    return points[kept], (size * shares)[kept]


def _polynomials(points: np.ndarray, degree: int) -> np.ndarray:
    """Products of Chebyshev polynomials of the coordinates, carried to [-1, 1], up to a total degree: (n, m)."""
    low, high = points.min(0), points.max(0)
    scaled = 2 * (points - low) / np.maximum(high - low, 1e-300) - 1
    known = [np.polynomial.chebyshev.chebvander(scaled[:, axis], degree) for axis in range(points.shape[1])]
    powers = (power for power in itertools.product(range(degree + 1), repeat=points.shape[1]) if sum(power) <= degree)
    return np.stack([np.prod([one[:, k] for one, k in zip(known, power, strict=True)], axis=0) for power in powers], 1)
