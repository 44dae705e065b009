"""Distances of mixtures of isotropic Gaussians from one, next to integrals over the radius, whose law is that of chi."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import mpmath
import numpy as np
import torch
from scipy import stats
from scipy.optimize import brentq

from experiments.measures._routes import apart, attempt, beside, compared, held
from pmmtheory import divergences
from pmmtheory.divergences.radial import Radial
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LinearLaw
from pmmtheory.laws.gaussian.law import Mixture
from pmmtheory.noise.levels import Numbers
from pmmtheory.targets import Gaussian

_VARIANCE = 1.5
"""Of the Gaussian."""
_NODES, _FAR = 400, 24.0
"""Of a Gauss rule for the radius, up to so far beyond the root of the dimension."""
MIXTURES: dict[str, tuple[int, tuple[float, ...], tuple[float, ...]]] = {
    "in dimension 1": (1, (0.4, 1.1, 1.75), (0.2, 0.5, 0.3)),
    "in dimension 3": (3, (0.4, 1.1, 1.75), (0.2, 0.5, 0.3)),
    "in dimension 3, near": (3, (0.98, 1.01, 1.03), (0.2, 0.5, 0.3)),
    "in dimension 40": (40, (0.9, 1.05, 1.1), (0.2, 0.5, 0.3)),
    "in dimension 200, near": (200, (0.99, 1.01, 1.02), (0.2, 0.5, 0.3)),
}
"""The dimension, the variances relative to that of the Gaussian, and their weights."""
WIDE, _WIDE = "eight times as wide", (3, (0.5, 8.0), (0.6, 0.4))
"""Where chi2 is infinite, and the logarithm of the ratio large."""
NAMES = ("kl", "reverse_kl", "chi2", "hellinger", "tv", "w2", "renyi of order 0.3")
WIDE_NAMES = tuple(name for name in NAMES if name != "chi2")


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Every distance of every mixture, one with a random variance of a continuous law, and one Gaussian."""
    found = {}
    for label, (dim, variances, weights) in {**MIXTURES, WIDE: _WIDE}.items():
        law, target = _law(dim, _Fixed(variances, weights)), Gaussian(0.0, _VARIANCE, dim)
        radii = _Radii(dim, np.array(variances), np.array(weights))
        for name, other in radii.distances().items():
            if label == WIDE and name == "chi2":
                continue
            one = attempt(divergences.renyi, law, target, 0.3) if "renyi" in name else attempt(getattr(divergences, name), law, target)
            found[f"{name}, {label}"] = beside(one, other * math.sqrt(_VARIANCE) if name == "w2" else other)
    x, w = np.polynomial.legendre.leggauss(40)
    uniform, target = _Radii(2, 1 + 0.3 * x, w / 2), Gaussian(0.0, _VARIANCE, 2)
    spread = _law(2, _uniform)
    found["kl, a uniform variance"] = beside(attempt(divergences.kl, spread, target), uniform.distances()["kl"])
    alone = LinearLaw(torch.zeros(1, 3, dtype=torch.float64), 2.0 * torch.ones(3, 1, 1, dtype=torch.float64), None, True)
    found["tv, one Gaussian"] = beside(attempt(divergences.tv, alone, Gaussian(0.0, _VARIANCE, 3)), _Radii(3, np.array([2 / _VARIANCE]), np.ones(1)).tv())
    found |= {f"height of the density of log |X|, in dimension {dim}": _height(dim) for dim in (39, 40, 41, 400)}
    return held(found, but={"kl, a uniform variance": 1e-7, "height": 2e-14})


def _height(dim: int) -> Estimate:
    """2 (d/2)^(d/2) e^(-d/2)/Gamma(d/2), by gamma functions of 40 digits."""
    one = torch.ones(1, dtype=torch.float64)
    with mpmath.workdps(40):
        half = mpmath.mpf(dim) / 2
        other = float(2 * half**half * mpmath.exp(-half) / mpmath.gamma(half))
    return apart(Radial(dim, one, one, 1.0)._height, other)


