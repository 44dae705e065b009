"""The mean of a function of |X_t|^2 over the steps of a chain on an isotropic Gaussian target, by moments that are exact.

Given the midpoints a step is N(m x, v I), so that with the moments of a noncentral chi-squared variable

    E[|X'|^2k | x] = sum_j C(k, j) |x|^2j E[m^2j v^(k-j)] 2^(k-j) (d/2 + j) ... (d/2 + k - 1):

the moments of a step are a triangular matrix times those before it. The function is interpolated at Chebyshev points of an interval that holds every |X_t|^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import gammainccinv, gammaincinv

from pmmtheory.divergences.paths.step_mixture import StepMixture
from pmmtheory.numerics.chebyshev import chebyshev

_TAIL = 1e-13
"""What is left out of a chi-squared law at both ends."""


@dataclass(frozen=True)
class Begun:
    """Where a chain starts: sum_i weights[i] N(0, variances[i] I) in dimension d."""

    dim: int
    variances: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Radii:
    """Points of an interval, and the weights of a function's values there in sum_t E f(|X_t|^2), t < steps."""

    places: np.ndarray
    weights: np.ndarray


def radii(begun: Begun, mixture: StepMixture, steps: int, nodes: int) -> Radii:
    """By polynomials of degree nodes - 1 in |X|^2."""
    low, high = _interval(begun, mixture, steps)
    unit = high
    matrix = _step_moments(mixture, begun.dim, nodes, unit)
    first = np.array([(begun.weights * begun.variances**k).sum() * _rising(begun.dim, 0, k) / unit**k for k in range(nodes)])
    summed = _sum_of_powers(matrix, first, steps)
    angle, carried = (part.astype(np.float64) for part in chebyshev(nodes))
    centre, half = (low + high) / (2 * unit), (high - low) / (2 * unit)
    # E T_k((y - centre)/half) from the moments of y, and the values at the Chebyshev points to coefficients
    powers = [np.polynomial.chebyshev.cheb2poly(np.eye(nodes)[k]) for k in range(nodes)]
    shifted = np.array(
        [np.polynomial.Polynomial(power)(np.polynomial.Polynomial([-centre / half, 1 / half])).coef @ summed[: k + 1] for k, power in enumerate(powers)]
    )
    return Radii(unit * (centre + half * np.cos(angle)), shifted @ carried)


def _interval(begun: Begun, mixture: StepMixture, steps: int) -> tuple[float, float]:
    """That holds all |X_t|^2 but for 1e-13 of a Gaussian of the least and of the largest mean square on the way."""
    d = begun.dim
    keeps, adds = float((mixture.weights * mixture.slopes**2).sum()), float((mixture.weights * mixture.variances).sum())
    mean = first = float((begun.weights * begun.variances).sum())
    for _ in range(min(steps - 1, 10_000)):
        mean = keeps * mean + adds
    low, high = min(first, mean, float(begun.variances.min())), max(first, mean, float(begun.variances.max()))
    return low * 2 * float(gammaincinv(d / 2, _TAIL)), high * 2 * float(gammainccinv(d / 2, _TAIL))


def _step_moments(mixture: StepMixture, dim: int, nodes: int, unit: float) -> np.ndarray:
    """B[k, j] with E[(|X'|^2/unit)^k | x] = sum_j B[k, j] (|x|^2/unit)^j."""
    matrix = np.zeros((nodes, nodes))
    for k in range(nodes):
        for j in range(k + 1):
            mean = float((mixture.weights * mixture.slopes ** (2 * j) * (mixture.variances / unit) ** (k - j)).sum())
            matrix[k, j] = math.comb(k, j) * mean * _rising(dim, j, k)
    return matrix


def _rising(dim: int, j: int, k: int) -> float:
    """2^(k-j) (d/2 + j) ... (d/2 + k - 1)."""
    return math.prod((dim + 2 * i) for i in range(j, k))


def _sum_of_powers(matrix: np.ndarray, first: np.ndarray, steps: int) -> np.ndarray:
    """sum_{t < steps} matrix^t first."""
    n = len(first)
    whole = np.zeros((2 * n, 2 * n))
    whole[:n, :n], whole[n:, :n], whole[n:, n:] = matrix, np.eye(n), np.eye(n)
    summed: np.ndarray = np.linalg.matrix_power(whole, steps)[n:, :n] @ first
    return summed
