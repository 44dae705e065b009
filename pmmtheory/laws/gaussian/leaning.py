"""What rounding of the score does to moments, seen by what a score does that leans by a known share."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.laws.gaussian.inhomogeneous import Moments
from pmmtheory.targets import Gaussian


class Leaning(Gaussian):
    """Gaussian data whose score is too large, by LEAN for every unit of rounding that it can have.

    The score on an axis is x/V with V = alpha^2 v + (1 - alpha^2) and is off by a few units, and by one over V for the difference.
    """

    def noised_drift(self, x: Tensor, alpha: float | Tensor) -> Tensor:
        square = alpha * alpha
        spread = square * self.variances + (1 - square)
        leaning: Tensor = super().noised_drift(x, alpha) * (1 + LEAN * (2 + 1 / spread))
        return leaning


LEAN = 1e-9


def sensitivity(moments: Moments, leaning: Moments) -> Tensor:
    """By what factor rounding of the score is enlarged in the covariances, relative to each, (axes,)."""
    plain, other = (torch.sqrt(part.covariance.clamp_min(0)) for part in (moments, leaning))
    factor: Tensor = torch.where(other == plain, 0.0, 2 * ((other - plain) / plain).abs() / LEAN)
    return factor


def pulled(moments: Moments, leaning: Moments) -> Tensor:
    """By how much rounding of the score moves the means of the positions, in units of it, (axes,)."""
    moved: Tensor = (leaning.mean - moments.mean).abs()[:, 0] / LEAN
    return moved
