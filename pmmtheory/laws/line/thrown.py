"""What steps throw off the grid of a law, and what they gain and lose on it."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.line.mesh import Mesh
from pmmtheory.laws.step.leaving import leaving
from pmmtheory.laws.wide_enough import WIDEST, above_noise
from pmmtheory.schemes import Scheme


def leaves_grid(law: LineLaw) -> float:
    """The mass that a step takes off the grid of a law."""
    return law.accuracy.leaves


def thrown(points: Mesh, masses: Tensor, leave: Tensor) -> float:
    """The mass above noise that a step throws off its grid, which it leaves from each point with some probability."""
    return float(above_noise(masses / points.weights) * points.weights @ leave)


def thrown_far(scheme: Scheme, law: LineLaw) -> float:
    """The mass that a step throws off a grid the most times as wide."""
    middle, half = sum(law.ends) / 2, WIDEST * (law.ends[1] - law.ends[0]) / 2
    return float(above_noise(law.values) @ leaving(scheme, law.grid, (middle - half, middle + half))) * law.spacing


def unbalanced(gained: Tensor, gap: float) -> float:
    """What mass that steps between the points gain and lose does to the law: until the chain has mixed if it is not made up for nearby.

    By parts: the slowest eigenfunctions are monotone or nearly so, of a variation of a few. What leaves the grid is told apart.
    """
    return float(gained.abs().sum() + 4 * torch.cumsum(gained, 0).abs().max() / gap)
