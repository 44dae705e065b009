"""Whether a step is the same seen in a mirror: then half of the rows of its transition matrix are those of the other half."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.schemes import Scheme
from pmmtheory.schemes.drawn import drawn

_TIMES = 6
"""How often draws are drawn for every point."""

_ROUNDING = 1e-14
"""What rounding may make of a mirrored step, relative to the length of the grid."""


def reflects(scheme: Scheme, grid: Tensor, t: float) -> bool:
    """Whether x -> 2c - x, c the middle of the grid, takes a step to a step, with its normal draws reflected too: seen at every point of the grid (n,)."""
    length, middle = float(grid[-1] - grid[0]), (grid[0] + grid[-1]) / 2
    if float((grid + grid.flip(0) - 2 * middle).abs().max()) > _ROUNDING * length:
        return False
    x, generator = grid.expand(_TIMES, -1), torch.Generator(device=grid.device).manual_seed(5)
    draws = drawn(scheme, x, generator)
    mirrored = {name: scheme.draws[name].mirrored(value) for name, value in draws.items()}
    if any(value is None for value in mirrored.values()):
        return False
    mean, factor = scheme.step(x, t, draws)
    other, same = scheme.step(2 * middle - x, t, mirrored)
    noise = torch.as_tensor(factor - same, dtype=x.dtype).abs().max()
    return bool(((mean - middle + (other - middle)).abs().max() <= _ROUNDING * length) & (noise <= _ROUNDING * length))
