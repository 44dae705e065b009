"""Quadrature in the plane: where a density lives, its normaliser and its first moments, by the trapezoid rule, with what they may be off by."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from pmmtheory.errors import NotNormalisable
from pmmtheory.targets.derivative import derivative
from pmmtheory.targets.target import Target

DEPTH = 40.0
"""Densities below exp(-40) of the largest are left out."""

_RIM, _SEEN = 96, 97
"""Points of a side, and of an axis, at which a box is looked at."""

_WIDENINGS = 400
_RADII = torch.logspace(-3, 6, 37, dtype=torch.float64)
_ANGLES = torch.arange(32, dtype=torch.float64) * (math.pi / 16)
_SIZES = (49, 72, 108, 162, 243, 364, 546, 820, 1230, 1845)
_AGREE = 1e-12
"""Two grids on which the normaliser and the moments differ by no more have the same."""

Potential = Callable[[Tensor], Tensor]


class PlaneQuadrature:
    """The integrals of exp(-F) over a box in R^2, on uniform grids that are refined until two of them agree.

    The box is found from F: minima from a scan along rays from the origin and from the places given, then a box around them all, widened until F is 40 above
    its minimum along its rim. A scan cannot see a well that lies between its rays and behind a wall of more than 40: `places` name such.

    Attributes
    ----------
    box : (2, 2) tensor
        Low and high ends of both coordinates.
    minima : (n, 2) tensor
        The low places that the scan found.
    least : float
        The smallest F that was seen.
    log_normaliser : float
        log of the integral of exp(-F).
    error : float
        What the normaliser may be off by, relative to it: the change between two grids, the mass along the rim, and rounding.
    spacings : pair of floats
        Of a grid on which all digits are there.
    mean, covariance : tensors (2,) and (2, 2)
    moment_error : float
        What the mean may be off by in units of the largest deviation, and covariances in units of the largest variance.

    marginals : dict
        Laws along directions that were asked for.

    Raises
    ------
    NotNormalisable
        Where F is not bounded below, does not rise far out, or exp(-F) varies on scales that no grid of 1845 x 1845 points sees.
    """

    def __init__(self, potential: Potential, places: Sequence[Sequence[float]] = (), name: str = "F"):
        self._potential, self._name = potential, name
        self.marginals: dict[Any, Any] = {}
        starts = torch.tensor([[0.0, 0.0], *places], dtype=torch.float64)
        minima = self._minima(starts)
        values = self._values(minima)
        self.least = float(values.min())
        self.minima = _distinct(minima[values < self.least + DEPTH])
        self.box = self._box(self.minima)
        self._integrate()

    def grid(self, n: int, m: int, shift: float = 0.0) -> tuple[Tensor, Tensor, float]:
        """Two axes of n and m points of the box, shifted by a share of a cell, and the area of a cell."""
        (low, high), (bottom, top) = self.box.tolist()
        first = low + (high - low) / n * (torch.arange(n, dtype=torch.float64) + shift)
        second = bottom + (top - bottom) / m * (torch.arange(m, dtype=torch.float64) + shift)
        return first, second, (high - low) * (top - bottom) / (n * m)

    def on(self, axes: tuple[Tensor, Tensor]) -> Tensor:
        """exp(least - F) on a product of axes."""
        return torch.exp(self.least - self._values(torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)))

    def _values(self, x: Tensor) -> Tensor:
        value = self._potential(x).detach()
        return torch.where(torch.isnan(value), math.inf, value)

    def _minima(self, starts: Tensor) -> Tensor:
        """Places of low F: the lowest of every start's rays, followed downhill."""
        rays = _RADII[:, None, None] * torch.stack([torch.cos(_ANGLES), torch.sin(_ANGLES)], -1)
        found = list(starts)
        for start in starts:
            points = torch.cat([start[None], (start + rays).reshape(-1, 2)])
            values = self._values(points)
            found += [points[int(k)] for k in torch.argsort(values)[:4]]
        return torch.stack([self._downhill(x) for x in found])

    def _downhill(self, x: Tensor) -> Tensor:
        def value(z: np.ndarray) -> tuple[float, np.ndarray]:
            point = torch.as_tensor(z)
            return float(self._potential(point[None])[0]), derivative(self._potential, point[None])[0].detach().numpy()

        if not bool(torch.isfinite(self._values(x[None])).all()):
            return x
        with np.errstate(all="ignore"):
            best = minimize(value, x.numpy(), jac=True, method="BFGS", options={"maxiter": 200})
        if not math.isfinite(best.fun) or best.fun < -1e12 or float(np.abs(best.x).max()) > 1e12:
            raise NotNormalisable("potential", self._name, "bounded below, and rising far out")
        return torch.as_tensor(best.x)

    def _box(self, minima: Tensor) -> Tensor:
        """A box beyond which F is at least DEPTH above its minimum, as far as its rim tells."""
        size = self._scale(minima)
        box = torch.stack([minima.min(0).values - 4 * size, minima.max(0).values + 4 * size], 1)
        for _ in range(_WIDENINGS):
            sides = self._rim(box)
            self.least = min(self.least, *(float(side) for side in sides.flatten()))
            low = sides < self.least + DEPTH
            if not bool(low.any()):
                shrunk = self._shrunk(box)
                if bool(((shrunk[:, 1] - shrunk[:, 0]) > 0.8 * (box[:, 1] - box[:, 0])).all()):
                    return shrunk
                box = shrunk
                continue
            width = (box[:, 1] - box[:, 0])[:, None]
            box = box + torch.where(low, 0.3 * width, 0.0) * torch.tensor([-1.0, 1.0], dtype=torch.float64)
            if self.least < -1e12 or float(box.abs().max()) > 1e15:
                break
        raise NotNormalisable("potential", self._name, "bounded below, and rising far out faster than a logarithm")

    def _scale(self, minima: Tensor) -> float:
        """A length at which F has risen by about one around its lowest minimum."""
        centre = minima[int(self._values(minima).argmin())]
        around = torch.stack([torch.cos(_ANGLES), torch.sin(_ANGLES)], -1)
        for k in range(-40, 41):
            if float(self._values(centre + 2.0**k * around).max()) > self.least + 1:
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
                sides[k, end] = self._values(points).min()
        return sides

    def _shrunk(self, box: Tensor) -> Tensor:
        """The box without what is 40 above the minimum, but for a cell and a half."""
        axes = [torch.linspace(float(low), float(high), _SEEN, dtype=torch.float64) for low, high in box]
        values = self._values(torch.stack(torch.meshgrid(*axes, indexing="ij"), -1))
        self.least = min(self.least, float(values.min()))
        kept = values < self.least + DEPTH
        ends = []
        for k, axis in enumerate(axes):
            where = kept.any(1 - k).nonzero().flatten()
            cell = 1.5 * float(axis[1] - axis[0])
            near = (axis[where[0]], axis[where[-1]]) if len(where) else (box[k].mean(), box[k].mean())
            ends.append([max(float(near[0]) - cell, float(box[k, 0])), min(float(near[1]) + cell, float(box[k, 1]))])
        return torch.tensor(ends, dtype=torch.float64)

    def _integrate(self) -> None:
        before: tuple[float, Tensor, Tensor] | None = None
        for k, n in enumerate(_SIZES):
            axes = self.grid(n, n, 0.37 * (k % 2))
            p, cell = self.on(axes[:2]), axes[2]
            whole = float(p.sum())
            mean = torch.stack([p.sum(1) @ axes[0], p.sum(0) @ axes[1]]) / whole
            u, v = axes[0] - mean[0], axes[1] - mean[1]
            mixed = u @ p @ v
            matrix = torch.stack([torch.stack([u**2 @ p.sum(1), mixed]), torch.stack([mixed, p.sum(0) @ v**2])]) / whole
            now = whole * cell, mean, matrix
            if before is not None:
                largest = max(float(matrix.diagonal().max()), 1e-300)
                change = abs(before[0] / now[0] - 1)
                moved = max(float((before[1] - mean).abs().max()) / math.sqrt(largest), float((before[2] - matrix).abs().max()) / largest)
                if max(change, moved) < _AGREE * (1 + float(self.box.abs().max()) / math.sqrt(largest)):
                    rim = float(torch.cat([p[0], p[-1], p[:, 0], p[:, -1]]).sum()) / whole
                    self.error, self.moment_error = change + n * rim + 4e-15, moved + 60 * n * rim + 4e-15
                    self.log_normaliser = math.log(now[0]) - self.least
                    self.mean, self.covariance = mean, matrix
                    self.spacings = tuple(float(axis[1] - axis[0]) * n / _SIZES[k - 1] for axis in axes[:2])
                    return
            before = now
        raise NotNormalisable("potential", self._name, f"one whose exp(-F) is seen on a grid of {_SIZES[-1]} x {_SIZES[-1]} points over its support")


def _distinct(points: Tensor) -> Tensor:
    """Points without those that are next to an earlier one."""
    found: list[Tensor] = []
    for x in points:
        if all(float((x - other).abs().max()) > 1e-3 * (1e-3 + float(x.abs().max())) for other in found):
            found.append(x)
    return torch.stack(found)


_KNOWN: WeakKeyDictionary[Target, PlaneQuadrature] = WeakKeyDictionary()


def in_plane(target: Target) -> PlaneQuadrature:
    """The quadrature of a target in the plane: its own where it has one, else by a scan that starts from its means."""
    if target.plane is not None:
        return target.plane
    if target not in _KNOWN:
        centres: Any = getattr(target, "means", None)
        places = torch.as_tensor(target.mean if centres is None else centres, dtype=torch.float64).reshape(-1, 2)  # type: ignore[attr-defined]
        _KNOWN[target] = PlaneQuadrature(target.potential, places.tolist(), target.name)
    return _KNOWN[target]
