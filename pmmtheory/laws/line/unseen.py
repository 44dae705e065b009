"""What a chain may have started with that is too little for the arithmetic of its law."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.target import Target

TOLD = 1e-11
"""The share of its largest value down to which the density of a start is in the law of the chain."""

_POINTS, _A_SIDE, _FARTHER = 8001, 401, 0.25
"""Where the density of a start is looked at, and beyond its support, relative to its length: powers of it may fall more slowly."""


@dataclass(frozen=True)
class Unseen:
    """The density h of a start where the law of a chain has no digits of it: far modes of next to no mass, and tails.

    points, log_density : (n,) or (n, d) tensor, and (n,)
        Points of a uniform grid over all of the start, and log h, -inf where it is told.
    cell : float
        The volume of a cell of the grid.
    log_reference : (n,) tensor or None
        log q there, for a q that the chain moves with time.
    """

    points: Tensor
    log_density: Tensor
    cell: float
    log_reference: Tensor | None = None

    @classmethod
    def of(cls, points: Tensor, log_density: Tensor, cell: float, told: float = TOLD) -> Unseen:
        """A density on a uniform grid, told above this share of its largest value."""
        return cls(points, torch.where(log_density > log_density.max() + math.log(told), -math.inf, log_density), cell)

    @classmethod
    def on_line(cls, start: LineTarget) -> Unseen:
        low, high = start.quadrature.low, start.quadrature.high
        more = _FARTHER * (high - low)
        points = torch.linspace(low - more, high + more, _POINTS, dtype=torch.float64)
        return cls.of(points, start.log_density(points), float(points[1] - points[0]))

    @classmethod
    def in_plane(cls, start: Target, box: Tensor, told: float = TOLD, moved: Target | None = None) -> Unseen:
        """Of a start whose support is this box, low and high on both axes, (2, 2); `moved` is the law at the start that a chain keeps as it moves with time."""
        more = _FARTHER * (box[:, 1] - box[:, 0])
        axes = [torch.linspace(float(low), float(high), _A_SIDE, dtype=torch.float64) for low, high in zip(box[:, 0] - more, box[:, 1] + more, strict=True)]
        points = torch.cartesian_prod(*axes)
        found = cls.of(points, start.log_density(points), math.prod(float(axis[1] - axis[0]) for axis in axes), told)
        return found if moved is None else replace(found, log_reference=moved.log_density(points))

    def along(self, direction: Tensor) -> Unseen:
        """What its marginal along a unit vector is not told of."""
        if self.log_reference is not None:
            return self  # marginals have no larger powers
        place, width = self.points @ direction.to(self.points), math.sqrt(self.cell)
        number = ((place - place.min()) / width).round().to(torch.long)
        mass = torch.zeros(int(number.max()) + 1, dtype=torch.float64).index_add(0, number, torch.exp(self.log_density) * self.cell)
        points = place.min() + width * torch.arange(len(mass), dtype=torch.float64)
        return Unseen(points, torch.log(mass / width), width)

    def power(self, order: float, log_reference: Callable[[Tensor], Tensor]) -> float:
        """int h^a q^(1 - a) for the order a > 1, given log q.

        Steps of a chain take it down, by Jensen's inequality, if they keep q: about that much of the power of its law may be missing.
        """
        far = self.log_density > -math.inf
        log = order * self.log_density[far] + (1 - order) * (log_reference(self.points[far]) if self.log_reference is None else self.log_reference[far])
        return float(torch.exp(log.clamp_max(600.0)).sum()) * self.cell
