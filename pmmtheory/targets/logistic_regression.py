"""The posterior of logistic regression under a Gaussian prior: strongly log-concave in any dimension."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pmmtheory import errors
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.bundled import bundled
from pmmtheory.targets.components import like
from pmmtheory.targets.importance import Weighted, wanted, weighted
from pmmtheory.targets.target import Constant, Target, as_numbers

_SINGULAR = 1e-13
"""The least eigenvalue of a curvature, its diagonal scaled to 1, that rounding leaves digits of."""


class LogisticRegression(Target):
    """F(theta) = sum_i log(1 + exp(-s_i x_i . theta)) + |theta|^2/(2 tau), with s_i = 2 y_i - 1, on R^d.

    Its curvature lies between I/tau and X'X/4 + I/tau. Mean, covariance and normaliser have no closed form: they come from independent draws with
    importance weights, so that they are Estimates with standard errors, the same for the same seed. Exact draws and a normalised density are refused.

    Parameters
    ----------
    x : (n, d) array
        What is known of each case; a column of ones for an intercept is the user's.
    y : (n,) array of 0 and 1
    prior_variance : positive number tau
    particles : int
        How many weighted draws the reference moments are made of.
    seed : int

    Raises
    ------
    InvalidParameter
        On shapes that disagree, values that are not finite, or answers other than 0 and 1.
    NotConverged
        Where moments are asked for and the draws are worth too few, or the curvature has no inverse to rounding.

    Examples
    --------
    >>> target = LogisticRegression([[1.0, 0.0], [1.0, 1.0], [1.0, 3.0]], [0, 1, 1])
    >>> float(target.lsi), round(float(target.smoothness), 9) == round(1 + (13 + 113 ** 0.5) / 8, 9)
    (1.0, True)
    """

    def __init__(self, x: Any, y: Any, prior_variance: float = 1.0, particles: int = 50_000, seed: int = 0):
        features, answers = as_numbers("x", x, "an array of numbers, one row a case"), as_numbers("y", y, "an array of 0 and 1, one a case")
        if features.ndim != 2 or 0 in features.shape or not bool(torch.isfinite(features).all()):
            raise InvalidParameter("x", x, "an array of finite numbers of shape (n, d), one row a case")
        if answers.shape != features.shape[:1] or not bool(((answers == 0) | (answers == 1)).all()):
            raise InvalidParameter("y", y, f"{len(features)} numbers that are 0 or 1, one a case")
        self.dim, self.prior_variance = features.shape[1], errors.scale("prior_variance", prior_variance)
        self.particles, self.seed = errors.count("particles", particles, 1000), errors.whole("seed", seed)
        errors.fits("particles", particles, 3.0 * self.particles * self.dim)
        if not float(features.abs().max()) < 1e100:
            raise InvalidParameter("x", x, "numbers below 1e100")
        self._signed = (2 * answers - 1)[:, None] * features
        steepest = float(torch.linalg.eigvalsh(features.T @ features)[-1]) / 4 * (1 + 1e-12)
        self.smoothness = Constant(steepest + 1 / self.prior_variance, "F'' = X' diag(p (1 - p)) X + I/tau, and p (1 - p) <= 1/4")
        self.strong_convexity = 1 / self.prior_variance
        self.lsi = self.poincare = Constant(self.strong_convexity, "Bakry & Emery 1985: F'' >= I/tau")

    @classmethod
    def breast_cancer(cls, dim: int = 30, prior_variance: float = 1.0) -> LogisticRegression:
        """On the first columns of the 569 cases of scikit-learn's breast cancer data (Wolberg et al. 1995), each of mean 0 and variance 1."""
        columns = errors.count("dim", dim, 1, 30)
        features, kinds = bundled("breast_cancer")
        features = features[:, :columns]
        return cls((features - features.mean(0)) / features.std(0), kinds, prior_variance)

    @property
    def name(self) -> str:
        return f"LogisticRegression({len(self._signed)} cases, d={self.dim})"

    def potential(self, x: Tensor) -> Tensor:
        theta = x[..., None] if self.dim == 1 else x
        fit = -torch.nn.functional.logsigmoid(theta @ like(self._signed, x).T).sum(-1)
        return fit + (theta * theta).sum(-1) / (2 * self.prior_variance)

    def drift(self, x: Tensor) -> Tensor:
        theta, signed = x[..., None] if self.dim == 1 else x, like(self._signed, x)
        pull = torch.sigmoid(-(theta @ signed.T)) @ signed - theta / self.prior_variance
        return pull[..., 0] if self.dim == 1 else pull

    def log_density(self, x: Any) -> Tensor:
        """Refused: the normaliser is known as the Estimate log_normaliser only."""
        raise InvalidParameter("target", self.name, "one whose normaliser is in closed form; that of this one is the Estimate log_normaliser")

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Refused: no exact draws are known."""
        raise InvalidParameter("target", self.name, "one with exact draws; of this one the reference moments are Estimates")

    @property
    def mean(self) -> Any:
        """E theta, to the errors of mean_estimates: a float when d = 1, else a (d,) tensor."""
        return float(self.weighted.mean[0]) if self.dim == 1 else self.weighted.mean.clone()

    @property
    def covariance(self) -> Any:
        """The covariance, to the errors of covariance_estimates: a float when d = 1, else a (d, d) tensor."""
        return float(self.weighted.covariance[0, 0]) if self.dim == 1 else self.weighted.covariance.clone()

    @property
    def mean_estimates(self) -> list[Estimate]:
        """E theta_i with its standard error, for each coordinate."""
        return [self._estimate(v, e) for v, e in zip(self.weighted.mean.tolist(), self.weighted.mean_error.tolist(), strict=True)]

    @property
    def covariance_estimates(self) -> list[list[Estimate]]:
        """The covariances of all pairs of coordinates with their standard errors."""
        rows = zip(self.weighted.covariance.tolist(), self.weighted.covariance_error.tolist(), strict=True)
        return [[self._estimate(v, e) for v, e in zip(*row, strict=True)] for row in rows]

    @property
    def log_normaliser(self) -> Estimate:
        """log int exp(-F), with its standard error."""
        return self._estimate(self.weighted.log_normaliser, self.weighted.log_normaliser_error)

    @cached_property
    def mode(self) -> Tensor:
        """Where F is least, (d,), by Newton's method with halved steps."""
        theta = torch.zeros(self.dim, dtype=torch.float64)
        for _ in range(200):
            force = self.drift(theta[None] if self.dim > 1 else theta).reshape(self.dim)
            with self._regular():
                step = torch.linalg.solve(self._curved(theta), force)
            size, here = 1.0, self._at(theta)
            while self._at(theta + size * step) > here and size > 1e-10:
                size /= 2
            theta = theta + size * step
            if float(force @ step) <= 1e-20:  # a fall of F, whatever the units of theta
                break
        return theta

    @cached_property
    def weighted(self) -> Weighted:
        """Independent draws of a Student law around the mode with their weights, and what they say."""
        curved = self._curved(self.mode)

        def potential(points: Tensor) -> Tensor:
            return self.potential(points[:, 0] if self.dim == 1 else points)

        with self._regular():
            own = curved.diagonal().sqrt()
            if float(torch.linalg.eigvalsh(curved / torch.outer(own, own)).min()) < _SINGULAR:  # the inverse would be rounding alone
                raise torch.linalg.LinAlgError  # type: ignore[attr-defined]
            return weighted(potential, self.mode, torch.linalg.inv(curved), self.particles, self.seed, self.name)

    @contextmanager
    def _regular(self) -> Iterator[None]:
        """Say it in the words of the target where a curvature, or a covariance, has no inverse to rounding."""
        try:
            yield
        except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
            advice = "columns of x that depend on each other, beside so wide a prior, are better joined into one"
            raise NotConverged(f"moments of {self.name} by {self.particles} weighted draws", math.nan, wanted(self.particles), advice) from None

    def _estimate(self, value: float, error: float) -> Estimate:
        return Estimate.of(value, "importance sampling", sampling=error)

    def _at(self, theta: Tensor) -> float:
        return float(self.potential(theta[None] if self.dim > 1 else theta))

    def _curved(self, theta: Tensor) -> Tensor:
        """F'' at a point, (d, d)."""
        p = torch.sigmoid(self._signed @ theta)
        return (self._signed.T * (p * (1 - p))) @ self._signed + torch.eye(self.dim, dtype=torch.float64) / self.prior_variance
