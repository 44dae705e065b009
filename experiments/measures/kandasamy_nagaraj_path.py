"""KL of PMM from the chain that it imitates after one step on a Gaussian, against Theorem 1 of Kandasamy & Nagaraj with the exact moments of its terms.

From the target's own law Xhat_i - X_0 has the law N(0, s_i I), s_i = lam (i h)^2 + 2 i h, and X_i - Xhat_i = -h K lam sum_{j<i} H_j (Xhat_j - X_0).
"""

from __future__ import annotations

import math

import numpy as np

from pmmtheory.divergences import kl
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_gaussian, build_scheme
from pmmtheory.laws import transient_law
from pmmtheory.targets import Gaussian
from pmmtheory.theory.bounds import kandasamy_nagaraj_path


def measure(device: str, target: str, step_size: float, substeps: int, dim: int = 1) -> dict[str, Estimate]:
    """kl of the laws after one step from the target, and `bound` with constant 1 and r = 2; `square`, for a control, is its square, which falls too fast."""
    goal = build_gaussian(target, dim)
    lam = float(goal.smoothness)
    start = Gaussian(goal.mean, 1 / lam, dim=dim)
    coarse = build_scheme("PoissonMidpoint", target, step_size, substeps, "bernoulli", dim=dim)
    fine = build_scheme("EulerMaruyama", target, step_size / substeps, dim=dim)
    laws = [transient_law(chain, start, n, device=device, engine="gaussian") for chain, n in ((coarse, 1), (fine, substeps))]
    bias, spreads = _terms(lam, step_size, substeps, dim)
    h = step_size / substeps
    bound = kandasamy_nagaraj_path(bias, lambda p: float(sum(_moment(p, substeps * math.sqrt(h / 2) * lam * math.sqrt(s), dim) for s in spreads)), substeps)
    return {"kl": kl(*laws), "bound": Estimate(bound, 1e-9 * bound, "exact moments"), "square": Estimate(bound**2, 1e-9 * bound**2, "exact moments")}


def _terms(lam: float, step: float, substeps: int, dim: int) -> tuple[float, list[float]]:
    """sum E|B_i|^2, and the variances s_i of Xhat_i - X_0 on an axis."""
    h = step / substeps
    times = h * np.arange(substeps)
    together = lam * np.outer(times, times) + 2 * np.minimum.outer(times, times)
    chosen = np.where(np.eye(substeps, dtype=bool), 1 / substeps, 1 / substeps**2) * together
    off = [(h * substeps * lam) ** 2 * dim * chosen[:i, :i].sum() for i in range(substeps)]
    return float(h / 2 * lam**2 * sum(off)), [float(s) for s in np.diag(together)]


def _moment(p: float, width: float, dim: int) -> float:
    """E |N(0, width^2 I)|^p."""
    return width**p * math.exp(p / 2 * math.log(2) + math.lgamma((dim + p) / 2) - math.lgamma(dim / 2)) if width else 0.0
