"""Targets on the line: everything that quadrature gives any one-dimensional potential."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count
from pmmtheory.estimate import Estimate
from pmmtheory.targets.derivative import derivative
from pmmtheory.targets.quadrature import LineQuadrature
from pmmtheory.targets.region import Region
from pmmtheory.targets.target import Constant, Target, as_points, generator


class LineTarget(Target):
    """A one-dimensional target; a subclass gives `potential` and, where it can, `drift` and `curvature`.

    Everything else (normaliser, moments, distribution function, exact draws, L and the Poincare and log-Sobolev
    constants) is computed by quadrature and overridden where a closed form exists.
    """

    dim = 1
    points: tuple[float, ...] = ()
    _smooth = False
    _grain = math.inf

    @cached_property
    def quadrature(self) -> LineQuadrature:
        """The quadrature behind the reference values; raises InvalidParameter off the line."""
        if self.dim != 1:
            raise InvalidParameter("dim", self.dim, f"quadrature serves targets on the line: {self.name} has no normaliser, moments or draws")
        known = self._region
        return LineQuadrature(self.potential, known, self.points, None if self._smooth else (self.drift, self.curvature), self._grain)

    @cached_property
    def kinks(self) -> tuple[float, ...]:
        """The places where F' or F'' jumps, in order; empty for a smooth target."""
        return self.quadrature.kinks

    @property
    def _region(self) -> Region | None:
        """Where the density lives, for targets that know; it is searched for otherwise."""
        return None

    def drift(self, x: Tensor) -> Tensor:
        """-F'(x), by automatic differentiation."""
        return -derivative(self.potential, x)

    def curvature(self, x: Tensor) -> Tensor:
        """F''(x), by automatic differentiation of the drift."""
        return -derivative(self.drift, x)

    def log_density(self, x: Any) -> Tensor:
        """log pi(x) = -F(x) - log Z."""
        return self.quadrature.log_density(as_points(x, 1))

    def cdf(self, x: Any) -> Tensor:
        """pi((-inf, x])."""
        return self.quadrature.cdf(as_points(x, 1))

    def quantile(self, u: Any) -> Tensor:
        """The inverse of cdf."""
        return self.quadrature.quantile(as_points(u, 1))

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """n exact draws, by inversion of the distribution function."""
        u = torch.rand(count("n", n), generator=generator(seed), dtype=torch.float64)
        return self.quantile(u)

    def moment(self, k: int) -> Estimate:
        """E X^k; raises NotNormalisable where the tails are too heavy for it."""
        return self.quadrature.power(count("k", k, 0))

    def central_moment(self, k: int) -> Estimate:
        """E (X - E X)^k, without the cancellation of moments about the origin."""
        return self.quadrature.power(count("k", k, 0), self.mean)

    @property
    def mean(self) -> float:
        """E X."""
        return self.quadrature.mean

    @property
    def covariance(self) -> float:
        """Var X."""
        return self.central_moment(2).value

    @cached_property
    def smoothness(self) -> Constant:  # type: ignore[override]
        """max |F''| on the support, on a grid of 20001 points refined once around the maximum."""
        return Constant(self._extreme_curvature(1.0), "maximum of |F''| on the support, by a refined grid")

    @cached_property
    def strong_convexity(self) -> float:
        """min F'' on the line: negative where the target is not log-concave, at most zero where F' grows slower than |x|."""
        least = self._extreme_curvature(-1.0)
        return least if self._quadratic_tails else min(least, 0.0)

    @cached_property
    def tail_curvature(self) -> tuple[float, float]:
        """F'(x)/x far beyond both ends of the support: what decides the stability of a scheme."""
        reach = max(abs(self.quadrature.low), abs(self.quadrature.high))
        for factor in (100.0, 1.0):
            ends = torch.tensor([-factor * reach, factor * reach], dtype=torch.float64)
            slopes = -self.drift(ends) / ends
            if not bool(torch.isnan(slopes).any()):
                break
        left, right = slopes.tolist()
        return left, right

    @cached_property
    def poincare(self) -> Constant | None:  # type: ignore[override]
        """The Bakry-Emery bound if F'' > 0, else the lower Muckenhoupt bound 1/(4 max B)."""
        if self.strong_convexity > 0:
            return Constant(self.strong_convexity, "min F'' (Bakry & Emery 1985)")
        value = self._hardy(lambda mass: torch.ones_like(mass))
        return Constant(1 / (4 * value), "1/(4 max B), Muckenhoupt 1972; Barthe & Roberto 2003") if math.isfinite(value) else None

    @cached_property
    def lsi(self) -> Constant | None:  # type: ignore[override]
        """The Bakry-Emery bound if F'' > 0, else the Hardy-type bound 1/(2 max B); None where F' grows slower than |x|."""
        if self.strong_convexity > 0:
            return Constant(self.strong_convexity, "min F'' (Bakry & Emery 1985)")
        if not self._quadratic_tails:
            return None
        value = self._hardy(lambda mass: torch.log1p(math.e**2 / mass))
        return Constant(1 / (2 * value), "1/(2 max B), Barthe & Roberto 2003 (Studia Math. 159)")

    @cached_property
    def _quadratic_tails(self) -> bool:
        """Whether F'(x)/x far out is still of the size that it has at the ends of the support."""
        ends = torch.tensor([self.quadrature.low, self.quadrature.high], dtype=torch.float64)
        return bool((torch.tensor(self.tail_curvature) > 0.1 * torch.abs(self.drift(ends) / ends)).all())

    def _extreme_curvature(self, sign: float) -> float:
        """max |F''| for sign = 1, min F'' for sign = -1."""

        def objective(x: Tensor) -> Tensor:
            return torch.abs(self.curvature(x)) if sign > 0 else -self.curvature(x)

        x = torch.linspace(self.quadrature.low, self.quadrature.high, 20001, dtype=torch.float64)
        best = int(torch.argmax(objective(x)))
        fine = torch.linspace(float(x[max(best - 1, 0)]), float(x[min(best + 1, x.numel() - 1)]), 2001, dtype=torch.float64)
        return sign * float(objective(fine).max())

    def _hardy(self, weight: Callable[[Tensor], Tensor]) -> float:
        """The larger, over both sides of the median, of sup mass(x) weight(mass(x)) int_median^x 1/pi."""
        x = torch.linspace(self.quadrature.low, self.quadrature.high, 40001, dtype=torch.float64)
        density, dx = self.density(x), float(x[1] - x[0])
        median = int(torch.searchsorted(torch.cumsum(density, 0) * dx, 0.5))
        worst = 0.0
        for side in (density[median:], density[: median + 1].flip(0)):
            mass = torch.cumulative_trapezoid(side.flip(0), dx=dx).flip(0)[1:]
            resistance = torch.cumulative_trapezoid(1 / side, dx=dx)[:-1]
            inside = mass > 1e-12
            worst = max(worst, float((mass * weight(mass) * resistance)[inside].max()))
        return worst
