"""Neal's funnel: the first coordinate is the logarithm of the variance of the others."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pmmtheory import errors
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets.target import Constant, Target, as_points, draws, generator

_WIDEST = 26.0
"""The largest deviation of the first coordinate: the variance e^(s^2/2) of the others is below 1e150 up to there."""

_DEEPEST = 700.0
"""exp(700) stands for any larger number."""


class Funnel(Target):
    """x_1 ~ N(0, s^2), and N(0, e^{x_1}) for every further coordinate.

    F(x) = x_1^2/(2 s^2) + (d - 1) x_1/2 + e^{-x_1} (x_2^2 + ... + x_d^2)/2. All coordinates are uncorrelated with mean 0; their variances are s^2 and
    e^{s^2/2}. The curvature e^{-x_1} has no bound.

    Parameters
    ----------
    dim : int of at least 2
    deviation : positive number s of at most 26

    Raises
    ------
    InvalidParameter
        On a dimension below 2 or a deviation out of range.

    Source: Neal 2003, "Slice sampling" (Ann. Statist. 31), section 8.

    Examples
    --------
    >>> target = Funnel(dim=10, deviation=3.0)
    >>> [round(v, 9) for v in target.covariance.diagonal().tolist()[:2]] == [9.0, round(math.exp(4.5), 9)]
    True
    """

    lsi = poincare = None
    smoothness = Constant(math.inf, "F'' = e^(-x_1) along the other coordinates")

    def __init__(self, dim: int = 2, deviation: float = 3.0):
        self.dim = errors.count("dim", dim, 2)
        errors.fits("dim", dim, float(self.dim) ** 2)
        self.deviation = errors.scale("deviation", deviation)
        if self.deviation > _WIDEST:
            raise InvalidParameter("deviation", deviation, f"a number of at most {_WIDEST:g}, beyond which moments leave double precision")

    @property
    def name(self) -> str:
        return f"Funnel(d={self.dim}, {self.deviation:g})"

    @property
    def mean(self) -> Tensor:
        """Zero, (d,)."""
        return torch.zeros(self.dim, dtype=torch.float64)

    @property
    def covariance(self) -> Tensor:
        """diag(s^2, e^{s^2/2}, ..., e^{s^2/2})."""
        return torch.diag(torch.tensor([self.deviation**2] + [math.exp(self.deviation**2 / 2)] * (self.dim - 1), dtype=torch.float64))

    def potential(self, x: Tensor) -> Tensor:
        y, scaled = x[..., 0], x[..., 1:] * self._shrink(x)
        return (y / self.deviation) ** 2 / 2 + (self.dim - 1) / 2 * y + (scaled * scaled).sum(-1) / 2

    def log_density(self, x: Any) -> Tensor:
        return -self.potential(as_points(x, self.dim)) - self.dim / 2 * math.log(2 * math.pi) - math.log(self.deviation)

    def drift(self, x: Tensor) -> Tensor:
        shrink = self._shrink(x)
        scaled = x[..., 1:] * shrink
        first = ((scaled * scaled).sum(-1, keepdim=True) - (self.dim - 1)) / 2 - x[..., :1] / self.deviation**2
        return torch.cat([first, -scaled * shrink], -1)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        x = torch.randn((draws(n, self.dim), self.dim), generator=generator(seed), dtype=torch.float64)
        x[:, 0] *= self.deviation
        x[:, 1:] *= torch.exp(x[:, :1] / 2)
        return x

    def _shrink(self, x: Tensor) -> Tensor:
        """e^{-x_1/2}, (..., 1)."""
        return torch.exp((-x[..., :1] / 2).clamp_max(_DEEPEST if x.dtype == torch.float64 else 80.0))
