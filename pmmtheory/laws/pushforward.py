"""The law of an increasing function of a random variable on the line."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.errors import NotMonotone
from pmmtheory.laws.line_law import LineLaw
from pmmtheory.targets.line import LineTarget

Map = Callable[[Tensor], Tensor]

_STARTS = 400
_ROUNDS = 40
_NEWTON = 30


def pushed(source: LineTarget | LineLaw, move: Map, spacing: float, name: str) -> tuple[Tensor, Tensor]:
    """A uniform grid of about the given spacing, and the density of move(X) there: p(x)/move'(x) where y = move(x).

    Each y is inverted by Newton steps inside a bracket; the derivative comes by automatic differentiation.

    Raises
    ------
    NotMonotone
        Where the function decreases at points that carry mass.
    """
    low, high = (source.quadrature.low, source.quadrature.high) if isinstance(source, LineTarget) else (float(source.grid[0]), float(source.grid[-1]))
    device = "cpu" if isinstance(source, LineTarget) else source.grid.device
    x = torch.linspace(low, high, _STARTS, dtype=torch.float64, device=device)
    y, slope = _with_slope(move, x)
    mass = source.density(x)
    held = mass > 1e-13 * mass.max()
    x, y, slope = x[held], y[held], slope[held]
    _require_increasing(x, slope, name)
    for _ in range(_ROUNDS):  # until neighbours are near each other after the map too
        wide = torch.nonzero(torch.diff(y) > 2 * spacing).flatten()
        if len(wide) == 0:
            break
        between = (x[wide] + x[wide + 1]) / 2
        more, steep = _with_slope(move, between)
        _require_increasing(between, steep, name)
        x, order = torch.sort(torch.cat([x, between]))
        y, slope = torch.cat([y, more])[order], torch.cat([slope, steep])[order]
    n = max(24, int((y[-1] - y[0]) / spacing) + 2)
    grid = torch.linspace(float(y[0]), float(y[-1]), n, dtype=torch.float64, device=device)
    at, slope = _inverse(move, grid, x, y, slope)
    return grid, source.density(at) / slope


def _inverse(move: Map, goal: Tensor, x: Tensor, y: Tensor, steep: Tensor) -> tuple[Tensor, Tensor]:
    """The points that the map sends to the goals, and its slopes there, from a table of both and of the slopes."""
    cell = (torch.searchsorted(y, goal) - 1).clamp(0, len(x) - 2)
    low, high = x[cell], x[cell + 1]
    at = _hermite(goal, (y[cell], y[cell + 1]), (low, high), (1 / steep[cell], 1 / steep[cell + 1]))
    for _ in range(_NEWTON):
        value, slope = _with_slope(move, at)
        low, high = torch.where(value < goal, at, low), torch.where(value < goal, high, at)
        newton = at + (goal - value) / slope
        step = torch.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
        done = torch.abs(step - at) <= 1e-12 * (1 + torch.abs(at))
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
