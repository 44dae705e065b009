"""The second of two laws in the plane, a law of a chain or a target, by one interface."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pmmtheory.laws import PlanarLaw
from pmmtheory.laws.line.unseen import Unseen
from pmmtheory.targets import Target
from pmmtheory.targets.plane import in_plane

Axes = tuple[Tensor, Tensor]

NOTHING = 1e-14
"""Densities below this share of the largest are not told from none."""


class PlaneSide(ABC):
    """A density in the plane.

    Attributes
    ----------
    dim : int
    off : float
        What it may be off by, in total variation.
    left, lost : float
        What its equations were left with, or its normaliser is off by, in total variation; and the mass that it lost: neither is seen by its two resolutions.
    spacings, crossings : pairs of floats
        The spacings at which its integrals have all digits; and those at which the lines on which it crosses another density are seen.
    everywhere : bool
        Whether its logarithm is known everywhere.
    unseen : Unseen or None
        What its chain may have started with where it has no digits.
    goal : Law or Target
        Whose density it is, with its moments.
    reference : Target
        A target next to it: itself, or that of the chain.
    box : (2, 2) tensor
        Low and high on both axes of where it lives.
    """

    dim: int = 2
    off: float = 0.0
    left: float = 0.0
    lost: float = 0.0
    spacings: tuple[float, ...]
    crossings: tuple[float, ...]
    everywhere: bool = True
    unseen: Unseen | None = None
    goal: Any
    reference: Target

    @property
    @abstractmethod
    def box(self) -> Tensor: ...

    @abstractmethod
    def on(self, axes: Axes) -> Tensor:
        """The density on a product of two grids."""

    @abstractmethod
    def logs(self, axes: Axes) -> tuple[Tensor, Tensor]:
        """Its logarithm, and where that is not known."""

    def shift(self, axes: Axes, log: Tensor) -> Tensor:
        """By how much its logarithm is another at the lower resolution, as cautiously as the law is."""
        return torch.zeros_like(log)


class PlanarLawSide(PlaneSide):
    """A law of a chain: not known beyond its grid, or where its two resolutions disagree by more than half."""

    everywhere = False

    def __init__(self, law: PlanarLaw):
        self.law, self.off = law, law.numerical_error
        self.left, self.lost, self.unseen = 2 * law.unplaced, law.lost, law.unseen
        self.goal, self.reference = law, law.reference
        self.spacings = self.crossings = law.spacings

    @property
    def box(self) -> Tensor:
        return self.law.box

    def on(self, axes: Axes) -> Tensor:
        return self.law.on(axes)

    def logs(self, axes: Axes) -> tuple[Tensor, Tensor]:
        q = self.law.on(axes)
        unknown = q <= NOTHING * self.law.values.max()
        if self.law.coarse is not None:
            unknown = unknown | ((q - self.law.coarse.on(axes)).abs() > 0.5 * q)
        return torch.log(q.clamp_min(1e-300)), unknown

    def shift(self, axes: Axes, log: Tensor) -> Tensor:
        if self.law.coarse is None:
            return torch.zeros_like(log)
        return (self.law.caution * (log - torch.log(self.law.coarse.on(axes).clamp_min(1e-300))).abs()).clamp_max(1.0)


class PlanarTargetSide(PlaneSide):
    """A target whose narrowest width, or quadrature in the plane, is known."""

    def __init__(self, target: Target):
        self.target, self.dim = target, target.dim
        self.goal = self.reference = target
        self._own = target.plane if target.dim == 2 else None
        self.off = self.left = self._own.error if self._own is not None else 0.0

    @cached_property
    def spacings(self) -> tuple[float, ...]:  # type: ignore[override]
        variances = getattr(self.target, "variances", None)
        if self._own is not None:
            return tuple(self._own.spacings)
        if variances is None:
            return tuple(in_plane(self.target).spacings)
        return (0.8 * math.sqrt(float(variances.min())),) * 2

    @property
    def crossings(self) -> tuple[float, ...]:  # type: ignore[override]
        return tuple(2 * spacing for spacing in self.spacings)

    @property
    def box(self) -> Tensor:
        return in_plane(self.target).box

    def on(self, axes: Axes) -> Tensor:
        return self.target.density(points(axes))

    def logs(self, axes: Axes) -> tuple[Tensor, Tensor]:
        log = self.target.log_density(points(axes))
        return log, torch.zeros_like(log, dtype=torch.bool)


def points(axes: Axes) -> Tensor:
    """The points of a product of two grids, (n, m, 2)."""
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)
