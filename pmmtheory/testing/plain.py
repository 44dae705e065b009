"""The law of a Poisson midpoint step in the plainest way: every substep, every frequency, no interpolation.

An independent and slow second route to laws.kernel.transition_matrix, for tests and for timing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import PoissonMidpoint, Scheme

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def plain_transition_matrix(scheme: Scheme, grid: Tensor, nodes: int = 48) -> Tensor:
    """P[i, j] = spacing times the density of a step from grid[i] to grid[j].

    With D_i(w) = b(x + a b0 i/K + sqrt(2a) w) - b0 the characteristic function of the step from x is

        E exp(i xi X') = exp(i xi (x + a b0) - a xi^2) r_0(0),
        r_i(w) = (1 - 1/K + exp(i xi a D_i(w)) / K) E r_{i+1}(w + Z/sqrt(K) + i xi sqrt(2a)/K),   r_K = 1.

    Each r_i is known at the nodes of the Gauss-Hermite rule of W_i ~ N(0, i/K); the expectation and the shift into the
    complex plane act on its Hermite series.

    Parameters
    ----------
    scheme : PoissonMidpoint with "bernoulli" midpoints and finite K, over Overdamped
    grid : (n,) uniform tensor
        All n/2 + 1 frequencies of its Fourier transform are used, so the density is periodic on it: entries further
        than half a period from x + a b0 are images and set to zero.
    nodes : int
        Of each Gauss-Hermite rule.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> chain = PoissonMidpoint(Overdamped(Gaussian()), step_size=0.2, substeps=2)
    >>> matrix = plain_transition_matrix(chain, torch.linspace(-12, 12, 97, dtype=torch.float64))
    >>> round(float(matrix[48].sum()), 12)
    1.0
    """
    if not isinstance(scheme, PoissonMidpoint) or scheme.midpoints.kind != "bernoulli" or scheme.substeps == math.inf:
        raise InvalidParameter("scheme", scheme.name, 'PoissonMidpoint with "bernoulli" midpoints and a finite K')
    if not isinstance(scheme.dynamics, Overdamped):
        raise InvalidParameter("scheme", scheme.name, "over Overdamped")
    n, spacing = grid.shape[0], float(grid[1] - grid[0])
    start = grid.double().cpu()
    centre = (start + scheme.step_size * scheme.dynamics.drift(start)).numpy()
    density = np.zeros((n, n))
    for k in range(n // 2 + 1):
        frequency = 2 * math.pi * k / (n * spacing)
        weight = 1.0 if k == 0 or 2 * k == n else 2.0
        wave = np.exp(-1j * frequency * (start.numpy()[None, :] - centre[:, None]))
        density += weight * (_characteristic(scheme, start, frequency, nodes)[:, None] * wave).real
    images = np.abs(start.numpy()[None, :] - centre[:, None]) > n * spacing / 2
    return torch.as_tensor(np.where(images, 0.0, density / n))


def _characteristic(scheme: PoissonMidpoint, x: Tensor, frequency: float, nodes: int) -> Complex:
    """E exp(i xi (X' - x - a b0)) for every start point x."""
    a, substeps = scheme.step_size, int(scheme.substeps)
    damping = a * frequency**2
    if damping > 45:  # below every digit of the density
        return np.zeros(len(x), dtype=np.complex128)
    shift = 1j * frequency * math.sqrt(2 * a) / substeps
    points, weights = _gauss_hermite(nodes)
    force = scheme.dynamics.drift(x)
    series = np.zeros((nodes, len(x)), dtype=np.complex128)  # Hermite coefficients of r_{i+1} at the scale of W_{i+1}
    series[0] = 1.0
    for i in range(substeps - 1, 0, -1):
        now, later = math.sqrt(i / substeps), math.sqrt((i + 1) / substeps)
        powers = (now / later) ** np.arange(nodes)  # E He_m((w + Z/sqrt K)/later) = (now/later)^m He_m(w/now)
        expected = _hermite(points + shift / now, nodes).T @ (powers[:, None] * series)
        middle = x[None, :] + a * force * i / substeps + math.sqrt(2 * a) * now * torch.as_tensor(points)[:, None]
        change = (scheme.dynamics.drift(middle) - force).numpy()
        values = (1 - 1 / substeps + np.exp(1j * frequency * a * change) / substeps) * expected
        series = (_hermite(points, nodes) * weights) @ values / _factorials(nodes)[:, None]
    at_origin = (shift * math.sqrt(substeps)) ** np.arange(nodes)  # E He_m(Z + shift sqrt K) = (shift sqrt K)^m
    result: Complex = math.exp(-damping) * (at_origin @ series)
    return result


def _gauss_hermite(n: int) -> tuple[Real, Real]:
    """Nodes and weights of the Gauss rule of the standard normal."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    return nodes, weights / weights.sum()


def _hermite(z: NDArray[Any], count: int) -> Complex:
    """He_m(z) for m < count, real or complex z: shape (count, *z.shape)."""
    table = np.ones((count, *z.shape), dtype=np.complex128)
    table[1] = z
    for m in range(1, count - 1):
        table[m + 1] = z * table[m] - m * table[m - 1]
    return table


def _factorials(count: int) -> Real:
    """E He_m(Z)^2 = m!."""
    return np.array([math.factorial(m) for m in range(count)], dtype=float)
