"""Targets on the line: everything that quadrature gives any one-dimensional potential."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count, real
from pmmtheory.estimate import Estimate
from pmmtheory.targets.derivative import derivative
from pmmtheory.targets.extremes import hardy, maximum
from pmmtheory.targets.quadrature import LineQuadrature
from pmmtheory.targets.region import Region
from pmmtheory.targets.tails import Tail, tail
from pmmtheory.targets.target import Constant, Target, as_points, as_shares, draws, generator

HIGHEST = 10**6
"""The highest order of a moment; float64 holds few of that."""

_JUNK, _TOLD = 1e3, 300.0
"""How many times larger than on the support F'' is no more believed where F is so far above its minimum that the square of its exponential is no number."""


class LineTarget(Target):
    """A one-dimensional target; a subclass gives `potential` and, where it can, `drift` and `curvature`.

    Everything else (normaliser, moments, distribution function, exact draws, L and the Poincare and log-Sobolev
    constants) is computed by quadrature and overridden where a closed form exists.
    """

    dim = 1
    points: tuple[Any, ...] = ()
    _smooth = False
    _grain = math.inf

    @cached_property
    def quadrature(self) -> LineQuadrature:
        """The quadrature behind the reference values; raises InvalidParameter off the line."""
        self._require_line("a normaliser, moments and draws by quadrature")
        known = self._region
        return LineQuadrature(self.potential, known, self.points, None if self._smooth else (self.drift, self.curvature), self._grain)

    @cached_property
    def kinks(self) -> tuple[float, ...]:
        """The places inside the support where F' or F'' jumps, in order; empty for a smooth target."""
        return self.quadrature.kinks

    def _require_line(self, what: str) -> None:
        if self.dim != 1:
            raise InvalidParameter("dim", self.dim, f"{what}: {self.name} has none, as only a target on the line does")

    @property
    def components(self) -> tuple[Tensor, Tensor, Tensor] | None:
        """Weights, means and variances of the Gaussians that it is a mixture of on the line; None where it is none."""
        return None

    @property
    def _region(self) -> Region | None:
        """Where the density lives, for targets that know; it is searched for otherwise."""
        return None

    def drift(self, x: Tensor) -> Tensor:
        """-F'(x), by automatic differentiation."""
        return -derivative(self.potential, x)

    def curvature(self, x: Tensor) -> Tensor:
        """F''(x), by automatic differentiation of the drift; raises InvalidParameter off the line."""
        self._require_line("curvature")
        return -derivative(self.drift, x)

    def log_density(self, x: Any) -> Tensor:
        """log pi(x) = -F(x) - log Z."""
        points = as_points(x, 1)
        return torch.where(torch.isinf(points), -math.inf, self.quadrature.log_density(points))

    def cdf(self, x: Any) -> Tensor:
        """pi((-inf, x])."""
        return self.quadrature.cdf(as_points(x, 1))

    def survival(self, x: Any) -> Tensor:
        """pi([x, inf)), with the digits of the right tail."""
        return self.quadrature.survival(as_points(x, 1))

    def quantile(self, u: Any) -> Tensor:
        """The inverse of cdf; infinite at 0 and 1."""
        return self.quadrature.quantile(as_shares(u))

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """n exact draws, by inversion of the distribution function."""
        u = torch.rand(draws(n, 1), generator=generator(seed), dtype=torch.float64)
        return self.quantile(u)

    def moment(self, k: int) -> Estimate:
        """E X^k; raises NotNormalisable where the tails are too heavy for it."""
        return self.moment_about(0.0, k)

    def moment_about(self, centre: float, k: int) -> Estimate:
        """E (X - centre)^k, whose error suffers from no cancellation when the centre is near the mean."""
        return self.quadrature.power(count("k", k, 0, HIGHEST), real("centre", centre))

    @property
    def mean(self) -> float:
        """E X."""
        return self.quadrature.mean

    @property
    def covariance(self) -> float:
        """Var X."""
        return self.moment_about(self.mean, 2).value

    @cached_property
    def smoothness(self) -> Constant:  # type: ignore[override]
        """max |F''|: infinite where F' jumps or grows faster than |x|."""
        broken = [place for place, jump in zip(self.kinks, self.quadrature.jumps, strict=True) if jump]
        if broken:
            return Constant(math.inf, f"F' jumps, or F'' is unbounded, at {broken[0]:g}")
        if self.superlinear:
            return Constant(math.inf, "F' grows faster than |x|")
        return Constant(self._steepest, "maximum of |F''|, by a zoom from the nodes of graded panels")

    @cached_property
    def strong_convexity(self) -> float:
        """min F'' on the line: negative where the target is not log-concave, at most zero where F' grows slower than |x|."""
        if any(jump < 0 for jump in self.quadrature.jumps):
            return -math.inf
        least = self._extreme_curvature(-1.0)
        return least if self._quadratic_tails or self.superlinear else min(least, 0.0)

    @cached_property
    def tail_curvature(self) -> tuple[float, float]:
        """The slope of F' far beyond both ends of the support, which decides the stability of a scheme; infinite where F' grows faster than |x|."""
        left, right = self._tails
        return left.slope, right.slope

    @cached_property
    def superlinear(self) -> bool:
        """Whether F' grows faster than |x| on one side at least."""
        return max(self.tail_curvature) == math.inf

    @property
    def _quadratic_tails(self) -> bool:
        """Whether F' grows like |x| on both sides."""
        return all(end.quadratic for end in self._tails)

    @cached_property
    def _tails(self) -> tuple[Tail, Tail]:
        return tail(self.drift, self.quadrature.low, self.quadrature.high, -1), tail(self.drift, self.quadrature.low, self.quadrature.high, 1)

    @cached_property
    def poincare(self) -> Constant | None:  # type: ignore[override]
        """The larger of the Bakry-Emery bound, where F'' > 0, and the lower Muckenhoupt bound 1/(4 max B); None below what float64 holds."""
        convex = self._bakry_emery
        if convex is not None and convex.value * self.covariance > 0.25:
            return convex
        value = math.exp(-self._hardy(torch.ones_like)) / 4
        if convex is not None and convex.value >= value:
            return convex
        return Constant(value, "1/(4 max B), Muckenhoupt 1972; Barthe & Roberto 2003") if value > 0 else None

    @cached_property
    def lsi(self) -> Constant | None:  # type: ignore[override]
        """The larger of the Bakry-Emery bound, where F'' > 0, and the Hardy-type bound 1/(2 max B); None where F' grows slower than |x|."""
        convex = self._bakry_emery
        if convex is not None and convex.value * self.covariance > 0.5:
            return convex
        if not (self._quadratic_tails or self.superlinear):
            return None
        value = math.exp(-self._hardy(lambda log_mass: torch.logaddexp(torch.zeros_like(log_mass), 2 - log_mass))) / 2
        if convex is not None and convex.value >= value:
            return convex
        return Constant(value, "1/(2 max B), Barthe & Roberto 2003 (Studia Math. 159)") if value > 0 else None

    @property
    def _bakry_emery(self) -> Constant | None:
        least = self.strong_convexity
        return Constant(least, "min F'' (Bakry & Emery 1985)") if least > 0 else None

    def _extreme_curvature(self, sign: float) -> float:
        """What a grid has to resolve for sign = 1: max |F''|, at least that of one wave over the support, at the nodes alone where it has no bound;
        min F'' for sign = -1."""
        if sign < 0:
            return -maximum(lambda y: -self.curvature(y), self._curved)
        low, high = self.quadrature.low, self.quadrature.high
        seen = self._steepest
        if seen == math.inf:
            seen = float(self.curvature(self.quadrature.nodes).detach().abs().nan_to_num(nan=0.0, posinf=0.0).max())
        return max(seen, (2 * math.pi / (high - low)) ** 2)

    @cached_property
    def _steepest(self) -> float:
        """max |F''|, on the support where F' grows faster than |x|."""
        x, low, high = self._curved, self.quadrature.low, self.quadrature.high
        inside = torch.cat([x[(x >= low) & (x <= high)], self._bends]) if self.superlinear else x
        found = maximum(lambda y: torch.abs(self.curvature(y)), inside)
        nodes = self.quadrature.nodes
        if self.superlinear or found <= _JUNK * float(self.curvature(nodes).detach().abs().nan_to_num(nan=0.0).max()):
            return found
        least = float(self.potential(nodes).detach().min())

        def told(y: Tensor) -> Tensor:
            return torch.where(self.potential(y).detach() - least < _TOLD, torch.abs(self.curvature(y)), math.nan)

        return maximum(told, inside)

    @property
    def _curved(self) -> Tensor:
        """Points that resolve F'' on the support, and some far out."""
        low, high = self.quadrature.low, self.quadrature.high
        steps = (high - low) / 2 * torch.logspace(-1, 4, 61, dtype=torch.float64)
        return torch.cat([self.quadrature.nodes.flatten(), low - steps, high + steps, self._bends])

    @property
    def _bends(self) -> Tensor:
        """Further places where F'' may be extreme."""
        return torch.empty(0, dtype=torch.float64)

    def _hardy(self, weight: Callable[[Tensor], Tensor]) -> float:
        median = float(self.quantile(torch.tensor([0.5], dtype=torch.float64)))
        return hardy(self.log_density, self.quadrature.edges.numpy(), median, self.quadrature.outer, weight)


def on_the_line(target: Any, name: str = "target") -> LineTarget:
    """The target; raises InvalidParameter, with that name, unless it is on the line."""
    if isinstance(target, LineTarget) and target.dim == 1:
        return target
    raise InvalidParameter(name, getattr(target, "name", target), "a target on the line")
