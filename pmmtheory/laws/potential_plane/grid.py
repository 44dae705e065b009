"""The grid of a law in the plane: as wide as the law, and as fine as its spectrum asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.targets import Target
from pmmtheory.targets.landscape import DEPTH
from pmmtheory.targets.plane import PlaneQuadrature

_MOST = 900
"""Points of an axis beyond which a law is out of reach."""

_WIDER, _SHIFT = 0.02, 0.37
"""From level to level the grid is finer, wider by the first, and shifted by the second, a share of a cell: two levels then have no fault in common."""


@dataclass(frozen=True)
class Grid:
    """A product of two uniform grids with an odd number of points each, whose waves have no partner of the other sign that they are mistaken for.

    Attributes
    ----------
    axes : two tensors
    kept : (n * m,) boolean tensor
        The points on which masses are moved; on others the law has none that matters.
    points : (kept, 2) tensor
    """

    axes: tuple[Tensor, Tensor]
    kept: Tensor
    points: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.axes[0]), len(self.axes[1])

    @property
    def spacings(self) -> tuple[float, float]:
        first, second = self.axes
        return float(first[1] - first[0]), float(second[1] - second[0])

    def waves(self) -> tuple[np.ndarray, np.ndarray]:
        """Angular frequencies along both axes as of a real FFT: (n,) and (m // 2 + 1,)."""
        (n, m), (dx, dy) = self.shape, self.spacings
        return 2 * math.pi * np.fft.fftfreq(n, dx), 2 * math.pi * np.fft.rfftfreq(m, dy)


def grid_on(box: Tensor, bands: tuple[float, float], level: int, denser: float, rtol: float) -> tuple[Tensor, Tensor]:
    """Axes over a box (2, 2) that hold waves up to these bands, finer by a factor, wider and shifted with the level."""
    axes = []
    for (low, high), band in zip(box.tolist(), bands, strict=True):
        middle, half = (low + high) / 2, (high - low) / 2 * (1 + _WIDER * level)
        n = _odd(max(33, math.ceil(2 * half * band * denser**level / math.pi)))
        if n > _MOST:
            raise NotConverged(f"a law in the plane on a grid of {n} points an axis", math.nan, rtol)
        axes.append(middle - half + 2 * half / n * (torch.arange(n, dtype=torch.float64) + _SHIFT * (level % 3)))
    return axes[0], axes[1]


def masked(axes: tuple[Tensor, Tensor], where: Tensor) -> Grid:
    """The grid with the points where a boolean tensor (n, m) says so."""
    kept = where.reshape(-1)
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)[kept]
    return Grid(axes, kept, points)


def bands(target: Target, quadrature: PlaneQuadrature, faint: float) -> tuple[float, float]:
    """The highest frequencies along both axes of which a law near the target has more than a faint share.

    pi alone is a trap: a law pi (1 + step phi) has the poles of the drift, where pi is zero at complex points; so pi |grad F|^2 is looked at too.
    """
    sizes = [min(1200, 2 * math.ceil(float(high - low) / spacing)) for (low, high), spacing in zip(quadrature.box, quadrature.spacings, strict=True)]
    first, second, _ = quadrature.grid(*sizes)
    density = quadrature.on((first, second))
    force = target.drift(torch.stack(torch.meshgrid(first, second, indexing="ij"), -1)).detach()
    squared = torch.where(density > 0, density * (force**2).sum(-1), 0.0)
    found = [0.0, 0.0]
    for values in (density, squared):
        waves = torch.fft.fft2(values).abs()
        waves /= waves.max()
        for k, axis in enumerate((first, second)):
            tops = waves.amax(1 - k)[: len(axis) // 2]
            last = int((tops > max(1e-13, faint)).nonzero().max())
            found[k] = max(found[k], 2 * math.pi * (last + 1) / (len(axis) * float(axis[1] - axis[0])))
    return found[0], found[1]


def widened(quadrature: PlaneQuadrature, width: float) -> Tensor:
    """The box of the target, so many times as wide around its mean."""
    return quadrature.mean[:, None] + width * (quadrature.box - quadrature.mean[:, None])


def inside(quadrature: PlaneQuadrature, height: Tensor, width: float) -> Tensor:
    """Where a law that is so many times as wide as the target has mass; height: F on a grid."""
    return height - quadrature.least < (DEPTH + 2) * width**2


def _odd(n: int) -> int:
    """The next odd number without prime factors above 13."""
    n += 1 - n % 2
    while True:
        rest = n
        for factor in (3, 5, 7, 11, 13):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n += 2
