"""Many affine steps as one."""

from __future__ import annotations

import math

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
        variance[begun, j + 1] = a * a * variance[begun, j] + noise * noise
    return transport, response, np.sqrt(variance)


class Composed:
    """The same numbers one by one, each row of the tables only as far as it is asked for: a sampler needs few of them, and at once.

    Examples
    --------
    >>> Composed(AffineStep(np.array([2.0, 3.0]), np.array([1.0, 1.0]), np.array([0.0, 1.0])))(0, 2)
    (6.0, 4.0, 1.0)
    """

    def __init__(self, fine: AffineStep):
        self._steps = list(zip(*(part.tolist() for part in fine), strict=True))
        self._rows: dict[int, list[tuple[float, float, float, float]]] = {}

    def __call__(self, i: int, j: int) -> tuple[float, float, float]:
        """A, G and Gamma from fine step i to fine step j >= i."""
        row = self._rows.setdefault(i, [(1.0, 0.0, 0.0, 0.0)])
        if j - i >= len(row):
            for a, b, noise in self._steps[i + len(row) - 1 : j]:
                transport, response, _, variance = row[-1]
                variance = a * a * variance + noise * noise
                row.append((a * transport, a * response + b, math.sqrt(variance), variance))
        return row[j - i][:3]
