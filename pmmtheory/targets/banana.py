"""A curved ridge: Rosenbrock's function as a law with moments in closed form."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pmmtheory import errors
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets.target import Constant, Target, as_points, draws, generator


class Banana(Target):
    """x_1 ~ N(0, s^2), x_2 | x_1 ~ N(b (x_1^2 - s^2), v), and N(0, 1) for every further coordinate.

    F(x) = x_1^2/(2 s^2) + (x_2 - b (x_1^2 - s^2))^2/(2 v) + (x_3^2 + ... + x_d^2)/2. All coordinates are uncorrelated with mean 0; their variances
    are s^2, v + 2 b^2 s^4 and 1. The force grows like |x|^3.

    Parameters
    ----------
    dim : int of at least 2
    deviation : positive number s
    bend : number b
    variance : positive number v

    Raises
    ------
    InvalidParameter
        On a dimension below 2, numbers out of range, or a bend for which 2 b^2 s^4 is not one of double precision.

    Source: Haario, Saksman & Tamminen 1999 (Comput. Stat. 14).

    Examples
    --------
    >>> Banana(dim=3, deviation=2.0, bend=0.5).covariance.diagonal().tolist()
    [4.0, 9.0, 1.0]
    """

    lsi = poincare = None

    def __init__(self, dim: int = 2, deviation: float = 1.0, bend: float = 1.0, variance: float = 1.0):
        self.dim = errors.count("dim", dim, 2)
        errors.fits("dim", dim, float(self.dim) ** 2)
        self.deviation, self.bend, self.variance = errors.scale("deviation", deviation), errors.real("bend", bend), errors.scale("variance", variance)
        if not abs(self.bend) * self.deviation**2 < 1e150:
            raise InvalidParameter("bend", bend, "a number whose product with the square of the deviation is below 1e150")
        steepest = max(1 / self.deviation**2, 1 / self.variance, *([1.0] if self.dim > 2 else []))
        self.smoothness = Constant(math.inf, "grad F grows like |x|^3") if self.bend else Constant(steepest, "largest precision of a Gaussian")

    @property
    def name(self) -> str:
        return f"Banana(d={self.dim}, {self.deviation:g}, {self.bend:g}, {self.variance:g})"

    @property
    def mean(self) -> Tensor:
        """Zero, (d,)."""
        return torch.zeros(self.dim, dtype=torch.float64)

    @property
    def covariance(self) -> Tensor:
        """diag(s^2, v + 2 b^2 s^4, 1, ..., 1), as E x_1^3 = 0 and Var x_1^2 = 2 s^4."""
        first = [self.deviation**2, self.variance + 2 * (self.bend * self.deviation**2) ** 2]
        return torch.diag(torch.tensor(first + [1.0] * (self.dim - 2), dtype=torch.float64))

    def potential(self, x: Tensor) -> Tensor:
        y = x[..., 0] / self.deviation
        return (y * y + self._off(x) ** 2 / self.variance + (x[..., 2:] ** 2).sum(-1)) / 2

    def log_density(self, x: Any) -> Tensor:
        return -self.potential(as_points(x, self.dim)) - self.dim / 2 * math.log(2 * math.pi) - math.log(self.deviation) - math.log(self.variance) / 2

    def drift(self, x: Tensor) -> Tensor:
        slope = self._off(x) / self.variance
        first = x[..., 0] * (2 * self.bend * slope - 1 / self.deviation**2)
        return torch.cat([torch.stack([first, -slope], -1), -x[..., 2:]], -1)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        x = torch.randn((draws(n, self.dim), self.dim), generator=generator(seed), dtype=torch.float64)
        x[:, 0] *= self.deviation
        x[:, 1] = math.sqrt(self.variance) * x[:, 1] + self.bend * (x[:, 0] ** 2 - self.deviation**2)
        return x

    def _off(self, x: Tensor) -> Tensor:
        """How far x_2 is from the middle of the ridge."""
        return x[..., 1] - self.bend * (x[..., 0] ** 2 - self.deviation**2)
