"""Divergences of Gaussians by whole matrices, and on the line by integrals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import linalg, stats
from scipy.integrate import quad

from experiments.measures._routes import attempt, beside
from pmmtheory import divergences
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers

Moments = tuple[Numbers, Numbers]
"""A mean and a covariance."""


def kl(p: Moments, q: Moments) -> float:
    """(tr Q^-1 P - d + m'Q^-1 m - log det Q^-1 P)/2."""
    shift, inverse = p[0] - q[0], np.linalg.inv(q[1])
    return float(np.trace(inverse @ p[1]) - len(shift) + shift @ inverse @ shift - np.linalg.slogdet(inverse @ p[1])[1]) / 2


def log_power(p: Moments, q: Moments, a: float) -> float:
    """log int p^a q^(1 - a), by completing the square."""
    one, two = a * np.linalg.inv(p[1]), (1 - a) * np.linalg.inv(q[1])
    shift = p[0] - q[0]
    logs = a * np.linalg.slogdet(p[1])[1] + (1 - a) * np.linalg.slogdet(q[1])[1] + np.linalg.slogdet(one + two)[1]
    return -float(shift @ one @ np.linalg.solve(one + two, two @ shift) + logs) / 2


def w2(p: Moments, q: Moments) -> float:
    """(|m|^2 + tr(P + Q - 2 (P^1/2 Q P^1/2)^1/2))^1/2."""
    root = linalg.sqrtm(p[1])
    return math.sqrt(float(np.sum((p[0] - q[0]) ** 2) + np.trace(p[1] + q[1] - 2 * linalg.sqrtm(root @ q[1] @ root).real)))


def against(one: Any, two: Any, p: Moments, q: Moments, orders: Iterable[float]) -> dict[str, Estimate]:
    """The f-divergences of two laws or targets, Renyi's of some orders, next to those of the Gaussians that they are."""
    return {
        "kl": beside(attempt(divergences.kl, one, two), kl(p, q)),
        "reverse_kl": beside(attempt(divergences.reverse_kl, one, two), kl(q, p)),
        "chi2": beside(attempt(divergences.chi2, one, two), math.expm1(log_power(p, q, 2.0))),
        "hellinger": beside(attempt(divergences.hellinger, one, two), math.sqrt(-math.expm1(log_power(p, q, 0.5)))),
        **{f"renyi of order {a}": beside(attempt(divergences.renyi, one, two, a), log_power(p, q, a) / (a - 1)) for a in orders},
    }


def on_line(p: tuple[float, float], q: tuple[float, float], function: str) -> float:
    """int |f - g| for the densities or distribution functions f and g, between the places where they cross."""
    one, two = (getattr(stats.norm(m, math.sqrt(v)), function) for m, v in (p, q))
    edges = sorted({-30.0, 30.0, *(x for x in _crossings(p, q, function) if -30 < x < 30)})
    return sum(abs(_integral(lambda x: one(x) - two(x), low, high)) for low, high in zip(edges, edges[1:], strict=False))


def _crossings(p: tuple[float, float], q: tuple[float, float], function: str) -> list[float]:
    """Where the log densities, or the standardised places, are the same."""
    (m, v), (n, w) = p, q
    if function == "cdf":
        s, t = math.sqrt(v), math.sqrt(w)
        return [(m * t - n * s) / (t - s)] if s != t else []
    return [float(x.real) for x in np.roots([1 / v - 1 / w, 2 * n / w - 2 * m / v, m * m / v - n * n / w + math.log(v / w)]) if abs(x.imag) < 1e-12]


def _integral(f: Callable[[float], float], low: float, high: float) -> float:
    return float(quad(f, low, high, epsabs=1e-13, epsrel=1e-11, limit=200)[0])
