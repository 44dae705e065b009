"""A chain of coupled double wells, the lattice field phi^4, whose moments and draws come from its transfer operator."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from pmmtheory import errors
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.targets.target import Constant, Target, as_points, draws, generator
from pmmtheory.targets.transfer import DRAWN, Moments, Transfer, refined

_AT_ONCE = 4096
"""Draws whose next sites are found at once."""


class Phi4(Target):
    """F(x) = sum_i coupling (x_{i+1} - x_i)^2/2 + sum_i (barrier (x_i^2 - 1)^2 - field x_i) on a chain of d sites with free ends.

    exp(-F) is a product of functions of two neighbours: the normaliser and all moments are products of matrices on a uniform grid, spectrally accurate
    by the trapezoid rule. The force grows like |x|^3.

    Parameters
    ----------
    dim : int
        The sites, at least 2.
    coupling : number of at least 0, at most 1000
    barrier : positive number, from 1e-3 to 1000
        F of a site at 0 over that at +1 and -1.
    field : number of at most 100 in size

    Raises
    ------
    InvalidParameter
        On numbers out of range.

    Examples
    --------
    >>> target = Phi4(dim=4, coupling=1.0, barrier=1.0)
    >>> target.log_normaliser.error < 1e-10
    True
    >>> bool(target.covariance[0, 1] > target.covariance[0, 3] > 0)
    True
    """

    lsi = poincare = None
    smoothness = Constant(math.inf, "F'' = 12 barrier x^2 - 4 barrier + ... has no bound")

    def __init__(self, dim: int = 8, coupling: float = 1.0, barrier: float = 1.0, field: float = 0.0):
        self.dim = errors.count("dim", dim, 2)
        errors.fits("dim", dim, 2000.0 * self.dim + float(self.dim) ** 2)
        self.coupling, self.barrier, self.field = errors.real("coupling", coupling), errors.positive("barrier", barrier), errors.real("field", field)
        if not 0 <= self.coupling <= 1000:
            raise InvalidParameter("coupling", coupling, "a number from 0 to 1000")
        if not 1e-3 <= self.barrier <= 1000:
            raise InvalidParameter("barrier", barrier, "a number from 0.001 to 1000")
        if not abs(self.field) <= 100:
            raise InvalidParameter("field", field, "a number from -100 to 100")

    @property
    def name(self) -> str:
        return f"Phi4(d={self.dim}, {self.coupling:g}, {self.barrier:g}, {self.field:g})"

    def potential(self, x: Tensor) -> Tensor:
        gaps = torch.diff(x, dim=-1)
        return self.coupling / 2 * (gaps * gaps).sum(-1) + (self.barrier * (x * x - 1) ** 2 - self.field * x).sum(-1)

    def drift(self, x: Tensor) -> Tensor:
        pull = self.coupling * torch.diff(x, dim=-1)
        own = self.field - 4 * self.barrier * x * (x * x - 1)
        return own + torch.nn.functional.pad(pull, (0, 1)) - torch.nn.functional.pad(pull, (1, 0))

    def log_density(self, x: Any) -> Tensor:
        return -self.potential(as_points(x, self.dim)) - self.moments.log_normaliser

    @property
    def log_normaliser(self) -> Estimate:
        """log int exp(-F)."""
        return self._estimate(self.moments.log_normaliser, self.moments.log_error)

    @property
    def mean(self) -> Tensor:
        """E X, (d,), to the errors of mean_estimates."""
        return torch.as_tensor(self.moments.mean)

    @property
    def covariance(self) -> Tensor:
        """The covariance, (d, d), to the errors of covariance_estimates."""
        return torch.as_tensor(self.moments.covariance)

    @property
    def mean_estimates(self) -> list[Estimate]:
        """E x_i with its error, for each site."""
        return [self._estimate(value, self.moments.error) for value in self.moments.mean.tolist()]

    @property
    def covariance_estimates(self) -> list[list[Estimate]]:
        """The covariances of all pairs of sites with their errors."""
        return [[self._estimate(value, self.moments.error) for value in row] for row in self.moments.covariance.tolist()]

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Exact draws, site after site, each from a grid of its own whose place is random.

        A point of the grid z + h Z, z uniform on [0, h), taken with probability p(x)/sum p over that grid, has the density p(x)/(h sum p): that is p
        itself where the trapezoid rule is exact, as it is here to 1e-12.
        """
        draw, total = generator(seed), draws(n, self.dim)
        parts = [self._drawn(min(_AT_ONCE, total - start), draw) for start in range(0, total, _AT_ONCE)]
        return torch.cat(parts)

    @cached_property
    def moments(self) -> Moments:
        """Everything that the transfer operator says, with errors from a second resolution."""
        return refined(self._transfer, self.dim, self.name)

    @cached_property
    def _rest(self) -> list[CubicSpline]:
        """log of what the sites after a site weigh, as functions of its place."""
        x, logs = self._transfer(DRAWN, 1.1).messages(self.dim)
        return [CubicSpline(x, log) for log in logs]

    def _drawn(self, n: int, draw: torch.Generator) -> Tensor:
        coarse = self._transfer(self.moments.nodes, 1.0).x
        step, sites = coarse[1] - coarse[0], np.empty((n, self.dim))
        for i in range(self.dim):
            u = torch.rand((2, n, 1), generator=draw, dtype=torch.float64).numpy()
            x = coarse[:-1] + step * u[0]
            level = self._rest[i](x) - self._alone(x)
            if i:
                level -= self.coupling / 2 * (x - sites[:, i - 1 : i]) ** 2
            mass = np.cumsum(np.exp(level - level.max(1, keepdims=True)), 1)
            place = (mass <= u[1] * mass[:, -1:]).sum(1)
            sites[:, i] = x[np.arange(n), place]
        return torch.as_tensor(sites)

    def _transfer(self, nodes: int, reach: float) -> Transfer:
        """The operator on a grid that holds all places where F of a site by itself is at most 60 above its least, times a reach."""
        turns = np.roots([4 * self.barrier, 0.0, -4 * self.barrier, -self.field])
        least = min(self._alone(turns.real))
        ends = np.roots([self.barrier, 0.0, -2 * self.barrier, -self.field, self.barrier - least - 60])
        inside = ends.real[np.abs(ends.imag) < 1e-9 * np.abs(ends).max()]
        middle, half = (inside.max() + inside.min()) / 2, (inside.max() - inside.min()) / 2
        x = middle + reach * half * np.linspace(-1, 1, nodes)
        return Transfer(x, self._alone(x), self.coupling)

    def _alone(self, x: np.ndarray) -> np.ndarray:
        """F of one site by itself."""
        return self.barrier * (x * x - 1) ** 2 - self.field * x

    def _estimate(self, value: float, error: float) -> Estimate:
        return Estimate.of(value, "transfer operator", resolution=error)
