"""Quadrature in the plane: where a density lives, its normaliser and its first moments, by the trapezoid rule, with what they may be off by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from pmmtheory.errors import NotNormalisable
from pmmtheory.targets.landscape import Landscape, Potential
from pmmtheory.targets.target import Target

_SEES = 1.4
"""Cells of so many deviations see a Gaussian: on them two grids do not agree by chance."""

_RAYS, _FARTHER = 360, 1.1
"""Rays along which it is seen how a density falls beyond its box, and how far beyond."""

_SIZES = (49, 72, 108, 162, 243, 364, 546, 820, 1230, 1845)
_AGREE = 1e-12
"""Two grids on which the normaliser and the moments differ by no more have the same."""

_DOUBT = 4.0
"""By how many times as much as from the last grid they may be off: where F has kinks, what grids miss falls slowly, and is not of one sign."""


class PlaneQuadrature:
    """The integrals of exp(-F) over a box in R^2, on uniform grids that are refined until two of them agree.

    The box is found from F: minima from a scan along rays from the origin and from the places given, then a box around them all, widened until F is 40 above
    its minimum along its rim. A scan cannot see a well that lies between its rays and behind a wall of more than 40: `places` name such. Where it is known
    how narrow a density is there, the least deviation, and what share of the mass is as narrow, `widths` and `shares` say so, (n,).

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
        What the normaliser may be off by, relative to it: the change between two grids, what is beyond the box, and rounding.
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

    def __init__(
        self, potential: Potential, places: Sequence[Sequence[float]] = (), name: str = "F", widths: Tensor | None = None, shares: Tensor | None = None
    ):
        self._name = name
        self.marginals: dict[Any, Any] = {}
        starts = torch.tensor([[0.0, 0.0], *places], dtype=torch.float64)
        found = self._landscape = Landscape(potential, starts, name)
        self.minima, self.least, self.box = found.minima, found.least, found.box
        wells = [(found.wells, found.widths, found.shares)]
        if widths is not None and shares is not None:
            wells.append((starts[1:], widths, shares))
        self._integrate(*(torch.cat(part) for part in zip(*wells, strict=True)))

    def grid(self, n: int, m: int, shift: float = 0.0) -> tuple[Tensor, Tensor, float]:
        """Two axes of n and m points of the box, shifted by a share of a cell, and the area of a cell."""
        (low, high), (bottom, top) = self.box.tolist()
        first = low + (high - low) / n * (torch.arange(n, dtype=torch.float64) + shift)
        second = bottom + (top - bottom) / m * (torch.arange(m, dtype=torch.float64) + shift)
        return first, second, (high - low) * (top - bottom) / (n * m)

    def on(self, axes: tuple[Tensor, Tensor]) -> Tensor:
        """exp(least - F) on a product of axes."""
        return torch.exp(self.least - self._landscape.values(torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)))

    def _integrate(self, places: Tensor, widths: Tensor, shares: Tensor) -> None:
        """On ever finer grids. A well that falls between the points of two of them would be missed by both: its share counts as long as the cells are wider."""
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
                missed = shares * (max(float(axis[1] - axis[0]) for axis in axes[:2]) > _SEES * widths)
                aside = (((places - mean) ** 2).sum(1) / largest) @ missed
                change = abs(before[0] / now[0] - 1) + float(missed.sum())
                moved = float(aside) + max(float((before[1] - mean).abs().max()) / math.sqrt(largest), float((before[2] - matrix).abs().max()) / largest)
                if max(change, moved) < _AGREE * (1 + float(self.box.abs().max()) / math.sqrt(largest)):
                    mass, second = (part / now[0] for part in self._beyond(mean))
                    self.error, self.moment_error = _DOUBT * change + mass + 4e-15, _DOUBT * moved + second / largest + 4e-15
                    self.log_normaliser = math.log(now[0]) - self.least
                    self.mean, self.covariance = mean, matrix
                    self.spacings = tuple(float(axis[1] - axis[0]) * n / _SIZES[k - 1] for axis in axes[:2])
                    return
            before = now
        raise NotNormalisable("potential", self._name, f"one whose exp(-F) is seen on a grid of {_SIZES[-1]} x {_SIZES[-1]} points over its support")

    def _beyond(self, mean: Tensor) -> tuple[float, float]:
        """The integrals of exp(least - F), and of it times the square distance from the mean, beyond the box, if along rays it goes on to fall like a power
        of the distance that it falls like a little way beyond."""
        angles = 2 * math.pi / _RAYS * (torch.arange(_RAYS, dtype=torch.float64) + 0.5)
        rays = torch.stack([torch.cos(angles), torch.sin(angles)], -1)
        reach = torch.where(rays > 0, (self.box[:, 1] - mean) / rays, (self.box[:, 0] - mean) / rays).amin(1)
        at, farther = (self._landscape.values(mean + (more * reach)[:, None] * rays) for more in (1.0, _FARTHER))
        power, p = (farther - at) / math.log(_FARTHER), torch.exp(self.least - at)

        def beyond(k: int) -> float:
            held = torch.where(power > k, reach**k * p / (power - k).clamp_min(1e-300), math.inf)
            return float(torch.where(p > 0, held, 0.0).sum()) * 2 * math.pi / _RAYS

        return beyond(2), beyond(4)


_KNOWN: WeakKeyDictionary[Target, PlaneQuadrature] = WeakKeyDictionary()


def in_plane(target: Target) -> PlaneQuadrature:
    """The quadrature of a target in the plane: its own where it has one, else by a scan that starts from its means."""
    if target.plane is not None:
        return target.plane
    if target not in _KNOWN:
        parts: Any = target
        if hasattr(target, "means"):
            widths, shares = torch.linalg.eigvalsh(parts.covariances)[:, 0].sqrt(), parts.weights / parts.weights.sum()
            _KNOWN[target] = PlaneQuadrature(target.potential, parts.means.tolist(), target.name, widths, shares)
        else:
            place = torch.as_tensor(parts.mean, dtype=torch.float64)
            _KNOWN[target] = PlaneQuadrature(target.potential, [place.tolist()], target.name)
    return _KNOWN[target]
