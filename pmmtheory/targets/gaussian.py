"""Gaussian targets in any dimension."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count, fits, real, scale
from pmmtheory.estimate import Estimate
from pmmtheory.targets.line import HIGHEST, LineTarget
from pmmtheory.targets.region import REACH, Region
from pmmtheory.targets.target import Constant, as_numbers, as_points, as_shares, draws, generator, unit_vector


class Gaussian(LineTarget):
    """N(mean, covariance) on R^d: F(x) = (x - mean)' covariance^{-1} (x - mean) / 2.

    Parameters
    ----------
    mean : number or (d,) array
    covariance : positive number (isotropic), (d,) array of variances, or (d, d) positive definite matrix
    dim : int, optional
        The dimension, where neither of the others tells it.

    Raises
    ------
    InvalidParameter
        On shapes that disagree, values that are not finite, or a covariance that is not positive definite.

    Examples
    --------
    >>> round(float(Gaussian(mean=0.0, covariance=1 / 1.7).smoothness), 12)
    1.7
    """

    _smooth = True

    def __init__(self, mean: Any = 0.0, covariance: Any = 1.0, dim: int | None = None):
        centre = _tensor("mean", mean)
        spread = _tensor("covariance", covariance)
        if centre.ndim > 1:
            raise InvalidParameter("mean", tuple(centre.shape), "a number or a vector")
        if spread.ndim > 2 or (spread.ndim == 2 and spread.shape[0] != spread.shape[1]):
            raise InvalidParameter("covariance", tuple(spread.shape), "a number, a vector of variances or a square matrix")
        sizes = {t.shape[0] for t in (centre, spread) if t.ndim} | ({count("dim", dim)} if dim is not None else set())
        if len(sizes) > 1 or 0 in sizes:
            raise InvalidParameter("dim", sorted(sizes), "mean, covariance and dim must agree on one dimension of at least 1")
        self.dim = sizes.pop() if sizes else 1
        fits("dim", self.dim, 4.0 * self.dim)
        self._mean = centre.expand(self.dim).clone()
        self.axes: Tensor | None = None
        if spread.ndim == 2 and self.dim > 1:
            if not torch.allclose(spread, spread.T, rtol=1e-10, atol=0.0):
                raise InvalidParameter("covariance", "a matrix that is not symmetric", "symmetric and positive definite")
            self.variances, self.axes = torch.linalg.eigh(spread)
        else:
            self.variances = spread.flatten().expand(self.dim).clone()
        if not bool((self.variances > 0).all()):
            raise InvalidParameter("covariance", float(self.variances.min()), "positive definite: every eigenvalue above 0")
        scale("covariance", float(self.variances.min()))
        scale("covariance", float(self.variances.max()))
        low, high = 1 / float(self.variances.max()), 1 / float(self.variances.min())
        self.smoothness = Constant(high, "largest eigenvalue of the precision")
        self.lsi = self.poincare = Constant(low, "Gross 1975: smallest eigenvalue of the precision")
        self.strong_convexity = low
        self.tail_curvature = (high, high)

    @property
    def name(self) -> str:
        return f"Gaussian(d={self.dim})" if self.dim > 1 else f"Gaussian({float(self._mean):g}, {float(self.variances):g})"

    @property
    def mean(self) -> Any:
        """The mean: a float when d = 1, else a (d,) tensor."""
        return float(self._mean) if self.dim == 1 else self._mean.clone()

    @property
    def covariance(self) -> Any:
        """The covariance: a float when d = 1, else a (d, d) tensor."""
        if self.dim == 1:
            return float(self.variances)
        return torch.diag(self.variances) if self.axes is None else self.axes @ torch.diag(self.variances) @ self.axes.T

    @property
    def unsure(self) -> float:
        """How far a covariance that was given as a matrix may be from the variances and axes that were found for it: the backward error of an eigenvalue
        solver, and rounded entries; 0 where the axes are those of the coordinates."""
        if self.axes is None or bool(((self.axes == 0) | (self.axes.abs() == 1)).all()):
            return 0.0
        return 2.0**-52 * (8 + 2 * self.dim) * float(self.variances.max())

    @property
    def isotropic(self) -> bool:
        return bool((self.variances == self.variances[0]).all())

    @property
    def components(self) -> tuple[Tensor, Tensor, Tensor] | None:
        return (torch.ones(1, dtype=torch.float64), self._mean, self.variances) if self.dim == 1 else None

    @property
    def _region(self) -> Region:
        width = math.sqrt(self.covariance)
        return Region(self.mean - REACH * width, self.mean + REACH * width, 0.0, ((self.mean, width),))

    def potential(self, x: Tensor) -> Tensor:
        y = self._rotate(x - self._centre(x))
        square = y * y / self._like(self.variances, x) / 2
        return square if self.dim == 1 else square.sum(-1)

    def log_density(self, x: Any) -> Tensor:
        points = as_points(x, self.dim)
        return -self.potential(points) - (self.dim * math.log(2 * math.pi) + float(torch.log(self.variances).sum())) / 2

    def drift(self, x: Tensor) -> Tensor:
        y = self._rotate(x - self._centre(x)) / self._like(self.variances, x)
        return -(y if self.axes is None else y @ self._like(self.axes, x).T)

    def curvature(self, x: Tensor) -> Tensor:
        self._require_line("curvature")
        return torch.full_like(x, 1 / float(self.variances))

    def noised(self, alpha: float) -> Gaussian:
        share, rest = noise_share(alpha)
        if self.axes is None:
            return Gaussian(alpha * self._mean if self.dim > 1 else alpha * self.mean, share * (self.variances if self.dim > 1 else self.covariance) + rest)
        turned = Gaussian(alpha * self._mean, share * self.variances + rest)
        turned.axes = self.axes
        return turned

    def noised_drift(self, x: Tensor, alpha: float | Tensor) -> Tensor:
        square = alpha * alpha
        y = self._rotate(x - alpha * self._centre(x)) / (square * self._like(self.variances, x) + (1 - square))
        return -(y if self.axes is None else y @ self._like(self.axes, x).T)

    def along(self, direction: Any) -> Gaussian:
        unit = unit_vector(direction, self.dim)
        return Gaussian(float(unit @ self._mean), float((self._rotate(unit) ** 2) @ self.variances))

    def cdf(self, x: Any) -> Tensor:
        self._require_line("a distribution function")
        value: Tensor = normal_cdf((as_points(x, 1) - self.mean) / math.sqrt(self.covariance))
        return value

    def quantile(self, u: Any) -> Tensor:
        self._require_line("a distribution function")
        value: Tensor = self.mean + math.sqrt(self.covariance) * torch.special.ndtri(as_shares(u))
        return value

    def survival(self, x: Any) -> Tensor:
        self._require_line("a distribution function")
        value: Tensor = normal_cdf((self.mean - as_points(x, 1)) / math.sqrt(self.covariance))
        return value

    def moment_about(self, centre: float, k: int) -> Estimate:
        self._require_line("moments of order k")
        power, var, shift = count("k", k, 0, HIGHEST), float(self.variances), float(self._mean) - real("centre", centre)
        try:
            terms = [math.comb(power, j) * shift ** (power - j) * var ** (j // 2) * math.prod(range(1, j, 2)) for j in range(0, power + 1, 2)]
        except OverflowError:
            terms = [math.inf]
        size = sum(abs(term) for term in terms)
        if not math.isfinite(size):
            raise InvalidParameter("k", k, "an order whose moment float64 can hold")
        return Estimate.of(sum(terms), "closed form", rounding=(power + 4) * 2.0**-52 * size)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        z = torch.randn((draws(n, self.dim), self.dim), generator=generator(seed), dtype=torch.float64) * torch.sqrt(self.variances)
        x = self._mean + (z if self.axes is None else z @ self.axes.T)
        return x[:, 0] if self.dim == 1 else x

    def _centre(self, x: Tensor) -> Tensor:
        return self._like(self._mean[0] if self.dim == 1 else self._mean, x)

    def _rotate(self, y: Tensor) -> Tensor:
        return y if self.axes is None else y @ self._like(self.axes, y)

    @staticmethod
    def _like(value: Tensor, x: Tensor) -> Tensor:
        return value.to(device=x.device, dtype=x.dtype)


def noise_share(alpha: float) -> tuple[float, float]:
    """alpha^2 and 1 - alpha^2 for alpha in [0, 1]."""
    number = real("alpha", alpha, "a number from 0 to 1")
    if not 0 <= number <= 1:
        raise InvalidParameter("alpha", alpha, "a number from 0 to 1")
    return number**2, 1 - number**2


def normal_cdf(z: Tensor) -> Tensor:
    """The standard normal distribution function, with all digits of the left tail."""
    twice: Tensor = torch.special.erfc(-z / math.sqrt(2))
    return twice / 2


def _tensor(name: str, value: Any) -> Tensor:
    tensor = as_numbers(name, value, "numbers only")
    if not bool(torch.isfinite(tensor).all()):
        raise InvalidParameter(name, value, "finite numbers only")
    return tensor
