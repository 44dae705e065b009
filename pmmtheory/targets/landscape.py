"""Where a density in the plane lives: the wells of its potential, and a box beyond which it is next to nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from pmmtheory.errors import NotNormalisable
from pmmtheory.targets.derivative import derivative

DEPTH = 40.0
"""Densities below exp(-40) of the largest are left out."""

_RIM, _SEEN = 96, 97
"""Points of a side, and of an axis, at which a box is looked at."""

_MISSED = 3.0
"""How many cells of these points a well may be wide that they may miss, or see a part of."""

_STEPS = 2.0 ** (torch.arange(-60, 81, dtype=torch.float64) / 2)
"""Distances from a minimum, relative to the scale around the lowest, at which its well is looked at."""

_WIDENINGS = 400
_RADII = torch.logspace(-3, 6, 37, dtype=torch.float64)
_ANGLES = torch.arange(32, dtype=torch.float64) * (math.pi / 16)
_AROUND = torch.stack([torch.cos(_ANGLES), torch.sin(_ANGLES)], -1)

Potential = Callable[[Tensor], Tensor]


class Landscape:
    """The wells of a potential F, from a scan along rays from the origin and from given places, and a box around them, widened until F is 40 above its minimum
    along its rim.

    Attributes
    ----------
    minima : (n, 2) tensor
        The low places that the scan found.
    least : float
        The smallest F that was seen.
    box : (2, 2) tensor
        Low and high ends of both coordinates.
    wells : (m, 2) tensor
        These, and the given places where F is low.
    widths, shares : (m,) tensors
        The least deviation of each well, as far as F tells there, and about what share of the mass it has.

    Raises
    ------
    NotNormalisable
        Where F is not bounded below, or does not rise far out.
    """

    def __init__(self, potential: Potential, starts: Tensor, name: str):
        self._potential, self._name = potential, name
        minima = self._minima(starts)
        values = self.values(minima)
        self.least = float(values.min())
        self.minima = _distinct(minima[values <= self.least + DEPTH])
        self._size = self._scale()
        self.box = self._box()
        named = starts[1:]
        self.wells = _distinct(torch.cat([self.minima, named[self.values(named) <= self.least + DEPTH]]))
        self.widths, self.shares = self._narrow(self.wells)

    def values(self, x: Tensor) -> Tensor:
        """F, infinite where it is no number."""
        value = self._potential(x).detach()
        return torch.where(torch.isnan(value), math.inf, value)

    def _minima(self, starts: Tensor) -> Tensor:
        """Places of low F: the lowest of every start's rays, followed downhill."""
        rays = _RADII[:, None, None] * _AROUND
        found = list(starts)
        for start in starts:
            points = torch.cat([start[None], (start + rays).reshape(-1, 2)])
            values = self.values(points)
            found += [points[int(k)] for k in torch.argsort(values)[:4]]
        return torch.stack([self._downhill(x) for x in found])

    def _downhill(self, x: Tensor) -> Tensor:
        def value(z: np.ndarray) -> tuple[float, np.ndarray]:
            point = torch.as_tensor(z)
            return float(self._potential(point[None])[0]), derivative(self._potential, point[None])[0].detach().numpy()

        if not bool(torch.isfinite(self.values(x[None])).all()):
            return x
        with np.errstate(all="ignore"):
            best = minimize(value, x.numpy(), jac=True, method="BFGS", options={"maxiter": 200})
        if not math.isfinite(best.fun) or best.fun < -1e12 or float(np.abs(best.x).max()) > 1e12:
            raise NotNormalisable("potential", self._name, "bounded below, and rising far out")
        return torch.as_tensor(best.x)

    def _box(self) -> Tensor:
        """A box beyond which F is at least DEPTH above its minimum, as far as its rim tells."""
        around = self._around(self.minima)
        box = torch.stack([self.minima.min(0).values - 4 * self._size, self.minima.max(0).values + 4 * self._size], 1)
        for _ in range(_WIDENINGS):
            sides = self._rim(box)
            self.least = min(self.least, *(float(side) for side in sides.flatten()))
            low = sides < self.least + DEPTH
            if not bool(low.any()):
                shrunk = self._shrunk(box, around)
                if bool(((shrunk[:, 1] - shrunk[:, 0]) > 0.8 * (box[:, 1] - box[:, 0])).all()):
                    return shrunk
                box = shrunk
                continue
            width = (box[:, 1] - box[:, 0])[:, None]
            box = box + torch.where(low, 0.3 * width, 0.0) * torch.tensor([-1.0, 1.0], dtype=torch.float64)
            if self.least < -1e12 or float(box.abs().max()) > 1e15:
                break
        raise NotNormalisable("potential", self._name, "bounded below, and rising far out faster than a logarithm")

    def _scale(self) -> float:
        """A length at which F has risen by about one around its lowest minimum."""
        centre = self.minima[int(self.values(self.minima).argmin())]
        for k in range(-40, 41):
            if float(self.values(centre + 2.0**k * _AROUND).max()) > self.least + 1:
                return 2.0**k
        raise NotNormalisable("potential", self._name, "rising away from its minimum")

    def _rim(self, box: Tensor) -> Tensor:
        """The least F along the sides of a box: (coordinate, end)."""
        share = torch.linspace(0, 1, _RIM, dtype=torch.float64)
        sides = torch.empty((2, 2), dtype=torch.float64)
        for k in (0, 1):
            along = box[1 - k, 0] + share * (box[1 - k, 1] - box[1 - k, 0])
            for end in (0, 1):
                points = torch.empty((_RIM, 2), dtype=torch.float64)
                points[:, k], points[:, 1 - k] = box[k, end], along
                sides[k, end] = self.values(points).min()
        return sides

    def _narrow(self, wells: Tensor) -> tuple[Tensor, Tensor]:
        """The least deviation of each well, as far as F tells there on both sides, and about what share of the mass it has, both (n,)."""
        height, around = self.values(wells), self._around(wells)
        rises = self._rises((around + around.roll(len(_AROUND) // 2, -1)) / 2, height[:, None, None] + 0.125) / 0.5
        masses = rises.amin(1) * rises.amax(1) * torch.exp(self.least - height)
        return rises.amin(1), masses / masses.sum()

    def _around(self, wells: Tensor) -> Tensor:
        """F at all distances from each well along all rays, (n, distances, rays)."""
        rays = (self._size * _STEPS)[:, None, None] * _AROUND
        return torch.stack([self.values(x + rays) for x in wells])

    def _rises(self, around: Tensor, height: Tensor | float) -> Tensor:
        """How far from each well such values are first above a height along each ray, (n, rays)."""
        above = around > height
        return self._size * _STEPS[torch.where(above.any(1), above.int().argmax(1), len(_STEPS) - 1)]

    def _shrunk(self, box: Tensor, around: Tensor) -> Tensor:
        """The box without what is 40 above the minimum, but for a cell and a half; with the wells, around which F is this, that are too narrow to be seen."""
        reach = self._rises(around, self.least + DEPTH).amax(1)
        axes = [torch.linspace(float(low), float(high), _SEEN, dtype=torch.float64) for low, high in box]
        values = self.values(torch.stack(torch.meshgrid(*axes, indexing="ij"), -1))
        self.least = min(self.least, float(values.min()))
        kept = values < self.least + DEPTH
        ends = []
        for k, axis in enumerate(axes):
            where = kept.any(1 - k).nonzero().flatten()
            cell = 1.5 * float(axis[1] - axis[0])
            near = (axis[where[0]], axis[where[-1]]) if len(where) else (box[k].mean(), box[k].mean())
            narrow = reach < _MISSED * cell
            places = self.minima[narrow, k]
            wells = torch.cat([places - reach[narrow], places + reach[narrow]]).clamp(float(box[k, 0]), float(box[k, 1])).tolist()
            low, high = max(float(near[0]) - cell, float(box[k, 0])), min(float(near[1]) + cell, float(box[k, 1]))
            ends.append([min([low, *wells]), max([high, *wells])])
        return torch.tensor(ends, dtype=torch.float64)


def _distinct(points: Tensor) -> Tensor:
    """Points without those that are next to an earlier one."""
    found: list[Tensor] = []
    for x in points:
        if all(float((x - other).abs().max()) > 1e-3 * (1e-3 + float(x.abs().max())) for other in found):
            found.append(x)
    return torch.stack(found)
