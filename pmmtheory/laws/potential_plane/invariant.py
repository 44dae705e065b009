"""The invariant law of the operator of a step in the plane, and the gap of its slowest mode."""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.laws.potential_plane.grid import Grid
from pmmtheory.laws.potential_plane.operator import StepOperator
from pmmtheory.numerics.krylov import gmres

_MOST = 400
"""Applications of the operator in one solve."""

_SEEN = 1e-3
"""What is left of masses that wells have exchanged when the slowest mode among them is seen."""


def invariant(step: StepOperator, density: Tensor, grid: Grid, shaken: float, least: float, tolerance: float) -> tuple[Tensor, float, float, float]:
    """p with p = P p; |p - P p| / gap in the norm of chi2; the gap; and what a step loses to points that are not kept, which is put back where p is.

    From masses near it, of which some per cent are moved about, so that the slowest mode is seen even where the target is symmetric; then once more, scaled by
    what was found. Unknown is the change over the root of the density, of which GMRES makes the residual small in the sense of chi2.
    """
    places = (grid.points - grid.points.mean(0)) / grid.points.std(0)
    masses = density * (1 + shaken * torch.sin(0.5 + places @ places.new_tensor([0.9, 0.7])))
    masses, chi = masses / masses.sum(), math.inf
    for _ in range(2):
        peak, home, scale = float(masses.max()), masses, _scale(masses)
        change, _, gap = gmres(partial(_scaled, step, home, scale), -_left(step, home, masses) / scale, tolerance * math.sqrt(peak), _MOST)
        masses = masses + scale * change
        masses, least = masses / masses.sum(), min(least, gap)
        chi = float(torch.linalg.norm(_left(step, home, masses) / scale)) / math.sqrt(peak) / least
        if chi < 30 * tolerance / least:
            break
    else:  # the slowest mode was not seen, and its gap is not known
        raise NotConverged(f"the stationary law of a chain that takes {1 / least:.1g} steps or more to mix")
    return masses, chi, least, abs(1.0 - float(step(masses).sum())) + float(masses @ step.thrown)


def slowest(step: StepOperator, density: Tensor, grid: Grid, wells: Tensor) -> float:
    """The smallest gap that is seen from masses of which each well has another share, in the norm of chi2 as much of all: a faint one is no less slow."""
    masses, nearest = density / density.sum(), torch.cdist(grid.points, wells).argmin(1)
    own = torch.nn.functional.one_hot(nearest, len(wells)).to(masses) * masses.sqrt()[:, None]
    size = torch.linalg.norm(own, dim=0)
    if int((size > 0).sum()) < 2:
        return math.inf
    shares = torch.where(size > 0, torch.cos(1.0 + 2.0 * torch.arange(len(wells), device=size.device)) / size.clamp_min(1e-300), 0.0)
    scale, moved = _scale(masses), (own @ shares) * masses.sqrt()
    moved = (moved - moved.sum() * masses) / scale
    return gmres(partial(_scaled, step, masses, scale), moved, _SEEN * float(torch.linalg.norm(moved)), _MOST)[2]


def _scale(masses: Tensor) -> Tensor:
    """The root of a density over its largest value, but for next to none."""
    return torch.sqrt(masses.clamp_min(0.0) / masses.max() + 1e-7)


def _left(step: StepOperator, home: Tensor, masses: Tensor) -> Tensor:
    """v - P v, what a step loses put back where the home is."""
    after = step(masses)
    return masses - after - (masses.sum() - after.sum()) * home


def _scaled(step: StepOperator, home: Tensor, scale: Tensor, v: Tensor) -> Tensor:
    """The same of masses over a scale."""
    return _left(step, home, scale * v) / scale
