"""A law on the line, known on a uniform grid."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import count
from pmmtheory.estimate import Estimate
from pmmtheory.laws.grid import cell_integrals, interpolate
from pmmtheory.targets.target import as_points


class LineLaw:
    """The law of a chain on the line.

    Attributes
    ----------
    grid : (n,) tensor
        The uniform grid.
    values : (n,) tensor
        The density there.
    errors : dict of names to floats
        What the law may be off by, in total variation: "resolution", the distance to the same law at the next lower resolution;
        "ends", what was seen to leave the grid or lies beyond it.
    numerical_error : float
        Their sum; infinite before a second resolution was seen.
    coarse : LineLaw or None
        That law; divergences measure their own error with it.
    edge : float
        The larger density at the two ends of the grid, relative to the maximum.
    truncated : bool
        Whether the chain was killed outside the grid because it has no law on the whole line.

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

    def __init__(self, grid: Tensor, values: Tensor, reference: Callable[[Tensor], Tensor], truncated: bool = False, lost: float = 0.0):
        self.grid, self.truncated = grid, truncated
        self.start, self.spacing = float(grid[0]), float(grid[1] - grid[0])
        self.values = values / (values.sum() * self.spacing)
        self.coarse: LineLaw | None = None
        self.errors = {"resolution": math.inf, "ends": lost}
        self.edge = float(self.values[[0, -1]].abs().max() / self.values.max())
        self._reference = reference
        self._ratio = self.values / reference(grid).clamp_min(1e-300)

    def density(self, x: Any) -> Tensor:
        """The density at x: the ratio to the target is interpolated, so that tails keep their digits. Zero off the grid."""
        points = as_points(x, 1).to(self.grid)
        value = interpolate(self._ratio, self.start, self.spacing, points) * self._reference(points)
        inside = (points >= self.start) & (points <= self.start + (self.grid.shape[0] - 1) * self.spacing)
        return torch.where(inside, value, 0.0)

    def cdf(self, x: Any) -> Tensor:
        """The distribution function at x."""
        points = as_points(x, 1).to(self.grid)
        return interpolate(self._below, self.start, self.spacing, points).clamp(0.0, 1.0)

    def moment(self, k: int) -> Estimate:
        """E X^k, with the error seen against the lower resolution."""
        power = count("k", k, 0)
        value = self._expect(self.grid**power)
        other = self.coarse
        error = abs(value - other._expect(other.grid**power)) if other is not None else self.numerical_error * float(torch.abs(self.grid).max()) ** power
        return Estimate(value, error + 1e-15 * abs(value), "exact law")

    @property
    def mean(self) -> float:
        """E X."""
        return self._expect(self.grid)

    @property
    def covariance(self) -> float:
        """Var X."""
        return self._expect((self.grid - self.mean) ** 2)

    def covering(self, low: float, high: float) -> LineLaw:
        """The same law on a grid that reaches over [low, high], with density zero on what is new."""
        left = max(0, math.ceil((self.start - low) / self.spacing))
        right = max(0, math.ceil((high - float(self.grid[-1])) / self.spacing))
        if left + right == 0:
            return self
        n = self.grid.shape[0] + left + right
        grid = self.start + self.spacing * (torch.arange(n, dtype=self.grid.dtype, device=self.grid.device) - left)
        return LineLaw(grid, torch.nn.functional.pad(self.values, (left, right)), self._reference, self.truncated)

    def resolved_by(self, coarse: LineLaw) -> LineLaw:
        """This law, with its numerical error measured against a coarser one."""
        self.coarse = coarse
        self.errors["resolution"] = float(torch.abs(self.values - coarse.density(self.grid)).sum()) * self.spacing / 2
        self.errors["ends"] += 0.0 if self.truncated else self.edge
        return self

    @property
    def numerical_error(self) -> float:
        """The sum of `errors`."""
        return sum(self.errors.values())

    @property
    def _below(self) -> Tensor:
        zero = torch.zeros(1, dtype=self.values.dtype, device=self.values.device)
        return torch.cat([zero, torch.cumsum(cell_integrals(self.values, self.spacing), 0)])

    def _expect(self, values: Tensor) -> float:
        return float((values * self.values).sum()) * self.spacing
