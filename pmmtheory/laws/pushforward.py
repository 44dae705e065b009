"""The law of an increasing function of a random variable on the line."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged, NotMonotone
from pmmtheory.laws.line_law import LineLaw
from pmmtheory.laws.scales import total
from pmmtheory.targets.line import LineTarget

Map = Callable[[Tensor], Tensor]

_ROUNDS = 40
_NEWTON = 60
_MOST = 200_000
"""Points beyond which a law, or the table of a map, is out of reach."""


def pushed(source: LineTarget | LineLaw, move: Map, spacing: float, name: str, least: int = 100) -> tuple[Tensor, Tensor]:
    """A uniform grid of at most about the given spacing, and the density of move(X) there: p(x)/move'(x) where y = move(x).

    Each y is inverted by Newton steps inside a bracket; the derivative comes by automatic differentiation.

    Parameters
    ----------
    least : int
        The fewest points of the grid; four times as many points of the source are the first to be moved.

    Raises
    ------
    NotMonotone
        Where the function decreases at points that carry mass.
    NotConverged
        Where the grid would need too many points.
    """
    if isinstance(source, LineTarget):
        x, density = total(source.density, source.quadrature.low, source.quadrature.high, 4 * least, _MOST)
    else:
        x, density = source.grid, source.values
    y, slope = _with_slope(move, x)
    held = density * (x[-1] - x[0]) > 1e-13
    x, y, slope = x[held], y[held], slope[held]
    _require_increasing(x, slope, name)
    if float(y[-1] - y[0]) / spacing > _MOST:
        raise NotConverged(f"a law on a grid of {float(y[-1] - y[0]) / spacing:.3g} points", math.nan, spacing)
    for _ in range(_ROUNDS):  # until neighbours are near each other after the map too
        wide = torch.nonzero(torch.diff(y) > 2 * spacing).flatten()
        if len(wide) == 0:
            break
        between = (x[wide] + x[wide + 1]) / 2
        more, steep = _with_slope(move, between)
        _require_increasing(between, steep, name)
        x, order = torch.sort(torch.cat([x, between]))
        y, slope = torch.cat([y, more])[order], torch.cat([slope, steep])[order]
    n = max(least, int((y[-1] - y[0]) / spacing) + 2)
    grid = torch.linspace(float(y[0]), float(y[-1]), n, dtype=torch.float64, device=x.device)
    at, slope = _inverse(move, grid, x, y, slope)
    return grid, source.density(at) / slope


def rounding(source: LineTarget | LineLaw, move: Map) -> tuple[float, float]:
    """What rounding does to a map, where the source has mass: the relative error of its derivative on average, and the largest of its value.

    Seen by what single precision does to both, which has 2^29 times the rounding: a derivative that is a small difference of large
    numbers is off by more than a unit of its last place.
    """
    if isinstance(source, LineTarget):
        x, density = total(source.density, source.quadrature.low, source.quadrature.high, 200, _MOST)
    else:
        x, density = source.grid, source.values
    held = density * (x[-1] - x[0]) > 1e-13
    x, mass = x[held], density[held] / density.sum()
    (value, slope), (rough_value, rough_slope) = (_with_slope(move, x.to(dtype)) for dtype in (torch.float64, torch.float32))
    off = (torch.abs(rough_slope / slope - 1).nan_to_num(1.0).clamp_max(1.0) * mass).sum()
    return float(off) / 2**29, float(torch.abs(rough_value - value).nan_to_num(0.0).max()) / 2**29


def _inverse(move: Map, goal: Tensor, x: Tensor, y: Tensor, steep: Tensor) -> tuple[Tensor, Tensor]:
    """The points that the map sends to the goals, and its slopes there, from a table of both and of the slopes."""
    cell = (torch.searchsorted(y, goal) - 1).clamp(0, len(x) - 2)
    low, high = x[cell], x[cell + 1]
    at = _hermite(goal, (y[cell], y[cell + 1]), (low, high), (1 / steep[cell], 1 / steep[cell + 1]))
    close = 1e-10 * (high - low) + 1e-14 * torch.maximum(low.abs(), high.abs())
    for _ in range(_NEWTON):
        value, slope = _with_slope(move, at)
        low, high = torch.where(value < goal, at, low), torch.where(value < goal, high, at)
        newton = at + (goal - value) / slope
        step = torch.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
        done = (torch.abs(step - at) <= close) | (torch.abs(goal - value) <= 1e-14 * goal.abs().max())
        at = step
        if bool(done.all()):
            return at, slope
    return at, _with_slope(move, at)[1]


def _hermite(y: Tensor, ends: tuple[Tensor, Tensor], values: tuple[Tensor, Tensor], slopes: tuple[Tensor, Tensor]) -> Tensor:
    """The cubic through two values with two slopes, kept between the values."""
    gap = ends[1] - ends[0]
    s = ((y - ends[0]) / gap).clamp(0, 1)
    rise = values[1] - values[0]
    bend = (1 - s) * (slopes[0] * gap - rise) - s * (slopes[1] * gap - rise)
    return torch.minimum(torch.maximum(values[0] + s * rise + s * (1 - s) * bend, values[0]), values[1])


def _with_slope(move: Map, x: Tensor) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        point = x.detach().requires_grad_(True)
        value = move(point)
        (slope,) = torch.autograd.grad(value.sum(), point)
    return value.detach(), slope


def _require_increasing(x: Tensor, slope: Tensor, name: str) -> None:
    falling = torch.nonzero(~(slope > 0)).flatten()
    if len(falling):
        raise NotMonotone(name, float(x[falling[0]]), float(slope[falling[0]]))
