"""A ring in the plane, smooth at its centre."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pmmtheory import errors
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets.gaussian import normal_cdf
from pmmtheory.targets.inverse import inverse
from pmmtheory.targets.plane import PlaneQuadrature
from pmmtheory.targets.target import Constant, Target, as_points, draws, generator

_ROOT = math.sqrt(2 * math.pi)


class Ring(Target):
    """F(x) = (p - p_0)^2/(2 w^2) in the plane, with p = sqrt(|x|^2 + e^2) and p_0 = sqrt(r^2 + e^2): F is least on the circle |x| = r, and smooth everywhere.

    As |x| d|x| = p dp, all radial integrals are in closed form: with a = (e - p_0)/w, the normaliser is
    Z = 2 pi w (p_0 M_0 + w M_1) and E p^2 the same with (p_0 + w z)^3 in place of p_0 + w z, over Z, where M_k = int_a^inf z^k e^{-z^2/2} dz.

    Parameters
    ----------
    radius : positive number r
    width : positive number w, at least 1e-6 of the radius
    smoothing : positive number e, optional
        From a hundredth of the radius to a hundred times it; half the radius otherwise.

    Raises
    ------
    InvalidParameter
        On numbers out of range.

    Examples
    --------
    >>> target = Ring(radius=2.0, width=0.3)
    >>> float(target.drift(torch.tensor([[2.0, 0.0]], dtype=torch.float64)).abs().max()) < 1e-12
    True
    """

    dim = 2
    lsi = poincare = None

    def __init__(self, radius: float = 2.0, width: float = 0.3, smoothing: float | None = None):
        self.radius, self.width = errors.scale("radius", radius), errors.scale("width", width)
        self.smoothing = self.radius / 2 if smoothing is None else errors.scale("smoothing", smoothing)
        if not 1e-6 <= self.width / self.radius <= 1e6:
            raise InvalidParameter("width", width, "a number from 1e-6 to 1e6 times the radius, between which moments have ten digits")
        if not 0.01 <= self.smoothing / self.radius <= 100:
            raise InvalidParameter("smoothing", smoothing, "a number from 0.01 to 100 times the radius")
        self._middle = math.hypot(self.radius, self.smoothing)
        self._start = -self.radius * (self.radius / (self.smoothing + self._middle)) / self.width
        steepest = max(1.0, self._middle / self.smoothing - 1)
        self.smoothness = Constant(steepest / self.width / self.width, "F'' w^2 is 1 - p_0/p around the centre and 1 - p_0 e^2/p^3 from it, p >= e")

    @property
    def name(self) -> str:
        return f"Ring({self.radius:g}, {self.width:g})"

    @property
    def mean(self) -> Tensor:
        """Zero, (2,)."""
        return torch.zeros(2, dtype=torch.float64)

    @property
    def covariance(self) -> Tensor:
        """(E p^2 - e^2)/2 times the identity, to ten digits."""
        a, w, p = self._start, self.width, self._middle
        first = math.exp(-a * a / 2)
        zeroth = _ROOT * float(normal_cdf(torch.tensor(-a, dtype=torch.float64)))
        second, third = a * first + zeroth, (a * a + 2) * first
        # E (p^2 - e^2) with p^2 - e^2 = (p_0^2 - e^2) + 2 p_0 w z + w^2 z^2 and p_0^2 - e^2 = r^2
        r2, q = self.radius**2, 2 * p * w
        top = p * (r2 * zeroth + q * first + w * w * second) + w * (r2 * first + q * second + w * w * third)
        return top / (p * zeroth + w * first) / 2 * torch.eye(2, dtype=torch.float64)

    @cached_property
    def plane(self) -> PlaneQuadrature:  # type: ignore[override]
        """The quadrature in the plane, by which laws of chains are compared with this target."""
        return PlaneQuadrature(self.potential, [[self.radius, 0.0], [0.0, self.radius]], self.name)

    def potential(self, x: Tensor) -> Tensor:
        return ((self._root(x)[..., 0] - self._middle) / self.width) ** 2 / 2

    def log_density(self, x: Any) -> Tensor:
        return -self.potential(as_points(x, 2)) - math.log(2 * math.pi * self.width) - math.log(self.width) - math.log(self._total)

    def drift(self, x: Tensor) -> Tensor:
        root = self._root(x)
        return (self._middle / root - 1) * (x / self.width) / self.width

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Exact draws: the angle is uniform, and the distribution function of p is inverted."""
        u = torch.rand((2, draws(n, 2)), generator=generator(seed), dtype=torch.float64)
        start = torch.full_like(u[0], self._start)
        z = inverse(self._mass, self._slope, u[0], start, start.clamp_min(-40.0) + 80.0).clamp_min(self._start)
        gap = self.width * (z - self._start)  # p - e
        radius = torch.sqrt((gap * (gap + 2 * self.smoothing)).clamp_min(0))
        angle = 2 * math.pi * u[1]
        return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], -1)

    @property
    def _total(self) -> float:
        """int_a^inf (p_0/w + z) e^{-z^2/2} dz."""
        a = self._start
        return self._middle / self.width * _ROOT * float(normal_cdf(torch.tensor(-a, dtype=torch.float64))) + math.exp(-a * a / 2)

    def _slope(self, z: Tensor) -> Tensor:
        """The density of z = (p - p_0)/w."""
        inside = (z >= self._start) * (self._middle / self.width + z) / self._total
        return inside * torch.exp(-z * z / 2)

    def _mass(self, z: Tensor, side: int) -> Tensor:
        """The mass of z on the left (side = -1) or the right (side = 1)."""
        a, at = torch.tensor(self._start, dtype=torch.float64), z.clamp_min(self._start)
        first, last = torch.exp(-a * a / 2), torch.exp(-at * at / 2)
        if side < 0:
            return (self._middle / self.width * _ROOT * (normal_cdf(at) - normal_cdf(a)) + first - last) / self._total
        return (self._middle / self.width * _ROOT * normal_cdf(-at) + last) / self._total

    def _root(self, x: Tensor) -> Tensor:
        return torch.sqrt((x * x).sum(-1, keepdim=True) + self.smoothing**2)
