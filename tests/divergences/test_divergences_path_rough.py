"""Path KL where likelihood ratios are rough: far starts, wide starts, and forces that turn within a step, against quadrature of another kind."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from paths_by_hand import pair, parts_of_step
from scipy.special import gammaln
from scipy.stats import chi2

from pmmtheory.divergences import path_kl
from pmmtheory.errors import NotConverged
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture
from pmmtheory.targets.line import LineTarget

MIXTURE = GaussianMixture([0.3, 0.7], [-1.5, 1.0], [0.5, 0.8])


@pytest.mark.parametrize(
    ("step", "substeps", "kind", "place"), [(1.0, 2, "single", 60.0), (1.0, 2, "single", 200.0), (0.8, 2, "single", 150.0), (1.0, 3, "bernoulli", 100.0)]
)
def test_large_steps_far_from_the_fine_ones_are_refused(step: float, substeps: int, kind: str, place: float) -> None:
    """From so far off all of the large step lies where the fine ones have no number: KL is in the hundreds."""
    with pytest.raises(NotConverged, match="next to none"):
        path_kl(*pair(Gaussian(), step, substeps, kind), 1, start=Gaussian(place, 1.0))


def of_two_substeps(target: LineTarget, step: float) -> float:
    """KL of paths of two substeps from the target: the first state is common, and the second a mixture of two Gaussians of one width, or one Gaussian."""
    h, sigma = step / 2, math.sqrt(step)
    x = torch.linspace(-8.5, 8.5, 201, dtype=torch.float64)
    z = torch.linspace(-8.0, 8.0, 101, dtype=torch.float64)
    start, weight = target.density(x), torch.exp(-(z**2) / 2)
    start, weight = start / start.sum(), weight / weight.sum()
    force = target.drift(x)[:, None]
    middle = x[:, None] + h * force + sigma * z
    there = target.drift(middle)
    shifts = [((h * force - h * there) / sigma).numpy(), ((h * force + step * (there - force) - h * there) / sigma).numpy()]
    y = np.linspace(min(s.min() for s in shifts) - 9, max(s.max() for s in shifts) + 9, 900)
    found = np.empty(shifts[0].shape)
    for row in range(len(found)):
        a, b = (s[row][:, None] for s in shifts)
        log = np.logaddexp(math.log(0.5) + y * a - a * a / 2, math.log(0.5) + y * b - b * b / 2)
        found[row] = (np.exp(-y * y / 2) / math.sqrt(2 * math.pi) * (np.exp(log) * (log - 1) + 1)).sum(1) * (y[1] - y[0])
    return float(start.numpy() @ found @ weight.numpy())


@pytest.mark.parametrize(
    ("target", "step"),
    [
        (MIXTURE, 0.49),
        (MIXTURE, 0.5),
        (Cosine(0.3, 2.0), 0.95),
        (Cosine(0.3, 2.0), 1.05),
        (Cosine(0.3, 3.0), 0.7),
        (Cosine(0.1, 5.0), 0.44),
        (Cosine(0.1, 5.0), 0.5),
    ],
)
def test_paths_at_two_substeps(target: LineTarget, step: float) -> None:
    """Gauss rules of two sizes happen to agree at such steps."""
    found, true = path_kl(*pair(target, step, 2), 1, path="fine"), of_two_substeps(target, step)
    assert abs(found.value - true) <= found.error
    assert found.error < 0.02 * found.value


def test_mass_beyond_the_rule_counts_for_every_normal() -> None:
    """Paths at three substeps whose likelihood ratio is large in all normals together: .937047, which was .932587 +- .004230."""
    target = GaussianMixture([0.8277, 0.1723], [-1.601, 1.256], [0.979, 0.535])
    with pytest.raises(NotConverged, match="at the substeps"):
        path_kl(*pair(target, 0.7295, 3), 1, start=Gaussian(2.725, 1.195), path="fine")


def around_origin(dim: int, step: float, variance: float) -> float:
    """KL of a large step of two substeps on N(0, I) from N(0, variance I), by Legendre rules in |x| and across, and the trapezoid rule along x."""
    parts, slope, noise = parts_of_step(step, 2, "bernoulli"), (1 - step / 2) ** 2, step * (1 + (1 - step / 2) ** 2)
    low, high = math.sqrt(variance * chi2.ppf(1e-15, dim)), math.sqrt(variance * chi2.isf(1e-15, dim))
    nodes, weights = np.polynomial.legendre.leggauss(48)
    radii, shares = (low + high) / 2 + (high - low) / 2 * nodes, (high - low) / 2 * weights
    shares = shares * chi2.pdf(radii**2 / variance, dim) * 2 * radii / variance
    return float(sum(share * _from_radius(radius, parts, slope, noise, dim) for radius, share in zip(radii, shares, strict=True) if share > 1e-15))


def _from_radius(radius: float, parts: list[tuple[float, float, float]], slope: float, noise: float, dim: int) -> float:
    widest, narrowest = (math.sqrt(f(noise, *(v for _, _, v in parts))) for f in (max, min))
    shifts = [(m - slope) * radius for _, m, _ in parts]
    y = np.arange(min(0.0, *shifts) - 10.5 * widest, max(0.0, *shifts) + 10.5 * widest, 0.25 * narrowest)[:, None]
    k = dim - 1
    nodes, weights = np.polynomial.legendre.leggauss(90)
    top = widest * math.sqrt(chi2.isf(1e-22, k))
    rho, across = top / 2 * (1 + nodes), top / 2 * weights
    surface = math.log(2) - k / 2 * math.log(2) - gammaln(k / 2) + (k - 1) * np.log(rho)

    def log(shift: float, v: float) -> np.ndarray:
        value: np.ndarray = -((y - shift) ** 2 + rho**2) / (2 * v) - math.log(2 * math.pi * v) / 2 - k / 2 * math.log(v) + surface
        return value

    p, q = np.logaddexp.reduce([math.log(w) + log(s, v) for (w, _, v), s in zip(parts, shifts, strict=True)], 0), log(0.0, noise)
    return float(((np.exp(p) * (p - q - 1) + np.exp(q)) @ across).sum() * (y[1, 0] - y[0, 0]))


@pytest.mark.slow
@pytest.mark.parametrize(("dim", "step", "variance"), [(3, 0.7, 170.0), (2, 0.5, 400.0), (2, 0.7, 130.0), (3, 0.3, 4.0), (2, 0.2, 1.0)])
def test_wide_starts_hold_or_are_refused(dim: int, step: float, variance: float) -> None:
    """Angles and radii that are not resolved err to the same side at two resolutions."""
    true = around_origin(dim, step, variance)
    try:
        found = path_kl(*pair(Gaussian(dim=dim), step, 2), 1, start=Gaussian(covariance=variance, dim=dim))
    except NotConverged:
        assert variance > 100
    else:
        assert abs(found.value - true) <= found.error + 1e-9 * true
