"""What a step makes of masses in the plane: a sum of Gaussians, each a product over the axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.plane.resolution import Axes
from pmmtheory.schemes import Scheme

_CHUNK = 60_000
"""Gaussians added up at once."""

_FARTHEST = 300.0
"""exp(-300) stands for any smaller value: products with numbers that are barely above none are slow."""


@dataclass(frozen=True)
class Bumps:
    """The density sum shares N(y; mean, deviation^2).

    Attributes
    ----------
    mean, deviation : (m, 2) tensors
    shares : (m,) tensor
    ends : (2, 2) tensor
        Low and high on both axes of where it has mass.
    """

    mean: Tensor
    deviation: Tensor
    shares: Tensor
    ends: Tensor

    doubt = 0.0

    def on(self, axes: Axes) -> tuple[Tensor, float]:
        """Masses on a product of grids, and what in them is in doubt, in total variation: nothing."""
        total = torch.zeros((len(axes[0]), len(axes[1])), dtype=torch.float64, device=self.mean.device)
        for own in torch.arange(len(self.mean), device=self.mean.device).split(_CHUNK):
            first, second = (gaussians(axis, self.mean[own, k], self.deviation[own, k]) for k, axis in enumerate(axes))
            total += first.T @ second.mul_(self.shares[own, None])
        return total, 0.0


def gaussians(axis: Tensor, middle: Tensor, deviation: Tensor) -> Tensor:
    """N(y; middle, deviation^2) on an axis times its spacing, (m, n)."""
    z = (axis - middle[:, None]) * (math.sqrt(0.5) / deviation)[:, None]
    height = float(axis[1] - axis[0]) / math.sqrt(2 * math.pi) / deviation
    return z.square_().clamp_max_(_FARTHEST).neg_().exp_().mul_(height[:, None])


def without_noise(scheme: Scheme) -> InvalidParameter:
    """That a step of a scheme ends without noise in some coordinate."""
    return InvalidParameter("scheme", scheme.name, "a step with Gaussian noise in both coordinates, for a law in the plane")


def ends_of(mean: Tensor, deviation: Tensor, shares: Tensor, tolerance: float) -> Tensor:
    """Low and high on both axes, (2, 2), beyond which Gaussians with these shares of the mean mass of one have less than a tolerance of it."""
    reach = torch.sqrt(2 * torch.log1p(shares.abs() / tolerance))[:, None] * deviation
    return torch.stack([(mean - reach).min(0).values, (mean + reach).max(0).values], -1).cpu()
