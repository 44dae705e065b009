"""What the tests of distances on the line share: the distances by name, their closed forms between Gaussians, and targets as laws on a grid."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from pmmtheory.divergences import Estimate, chi2, kl, tv, w2
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LineLaw
from pmmtheory.laws.line.accuracy import Accuracy
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget

EPS = float(np.finfo(float).eps)
DISTANCES = {"kl": kl, "tv": tv, "w2": w2, "chi2": chi2}
CLOSED = {name: lambda p, q, distance=distance: _closed(distance, p, q) for name, distance in DISTANCES.items()}


def on_grid(target: LineTarget, spacing: float = 0.05, reach: float = 14.0, reference: LineTarget | None = None) -> LineLaw:
    """A target, as a law on a grid."""
    grid = torch.arange(-reach, reach, spacing, dtype=torch.float64)
    return LineLaw(grid, target.density(grid), (reference or target).density, accuracy=Accuracy(floor=0.0))


def _closed(distance: Callable[[Gaussian, Gaussian], Estimate], p: Gaussian, q: Gaussian) -> float:
    """Between Gaussians; infinite where that is refused."""
    try:
        return float(distance(p, q))
    except InvalidParameter:
        return math.inf
