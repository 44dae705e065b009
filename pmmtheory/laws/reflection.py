"""Whether a step is the same seen in a mirror: then half of the rows of its transition matrix are those of the other half."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pmmtheory.schemes import Index, Midpoints, Normal, Scheme, Uniform

_TIMES = 6
"""How often draws are drawn for every point."""

_ROUNDING = 1e-14
"""What rounding may make of a mirrored step, relative to the length of the grid."""


def reflects(scheme: Scheme, grid: Tensor, t: float) -> bool:
    """Whether x -> 2c - x, c the middle of the grid, takes a step to a step, with its normal draws reflected too: seen at every point of the grid (n,)."""
    length, middle = float(grid[-1] - grid[0]), (grid[0] + grid[-1]) / 2
    known = all(type(draw) in (Normal, Uniform, Index, Midpoints) for draw in scheme.draws.values())
    if not known or float((grid + grid.flip(0) - 2 * middle).abs().max()) > _ROUNDING * length:
        return False
    x, generator = grid.expand(_TIMES, -1), torch.Generator(device=grid.device).manual_seed(5)
    draws: dict[str, Any] = {}
    mirrored: dict[str, Any] = {}
    layers: tuple[int, ...] = ()
    for name, draw in scheme.draws.items():
        shape = tuple(x.shape) if isinstance(draw, Midpoints) or draw.shared else layers + tuple(x.shape)
        draws[name] = draw.sample(shape, generator, x.dtype)
        layers = (draws[name][0].shape[0],) if isinstance(draw, Midpoints) else layers
        mirrored[name] = -draws[name] if type(draw) is Normal else draws[name]
    mean, factor = scheme.step(x, t, draws)
    other, same = scheme.step(2 * middle - x, t, mirrored)
    noise = torch.as_tensor(factor - same, dtype=x.dtype).abs().max()
    return bool(((mean - middle + (other - middle)).abs().max() <= _ROUNDING * length) & (noise <= _ROUNDING * length))
