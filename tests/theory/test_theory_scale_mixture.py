"""Leading distances of scale mixtures: by quadrature, from Gaussians, and as limits of measured distances."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import torch

from pmmtheory.divergences import kl, tv, w2
from pmmtheory.dynamics import Underdamped
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import UBU, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.theory import leading_covariance, leading_term
from pmmtheory.theory.scale_mixture import mixture_distances, total_variation


@pytest.mark.slow
@pytest.mark.parametrize(("m", "n"), [(1.0, 0.0), (-0.3, 0.0), (0.0, 1.0), (0.5, 0.2), (-0.5, 0.2), (0.1, 1.5)])
@pytest.mark.parametrize("dim", [1, 2, 7, 40])
def test_by_quadrature_of_the_density(m: float, n: float, dim: int) -> None:
    """1 + m c_1 + n c_2 with c_k the derivatives of the density in its variance, over k!; y = |z|^2 is chi-squared."""
    turns = np.roots([n / 8, m / 2 - n * (dim + 2) / 4, n * dim * (dim + 2) / 8 - m * dim / 2] if n else [1.0, -dim])
    edges = np.sqrt([0.0, *sorted(turns[turns > 0]), dim + 40.0, dim + 120.0])
    nodes, weights = np.polynomial.legendre.leggauss(100)
    z = edges[:-1, None] + np.diff(edges)[:, None] * (1 + nodes) / 2
    y, shares = z**2, np.diff(edges)[:, None] * weights / 2
    ratio = m * (y - dim) / 2 + n * (y**2 - 2 * (dim + 2) * y + dim * (dim + 2)) / 8
    shares = shares * np.exp((dim - 1) * np.log(z) - y / 2 - math.lgamma(dim / 2) - (dim / 2 - 1) * math.log(2))
    found = mixture_distances(3, m, 3, n, 1.0, dim)
    assert 2 * found.kl == pytest.approx(float((ratio**2 * shares).sum()), rel=1e-8)
    assert 2 * total_variation(m, n, dim) == pytest.approx(float((abs(ratio) * shares).sum()), rel=1e-6)


@pytest.mark.parametrize("scheme", [EulerMaruyama, RandomizedMidpoint])
def test_on_the_line_it_is_the_leading_term(scheme: type[Scheme]) -> None:
    found, other = leading_covariance(scheme, 1.7).distances(), leading_term(scheme, Gaussian(0.3, 1 / 1.7))
    assert found.order == other.order
    for name in ("kl", "tv", "w2"):
        assert getattr(found, name) == pytest.approx(getattr(other, name), rel=1e-8)


@pytest.mark.parametrize("dim", [1, 39, 41, 10**4, 10**9])
@pytest.mark.parametrize(("m", "n"), [(1.0, 0.0), (-0.3, 1e-9), (0.3, 1e-9), (0.5, 0.2), (0.2, 0.2), (0.1, 1.5), (0.0, -1.0)])
def test_total_variation_at_60_digits(m: float, n: float, dim: int) -> None:
    """The same formula, which cancels in double precision."""
    with mp.workdps(60):
        half, a, b = mp.mpf(dim) / 2, mp.mpf(m), mp.mpf(n)
        root = mp.sqrt((a - b) ** 2 + b * b * half)
        turns = sorted([(b - a - root) / b, (b - a + root) / b]) if n else [mp.mpf(0)]
        changes = [mp.mpf(0)]
        for e in turns:
            if half + e > 0:
                changes.append(mp.exp(half * mp.log(half + e) - half - e - mp.loggamma(half)) * (-a + b * (1 - e) / 2))
        truth = sum(abs(y - x) for x, y in zip(changes, [*changes[1:], mp.mpf(0)], strict=True)) / 2
    seen = mixture_distances(1, m, 1, n, 1.0, dim).tv
    assert abs(mp.mpf(float(seen)) - truth) <= seen.error


def test_the_lower_order_alone() -> None:
    """A mean error of order 2 hides a spread of order 3; one of order 4 is hidden by it."""
    assert mixture_distances(2, 0.5, 3, 0.2, 1.0, 10) == mixture_distances(2, 0.5, 3, 0.0, 1.0, 10)
    assert mixture_distances(4, 0.5, 3, 0.2, 1.0, 10) == mixture_distances(math.inf, 0.0, 3, 0.2, 1.0, 10)


@pytest.mark.parametrize("part", ["position", "velocity", "joint"])
@pytest.mark.parametrize("dim", [1, 30])
def test_gaussian_laws(part: str, dim: int) -> None:
    """KL, TV and W2 of UBU at a small step."""
    lam, g, step = 1.7, 2.3, 1e-3
    target = Gaussian(0.3, 1 / lam, dim=dim)
    law = stationary_law(UBU(Underdamped(target, g), step), engine="gaussian")
    predicted = leading_covariance(UBU, lam, g).distances(part, dim)
    piece = law if part == "joint" else getattr(law, part)
    goal = Gaussian(dim=dim) if part == "velocity" else target
    assert float(kl(piece, goal)) / step**4 == pytest.approx(predicted.kl, rel=2e-3)
    assert float(w2(piece, goal)) / step**2 == pytest.approx(predicted.w2, rel=2e-3)
    assert math.isnan(predicted.tv) if part == "joint" else float(tv(piece, goal)) / step**2 == pytest.approx(predicted.tv, rel=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "options"), [(RandomizedMidpoint, {}), (PoissonMidpoint, {"midpoints": "single"})])
def test_mixtures(scheme: type[Scheme], options: dict[str, str]) -> None:
    """The position in dimension 20, where the spread outweighs the mean: three digits after extrapolation."""
    lam, g, target = 1.7, 2.3, Gaussian(0.3, 1 / 1.7, dim=20)
    predicted = leading_covariance(scheme, lam, g, **options).distances("position", 20)  # type: ignore[arg-type]
    assert predicted.order == 3
    found: dict[str, list[float]] = {"kl": [], "tv": [], "w2": []}
    for step in (0.08, 0.04):
        law = stationary_law(scheme(Underdamped(target, g), step, **options), engine="gaussian").position
        for name, distance in (("kl", kl), ("tv", tv), ("w2", w2)):
            found[name].append(float(distance(law, target)) / step ** (6 if name == "kl" else 3))
    for name, (coarse, fine) in found.items():
        assert (4 * fine - coarse) / 3 == pytest.approx(getattr(predicted, name), rel=1e-3)


def test_large_dimensions() -> None:
    """KL grows like d^2 and W2 like d once d is beyond 4 m^2/n^2; a Gaussian law keeps d and sqrt(d)."""
    rmm, lmc = leading_covariance(RandomizedMidpoint, 1.0), leading_covariance(EulerMaruyama, 1.0)
    ratios = {name: getattr(rmm.distances(dim=10**7), name) / getattr(rmm.distances(dim=10**6), name) for name in ("kl", "tv", "w2")}
    assert ratios == {"kl": pytest.approx(100, rel=1e-3), "tv": pytest.approx(10, rel=1e-3), "w2": pytest.approx(10, rel=1e-3)}
    assert lmc.distances(dim=10**4).kl == pytest.approx(10**4 / 16) and lmc.distances(dim=10**4).w2 == pytest.approx(25.0)
    assert lmc.distances(dim=10**4).tv == pytest.approx(0.5 * math.sqrt(10**4 / (4 * math.pi)), rel=1e-4)
    assert torch.isfinite(torch.tensor(rmm.distances(dim=10**9).tv))
