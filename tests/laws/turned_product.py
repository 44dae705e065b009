"""A product of two targets on the line in turned coordinates of the plane."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.targets import Cosine, Gaussian, Potential, Product

LINE = Cosine(amplitude=0.5)
ANGLE, SHIFT, SPREAD = 0.6, 3.0, 1.4


def turned(angle: float, shift: float, spread: float) -> tuple[Potential, Tensor]:
    """F(x) = F_1(u) + v^2/(2 spread), (u, v) turned coordinates of x - shift; and their unit vectors."""
    c, s = math.cos(angle), math.sin(angle)
    units = torch.tensor([[c, s], [-s, c]], dtype=torch.float64)

    def potential(x: Tensor) -> Tensor:
        u = (x - shift) @ units.T
        return LINE.potential(u[..., 0]) + u[..., 1] ** 2 / (2 * spread)

    return Potential(potential, dim=2), units


TARGET, UNITS = turned(ANGLE, SHIFT, SPREAD)
FACTORS = Product([LINE, Gaussian(0.0, SPREAD)])
