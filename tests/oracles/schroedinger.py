"""The spectral gap of a target's diffusion by the plainest route: second differences on a fine grid."""

from __future__ import annotations

import numpy as np
import torch
from scipy.linalg import eigh_tridiagonal

from pmmtheory.targets.line import LineTarget


def gap_by_differences(target: LineTarget, points: int = 4000) -> tuple[float, float]:
    """The second eigenvalue of -d^2/dx^2 + F'^2/4 - F''/2 by finite differences, extrapolated, with its error."""

    def at(n: int) -> float:
        x = torch.linspace(target.quadrature.low, target.quadrature.high, n, dtype=torch.float64)
        h = float(x[1] - x[0])
        diagonal = (target.drift(x) ** 2 / 4 - target.curvature(x) / 2).numpy() + 2 / h**2
        energies = eigh_tridiagonal(diagonal, np.full(n - 1, -1 / h**2), select="i", select_range=(0, 1), eigvals_only=True)
        return float(energies[1] - energies[0])

    coarse, fine = at(points // 2), at(points)
    return fine + (fine - coarse) / 3, abs(fine - coarse)
