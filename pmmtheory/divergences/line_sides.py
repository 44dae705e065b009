"""The second of two laws on the line, a law of a chain or a target, by one interface."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LineLaw
from pmmtheory.laws.step.far_maps import Sides

_CELLS = 6
"""Cells of a law's grid in a panel, which is halved at least once."""


_UNDERFLOWS = 1e-282
"""A density below this has few digits however well it is known."""


class LineSide(ABC):
    """A density on the line with what it may be off by.

    Attributes
    ----------
    support, known : pairs of floats
        Where its mass lies, and where it is known.
    near : float
        A length on which it is smooth.
    coarse : LineSide or None
        The same at a lower resolution.
    off, rounded : floats
        What it may be off by, in total variation, and what of that is rounding or has no place.
    outer, tail_index : floats
        The mass beyond the support; it has finite moments of orders below the index.
    caution, floor, shift, lost, start : floats
        How many times the distance to the lower resolution it may be off; relative to its largest value, what a value may be; by how much
        points may have been moved; the mass that was lost on the way or lies beyond the points; the error of where the chain started.
    astray, unplaced : floats
        What of that was lost on the way; what its equations were left with, in total variation.
    """

    dim: int = 1
    support: tuple[float, float]
    known: tuple[float, float] = (-math.inf, math.inf)
    near: float
    coarse: LineSide | None = None
    off: float
    caution: float = 1.0
    floor: float = 0.0
    shift: float = 0.0
    lost: float = 0.0
    astray: float = 0.0
    start: float = 0.0
    unplaced: float = 0.0
    rounded: float = 0.0
    outer: float = 0.0
    tail_index: float = math.inf

    @abstractmethod
    def density(self, x: Tensor) -> Tensor:
        """At points of any shape."""

    @abstractmethod
    def logs(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The density, no less than 0, its logarithm, and what it may be off by."""

    @abstractmethod
    def cdf(self, x: Tensor) -> Tensor:
        """The distribution function."""

    @abstractmethod
    def beyond(self, low: float, high: float) -> float:
        """The mass outside of an interval, with the digits of both tails."""

    @property
    @abstractmethod
    def covariance(self) -> float:
        """The variance."""

    @property
    @abstractmethod
    def edges(self) -> tuple[Tensor, ...]:
        """Panels on which the density is smooth at the resolution at which it is known."""

    @property
    @abstractmethod
    def points(self) -> Tensor:
        """Ascending points from end to end of the support."""

    @abstractmethod
    def covering(self, low: float, high: float, outside: float) -> LineSide:
        """The same, known on [low, high] too; `outside` is the mass of the other law that matters where this one is not known.

        Raises
        ------
        InvalidParameter
            Where its tails are not known so far out, and mass is there.
        """

    def with_digits(self) -> LineSide:
        """The same, known where it has digits alone."""
        return self

    def missed_below(self, x: Tensor, middle: float) -> Tensor | float:
        """What interpolation does to the distribution function."""
        return 0.0

    def resolved_by(self, spacing: float) -> bool:
        """Whether the trapezoid rule of this spacing has all digits of it."""
        return False

    def resolves(self, other: LineSide) -> bool:
        """Whether it is known on a grid that has all digits of the other."""
        return False

    @property
    def far(self) -> Sides:
        """The variances of Gaussians that it falls like far out, on the left and on the right; infinite where it falls more slowly, or that is not known."""
        return math.inf, math.inf


class LawSide(LineSide):
    """A law of a chain."""

    def __init__(self, law: LineLaw):
        self.law = law
        self.support = self.known = law.ends
        self.near = 10 * law.spacing
        self.coarse = None if law.coarse is None else LawSide(law.coarse)
        self.off, self.floor = law.numerical_error, law.accuracy.floor
        self.caution, self.shift, self.tail_index = law.accuracy.caution, law.accuracy.shift, law.accuracy.tail_index
        self.lost, self.astray = (0.0, 0.0) if law.truncated else (law.errors["ends"], law.lost)
        spread = law.accuracy.relative + law.accuracy.floor * float(law.values.max()) * (law.ends[1] - law.ends[0])
        self.rounded = law.errors.get("rounding", 0.0) + law.unplaced + spread
        self.start, self.unplaced = law.errors.get("start", 0.0), law.unplaced

    def density(self, x: Tensor) -> Tensor:
        return self.law.density(x)

    def logs(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q = self.law.density(x).clamp_min(0.0)
        return q, torch.log(q), self.law.uncertainty(x, q)

    def cdf(self, x: Tensor) -> Tensor:
        return self.law.cdf(x)

    def beyond(self, low: float, high: float) -> float:
        grid, cell = self.law.grid, self.law.spacing
        return float(self.law.values[(grid < low + cell) | (grid > high - cell)].clamp_min(0).sum()) * cell

    @property
    def covariance(self) -> float:
        return self.law.covariance

    @property
    def edges(self) -> tuple[Tensor, ...]:
        grid = self.law.grid
        return (torch.cat([grid[:-1:_CELLS], grid[-1:]]),)

    @property
    def points(self) -> Tensor:
        return self.law.grid

    def covering(self, low: float, high: float, outside: float) -> LineSide:
        first, last = self.known
        if low >= first and high <= last:
            return self
        if self.law.wider is not None:
            return LawSide(self.law.wider(low, high))
        if outside > 0:
            allowed = "a law whose density is known where the first has mass: that of a chain with random draws is not, in its far tails"
            raise InvalidParameter("other", f"a law known on [{first:.4g}, {last:.4g}]", allowed)
        return self

    def with_digits(self) -> LineSide:
        seen = self.law.grid[self.law.values > _UNDERFLOWS]
        if self.law.accuracy.floor > 0 or len(seen) < 2:
            return self
        told = LawSide(self.law)
        told.known = float(seen[0]), float(seen[-1])
        return told

    def missed_below(self, x: Tensor, middle: float) -> Tensor:
        return self.law.missed_below(x, middle)

    def resolves(self, other: LineSide) -> bool:
        return other.resolved_by(self.law.spacing)

    @property
    def far(self) -> Sides:
        known = self.law.accuracy
        if known.floor > 0 or known.far is None:  # then its variances are but the least there may be
            return math.inf, math.inf
        left, right = (variance or math.inf for variance in known.far.variances)
        return left, right
