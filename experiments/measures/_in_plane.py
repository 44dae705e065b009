"""The targets in the plane of these studies: neither is a product of lines in any coordinates that are orthogonal."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.targets import GaussianMixture, Potential, Target


def ripples(x: Tensor) -> Tensor:
    """|x|^2/2 + (2/5) cos(x_1 - 2 x_2) + (1/5) sin(x_1 + x_2)."""
    return (x**2).sum(-1) / 2 + 0.4 * torch.cos(x[..., 0] - 2 * x[..., 1]) + 0.2 * torch.sin(x[..., 0] + x[..., 1])


def in_plane(name: str) -> Target:
    """The target of that name."""
    if name == "ripples":
        return Potential(ripples, dim=2, name="ripples")
    covariances = [[[1.0, 0.4], [0.4, 0.7]], [[0.8, -0.3], [-0.3, 1.0]]]
    return GaussianMixture([0.4, 0.6], [[-1.2, 0.0], [1.0, 0.6]], covariances=covariances)