def _law(dim: int, rule: Callable[[int], Mixture]) -> LinearLaw:
    variances, weights = rule(20)
    blocks = float(variances @ weights) * torch.ones(dim, 1, 1, dtype=torch.float64)
    return LinearLaw(torch.zeros(1, dim, dtype=torch.float64), blocks, None, False, (rule,))


def _uniform(nodes: int) -> Mixture:
    x, w = np.polynomial.legendre.leggauss(nodes)
    return torch.as_tensor(_VARIANCE * (1 + 0.3 * x)), torch.as_tensor(w / 2)


@dataclass(frozen=True)
class _Fixed:
    """The same variances, told relative to that of the Gaussian, and weights for any number of nodes."""

    variances: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def widest(self) -> float:
        """The largest."""
        return _VARIANCE * max(self.variances)

    def __call__(self, nodes: int) -> Mixture:
        return _VARIANCE * torch.tensor(self.variances, dtype=torch.float64), torch.tensor(self.weights, dtype=torch.float64)


class _Radii:
    """The radii of a mixture and of a standard normal."""

    def __init__(self, dim: int, variances: Numbers, weights: Numbers):
        self.dim, self.weights = dim, weights
        self.parts = [stats.chi(dim, scale=math.sqrt(v)) for v in variances]
        self.chi = stats.chi(dim)
        far = math.sqrt(dim) + max(_FAR, 9 * math.sqrt(variances.max()))
        x, w = np.polynomial.legendre.leggauss(_NODES)
        self.r, self.w = far * (1 + x) / 2, far * w / 2
        self.q, self.logs = self.chi.pdf(self.r), self._logs(self.r)

    def _logs(self, r: Numbers) -> Numbers:
        """log(p/q)."""
        parts = np.array([part.logpdf(r) - self.chi.logpdf(r) for part in self.parts])
        return np.asarray(np.log(self.weights @ np.exp(parts)))

    def _mixed(self, function: str, r: Numbers) -> Numbers:
        return np.asarray(np.sum([w * getattr(part, function)(r) for w, part in zip(self.weights, self.parts, strict=True)], 0))

    def distances(self) -> dict[str, float]:
        """By their names."""
        ratio = np.exp(self.logs)
        excess = np.expm1(self.logs)
        affinities = {a: self._over(self.q * (np.expm1(a * self.logs) - a * excess)) for a in (0.3, 0.5)}
        return {
            "kl": self._over(self.q * (ratio * self.logs - excess)),
            "reverse_kl": self._over(self.q * (excess - self.logs)),
            "chi2": self._over(self.q * excess**2),
            "hellinger": math.sqrt(-affinities[0.5]),
            "renyi of order 0.3": math.log1p(affinities[0.3]) / (0.3 - 1),
            "tv": self.tv(),
            "w2": self.w2(),
        }

    def _over(self, values: Numbers) -> float:
        return float(values @ self.w)

    def tv(self) -> float:
        """By the masses between the places where the densities cross."""
        places = np.flatnonzero(np.diff(np.sign(self.logs)) * (self.q[1:] > 1e-20))
        turns = np.array([brentq(lambda r: float(self._logs(np.array(r))), self.r[k], self.r[k + 1], xtol=1e-14) for k in places])
        below = self._mixed("cdf", turns) - self.chi.cdf(turns)
        return float(np.abs(np.diff(below, prepend=0.0, append=0.0)).sum()) / 2

    def w2(self) -> float:
        """By the quantiles of the radius of the normal, from the nearer end."""
        p, below, above = (self._mixed(function, self.r) for function in ("pdf", "cdf", "sf"))
        seen = p > 1e-30
        moved = np.where(below < 0.5, self.chi.ppf(below), self.chi.isf(above)) - self.r
        return math.sqrt(float((moved**2 * p * self.w)[seen].sum()))
