"""Divergences of laws of independent coordinates, next to those of Gaussians in as many dimensions."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import ndtr

from experiments.measures._gaussian_formulas import against, w2
from experiments.measures._routes import attempt, beside, compared, held
from pmmtheory import divergences
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LineLaw, ProductLaw
from pmmtheory.targets import Gaussian, Product

_SPACING = 0.1
_LAW, _OTHER = ((0.3, 1.2), (-0.2, 0.8)), ((0.1, 1.0), (0.0, 0.9))
"""Means and variances of two coordinates, the second of which comes three times."""
_SHIFTS = (0.3, -0.5)
"""Of normal laws, the second of them five times."""


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Of four coordinates with two different laws, and the total variation of six that are shifted, which is that of one with the root of all squares."""
    law = _product(_LAW, 3)
    two = [Gaussian(*moments) for moments in _OTHER]
    other = Product([two[0], two[1], two[1], two[1]])
    p, q = ((np.array([m, n, n, n]), np.diag([v, w, w, w])) for (m, v), (n, w) in (_LAW, _OTHER))
    found = against(law, other, p, q, (0.3,)) | {"w2": beside(attempt(divergences.w2, law, other), w2(p, q))}
    shifted = _product(((_SHIFTS[0], 1.0), (_SHIFTS[1], 1.0)), 5)
    distance = math.hypot(_SHIFTS[0], math.sqrt(5) * _SHIFTS[1])
    tv = beside(attempt(divergences.tv, shifted, Product([Gaussian()] * 6)), 2 * ndtr(distance / 2) - 1)
    return held(found | {"tv": tv}, but={"w2": 1e-8})


def _product(moments: tuple[tuple[float, float], tuple[float, float]], times: int) -> ProductLaw:
    """The second coordinate so many times."""
    return ProductLaw([(_line(*moments[0]), torch.tensor([0])), (_line(*moments[1]), torch.arange(1, times + 1))])


def _line(mean: float, variance: float) -> LineLaw:
    laws = []
    for spacing in (_SPACING, 1.1 * _SPACING):
        grid = mean + spacing * torch.arange(-round(9 / spacing), round(9 / spacing) + 1, dtype=torch.float64)
        laws.append(LineLaw(grid, Gaussian(mean, variance).density(grid), Gaussian(mean, 1.0).density, wider=lambda low, high: _line(mean, variance)))
    return laws[0].resolved_by(laws[1])
