"""Whether a step is the same seen in a mirror: then half of the rows of its transition matrix are those of the other half."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.laws.step.characteristic import centre
from pmmtheory.laws.step.cubature import cubature, enumerable
from pmmtheory.laws.step.midpoint_step import MidpointStep, checked
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.drawn import drawn

_TIMES = 6
"""How often draws are drawn for every point."""

_SOME = 8
"""About how many points all nodes of the draws are looked at from."""

_NODES, _MOMENTS = (-3.1, -1.7, -0.6, 0.2, 0.9, 2.4), (0.17, 0.62, 0.94)
"""Values of the noise, over its deviation, and times at which a midpoint is seen."""

_ROUNDING = 1e-14
"""What rounding may make of a mirrored step, relative to the length of the grid."""


def reflects(scheme: Scheme, grid: Tensor, t: float) -> bool:
    """Whether x -> 2c - x, c the middle of the grid, takes a step to a step, with its normal draws reflected too: seen at every point of the grid (n,)."""
    middle, allowed = (grid[0] + grid[-1]) / 2, _allowed(grid)
    if not _even(grid):
        return False
    x, generator = grid.expand(_TIMES, -1), torch.Generator(device=grid.device).manual_seed(5)
    draws = drawn(scheme, x, generator)
    mirrored = {name: scheme.draws[name].mirrored(value) for name, value in draws.items()}
    if any(value is None for value in mirrored.values()):
        return False
    if not _mirrored(scheme, t, middle, allowed, x, draws, mirrored):
        return False
    if not enumerable(scheme):
        return True
    at = cubature(scheme, 0, grid.device)  # draws that are rare may be among no few
    others = {name: scheme.draws[name].mirrored(value) for name, value in at.draws.items()}
    return _mirrored(scheme, t, middle, allowed, grid[:: max(1, len(grid) // _SOME)][:, None], at.draws, others)


def _mirrored(scheme: Scheme, t: float, middle: Tensor, allowed: float, x: Tensor, draws: Mapping[str, Any], mirrored: Mapping[str, Any]) -> bool:
    """Whether a step and the mirrored one are mirror images."""
    mean, factor = scheme.step(x, t, draws)
    other, same = scheme.step(2 * middle - x, t, mirrored)
    noise = torch.as_tensor(factor - same, dtype=x.dtype).abs().max()
    return bool(((mean - middle + (other - middle)).abs().max() <= allowed) & (noise <= allowed))


def midpoints_reflect(scheme: Scheme, grid: Tensor, t: float) -> bool:
    """Whether x -> 2c - x, c the middle of the grid (n,), takes the pieces of a step that a scheme declares to themselves: seen at every point of the grid."""
    step, middle = MidpointStep(checked(scheme), t), (grid[0] + grid[-1]) / 2
    if not _even(grid):
        return False
    other, substeps = 2 * middle - grid, step.pmm.substeps
    centres = [centre(scheme, x, t) for x in (grid, other)]
    nodes = torch.tensor(_NODES, dtype=grid.dtype, device=grid.device)
    times = [s if substeps == math.inf else math.ceil(s * (substeps - 1)) / substeps for s in _MOMENTS]
    odd = [centres[0] + centres[1] - 2 * middle, *map(torch.add, step.pushes(times, grid, nodes), step.pushes(times, other, -nodes))]
    return all(float(part.abs().max()) <= _allowed(grid) for part in odd)


def _even(grid: Tensor) -> bool:
    """Whether the grid is its own mirror image."""
    return float((grid + grid.flip(0) - (grid[0] + grid[-1])).abs().max()) <= _allowed(grid)


def _allowed(grid: Tensor) -> float:
    return _ROUNDING * float(grid[-1] - grid[0])
