"""A law in the plane, known on a product of two uniform grids."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from pmmtheory.laws.law import Law
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.line.loss import Loss
from pmmtheory.laws.line.shown import line_law
from pmmtheory.laws.line.unseen import Unseen
from pmmtheory.laws.step.far_plane import FarPlane
from pmmtheory.numerics.nufft import blurred
from pmmtheory.targets import Target
from pmmtheory.targets.line import on_the_line
from pmmtheory.targets.target import as_points, unit_vector

_AT_ONCE = 2**15
"""Points at which a density is interpolated at once."""


class PlanarLaw(Law):
    """The law of a chain of positions in the plane.

    Attributes
    ----------
    axes : two tensors
        The uniform grids of the coordinates, (n,) and (m,).
    values : (n, m) tensor
        The density there, band limited.
    errors : dict of names to floats
        What the law may be off by, in total variation: "resolution", the distance to the same law at the next lower resolution;
        "ends", what was seen to get lost or lies beyond the grid; "solver", what is left of an equation that the law solves, over the gap of the chain,
        and the digits of its steps; "series", what a series of the step in what midpoints push leaves out; "start", what the law was off by that the chain
        started from.
    numerical_error : float
        Their sum; infinite before a second resolution was seen.
    coarse : PlanarLaw or None
        That law.
    floor : float
        The share of the largest density below which a density is not told from none: 0 for sums of Gaussians, which keep their digits.
    leaves : float
        The mass that a step throws off the grid, at most.
    caution : float
        How many times the distance to the coarse law the law may be off: more than once where the chain mixes slowly.
    unseen : Unseen or None
        What the chain may have started with where the law has no digits.
    far : FarPlane or None
        How the law falls far out.

    Examples
    --------
    >>> from pmmtheory.dynamics import ReverseDiffusion
    >>> from pmmtheory.laws import transient_law
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import GaussianMixture
    >>> reverse = ReverseDiffusion(GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.5]], [0.5, 0.5]), horizon=1.0, stop=0.2)
    >>> law = transient_law(EulerMaruyama(reverse, reverse.duration / 4), reverse.marginal(1.0), 4)
    >>> law.covariance.shape, law.numerical_error < 1e-5
    (torch.Size([2, 2]), True)
    """

    dim = 2

    def __init__(self, axes: tuple[Tensor, Tensor], values: Tensor, reference: Target, lost: float = 0.0, floor: float = 0.0):
        self.axes, self.reference, self.floor = axes, reference, floor
        self.spacings = tuple(float(axis[1] - axis[0]) for axis in axes)
        self.values = values / (values.sum() * self.cell)
        self.coarse: PlanarLaw | None = None
        self.caution, self.leaves = 1.0, 0.0
        self.unseen: Unseen | None = None
        self.far: FarPlane | None = None
        self.errors: dict[str, float] = {"resolution": math.inf, "ends": lost}
        rim = torch.cat([self.values[0], self.values[-1], self.values[:, 0], self.values[:, -1]])
        self.edge = float(rim.abs().max() / self.values.max())

    @property
    def lost(self) -> float:
        """The mass that was lost, or that the law was off by that the chain started from."""
        return self.errors["ends"] + self.errors.get("start", 0.0)

    @property
    def cell(self) -> float:
        """The area of a cell of the grid."""
        return math.prod(self.spacings)

    @property
    def box(self) -> Tensor:
        """Low and high on both axes, (2, 2)."""
        return torch.tensor([[float(axis[0]), float(axis[-1])] for axis in self.axes], dtype=torch.float64)

    def density(self, x: Any) -> Tensor:
        """The density at x of shape (..., 2), by the interpolant that is exact for band-limited functions. Zero off the grid."""
        points = as_points(x, 2).to(self.values)
        found = [
            ((self._waves(0, x) @ self.values) * self._waves(1, y)).sum(-1) for x, y in (some.unbind(-1) for some in points.reshape(-1, 2).split(_AT_ONCE))
        ]
        return torch.cat(found).reshape(points.shape[:-1])

    def on(self, axes: tuple[Tensor, Tensor]) -> Tensor:
        """The density on a product of two grids."""
        first, second = (self._waves(k, axis) for k, axis in enumerate(axes))
        return first @ self.values @ second.T

    def finer(self, times: int) -> tuple[Tensor, Tensor]:
        """The axes with so many times as many cells."""
        first, second = (torch.linspace(float(a[0]), float(a[-1]), times * (len(a) - 1) + 1, dtype=a.dtype, device=a.device) for a in self.axes)
        return first, second

    def along(self, direction: Any) -> LineLaw:
        """The law of u . X on the line, u the unit vector of a direction."""
        law = self._along(direction)
        return law if self.coarse is None else law.resolved_by(self.coarse._along(direction))  # of a marginal no more is lost than of the law

    @property
    def mean(self) -> Tensor:
        """E X, (2,)."""
        return torch.stack([(self.values.sum(1 - k) @ self.axes[k]) * self.cell for k in (0, 1)])

    @property
    def covariance(self) -> Tensor:
        """The covariance of X, (2, 2)."""
        u, v = (axis - centre for axis, centre in zip(self.axes, self.mean, strict=True))
        mixed = u @ self.values @ v
        squares = (u**2) @ self.values.sum(1), self.values.sum(0) @ (v**2)
        return torch.stack([torch.stack([squares[0], mixed]), torch.stack([mixed, squares[1]])]) * self.cell

    def resolved_by(self, coarse: PlanarLaw) -> PlanarLaw:
        """This law, with its numerical error measured against a coarser one."""
        self.coarse = coarse
        change = torch.abs(self.values - coarse.on(self.axes))
        self.errors["resolution"] = self.caution * float(change.sum()) * self.cell / 2
        if self.floor > 0:
            self.floor = coarse.floor = max(self.floor, 4 * float(change.max() / self.values.max()))
        self.errors["ends"] += self.edge
        return self

    def _along(self, direction: Any) -> LineLaw:
        unit = unit_vector(direction, 2).to(self.values)
        place = (unit[0] * self.axes[0][:, None] + unit[1] * self.axes[1]).reshape(1, -1)
        masses = (self.values * self.cell).reshape(1, -1)
        held = masses.abs() > 1e-17 * masses.max()
        low, high = float(place[held].min()), float(place[held].max())
        spacing = min(self.spacings) / 2
        grid = torch.arange(low - 12 * spacing, high + 12 * spacing, spacing, dtype=torch.float64, device=masses.device)
        band = min(math.pi / (abs(part) * width) if part else math.inf for part, width in zip(unit.tolist(), self.spacings, strict=True))
        inner = blurred(place, masses, torch.zeros(1, dtype=torch.float64, device=masses.device), grid, band=band)
        law = line_law(grid, inner, on_the_line(self.reference.along(unit.cpu())), Loss(self.errors["ends"]))
        law.errors |= {part: error for part, error in self.errors.items() if part not in ("resolution", "ends")}
        unseen = None if self.unseen is None else self.unseen.along(unit.cpu())
        far = None if self.far is None else self.far.along(unit.tolist())
        law.accuracy = replace(law.accuracy, caution=max(law.accuracy.caution, self.caution), unseen=unseen, far=far)
        return law

    def _waves(self, k: int, x: Tensor) -> Tensor:
        """Sinc functions of an axis at x, zero off the grid: (len(x), n)."""
        axis, numbers = self.axes[k], torch.arange(len(self.axes[k]), device=x.device)
        place = (x - axis[0]) * ((len(axis) - 1) / (axis[-1] - axis[0]))
        inside = (place >= -1e-9) & (place <= len(axis) - 1 + 1e-9)
        place = torch.where(inside, place, 0.0)
        near = place.round()
        rest = place - near
        sine = torch.sin(math.pi * rest) * (1 - 2 * (near % 2)) / math.pi * inside
        waves = (sine[:, None] * (1 - 2 * (numbers % 2))).div_(place[:, None] - numbers)
        return waves.scatter_(1, near.to(torch.long)[:, None], (torch.sinc(rest) * inside)[:, None])
