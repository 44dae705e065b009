"""Divergences between Gaussians, next to the formulas of linear algebra and to integrals over the line."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import linalg, stats
from scipy.integrate import quad

from experiments.measures._routes import apart
from pmmtheory import divergences
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.targets import Gaussian

Moments = tuple[Numbers, Numbers]
"""A mean and a covariance."""

_TURN = linalg.expm(np.array([[0.0, 0.7, -0.3], [-0.7, 0.0, 0.5], [0.3, -0.5, 0.0]]))
_TURNED = linalg.expm(np.array([[0.0, -0.4, 0.9], [0.4, 0.0, 0.2], [-0.9, -0.2, 0.0]]))
_MEAN, _OTHER = np.array([0.4, -0.3, 0.6]), np.array([-0.1, 0.5, 0.2])


def _on(axes: Numbers, *variances: float) -> Numbers:
    return (axes * np.array(variances)) @ axes.T


PAIRS: dict[str, tuple[Moments, Moments]] = {
    "unequal covariances": ((_MEAN, _on(_TURN, 1.7, 0.6, 1.1)), (_OTHER, _on(_TURNED, 1.3, 0.9, 2.0))),
    "one covariance": ((_MEAN, _on(_TURN, 1.7, 0.6, 1.1)), (_OTHER, _on(_TURN, 1.7, 0.6, 1.1))),
    "one of them isotropic": ((_MEAN, _on(_TURN, 1.7, 0.6, 1.1)), (_OTHER, 1.2 * np.eye(3))),
    "the other isotropic": ((_MEAN, 1.2 * np.eye(3)), (_OTHER, _on(_TURN, 1.7, 0.9, 1.1))),
    "variances on the axes": ((_MEAN, np.diag([1.7, 0.6, 1.1])), (_OTHER, np.diag([1.4, 0.7, 2.9]))),
    "near covariances": ((1.02 * _OTHER, _on(_TURN, 1.01, 0.99, 1.03)), (_OTHER, np.eye(3))),
}
WIDE = (_MEAN, _on(_TURN, 5.7, 0.6, 0.05)), (_OTHER, _on(_TURNED, 1.3, 0.9, 2.0))
"""Too wide for chi2, with logarithms of the other branch."""
ORDERS = (0.3, 0.9, 1.5, 2.0)
LINES = {"apart": ((0.4, 1.7), (-0.3, 0.6)), "far apart": ((9.4, 1.7), (-0.3, 0.6)), "near": ((0.03, 1.05), (0.01, 1.0)), "shifted": ((0.45, 1.3), (0.4, 1.3))}


def measure(device: str) -> dict[str, Estimate]:
    """Each divergence in three dimensions and on the line."""
    found = {}
    for label, (p, q) in PAIRS.items():
        one, two = (Gaussian(*moments) for moments in (p, q))
        found[f"kl, {label}"] = apart(divergences.kl(one, two), _kl(p, q))
        found[f"reverse_kl, {label}"] = apart(divergences.reverse_kl(one, two), _kl(q, p))
        found[f"chi2, {label}"] = apart(divergences.chi2(one, two), math.expm1(_log_power(p, q, 2.0)))
        found[f"hellinger, {label}"] = apart(divergences.hellinger(one, two), math.sqrt(-math.expm1(_log_power(p, q, 0.5))))
        found[f"w2, {label}"] = apart(divergences.w2(one, two), _w2(p, q))
        found |= {f"renyi of order {a}, {label}": apart(divergences.renyi(one, two, a), _log_power(p, q, a) / (a - 1)) for a in ORDERS}
    one, two = (Gaussian(*moments) for moments in WIDE)
    found["renyi of order 0.3, wide"] = apart(divergences.renyi(one, two, 0.3), _log_power(*WIDE, 0.3) / (0.3 - 1))
    found["renyi of order 1.2, wide"] = apart(divergences.renyi(one, two, 1.2), _log_power(*WIDE, 1.2) / 0.2)
    for label, (first, second) in LINES.items():
        one, two = Gaussian(*first), Gaussian(*second)
        found[f"tv on the line, {label}"] = apart(divergences.tv(one, two), _on_line(first, second, "pdf") / 2)
        found[f"w1 on the line, {label}"] = apart(divergences.w1(one, two), _on_line(first, second, "cdf"))
    return found


def _kl(p: Moments, q: Moments) -> float:
    """(tr Q^-1 P - d + m'Q^-1 m - log det Q^-1 P)/2."""
    shift, inverse = p[0] - q[0], np.linalg.inv(q[1])
    return float(np.trace(inverse @ p[1]) - len(shift) + shift @ inverse @ shift - np.linalg.slogdet(inverse @ p[1])[1]) / 2


def _log_power(p: Moments, q: Moments, a: float) -> float:
    """log int p^a q^(1 - a), by completing the square."""
    one, two = a * np.linalg.inv(p[1]), (1 - a) * np.linalg.inv(q[1])
    shift = p[0] - q[0]
    logs = a * np.linalg.slogdet(p[1])[1] + (1 - a) * np.linalg.slogdet(q[1])[1] + np.linalg.slogdet(one + two)[1]
    return -float(shift @ one @ np.linalg.solve(one + two, two @ shift) + logs) / 2


def _w2(p: Moments, q: Moments) -> float:
    """(|m|^2 + tr(P + Q - 2 (P^1/2 Q P^1/2)^1/2))^1/2."""
    root = linalg.sqrtm(p[1])
    return math.sqrt(float(np.sum((p[0] - q[0]) ** 2) + np.trace(p[1] + q[1] - 2 * linalg.sqrtm(root @ q[1] @ root).real)))


def _on_line(p: tuple[float, float], q: tuple[float, float], function: str) -> float:
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
