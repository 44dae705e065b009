"""Importance sampling and the posterior of logistic regression, next to plain loops over the same normal numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy import stats
from scipy.optimize import minimize

from experiments.measures._of_targets import named, points, pulled, steepest
from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory.estimate import Estimate
from pmmtheory.numerics.bundled import bundled
from pmmtheory.targets import LogisticRegression
from pmmtheory.targets.importance import Weighted, weighted

_CASES = np.array([[1.0, 0.4], [1.0, -1.3], [1.0, 2.1], [1.0, 0.7], [1.0, -0.2]])
_ANSWERS, _TAU = np.array([1, 0, 1, 0, 0]), 1.7
_DRAWS, _SEED = 4400, 2

Potential = Callable[[np.ndarray], np.ndarray]


_POSTERIOR = {"defaults": 1e-10, "potential": 1e-10, "force": 1e-10, "mode": 1e-6, "L": 1e-10, "least curvature": 1e-8}
_MOMENTS = ("mean", "covariance", "standard errors of the mean", "standard errors of the covariance", "log normaliser", "its standard error", "draws worth")
_WITHIN: dict[str, float] = (
    named("posterior", _POSTERIOR | dict.fromkeys(_MOMENTS, 1e-9)) | named("from far away", dict.fromkeys(_MOMENTS, 1e-9)) | {"breast cancer: L": 1e-10}
)


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Potential, force, mode, L and weighted moments."""
    target, x = LogisticRegression(_CASES, _ANSWERS, _TAU, particles=_DRAWS, seed=_SEED), points(6, 2)
    mode = minimize(lambda theta: float(_posterior(theta[None])[0]), np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-15}).x
    curved = _CASES.T @ np.diag([_likely(case @ mode) * (1 - _likely(case @ mode)) for case in _CASES]) @ _CASES + np.eye(2) / _TAU
    told = target.weighted
    found = {
        "posterior: potential": farthest(target.potential(x).numpy(), _posterior(x.numpy())),
        "posterior: force": pulled(target, x),
        "posterior: mode": farthest(target.mode.numpy(), mode),
        "posterior: L": apart(float(target.smoothness), float(np.linalg.eigvalsh(_CASES.T @ _CASES).max()) / 4 + 1 / _TAU),
        "posterior: least curvature": apart(target.strong_convexity, steepest(target.potential, [[1e4, 1e5]])),
    }
    raw = bundled("breast_cancer")[0][:, :4]
    known, most = LogisticRegression.breast_cancer(4), len(raw) * np.linalg.eigvalsh(np.corrcoef(raw.T)).max()
    found |= {
        "breast cancer: L": apart(float(known.smoothness), most / 4 + 1),
        "posterior: defaults": apart(LogisticRegression(_CASES, _ANSWERS).prior_variance, 1.0),
    }
    plain = _Plain(_posterior, target.mode.numpy(), np.linalg.inv(curved))
    found |= named("posterior", plain.against(told))
    far, wide = np.array([9.0, -6.0]), np.array([[0.3, 0.1], [0.1, 0.2]])
    away = weighted(lambda y: torch.as_tensor(_ripples(y.numpy())), torch.as_tensor(far), torch.as_tensor(wide), _DRAWS, _SEED, "ripples")
    found |= named("from far away", _Plain(_ripples, far, wide).against(away))
    return held(found, _WITHIN)


def _likely(t: float) -> float:
    return 1 / (1 + math.exp(-t))


def _posterior(theta: np.ndarray) -> np.ndarray:
    """-log of the prior and the likelihoods, one case after another."""
    found = (theta**2).sum(-1) / 2 / _TAU
    for case, answer in zip(_CASES, _ANSWERS, strict=True):
        found = found + np.logaddexp(0, -(theta @ case) if answer else theta @ case)
    return np.asarray(found)


def _ripples(x: np.ndarray) -> np.ndarray:
    return np.asarray(x[:, 0] ** 2 / 2 + (x[:, 1] - x[:, 0] / 2) ** 2 + np.cos(2 * x[:, 1]) / 3)


class _Plain:
    """Weighted draws of Student laws whose centre and covariance are those of draws before."""

    def __init__(self, potential: Potential, centre: np.ndarray, covariance: np.ndarray):
        self._potential, self._generator = potential, torch.Generator().manual_seed(_SEED)
        plain = 0
        for _ in range(12):
            centre, covariance, power = self._moments(centre, covariance, _DRAWS // 4, 140.0)
            plain += power == 1
            if plain == 3:
                break
        self._moments(centre, covariance, _DRAWS)

    def _moments(self, centre: np.ndarray, covariance: np.ndarray, n: int, worth: float = 0.0) -> tuple[np.ndarray, np.ndarray, float]:
        z, chi = (torch.randn((n, k), generator=self._generator, dtype=torch.float64).numpy() for k in (2, 7))
        x = centre + (z @ np.linalg.cholesky(covariance).T) / np.sqrt((chi**2).mean(1, keepdims=True))
        log_weight = -self._potential(x) - stats.multivariate_t(centre, covariance, 7).logpdf(x)
        power = 1.0
        while (share := self._shares(power * log_weight)) @ share > 1 / max(worth, 1):
            power /= 2
        self.mean = sum(w * y for w, y in zip(share, x, strict=True))
        self.covariance = sum(w * np.outer(y - self.mean, y - self.mean) for w, y in zip(share, x, strict=True))
        self.mean_error = np.sqrt(sum(w**2 * (y - self.mean) ** 2 for w, y in zip(share, x, strict=True)))
        off = [w * (np.outer(y - self.mean, y - self.mean) - self.covariance) for w, y in zip(share, x, strict=True)]
        self.covariance_error = np.sqrt((np.array(off) ** 2).sum(0))
        weight = np.exp(power * log_weight)
        self.log_normaliser, self.log_error = math.log(weight.mean()), float(weight.std() / weight.mean() / math.sqrt(n))
        self.effective = 1 / float(share @ share)
        return self.mean, self.covariance, power

    @staticmethod
    def _shares(log_weight: np.ndarray) -> np.ndarray:
        weight = np.exp(log_weight - log_weight.max())
        return np.asarray(weight / weight.sum())

    def against(self, told: Weighted) -> dict[str, Estimate]:
        """How far the moments and their standard errors are from these."""
        return {
            "mean": farthest(told.mean.numpy(), self.mean),
            "covariance": farthest(told.covariance.numpy(), self.covariance),
            "standard errors of the mean": farthest(told.mean_error.numpy(), self.mean_error),
            "standard errors of the covariance": farthest(told.covariance_error.numpy(), self.covariance_error),
            "log normaliser": apart(told.log_normaliser, self.log_normaliser),
            "its standard error": apart(told.log_normaliser_error, self.log_error),
            "draws worth": apart(told.effective, self.effective),
        }
