"""Divergences between Gaussians, next to the formulas of linear algebra and to integrals over the line."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy import linalg, stats
from torch import Tensor

from experiments.measures._gaussian_formulas import Moments, against, kl, log_power, on_line, w2
from experiments.measures._routes import attempt, beside, compared, held
from pmmtheory import divergences
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.targets import Gaussian

_TURN = linalg.expm(np.array([[0.0, 0.7, -0.3], [-0.7, 0.0, 0.5], [0.3, -0.5, 0.0]]))
_TURNED = linalg.expm(np.array([[0.0, -0.4, 0.9], [0.4, 0.0, 0.2], [-0.9, -0.2, 0.0]]))
_MEAN, _OTHER = np.array([0.4, -0.3, 0.6]), np.array([-0.1, 0.5, 0.2])


def _on(axes: Numbers, *variances: float) -> Numbers:
    return np.asarray((axes * np.array(variances)) @ axes.T)


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
LINES = {
    "near": ((0.03, 1.05), (0.01, 1.0)),
    "apart": ((0.4, 1.7), (-0.3, 0.6)),
    "far apart": ((9.4, 1.7), (-0.3, 0.6)),
    "crossing on one side": ((-0.9, 1.7), (0.6, 0.5)),
    "shifted": ((0.45, 1.3), (0.4, 1.3)),
}
FAR = (_MEAN, _on(_TURN, 4e3, 1.0, 3e-4)), (_OTHER, _on(_TURNED, 1.3, 0.9, 2.0))
"""Whose traces and determinants are known better than their ratios."""

TESTS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[float, float], float]]] = {
    "the square": (lambda x: x**2, lambda m, v: m * m + v),
    "a wave": (lambda x: torch.cos(x), lambda m, v: math.exp(-v / 2) * math.cos(m)),
    "the mass beyond 0.3": (lambda x: (x > 0.3).double(), lambda m, v: float(stats.norm.sf(0.3, m, math.sqrt(v)))),
}
"""Functions, each with its mean under the Gaussian of that mean and variance."""


@compared
def measure(device: str, reverse: bool = False) -> dict[str, Estimate]:
    """Each divergence in three dimensions and on the line; or, in reverse, one that is taken for another."""
    if reverse:
        return held({"kl the other way round": beside(divergences.reverse_kl(*(Gaussian(*moments) for moments in WIDE)), kl(*WIDE))})
    found: dict[str, Estimate] = {}
    for label, (p, q) in PAIRS.items():
        one, two = (Gaussian(*moments) for moments in (p, q))
        found |= {f"{name}, {label}": number for name, number in against(one, two, p, q, ORDERS).items()}
        found[f"w2, {label}"] = beside(attempt(divergences.w2, one, two), w2(p, q))
    one, two = (Gaussian(*moments) for moments in WIDE)
    far, other = (Gaussian(*moments) for moments in FAR)
    found["kl, far covariances"] = beside(attempt(divergences.kl, far, other), kl(*FAR))
    found["renyi of order 0.3, wide"] = beside(attempt(divergences.renyi, one, two, 0.3), log_power(*WIDE, 0.3) / (0.3 - 1))
    found["renyi of order 1.2, wide"] = beside(attempt(divergences.renyi, one, two, 1.2), log_power(*WIDE, 1.2) / 0.2)
    for label, (first, second) in LINES.items():
        one, two = Gaussian(*first), Gaussian(*second)
        found[f"tv on the line, {label}"] = beside(attempt(divergences.tv, one, two), on_line(first, second, "pdf") / 2)
        for name, (test, mean) in TESTS.items():
            found[f"weak error of {name}, {label}"] = beside(attempt(divergences.weak, one, two, test), abs(mean(*first) - mean(*second)))
        found[f"w1 on the line, {label}"] = beside(attempt(divergences.w1, one, two), on_line(first, second, "cdf"))
    return held(found, 1e-8, {"kl, far covariances": 1e-6})
