"""What a step throws off the positions of a phase plane: it would come in again on the other side."""

from __future__ import annotations

import math

import torch

from pmmtheory.errors import NotConverged
from pmmtheory.laws.phase_plane.nodes import parts_by_draws
from pmmtheory.laws.phase_plane.operator import Plane
from pmmtheory.laws.step.leaving import outside
from pmmtheory.laws.wide_enough import LEAVES
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget

_VELOCITIES = 7
"""From how many velocities a step is seen."""

_MOST_OF_IT = 1e-4
"""The least density, relative to the largest, of the positions it is seen from: what leaves from farther out is a tail, which the ends are for."""


def leaving(scheme: Scheme, target: LineTarget, plane: Plane, level: int) -> float:
    """The probability with which a step from where most of the target is ends beyond the grid; 0 for draws in layers, whose midpoints do not throw far."""
    if not scheme.draws or any(draw.layered for draw in scheme.draws.values()):
        return 0.0
    grid = plane.grid
    density = target.density(grid)
    own = density > _MOST_OF_IT * density.max()
    v, weights = (torch.as_tensor(part, device=grid.device) for part in gauss_hermite(_VELOCITIES))
    parts = parts_by_draws(scheme, 0.0, level, grid)[1](torch.cartesian_prod(grid[own], v))
    beyond = outside(parts.mean_u, torch.sqrt(parts.uu).clamp_min(1e-300), (float(grid[0]), float(grid[-1])))
    probability = (beyond @ parts.weights.abs()).reshape(-1, _VELOCITIES) @ weights
    return float(density[own] @ probability / density[own].sum())


def require_held(scheme: Scheme, target: LineTarget, plane: Plane, level: int, rtol: float) -> None:
    """Raise NotConverged where a step throws mass beyond the grid: it has moments and a KL wherever it is, and there is no telling where."""
    leaves = leaving(scheme, target, plane, level)
    if leaves >= LEAVES:
        what = f"the law of {scheme.name} in the phase plane, of whose mass a step throws {leaves:.2g} beyond the positions near its target,"
        raise NotConverged(what, math.nan, rtol)
