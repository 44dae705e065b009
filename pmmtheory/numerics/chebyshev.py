"""Chebyshev's nodes, and polynomials through values there: in extended precision, for coefficients whose rounding falls on all places alike."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

PI = np.longdouble("3.14159265358979323846264338327950288")


@lru_cache(maxsize=64)
def chebyshev(terms: int) -> tuple[np.ndarray, np.ndarray]:
    """The angles a_k = (k + 1/2) pi/n of the n nodes cos a_k, and the (n, n) matrix from values there to the coefficients of T_0, ..., T_{n-1}.

    Examples
    --------
    >>> angles, matrix = chebyshev(3)
    >>> bool(np.allclose(matrix.astype(float) @ np.cos(angles).astype(float) ** 2, [0.5, 0.0, 0.5]))
    True
    """
    angles = PI * (np.arange(terms) + np.longdouble(0.5)) / terms
    matrix = np.cos(np.arange(terms)[:, None] * angles) * (np.longdouble(2) / terms)
    matrix[0] /= 2
    return angles, matrix
