"""The equation L* phi = -s of Langevin dynamics on the line, in orthonormal polynomials of position and velocity.

With a = d/dv and a+ = v - d/dv on Hermite's polynomials, and D = d/du and D+ = F' - d/du on those that are orthonormal for the target,

    L = a+ D - a D+ - g a+ a,    L* = a D+ - a+ D - g a+ a:

D is strictly upper triangular and exact on polynomials, and the equation is block tridiagonal in the degree of the velocity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Basis:
    """Polynomials of a random variable given by points and masses.

    Attributes
    ----------
    values : (n, m) array
        The m polynomials at the n points.
    slope : (m, m) array
        E p_i p_j': column j is the derivative of the j-th.
    """

    values: np.ndarray
    slope: np.ndarray


def orthonormal(points: np.ndarray, masses: np.ndarray, count: int) -> Basis:
    """By Arnoldi's process with the multiplication by the points: as well conditioned as the points allow."""
    values, slopes = np.empty((count, len(points))), np.empty((count, len(points)))
    values[0], slopes[0] = 1 / math.sqrt(masses.sum()), 0.0
    centred = points - float(masses @ points / masses.sum())
    for k in range(1, count):
        new, slope = centred * values[k - 1], values[k - 1] + centred * slopes[k - 1]
        for _ in range(2):
            parts = values[:k] @ (masses * new)
            new, slope = new - parts @ values[:k], slope - parts @ slopes[:k]
        size = math.sqrt(masses @ new**2)
        values[k], slopes[k] = new / size, slope / size
    return Basis(values.T, np.triu(values @ (masses * slopes).T, 1))


def solved(slope: np.ndarray, friction: float, source: np.ndarray) -> np.ndarray:
    """phi in coefficients (velocity, position), for a source given so, which has no part along 1: by elimination from the highest velocity on."""
    count, size = source.shape
    pull, push = np.zeros((size, size)), np.zeros(size)  # phi_{n+1} = push - pull phi_n
    kept = []
    for n in range(count - 1, 0, -1):
        up = math.sqrt(n + 1) * slope.T
        pivot = friction * n * np.eye(size) + up @ pull
        right = np.concatenate([math.sqrt(n) * slope, (source[n] + up @ push)[:, None]], 1)
        both = np.linalg.solve(pivot, right)
        pull, push = both[:, :-1], both[:, -1]
        kept.append((pull, push))
    last = slope.T @ pull
    phi = np.zeros_like(source)
    phi[0, 1:] = np.linalg.solve(last[1:, 1:], (source[0] + slope.T @ push)[1:])
    for n, (pull, push) in enumerate(reversed(kept), 1):
        phi[n] = push - pull @ phi[n - 1]
    return phi
