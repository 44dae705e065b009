"""Many affine steps as one."""

from __future__ import annotations

import numpy as np

from pmmtheory.noise.coefficients import AffineStep
from pmmtheory.noise.levels import Numbers


def composed(fine: AffineStep) -> tuple[Numbers, Numbers, Numbers]:
    """A, G and Gamma from fine step i to fine step j >= i, as (n + 1, n + 1) tables: one more fine step at a time.

    Examples
    --------
    >>> A, G, Gamma = composed(AffineStep(np.array([2.0, 3.0]), np.array([1.0, 1.0]), np.array([0.0, 1.0])))
    >>> float(A[0, 2]), float(G[0, 2]), float(Gamma[0, 2])
    (6.0, 4.0, 1.0)
    """
    n = len(fine.a)
    transport, response, variance = np.eye(n + 1), np.zeros((n + 1, n + 1)), np.zeros((n + 1, n + 1))
    for j, (a, b, noise) in enumerate(zip(*fine, strict=True)):
        begun = slice(0, j + 1)
        transport[begun, j + 1] = a * transport[begun, j]
        response[begun, j + 1] = a * response[begun, j] + b
        variance[begun, j + 1] = a**2 * variance[begun, j] + noise**2
    return transport, response, np.sqrt(variance)


def composed_over(fine: AffineStep, first: int, last: int) -> tuple[float, float, float]:
    """A, G and Gamma from fine step `first` to `last` >= first alone, where few of the table are asked for.

    Examples
    --------
    >>> composed_over(AffineStep(np.array([2.0, 3.0]), np.array([1.0, 1.0]), np.array([0.0, 1.0])), 0, 2)
    (6.0, 4.0, 1.0)
    """
    a, b, noise = (part[first:last] for part in fine)
    left = np.append(np.cumprod(a[::-1])[::-1], 1.0)  # the product of what multiplies from each fine step on
    return float(left[0]), float(b @ left[1:]), float(np.sqrt(noise**2 @ left[1:] ** 2))
