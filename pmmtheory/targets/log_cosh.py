"""The smooth two-sided exponential: a Poincare-only target."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pmmtheory import errors
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.region import DEPTH, Region
from pmmtheory.targets.target import Constant, as_points, as_shares


class LogCosh(LineTarget):
    """F(x) = log cosh(x/scale): the hyperbolic secant law, with exponential tails.

    The Poincare constant is exactly 1/(4 scale^2): the Schroedinger potential of its diffusion is
    (1 - 3 sech^2(x/scale)) / (4 scale^2), of Poeschl-Teller type with the zero mode as only bound state.
    There is no log-Sobolev inequality.

    Examples
    --------
    >>> round(LogCosh().covariance, 9) == round(math.pi**2 / 4, 9)
    True
    """

    lsi = None
    _smooth = True

    def __init__(self, scale: float = 1.0):
        self.scale = errors.scale("scale", scale)
        self.smoothness = Constant(1 / self.scale**2, "F'' = sech^2(x/scale)/scale^2")
        self.poincare = Constant(1 / (4 * self.scale**2), "Poeschl-Teller spectrum")
        self.strong_convexity = 0.0
        self.tail_curvature = (0.0, 0.0)

    @property
    def name(self) -> str:
        return f"LogCosh({self.scale:g})"

    @property
    def _region(self) -> Region:
        end = self.scale * (DEPTH + math.log(2))
        return Region(-end, end, 0.0, ((0.0, self.scale),))

    def potential(self, x: Tensor) -> Tensor:
        y = torch.abs(x / self.scale)
        return y + torch.log1p(torch.exp(-2 * y)) - math.log(2)

    def log_density(self, x: Any) -> Tensor:
        return -self.potential(as_points(x, 1)) - math.log(math.pi * self.scale)

    def drift(self, x: Tensor) -> Tensor:
        return -torch.tanh(x / self.scale) / self.scale

    def curvature(self, x: Tensor) -> Tensor:
        return (1 - torch.tanh(x / self.scale) ** 2) / self.scale**2

    def cdf(self, x: Any) -> Tensor:
        return 2 / math.pi * torch.atan(torch.exp(as_points(x, 1) / self.scale))

    def survival(self, x: Any) -> Tensor:
        return self.cdf(-as_points(x, 1))

    def quantile(self, u: Any) -> Tensor:
        return self.scale * torch.log(torch.tan(math.pi / 2 * as_shares(u)))
