"""Grids of the phase plane, by level, and where a chain starts on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.laws.gaussian.engine import stationary_at
from pmmtheory.laws.line.far import of_target
from pmmtheory.laws.line.unseen import Unseen, top_of
from pmmtheory.laws.phase_plane.band import band
from pmmtheory.laws.phase_plane.law import PlaneLaw
from pmmtheory.laws.phase_plane.operator import Plane
from pmmtheory.laws.step.far_maps import tails_alike
from pmmtheory.laws.step.far_plane import FarPlane
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget

_FLAT = 1e-8
"""A curvature of the tails, times the variance of the target, below which they are taken for no flatter."""

_TOLD = 1e-9
"""The share of its largest value down to which a grid of the second level has the density of a start."""

_POINTS = 4001
"""At which it is seen where the parts of a start are centred."""

_LARGEST = 8000
"""Unknowns of a law: its matrix has the square of them."""


def _tolerance(level: int) -> float:
    """The part of the Fourier transform of a density that a grid leaves out."""
    return 1e-9 * 0.05**level


class Planes:
    """Grids by level, with the band of the target and room for a law whose variance is larger; both with the initial law.

    Where the second would have too many unknowns they begin a level coarser, as two are needed to see an error.
    """

    def __init__(self, scheme: Scheme, target: LineTarget, rtol: float, begun: Start | None = None):
        self._scheme, self._target, self._rtol, self._begun = scheme, target, rtol, begun
        self._wider = math.sqrt(_wider(scheme, target))
        self._coarser = int(self._size(1)[-1] > _LARGEST)

    def at(self, level: int, device: str) -> tuple[Plane, float]:
        """The grid, and what it may leave out of the Fourier transform of a density."""
        low, spacing, n, modes, unknowns = self._size(level - self._coarser)
        if unknowns > _LARGEST:
            where = f"in the phase plane of {self._target.name}, which takes {n} positions times {modes} modes of the velocity,"
            raise NotConverged(f"the law of {self._scheme.name} at step {self._scheme.step_size:g} {where}", math.nan, self._rtol)
        return Plane(low + spacing * torch.arange(n, dtype=torch.float64, device=device), modes), 30 * _tolerance(level - self._coarser)

    def _size(self, level: int) -> tuple[float, float, int, int, int]:
        """The first position, the spacing, the numbers of positions and of modes, and of both together."""
        target, reach = self._target, (1.02 + 0.03 * level) * self._wider
        low, high = (target.mean + reach * (end - target.mean) for end in (target.quadrature.low, target.quadrature.high))
        highest = 1.1 * band(target, _tolerance(level), self._rtol)
        if self._begun is not None:
            low, high, highest = min(low, self._begun.low), max(high, self._begun.high), max(highest, self._begun.highest(level))
        spacing = math.pi / highest
        n, modes = math.ceil((high - low) / spacing) | 1, 11 + 4 * level
        return low, spacing, n, modes, n * modes


@dataclass(frozen=True)
class Start:
    """Where a chain starts: between which positions, up to which frequency by level, its modes on a plane, flat, what is not seen there, and
    how it falls far out."""

    low: float
    high: float
    highest: Callable[[int], float]
    on: Callable[[Plane], Tensor]
    unseen: Unseen | None
    far: Sequence[np.ndarray]
    centres: Tensor | None

    @classmethod
    def of_law(cls, law: PlaneLaw) -> Start:
        highest, (far, centres) = math.pi / law.coarse_spacing, (law.far.covariances, law.far.centres) if law.far else ([], None)
        return cls(float(law.grid[0]), float(law.grid[-1]), lambda level: highest, lambda plane: on_plane(plane, law), law.unseen, far, centres)

    @classmethod
    def of_target(cls, target: LineTarget, rtol: float, kept: LineTarget) -> Start:
        """A target for the position, with N(0, 1) for the velocity, of a chain that is to keep another."""

        def still(plane: Plane) -> Tensor:
            return torch.nn.functional.pad(target.density(plane.grid)[:, None], (0, plane.modes - 1)).flatten()

        low, high = target.quadrature.low, target.quadrature.high
        variance = max(of_target(target).variances)
        return cls(
            low,
            high,
            lambda level: 1.1 * band(target, _tolerance(level), rtol),
            still,
            Unseen.on_line(target, kept, _TOLD),
            [np.diag([variance, 1.0])],
            torch.tensor([[place, 0.0] for place in _centres(target, variance)], dtype=torch.float64),
        )


def on_plane(plane: Plane, law: PlaneLaw) -> Tensor:
    """The modes of a law on another grid, flat."""
    modes = torch.zeros((len(plane.grid), plane.modes), dtype=torch.float64, device=plane.grid.device)
    count = min(plane.modes, law.modes.shape[1])
    modes[:, :count] = law._modes_at(plane.grid)[:, :count]
    return modes.flatten()


def tail_variance(target: LineTarget, curvature: float) -> Tensor:
    """Of a Gaussian with a curvature of the tails."""
    return torch.tensor([1 / max(curvature, _FLAT / float(target.covariance))], dtype=torch.float64)


def _wider(scheme: Scheme, target: LineTarget) -> float:
    """By how much the variance of the law may be larger than that of the target: as on a Gaussian with the curvature of its tails."""
    curvature = max(target.tail_curvature)
    if not 0 < curvature < math.inf:
        return 1.0
    return max(1.0, float(stationary_at(scheme, tail_variance(target, curvature), swept=False, around=float(target.mean))[0, 0, 0]) * curvature)


def _centres(target: LineTarget, variance: float) -> list[float]:
    """The outermost centres of Gaussians of this variance that touch a density beyond the last of its maxima on either side."""
    x = torch.linspace(target.quadrature.low, target.quadrature.high, _POINTS, dtype=torch.float64)
    log, touching = target.log_density(x), x + (variance * target.drift(x) if variance < math.inf else 0.0)
    left, right = x <= top_of(x.flip(0), log.flip(0)), x >= top_of(x, log)
    return [float(touching[left].min()), float(touching[right].max())]


def far_out(scheme: Scheme, target: LineTarget, begun: Start | None = None, steps: int = 0, centres: Tensor | None = None) -> FarPlane:
    """How a law falls far out, where both tails of the target are alike; with centres, where steps took those of its start."""
    length = target.quadrature.high - target.quadrature.low
    return FarPlane(scheme, length, None if begun is None else begun.far, steps, tails_alike(target.tail_curvature), centres)
