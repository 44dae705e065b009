"""Total variation of products where a coordinate decides alone: rare far modes, and mass where the other law has none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2, norm

from pmmtheory.divergences import product_tv, tv
from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian, GaussianMixture, Product

STEP = 0.1
WIDE = 1 / (1 - STEP / 2)


def with_mode(weight: float, place: float, dim: int) -> Product:
    return Product([GaussianMixture([1 - weight, weight], [0.0, place], [1.0, 1.0])] * dim)


@pytest.mark.slow
@pytest.mark.parametrize(("weight", "place"), [(1e-6, 12.0), (1e-8, 12.0), (1e-8, 9.0), (1e-9, 20.0), (1e-7, 9.0)])
def test_rare_modes_far_beyond_the_deviation_of_the_log_ratio(weight: float, place: float) -> None:
    """One step in ten dimensions, to N(0, I): without far coordinates a Gaussian against another, with any of them all is gained."""
    dim, variance = 10, (1 - STEP) ** 2 + 2 * STEP
    start = with_mode(weight, place, dim)
    found = tv(transient_law(EulerMaruyama(Overdamped(start), STEP), start, 1), Product([Gaussian()] * dim))
    none = dim * math.log1p(-weight)
    radius = max(0.0, -2 * (none - dim / 2 * math.log(variance)) / (1 - 1 / variance))
    true = 1 - math.exp(none) + math.exp(none) * chi2.sf(radius / variance, dim) - chi2.sf(radius, dim)
    assert abs(found.value - true) <= found.error < 1e-6 * found.value


def in_the_plane(weight: float, place: float) -> float:
    """Of N(0, WIDE I) and the product of two mixtures, by a sum over a grid."""
    x = np.linspace(-9, place + 9, round(24 * (place + 18)))
    p, q = norm.pdf(x, 0, math.sqrt(WIDE)), (1 - weight) * norm.pdf(x) + weight * norm.pdf(x, place)
    return float(sum(np.abs(a * p - b * q).sum() for a, b in zip(p, q, strict=True))) * (x[1] - x[0]) ** 2 / 2


@pytest.mark.slow
@pytest.mark.parametrize("weight", [0.3, 1e-2, 1e-3, 1e-5])
@pytest.mark.parametrize("place", [8.0, 20.0])
def test_modes_of_the_reference_where_the_law_has_nothing(weight: float, place: float) -> None:
    law = stationary_law(EulerMaruyama(Overdamped(Product([Gaussian()] * 2)), STEP))
    found = tv(law, with_mode(weight, place, 2))
    assert found.error < 1e-3 * found.value
    assert abs(found.value - in_the_plane(weight, place)) <= found.error + 1e-6


def of_gaussians(dim: int, one: float, two: float) -> float:
    """TV of N(0, one I) and N(0, two I)."""
    small, large = sorted((one, two))
    square = dim * math.log(large / small) / (1 / small - 1 / large)
    return float(chi2.cdf(square / small, dim) - chi2.cdf(square / large, dim))


@pytest.mark.parametrize("dim", [2, 3, 20, 1000])
@pytest.mark.parametrize("variance", [1.0, 25.0, 0.3, 1e-4, 1e4, WIDE * 1.0001])
def test_gaussians_near_and_far(dim: int, variance: float) -> None:
    """The log ratio of few coordinates has a density with singularities; of far laws TV is next to 1."""
    found = tv(stationary_law(EulerMaruyama(Overdamped(Product([Gaussian()] * dim)), STEP)), Product([Gaussian(0.0, variance)] * dim))
    assert abs(found.value - of_gaussians(dim, WIDE, variance)) <= found.error + 1e-15
    assert found.error < 1e-3 * found.value


@pytest.mark.parametrize("dim", [2, 30, 3000])
def test_waves_and_grid_agree(dim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Product([GaussianMixture([0.4, 0.6], [-1.0, 1.5], [0.7, 1.0]), Gaussian(0.3, 2.0)] * (dim // 2))
    law = stationary_law(EulerMaruyama(Overdamped(target), STEP / math.sqrt(dim)))
    found = []
    for smooth in (math.inf, -1.0):
        monkeypatch.setattr(product_tv, "_SMOOTH", smooth)
        monkeypatch.setattr(product_tv, "_TOLD", math.inf)
        if smooth < 0:
            monkeypatch.setattr(product_tv, "_inverted", lambda ratios, reach: (0.0, math.inf))
        found.append(tv(law, target))
    assert [list(one.parts)[-1] for one in found] == ["frequencies", "grid"]
    assert found[0].agrees(found[1])
    assert found[1].error < 1e-4 * found[1].value
