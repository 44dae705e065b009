"""The law of an increasing function of a random variable on the line."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged, NotMonotone
from pmmtheory.laws.line.start import Start
from pmmtheory.laws.scales import total

Map = Callable[[Tensor], Tensor]

_ROUNDS = 40
_NEWTON = 60
_CLOSE = 1e-13
"""What a place may be off by, relative to where the source has mass."""

_TOLD = 1e-4
"""The share of the gap between two points of a table that a place may be off by where the table resolves the map."""

_MOST = 200_000
"""Points beyond which a law, or the table of a map, is out of reach."""

_PARTS = 32
"""Into how many a gap between images is parted at once: where the map is steep in places only, more of them are in vain."""

_MORE = 3
"""Points beyond the ends."""

_DENSER = 8
"""How many times as many points are moved at once than a grid has: that costs little where a step takes as long for any number, and Newton steps start near."""

_ROUNDED_AT = 400
"""Points at which single precision shows what rounding does."""


class IncreasingMap:
    """A function of the line, with its values and slopes at the points where it was asked for.

    Asking is dear where the map is a run of many steps: what is known already serves every grid on which a law is pushed forward, as the
    place from where Newton steps start. Each of them ends where the map itself says so.

    Parameters
    ----------
    move : callable
        Points to points of the same shape, differentiable.
    name : str
        What a message calls it.
    device : str
        Where its points are.
    also : (k,) tensor, optional
        Points whose images will be asked for too.
    """

    def __init__(self, move: Map, name: str, device: str = "cpu", also: Tensor | None = None):
        self.move, self.name, self.device = move, name, device
        self._also = torch.zeros(0, dtype=torch.float64) if also is None else also
        self._x = self._y = self._slope = torch.zeros(0, dtype=torch.float64)

    def known(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Points, ascending, from the first to the last of these, x, at which map and slope are known: nowhere much sparser than they are.

        Raises
        ------
        NotMonotone
            Where the function decreases at one.
        """
        spacing = (x[1:] - x[:-1]).min()
        if len(self._x):
            k = torch.searchsorted(self._x, x).clamp(1, len(self._x) - 1)
            gap = torch.where((x >= self._x[0]) & (x <= self._x[-1]), self._x[k] - self._x[k - 1], math.inf)
            x_new = x[gap > 2 * spacing]
        else:  # and a little more: another level does not have the same ends
            more = spacing * torch.arange(1, _MORE + 1, dtype=x.dtype, device=x.device)
            x_new = torch.cat([x, x[0] - more, x[-1] + more, self._also.to(x)])
        if len(x_new):
            self.ask(x_new)
        inside = (self._x >= x[0]) & (self._x <= x[-1])
        points, y, slope = self._x[inside], self._y[inside], self._slope[inside]
        falling = torch.nonzero(~(slope > 0)).flatten()
        if len(falling):
            raise NotMonotone(self.name, float(points[falling[0]]), float(slope[falling[0]]))
        rising = torch.ones_like(inside[inside])
        rising[1:] = y[1:] > torch.cummax(y, 0).values[:-1]  # neighbours may be as near as rounding
        return points[rising], y[rising], slope[rising]

    def images(self, x: Tensor) -> Tensor:
        """Where points (k,) go; nothing is asked where that is known."""
        k = torch.searchsorted(self._x, x).clamp_max(max(0, len(self._x) - 1))
        return self._y[k] if len(self._x) and bool((self._x[k] == x).all()) else self.move(x)

    def inverse(self, goal: Tensor, x: Tensor, y: Tensor, slope: Tensor, doubt: float) -> tuple[Tensor, Tensor, Tensor]:
        """The points that the map sends to the goals, its slopes there, and what these may be off by, relative to themselves, where that is allowed
        to be up to `doubt`; from a table of points, images and slopes that encloses them.

        A Newton step d leaves F'' d^2 / (2 F') of the place; the slope is carried along it by F'', which is told by how slopes differ in a table
        that tells the places themselves well.
        """
        cell = (torch.searchsorted(y, goal) - 1).clamp(0, len(x) - 2)
        first, last = x[cell], x[cell + 1]
        low, high, at = first, last, _between(goal, y, x, 1 / slope, cell)
        bends, unsure = _bends(x, slope)
        close = _CLOSE * (x[-1] - x[0]) + 1e-14 * torch.maximum(low.abs(), high.abs())
        for number in range(_NEWTON):
            value, steep = self._with_slope(at)
            if number == 0:  # later ones are too near for slopes to differ by more than rounding
                self._keep(at, value, steep)
            low, high = torch.where(value < goal, at, low), torch.where(value < goal, high, at)
            newton = at + (goal - value) / steep
            step = torch.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
            moved = torch.where(torch.abs(goal - value) <= 1e-14 * goal.abs().max(), 0.0, step - at)
            if bool((torch.abs(moved) <= close).all()):
                return at + moved, steep, torch.zeros_like(at)
            if number == 0:
                bend = torch.lerp(bends[cell], bends[cell + 1], (at - first) / (last - first))
                left, off = moved**2 * torch.maximum(bend.abs(), unsure[cell]) / (2 * steep), torch.abs(moved) * unsure[cell] / steep
                told = (torch.abs(moved) <= _TOLD * (last - first)) & (left <= close) & (off <= doubt)
                if bool(told.all()):
                    return at + moved, steep + bend * moved, off
            at = step
        return at, self._with_slope(at)[1], torch.zeros_like(at)

    def ask(self, x: Tensor) -> None:
        """Learn the map at new points."""
        self._keep(x, *self._with_slope(x))

    def _keep(self, x: Tensor, y: Tensor, slope: Tensor) -> None:
        points, order = torch.sort(torch.cat([self._x.to(x), x]))
        self._x, self._y, self._slope = points, torch.cat([self._y.to(y), y])[order], torch.cat([self._slope.to(slope), slope])[order]

    def _with_slope(self, x: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            point = x.detach().requires_grad_(True)
            value = self.move(point)
            (slope,) = torch.autograd.grad(value.sum(), point)
        return value.detach(), slope

    def rounding(self, source: Start) -> tuple[float, float]:
        """What rounding does to the map, where the source has mass: the relative error of its slope on average, and the largest of its value.

        Seen by what single precision does to both, which has 2^29 times the rounding: a slope that is a small difference of large
        numbers is off by more than a unit of its last place.
        """
        x, y, slope = self.known(held(source).to(self.device))
        every = math.ceil(len(x) / _ROUNDED_AT)
        x, y, slope = x[::every], y[::every], slope[::every]
        mass = source.spread(x) * torch.gradient(x)[0]
        value, rough = self._with_slope(x.to(torch.float32))
        off = (torch.abs(rough / slope - 1).nan_to_num(1.0).clamp_max(1.0) * mass).sum() / mass.sum()
        return float(off) / 2**29, float(torch.abs(value - y).nan_to_num(0.0).max()) / 2**29


def pushed(source: Start, flow: IncreasingMap, spacing: float, least: int = 100, doubt: float = 1e-12) -> tuple[Tensor, Tensor, float]:
    """A uniform grid of at most about the given spacing, the density of Y = flow(X) there, p(x)/flow'(x) where y = flow(x), and what it is in
    doubt by, in total variation.

    Each y is inverted by Newton steps inside a bracket; the slope comes by automatic differentiation.

    Parameters
    ----------
    least : int
        The fewest points of the grid; many times as many points of the source are the first to be moved.
    doubt : float
        What a density may be in doubt by, relative to itself.

    Raises
    ------
    NotMonotone
        Where the function decreases at points that carry mass.
    NotConverged
        Where the grid would need too many points.
    """
    x, y, slope = tabulated(source, flow, spacing, least)
    n = max(least, int((y[-1] - y[0]) / spacing) + 2)
    grid = torch.linspace(float(y[0]), float(y[-1]), n, dtype=torch.float64, device=x.device)
    at, slope, off = flow.inverse(grid, x, y, slope, doubt)
    density = source.spread(at) / slope
    return grid, density, float((density * off).sum() * (grid[1] - grid[0])) / 2


def tabulated(source: Start, flow: IncreasingMap, spacing: float, least: int) -> tuple[Tensor, Tensor, Tensor]:
    """Points that hold the mass of a source, their images and the slopes there: as near each other, before and after the map, as grids of this
    spacing need that are inverted from there."""
    points = held(source, _DENSER * least).to(flow.device)
    x, y, slope = flow.known(points)
    if float(y[-1] - y[0]) / spacing > _MOST:
        raise NotConverged(f"a law on a grid of {float(y[-1] - y[0]) / spacing:.3g} points", math.nan, spacing)
    for _ in range(_ROUNDS):  # until neighbours are near each other after the map too
        parts = torch.ceil(torch.diff(y) / (1.5 * spacing)).clamp_max(_PARTS)
        parts = torch.where(torch.diff(y) > 2 * spacing, parts, 1.0)
        if not bool((parts > 1).any()):
            break
        first = torch.repeat_interleave(torch.arange(len(parts), device=x.device), parts.long())
        share = torch.arange(len(first), device=x.device) - (torch.cumsum(parts, 0) - parts)[first]
        between = torch.lerp(x[first], x[first + 1], share / parts[first])
        flow.ask(between[share > 0])
        x, y, slope = flow.known(points)
    return x, y, slope


def held(source: Start, least: int = 50) -> Tensor:
    """Points where the source has mass: at least four times so many of a target, those of its grid of a law."""
    if source.law is None:
        x, density = total(source.spread, source.ends[0], source.ends[1], 4 * least, _MOST)
    else:
        x, density = source.law.grid, source.law.values
    return x[density * (x[-1] - x[0]) > 1e-13]


def _bends(x: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """The second derivative at points, from the slopes there, and what it may be off by between each two: four times by how much the
    differences bend."""
    across = torch.diff(slope) / torch.diff(x)
    padded = torch.cat([across[:1], across, across[-1:]])
    bends = (padded[1:] + padded[:-1]) / 2
    return bends, 4 * torch.abs(across - (bends[1:] + bends[:-1]) / 2)


def _between(y: Tensor, knots: Tensor, values: Tensor, slopes: Tensor, cell: Tensor) -> Tensor:
    """The polynomial of degree 7 through the values and slopes at the four knots next to y, kept between those at the ends of its cell."""
    around = (cell.clamp(1, max(1, len(knots) - 3))[:, None] + torch.arange(-1, 3, device=y.device)).clamp(0, len(knots) - 1)
    z = knots[around].repeat_interleave(2, dim=1)
    table = values[around].repeat_interleave(2, dim=1)
    result, product = table[:, 0].clone(), torch.ones_like(y)
    for order in range(1, z.shape[1]):  # divided differences
        gap = z[:, order:] - z[:, :-order]
        table = torch.diff(table, dim=1) / gap
        if order == 1:
            table[:, ::2] = slopes[around]
        product = product * (y - z[:, order - 1])
        result += table[:, 0] * product
    low, high = values[cell], values[cell + 1]
    return torch.where(torch.isfinite(result), result.clamp(low, high), (low + high) / 2)
