"""Integrals along the radius against closed forms between Gaussians in any dimension, and explicit mixtures by quadrature and transport."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import ot
import pytest
import torch
from scipy import stats
from scipy.integrate import quad

from pmmtheory.divergences import chi2, kl, tv, w2
from pmmtheory.divergences.radial import Radial
from pmmtheory.targets import Gaussian

DIMENSIONS = (1, 2, 7, 100, 10_000)
VARIANCES, WEIGHTS = [0.5, 0.65, 0.8], [0.2, 0.5, 0.3]


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


class TestGaussians:
    """One component: closed forms, in units where the reference has variance 0.6."""

    @pytest.mark.parametrize("dim", DIMENSIONS)
    @pytest.mark.parametrize("excess", [1e-6, 1e-3, -0.02, 0.3, -0.6])
    def test_kl_w2_and_chi2(self, dim: int, excess: float) -> None:
        seen, r = Radial(dim, tensor(0.6 * (1 + excess)), tensor(1.0), 0.6), 1 + excess
        assert seen.kl == pytest.approx(dim / 2 * (excess - math.log1p(excess)), rel=1e-9 if excess < 1e-5 else 1e-10)
        assert seen.w2 == pytest.approx(math.sqrt(0.6 * dim) * abs(excess) / (math.sqrt(r) + 1), rel=1e-7)
        log = -dim / 2 * math.log1p(-(excess**2))
        if log < 50:
            assert seen.chi2 == pytest.approx(math.expm1(log), rel=1e-8)

    @pytest.mark.parametrize("dim", DIMENSIONS)
    @pytest.mark.parametrize("excess", [1e-3, -0.02, 0.3, -0.6])
    def test_tv(self, dim: int, excess: float) -> None:
        """By the distribution functions of chi square where the densities cross."""
        seen, r = Radial(dim, tensor(0.6 * (1 + excess)), tensor(1.0), 0.6), 1 + excess
        crossing = dim * math.log1p(excess) / (excess / r)
        exact = abs(stats.chi2.cdf(crossing, dim) - stats.chi2.cdf(crossing / r, dim))
        assert seen.tv == pytest.approx(exact, rel=1e-8)

    @pytest.mark.parametrize("dim", DIMENSIONS)
    def test_a_law_that_is_its_target(self, dim: int) -> None:
        seen = Radial(dim, tensor(0.6), tensor(1.0), 0.6)
        assert (seen.kl, seen.tv, seen.w2, seen.chi2) == (0.0, 0.0, 0.0, 0.0)

    @pytest.mark.parametrize("name", ["kl", "tv", "w2", "chi2"])
    @pytest.mark.parametrize("dim", DIMENSIONS)
    @pytest.mark.parametrize("excess", [1e-9, 1e-5, 1e-3, 0.05, -0.3, 0.6, 0.95, 5.0, 1e3, -0.99, -0.9999])
    def test_to_rounding(self, name: str, dim: int, excess: float) -> None:
        """At 40 digits, within the rounding that is stated, near laws and far ones."""
        with mp.workdps(40):
            r = mp.mpf(1 + excess)
            if name == "chi2":
                exact = (r * (2 - r)) ** (-mp.mpf(dim) / 2) - 1 if r < 2 else mp.inf
            elif name == "tv":
                crossing = dim * mp.log(r) / (1 - 1 / r)
                below = [mp.gammainc(mp.mpf(dim) / 2, 0, at / 2, regularized=True) for at in (crossing, crossing / r)]
                exact = abs(below[0] - below[1])
            else:
                exact = dim / mp.mpf(2) * (r - 1 - mp.log(r)) if name == "kl" else mp.sqrt(dim) * abs(mp.sqrt(r) - 1)
            seen = Radial(dim, tensor(1 + excess), tensor(1.0), 1.0)
            value = getattr(seen, name)
            if exact > 1e300:
                assert value == math.inf
                return
            rounding = {"kl": seen.rounding_of_integral(value), "chi2": seen.rounding_of_chi2()}.get(name, seen.rounding_of_distance(value, 1.0))
            assert abs(value - exact) <= rounding + 1e-38
            assert rounding < (1e-9 if name == "chi2" else 1e-10) * value

    @pytest.mark.parametrize("dim", [1, 2, 7])
    def test_the_closed_forms_of_the_package(self, dim: int) -> None:
        p, q, seen = Gaussian(dim=dim, covariance=0.8), Gaussian(dim=dim, covariance=0.6), Radial(dim, tensor(0.8), tensor(1.0), 0.6)
        assert seen.kl == pytest.approx(float(kl(p, q)), rel=1e-12)
        assert seen.w2 == pytest.approx(float(w2(p, q)), rel=1e-7)
        assert seen.chi2 == pytest.approx(float(chi2(p, q)), rel=1e-12)
        if dim == 1:
            assert seen.tv == pytest.approx(float(tv(p, q)), rel=1e-9)


class TestMixtures:
    """An explicit mixture of three Gaussians against N(0, 0.6 I)."""

    @staticmethod
    def log_densities(radius: float, dim: int) -> tuple[float, float]:
        """Of the radius, under the mixture and the reference, by scipy."""
        parts = [math.log(w) + stats.chi.logpdf(radius, dim, scale=math.sqrt(v)) for v, w in zip(VARIANCES, WEIGHTS, strict=True)]
        return float(np.logaddexp.reduce(parts)), float(stats.chi.logpdf(radius, dim, scale=math.sqrt(0.6)))

    @pytest.mark.slow
    @pytest.mark.parametrize("dim", [1, 3, 20])
    def test_by_quadrature(self, dim: int) -> None:
        def integral(f) -> float:  # type: ignore[no-untyped-def]
            def at(radius: float) -> float:
                return f(*self.log_densities(radius, dim))

            ends = [1e-14, *(math.sqrt(dim) * share for share in (0.3, 0.6, 0.8, 1.0, 1.2, 1.5)), math.sqrt(dim) * 1.5 + 3, math.sqrt(dim) * 1.5 + 9]
            return sum(quad(at, a, b, epsabs=1e-12, epsrel=1e-10, limit=100)[0] for a, b in zip(ends, ends[1:], strict=False))

        seen = Radial(dim, tensor(*VARIANCES), tensor(*WEIGHTS), 0.6)
        assert seen.kl == pytest.approx(integral(lambda p, q: math.exp(p) * (p - q)), rel=1e-8)
        pairs = [(a * b, v, w) for a, v in zip(WEIGHTS, VARIANCES, strict=True) for b, w in zip(WEIGHTS, VARIANCES, strict=True)]
        exact = sum(share * (v * w / 0.6 * (1 / v + 1 / w - 1 / 0.6)) ** (-dim / 2) for share, v, w in pairs) - 1
        assert seen.chi2 == pytest.approx(exact, rel=1e-8)
        assert seen.tv == pytest.approx(integral(lambda p, q: abs(math.exp(p) - math.exp(q))) / 2, rel=1e-6)

    @pytest.mark.slow
    def test_w2_on_the_line_by_quantiles_and_by_transport(self) -> None:
        seen = Radial(1, tensor(*VARIANCES), tensor(*WEIGHTS), 0.6).w2
        x = np.linspace(-12, 12, 200_001)
        below = sum(w * stats.norm.cdf(x, scale=math.sqrt(v)) for v, w in zip(VARIANCES, WEIGHTS, strict=True))
        density = sum(w * stats.norm.pdf(x, scale=math.sqrt(v)) for v, w in zip(VARIANCES, WEIGHTS, strict=True))
        left = x <= 0
        moved = math.sqrt(0.6) * stats.norm.ppf(below[left]) - x[left]
        finite = np.isfinite(moved)
        assert seen == pytest.approx(math.sqrt(2 * float((moved[finite] ** 2 * density[left][finite]).sum() * (x[1] - x[0]))), rel=1e-6)
        n = 400_000
        share = (np.arange(n) + 0.5) / n
        ours, theirs = np.interp(share, below, x), stats.norm.ppf(share, scale=math.sqrt(0.6))
        assert seen == pytest.approx(math.sqrt(ot.wasserstein_1d(ours, theirs, p=2)), rel=3e-3)

    @pytest.mark.parametrize("dim", [3, 10_000])
    def test_equal_components_are_one(self, dim: int) -> None:
        one, three = Radial(dim, tensor(0.61), tensor(1.0), 0.6), Radial(dim, tensor(0.61, 0.61, 0.61), tensor(*WEIGHTS), 0.6)
        for name in ("kl", "tv", "w2", "chi2"):
            assert getattr(three, name) == pytest.approx(getattr(one, name), rel=1e-12)

    @pytest.mark.parametrize("variances", [(5.0, 6.0), (0.05, 0.06)])
    @pytest.mark.parametrize("dim", DIMENSIONS)
    def test_far_laws(self, dim: int, variances: tuple[float, float]) -> None:
        seen = Radial(dim, tensor(*variances), tensor(0.5, 0.5), 0.6)
        ends = [dim / 2 * (v / 0.6 - 1 - math.log(v / 0.6)) for v in variances]
        assert min(ends) - math.log(2) < seen.kl < max(ends)
        moved = [math.sqrt(dim) * abs(math.sqrt(v) - math.sqrt(0.6)) for v in variances]
        assert min(moved) < seen.w2 < max(moved)
        if dim <= 100:
            assert min(0.9, stats.chi2.cdf(dim * 1.5, dim) - 0.6) < seen.tv < 1 + 1e-9
