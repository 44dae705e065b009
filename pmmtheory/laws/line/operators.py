"""The operators of a step on the points of a law on the line, and how roughly its rules converge."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.laws.line.grids import steepest
from pmmtheory.laws.line.mesh import Mesh
from pmmtheory.laws.step.bends import bends
from pmmtheory.laws.step.kernel import DEEPEST, FULL_DEPTH, transition_matrices
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget

_UNPLACED = 4.0
"""How many times the change between two resolutions a law may be off by, of a step that is said not to be smooth, at places that neither it nor a search tells:
what is left falls like the square of the spacing."""


def rough(scheme: Scheme, target: LineTarget, ends: tuple[float, float], points: Mesh) -> float:
    """How many times the change between two resolutions the error may be: rules converge slowly across kinks, those of the draws and those not followed."""
    if not scheme.draws:
        return 1.0 if points.followed else _UNPLACED
    seen = bends(scheme, *ends)
    if target.kinks or seen.moving or seen.places:
        return 20.0
    return 1.0 if scheme.smooth or scheme.kinks else _UNPLACED


def operators(
    scheme: Scheme, target: LineTarget, points: Mesh, grid: Tensor, level: int, rtol: float, ends: tuple[float, float], depth: float = 0.0
) -> tuple[Tensor, Tensor | None]:
    """The transition matrix, and the density of a step from the points on the grid, if it has others.

    Up to a frequency that neither the law nor the noise of a step reaches: parts of a step that are narrower, where midpoints fold the line, are
    smoothed by the rest of the law.
    """
    grids: list[tuple[Tensor, Tensor | None]] = [(points.points, points.weights)]
    if grid is not points.points:
        grids.append((grid, torch.ones_like(grid)))
    width = float(scheme.dynamics.noise(scheme.step_size))
    if not scheme.draws:
        pull = float(torch.abs(target.drift(torch.linspace(*ends, 501, dtype=torch.float64))).max()) * scheme.step_size / width
        deep = torch.full_like(points.points, max(depth, min(9 + level + 2 * pull, DEEPEST)))
        found = transition_matrices(scheme, grids, 0.0, level, depth=deep)
    else:
        band = (1 + 0.2 * level) * FULL_DEPTH * max(3.5 * math.sqrt(steepest(target, ends)), 1.1 / width)
        found = transition_matrices(scheme, grids, 0.0, level, band=band, left=max(1e-8, 1e3 * rtol))
    return found[0], found[1] if len(found) > 1 else None
