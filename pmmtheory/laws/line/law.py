"""A law on the line, known on a uniform grid."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, NotConverged, count
from pmmtheory.estimate import Estimate
from pmmtheory.laws.law import Law
from pmmtheory.laws.line.accuracy import Accuracy
from pmmtheory.laws.scales import interpolation_error
from pmmtheory.numerics.interpolation import interpolate
from pmmtheory.numerics.panels import Antiderivative, nodes_of
from pmmtheory.numerics.tails import Tail, tails
from pmmtheory.targets.target import as_points

_LEAST = 1e-130
"""The least reference density, relative to its maximum: below it the density itself is interpolated."""

_SMALLEST = 1e-290
"""Densities below this are lost to underflow."""

_NOTHING, _INSIDE = 1e-11, 0.95
"""A share of the largest density below which two resolutions differ by their noise, and that of the coarser grid on which they do: its ends differ by more."""

_WIDER = 1.05
"""How much wider the spacing of a coarser law must be for the points of the finer to lie all over between its own."""

_HIGHEST = 500
"""The highest order of a moment: that of a standard normal is no number in double precision beyond."""


class LineLaw(Law):
    """The law of a chain on the line.

    Attributes
    ----------
    grid : (n,) tensor
        The uniform grid.
    values : (n,) tensor
        The density there.
    reference : callable or None
        A density to which that of the law has a smooth ratio, which is interpolated; without one, its logarithm is.
    errors : dict of names to floats
        What the law may be off by, in total variation: "resolution", the distance to the same law at the next lower resolution;
        "rounding", what the arithmetic may have lost, and mass that single steps gain or lose, magnified by slow mixing;
        "interpolation", what is off between the points of the grid, seen by predicting every other point; "ends", what was seen to leave
        the grid or lies beyond it; "edges", the mass in the last cells of a law of a chain that is killed beyond them; "start", the error of the
        law that the chain started from.
    numerical_error : float
        Their sum; infinite before a second resolution was seen.
    coarse : LineLaw or None
        The law at that lower resolution; divergences measure their own error with it.
    lost : float
        Mass that was seen to get lost on the way.
    edge : float
        The larger density at the two ends of the grid, relative to the maximum.
    truncated : bool
        Whether the chain was killed outside the grid because it has no law on the whole line.
    accuracy : Accuracy
        How well the values are known.
    wider : callable or None
        (low, high) -> the same law on a grid that reaches over [low, high], where its tails can be computed to relative accuracy.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.laws import stationary_law
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Cosine
    >>> law = stationary_law(EulerMaruyama(Overdamped(Cosine(amplitude=0.5)), step_size=0.1))
    >>> round(float(law.cdf(0.0)), 9), law.moment(2).error < 1e-6
    (0.5, True)
    """

    dim = 1

    def __init__(
        self,
        grid: Tensor,
        values: Tensor,
        reference: Callable[[Tensor], Tensor] | None,
        truncated: bool = False,
        lost: float = 0.0,
        accuracy: Accuracy | None = None,
        wider: Callable[[float, float], LineLaw] | None = None,
    ):
        self.grid, self.truncated, self.wider = grid, truncated, wider
        self.accuracy = accuracy or Accuracy()
        self.start, self.spacing = float(grid[0]), float((grid[-1] - grid[0]) / (len(grid) - 1))
        self.values = values / (values.sum() * self.spacing)
        self.coarse: LineLaw | None = None
        self.lost = lost
        self.errors: dict[str, float] = {"resolution": math.inf, "rounding": self.accuracy.rounding, "ends": lost + self.misplaced(0)}
        self.edge = float(self.values[[0, -1]].abs().max() / self.values.max())
        self._reference_density = reference
        self._least = 0.0 if reference is None else max(1e-300, _LEAST * float(reference(grid).max()))
        self._table = torch.log(self.values.clamp_min(1e-300)) if reference is None else self.values / self._reference(grid)
        self._missed = interpolation_error(self.values, self._table, lambda told, k: self._told(told, grid[k]))
        self.errors["interpolation"] = self._missed.share

    def density(self, x: Any) -> Tensor:
        """The density at x: its logarithm, or the ratio to a reference, is interpolated, so that tails keep their digits. Zero off the grid."""
        points = as_points(x, 1).to(self.grid)
        value = self._told(interpolate(self._table, self.start, self.spacing, points), points)
        inside = (points >= self.start) & (points <= self.start + (self.grid.shape[0] - 1) * self.spacing)
        return torch.where(inside, value, 0.0)

    def cdf(self, x: Any) -> Tensor:
        """The distribution function at x."""
        return self._below(as_points(x, 1).to(self.grid)).clamp(0.0, 1.0)

    def moment(self, k: int) -> Estimate:
        """E X^k, with its error: "resolution" against the lower one, "rounding", "tails" beyond the grid, and "ends", what was lost on the way.

        Raises
        ------
        InvalidParameter
            Where the moment is infinite.
        NotConverged
            Where the tails of the law are not known well enough to tell.
        """
        power = count("k", k, 0, _HIGHEST)
        if power >= self.accuracy.tail_index:
            raise InvalidParameter("k", k, f"an order below {self.accuracy.tail_index:.4g}: moments of this law are infinite from there on")
        size = torch.abs(self.grid) ** power
        change = self._expect_density(size, torch.abs(self.values - self._coarse(self.grid)))
        moved = power * self.accuracy.shift * self._expect(torch.abs(self.grid) ** max(power - 1, 0))
        unplaced = (self.errors["rounding"] + self.unplaced) * float(size.max())
        rounding = 1e-15 * self._expect(size) + moved + self._expect_density(size, self._rounding()) + unplaced
        centre = abs(self.mean)
        beyond = 0.0 if self.truncated else sum(math.comb(power, j) * centre ** (power - j) * self.beyond(j) for j in range(power + 1))
        if not math.isfinite(beyond):
            raise NotConverged(f"the moment of order {power} of a law whose tails are not resolved")
        farthest = max(float(size.max()), _normal_moment(power) * (centre + self.accuracy.reach) ** power)
        lost = (self.lost + self.errors.get("start", 0.0)) * farthest + self.misplaced(power)
        parts = {"resolution": self.accuracy.caution * change, "rounding": rounding, "tails": beyond, "ends": lost}
        return Estimate.of(self._expect(self.grid**power), "exact law", **parts)

    def misplaced(self, power: int) -> float:
        """What a moment of this order may have lost to mass beyond the ends of the grid that has the second moment `missed`."""
        missed = self.accuracy.missed
        if missed == 0:
            return 0.0
        mean = self.mean
        sides = mean - self.ends[0], self.ends[1] - mean
        near, far = min(sides), max(self.accuracy.reach, *sides)
        parts = [missed * (near if j < 2 else far) ** (j - 2) * (_normal_moment(j) if j > 2 else 1.0) for j in range(power + 1)]
        return sum(math.comb(power, j) * abs(mean) ** (power - j) * part for j, part in enumerate(parts))

    @property
    def mean(self) -> float:
        """E X."""
        middle = float(self.grid[len(self.grid) // 2])
        return middle + self._expect(self.grid - middle)

    @property
    def covariance(self) -> float:
        """Var X."""
        return self._expect((self.grid - self.mean) ** 2)

    @property
    def ends(self) -> tuple[float, float]:
        """The interval of the grid."""
        return self.start, self.start + (len(self.grid) - 1) * self.spacing

    def resolved_by(self, coarse: LineLaw) -> LineLaw:
        """This law, with its numerical error measured against a coarser one."""
        self.coarse = coarse
        change = torch.abs(self.values - coarse.density(self.grid)) * self.spacing
        self.errors["resolution"] = self.accuracy.caution * float(change.sum()) / 2
        if coarse.spacing > _WIDER * self.spacing:  # then the change holds what interpolation does to the coarser law, between all its points
            self._missed = self._missed.within(2 * change)
            self.errors["interpolation"] = self._missed.share
        if self.accuracy.floor > 0:
            self.accuracy = replace(self.accuracy, floor=max(self.accuracy.floor, self._noise(coarse)))
        if self.truncated:  # where a cell ends, the chain is killed or not
            self.errors["edges"] = float(self.values[[0, -1]].sum()) * self.spacing
        else:
            self.errors["ends"] += min(1.0, self.beyond(0))
        return self

    def _noise(self, coarse: LineLaw) -> float:
        """Twice the change from the coarser law where the density is next to nothing, relative to the largest."""
        middle, half = sum(coarse.ends) / 2, (coarse.ends[1] - coarse.ends[0]) / 2
        seen = (self.values < _NOTHING * self.values.max()) & (torch.abs(self.grid - middle) < _INSIDE * half)
        change = torch.abs(self.values - coarse.density(self.grid))[seen]
        return 2 * float(change.max() / self.values.max()) if len(change) else 0.0

    def uncertainty(self, x: Tensor, p: Tensor) -> Tensor:
        """What the density p at points may be off by: the change from the lower resolution and rounding. Zero off the grid."""
        change = torch.abs(p - self._coarse(x)) if self.coarse is not None else torch.zeros_like(p)
        low, high = self.ends
        floor = torch.where((x >= low) & (x <= high), self.accuracy.least((x - low) / self.spacing, float(self.values.max())), 0.0)
        relative = self.accuracy.relative + self.unplaced + sum(self.errors.get(part, 0.0) for part in ("rounding", "interpolation", "start"))
        return self.accuracy.caution * change + floor + relative * torch.abs(p) + _SMALLEST

    def missed_below(self, x: Tensor, middle: float) -> Tensor:
        """What interpolation between the points does to integrals of the density up to x of any shape: from the left before `middle`, from the right after."""
        position = ((x - self.start) / self.spacing).clamp(0, len(self.grid) - 1.001)
        first = position.to(torch.long)
        left, right = (torch.lerp(part[first], part[first + 1], position - first) for part in (self._missed.left, self._missed.right))
        return torch.where(x < middle, left, right)

    def beyond(self, k: float) -> float:
        """A bound on int |x - mean|^k p outside the points where the density is well known."""
        return sum(tail.moment(k) for tail in self.tails)

    @property
    def tails(self) -> tuple[Tail, Tail]:
        """How the density falls at both ends."""
        return tails(self.grid, self.values, self._rounding(), self.mean, self.accuracy.tail_index)

    def _rounding(self) -> Tensor:
        return self.accuracy.floor * self.values.max() + self.accuracy.relative * torch.abs(self.values)

    def _told(self, value: Tensor, x: Tensor) -> Tensor:
        """The density at x, from what is interpolated."""
        return torch.exp(value) if self._reference_density is None else value * self._reference(x)

    def _reference(self, x: Tensor) -> Tensor:
        assert self._reference_density is not None
        return self._reference_density(x).clamp_min(self._least)

    def _coarse(self, x: Tensor) -> Tensor:
        """The density at the lower resolution, where there is one."""
        return self.density(x) if self.coarse is None else self.coarse.density(x)

    @cached_property
    def _below(self) -> Antiderivative:
        return Antiderivative(self.grid, self.density(nodes_of(self.grid)), whole=True)

    def _expect(self, values: Tensor) -> float:
        return self._expect_density(values, self.values)

    def _expect_density(self, values: Tensor, density: Tensor) -> float:
        return float((values * density).sum()) * self.spacing


def _normal_moment(k: int) -> float:
    """A bound on E|Z|^k of a standard normal, (k - 1)!! or more."""
    return math.prod(range(k - 1 + k % 2, 1, -2), start=1.0)
