"""Laws of few steps of several midpoints on N(0, I): mixtures of as many Gaussians as there are sets of midpoints, with distances along the radius."""

from __future__ import annotations

import math

import numpy as np
import pytest
from paths_by_hand import parts_of_step
from scipy.special import logsumexp
from scipy.stats import chi2 as radius_law

from pmmtheory.divergences import hellinger, kl, tv
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import NotConverged
from pmmtheory.laws import transient_law
from pmmtheory.laws.gaussian import transient_variance
from pmmtheory.schemes import PoissonMidpoint
from pmmtheory.targets import Gaussian

CASES = [(2, 4, 3, 0.8), (10, 4, 3, 1.1), (3, 4, 3, 1.2), (1, 3, 5, 1.2), (3, 6, 2, 1.1), (100, 4, 3, 0.8)]


def distances(dim: int, substeps: int, steps: int, step: float) -> dict[str, float]:
    """From N(0, I), by the trapezoid rule in the logarithm of the radius, and TV by where the densities cross."""
    parts = np.array(parts_of_step(step, substeps, "bernoulli"))
    variances, weights = np.ones(1), np.ones(1)
    for _ in range(steps):
        variances = (parts[:, 1] ** 2 * variances[:, None] + parts[:, 2]).ravel()
        weights = (parts[:, 0] * weights[:, None]).ravel()
    variances, where = np.unique(np.round(variances, 13), return_inverse=True)
    weights = np.bincount(where, weights)
    low, high = (math.log(end) / 2 for end in (variances.min() * radius_law.ppf(1e-18, dim), max(variances.max(), 1) * radius_law.isf(1e-20, dim)))
    s = np.linspace(min(low, math.log(radius_law.ppf(1e-18, dim)) / 2), high, 6000)
    square = np.exp(2 * s)
    log_q = radius_law.logpdf(square, dim) + math.log(2) + 2 * s
    log_p = log_q + logsumexp(np.log(weights) - dim / 2 * np.log(variances) - square[:, None] / 2 * (1 / variances - 1), axis=1)
    p, q, spacing = np.exp(log_p), np.exp(log_q), s[1] - s[0]
    squared = ((np.exp(log_p / 2) - np.exp(log_q / 2)) ** 2).sum() * spacing / 2
    gap = log_p - log_q
    left = np.flatnonzero((gap[1:] > 0) != (gap[:-1] > 0))
    crossing = np.exp(2 * (s[left] - spacing * gap[left] / (gap[left + 1] - gap[left])))
    below = radius_law.cdf(crossing[:, None] / variances, dim) @ weights - radius_law.cdf(crossing, dim)
    total = np.abs(np.diff(below, prepend=0.0, append=0.0)).sum() / 2
    return {"kl": (p * (log_p - log_q) - p + q).sum() * spacing, "hellinger": math.sqrt(squared), "tv": total}


@pytest.mark.slow
@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(("dim", "substeps", "steps", "step"), CASES)
def test_few_variances(dim: int, substeps: int, steps: int, step: float, listed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variance is a node; or Gauss rules of few nodes, whose changes are small by chance."""
    if not listed:
        monkeypatch.setattr(transient_variance, "_FEW", 1)
    target = Gaussian(dim=dim)
    law = transient_law(PoissonMidpoint(Overdamped(target), step, substeps), target, steps, engine="gaussian")
    true = distances(dim, substeps, steps, step)
    for name, distance, off in (("kl", kl, 1e-11), ("hellinger", hellinger, 1e-11), ("tv", tv, 1e-9)):
        try:
            found = distance(law, target)
        except NotConverged:
            assert not listed
        else:
            assert abs(found.value - true[name]) <= found.error + off * true[name], name
            assert not listed or found.error < 1e-7 * found.value
