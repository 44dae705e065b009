"""A target as the second of two laws on the line."""

from __future__ import annotations

import math
from functools import cached_property

import torch
from torch import Tensor

from pmmtheory.divergences.line_sides import LineSide
from pmmtheory.laws.line.far import of_target
from pmmtheory.laws.step.far_maps import Sides
from pmmtheory.targets.line import LineTarget

_POINTS = 2001
"""Of a target."""

_RESOLVED = 0.27
"""Of the narrowest panel of a target a grid that resolves it has at most this spacing: its force may turn more sharply than its slope tells."""


class TargetSide(LineSide):
    """A target."""

    def __init__(self, target: LineTarget):
        self.target, self.dim = target, target.dim

    @cached_property
    def support(self) -> tuple[float, float]:  # type: ignore[override]
        return self.target.quadrature.low, self.target.quadrature.high

    @cached_property
    def near(self) -> float:  # type: ignore[override]
        return 1 / math.sqrt(self.target._extreme_curvature(1.0))

    @cached_property
    def off(self) -> float:  # type: ignore[override]
        """The relative error of the density: that of its normaliser where it comes by quadrature, 0 for a closed form."""
        return 0.0 if type(self.target).log_density is not LineTarget.log_density else self.target.quadrature.error

    @property
    def rounded(self) -> float:  # type: ignore[override]
        return self.off

    @property
    def outer(self) -> float:  # type: ignore[override]
        below, above = self.target.quadrature.outer
        return float(below + above)

    def density(self, x: Tensor) -> Tensor:
        return self.target.density(x)

    def logs(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        log = self.target.log_density(x)
        q = torch.exp(log)
        return q, log, (self.off or 4e-16) * q

    def cdf(self, x: Tensor) -> Tensor:
        return self.target.cdf(x)

    def beyond(self, low: float, high: float) -> float:
        return float(self.target.cdf(low)) + float(self.target.survival(high))

    @property
    def covariance(self) -> float:
        return self.target.covariance

    @property
    def edges(self) -> tuple[Tensor, ...]:
        return self.target.quadrature.edges, torch.tensor([*self.target.kinks], dtype=torch.float64)

    @property
    def points(self) -> Tensor:
        return torch.linspace(*self.support, _POINTS, dtype=torch.float64)

    def covering(self, low: float, high: float, outside: float) -> LineSide:
        return self

    def resolved_by(self, spacing: float) -> bool:
        own = min(0.3 / math.sqrt(self.target._extreme_curvature(1.0)), _RESOLVED * float(torch.diff(self.target.quadrature.edges).min()))
        return not self.target.kinks and spacing <= own

    @property
    def far(self) -> Sides:
        return of_target(self.target).variances
