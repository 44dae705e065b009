"""A battery that every target on the line must pass, each number by a second route."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from pmmtheory.discover import classes
from pmmtheory.targets import Cosine, DoubleWell, Gaussian, GaussianMixture, LogCosh, Potential, Target
from pmmtheory.targets.line import LineTarget
from tests.oracles.lines import LINES
from tests.oracles.schroedinger import gap_by_differences

EPS = float(np.finfo(float).eps)
every = pytest.mark.parametrize("target", LINES.values(), ids=LINES)
points = st.lists(st.floats(-6, 6), min_size=1, max_size=5).map(lambda x: torch.tensor(x, dtype=torch.float64))


def test_the_battery_has_every_class() -> None:
    lines = {name for name, kind in classes("pmmtheory.targets", Target).items() if issubclass(kind, LineTarget) and kind is not LineTarget}
    assert {type(t).__name__ for t in LINES.values()} >= lines - {"Marginal"}  # which test_targets_plane.py holds against factors of the plane


@every
class TestEvery:
    @given(x=points)
    def test_the_drift_is_minus_the_gradient(self, target: LineTarget, x: torch.Tensor) -> None:
        y = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(target.potential(y).sum(), y)
        assert torch.allclose(target.drift(x), -slope, rtol=1e-11, atol=1e-12)

    @given(x=points)
    def test_the_curvature_is_minus_the_slope_of_the_drift(self, target: LineTarget, x: torch.Tensor) -> None:
        """By central differences of fourth order; the error is of order h^4, and rounding eps/h."""
        h = 1e-3
        slope = (8 * (target.drift(x + h) - target.drift(x - h)) - (target.drift(x + 2 * h) - target.drift(x - 2 * h))) / (12 * h)
        scale = 1 + float(torch.abs(target.drift(x)).max())
        assert torch.allclose(target.curvature(x), -slope, rtol=1e-9, atol=1e-9 * scale)

    @given(x=points)
    def test_the_density_is_exp_of_minus_the_potential(self, target: LineTarget, x: torch.Tensor) -> None:
        """Up to one constant: log density + potential does not vary."""
        origin = torch.zeros(1, dtype=torch.float64)
        constant = target.log_density(x) + target.potential(x) - target.log_density(origin) - target.potential(origin)
        assert float(constant.abs().max()) < 1e-11
        assert torch.equal(target.density(x), torch.exp(target.log_density(x)))

    def test_mass_one(self, target: LineTarget) -> None:
        low, high = target.quadrature.low, target.quadrature.high
        mass, error = quad(lambda x: float(target.density(x)), low, high, points=[-2.0, 0.0, 2.0], limit=400, epsabs=1e-13, epsrel=1e-13)
        assert mass == pytest.approx(1, abs=4 * error + 4 * target.quadrature.error + 1e-14)

    @pytest.mark.slow
    def test_the_normaliser_by_mpmath(self, target: LineTarget) -> None:
        """By another rule (tanh-sinh) and with the tails to infinity."""
        with mp.workdps(18):
            edges = [target.quadrature.low, *range(-8, 9, 2), target.quadrature.high]
            total = mp.quad(lambda x: mp.exp(-float(target.potential(torch.tensor(float(x), dtype=torch.float64)))), sorted(edges), maxdegree=6)
        assert float(mp.log(total)) == pytest.approx(target.quadrature.log_normaliser, abs=1e-11)

    @pytest.mark.slow
    @given(x=st.floats(-5, 5))
    def test_the_distribution_function_integrates_the_density(self, target: LineTarget, x: float) -> None:
        mass, error = quad(lambda y: float(target.density(y)), 0.0, x, epsabs=1e-12, epsrel=1e-12)
        assert float(target.cdf(x) - target.cdf(0.0)) == pytest.approx(mass, abs=4 * error + 4 * target.quadrature.error)

    @pytest.mark.slow
    @given(u=st.lists(st.floats(1e-6, 1 - 1e-6), min_size=1, max_size=5))
    def test_the_quantile_inverts_it(self, target: LineTarget, u: list[float]) -> None:
        level = torch.tensor(u, dtype=torch.float64)
        assert torch.allclose(target.cdf(target.quantile(level)), level, rtol=0, atol=4 * target.quadrature.error + 4 * EPS)

    @pytest.mark.parametrize("k", [1, 2, 3, 4, 6])
    def test_moments(self, target: LineTarget, k: int) -> None:
        low, high = 2 * target.quadrature.low, 2 * target.quadrature.high  # a moment needs more of the tails than the mass does
        value, error = quad(lambda x: x**k * float(target.density(x)), low, high, points=[-2.0, 0.0, 2.0], limit=400, epsabs=1e-13, epsrel=1e-13)
        moment = target.moment(k)
        assert moment.value == pytest.approx(value, abs=8 * (error + moment.error) + 1e-12 * abs(value))

    def test_mean_and_covariance(self, target: LineTarget) -> None:
        first, second = target.moment(1), target.moment(2)
        assert target.mean == pytest.approx(first.value, abs=4 * first.error + 1e-14)
        assert target.covariance == pytest.approx(second.value - first.value**2, abs=4 * second.error + 1e-13)
        assert target.moment(0).value == pytest.approx(1, abs=4 * target.quadrature.error + 1e-15)

    def test_samples_have_the_distribution_function(self, target: LineTarget) -> None:
        x = target.sample(4000, seed=11)
        assert scipy.stats.kstest(x.numpy(), lambda y: target.cdf(y).numpy()).pvalue > 1e-3
        assert torch.equal(x, target.sample(4000, seed=11)) and not torch.equal(x, target.sample(4000, seed=12))
        assert scipy.stats.kstest(x.numpy() + 0.3, lambda y: target.cdf(y).numpy()).pvalue < 1e-3

    @given(x=points)
    def test_smoothness_bounds_the_curvature(self, target: LineTarget, x: torch.Tensor) -> None:
        assert float(target.curvature(x).abs().max()) <= float(target.smoothness) * (1 + 1e-7)
        inside = x.clamp(target.quadrature.low, target.quadrature.high)
        assert float(target.curvature(inside).min()) >= target.strong_convexity - 1e-7

    def test_poincare_and_log_sobolev(self, target: LineTarget) -> None:
        """LSI <= Poincare bound or not, both are lower bounds: LSI <= gap and Poincare <= gap of the generator."""
        gap, error = gap_by_differences(target)
        assert target.poincare is not None and 0 < float(target.poincare) <= gap + 4 * error
        if target.lsi is not None:
            assert 0 < float(target.lsi) <= gap + 4 * error
            assert float(target.lsi) <= float(target.poincare) * (1 + 1e-9)
        assert float(target.poincare) >= gap / 5, "Muckenhoupt's bound is within a factor 4 of the truth"

    def test_it_has_a_name(self, target: LineTarget) -> None:
        assert target.name and len(target.name) < 60

    @pytest.mark.parametrize("kind", [float, list, np.array, "float32"])
    def test_points_of_every_kind(self, target: LineTarget, kind) -> None:  # type: ignore[no-untyped-def]
        x = 0.7 if kind is float else torch.tensor([0.7], dtype=torch.float32) if kind == "float32" else kind([0.7])
        exact = float(target.density(torch.tensor(0.7, dtype=torch.float64)))
        assert float(target.density(x)) == pytest.approx(exact, rel=1e-5 if kind == "float32" else 4 * EPS)

    def test_shares_far_out_in_single_precision(self, target: LineTarget) -> None:
        x = torch.tensor([-30.0, 30.0], dtype=torch.float32)
        for share in (target.cdf, target.survival):
            assert torch.allclose(share(x).double(), share(x.double()), rtol=1e-4)


class TestConstants:
    @given(st.floats(0.05, 20.0), st.floats(-3, 3))
    def test_gaussians_are_exact(self, variance: float, mean: float) -> None:
        target = Gaussian(mean, variance)
        assert target.lsi is not None and target.poincare is not None
        assert float(target.smoothness) == float(target.lsi) == float(target.poincare) == target.strong_convexity == pytest.approx(1 / variance)
        assert target.tail_curvature == pytest.approx((1 / variance,) * 2)

    def test_the_gap_of_a_gaussian(self) -> None:
        gap, error = gap_by_differences(Gaussian(0.4, 0.5))
        assert gap == pytest.approx(2.0, abs=error)

    @pytest.mark.parametrize("scale", [0.7, 1.0, 2.0])
    def test_log_cosh_has_a_quarter(self, scale: float) -> None:
        """In a box of half width l the lowest odd state of the continuum lies above it by (pi/l)^2, less a shift of phase."""
        target = LogCosh(scale)
        half = target.quadrature.high
        gap, error = gap_by_differences(target)
        assert target.poincare is not None and float(target.poincare) == 1 / (4 * scale**2)
        assert 0.9 < (gap - float(target.poincare) + error) / (math.pi / half) ** 2 < 1
        assert target.lsi is None

    def test_muckenhoupt_on_exponential_tails_is_below_the_truth(self) -> None:
        own = Potential(lambda x: torch.log(torch.cosh(x)), dim=1)
        assert own.poincare is not None and 1 / 16 <= float(own.poincare) <= 1 / 4

    def test_no_log_sobolev_inequality_for_exponential_tails(self) -> None:
        assert Potential(lambda x: torch.sqrt(1 + x**2), dim=1).lsi is None

    @pytest.mark.parametrize("barrier", [1.0, 3.0, 5.0])
    def test_double_wells_at_any_barrier(self, barrier: float) -> None:
        """The gap falls like exp(-barrier), and the bound with it: within a factor 4."""
        target = DoubleWell(barrier)
        gap, error = gap_by_differences(target)
        assert target.poincare is not None and gap / 4 - error <= float(target.poincare) <= gap + error

    def test_sources_are_given(self) -> None:
        for target in LINES.values():
            assert all(c.source for c in (target.smoothness, target.poincare, target.lsi) if c is not None)

    def test_a_convex_ripple_has_the_bakry_emery_constant(self) -> None:
        target = Cosine(0.3, 1.0)
        assert target.lsi is not None and float(target.lsi) == pytest.approx(0.7, abs=1e-7)
        assert target.strong_convexity == pytest.approx(0.7, abs=1e-7)


class TestClosedForms:
    @pytest.mark.slow
    @given(st.integers(-20, 20).map(lambda n: n / 10), st.floats(0.2, 3.0), st.floats(-4, 4))
    def test_gaussian(self, mean: float, variance: float, x: float) -> None:
        theirs = scipy.stats.norm(mean, math.sqrt(variance))
        ours = Gaussian(mean, variance)
        assert float(ours.log_density(x)) == pytest.approx(theirs.logpdf(x), rel=1e-12, abs=1e-12)
        assert float(ours.cdf(x)) == pytest.approx(theirs.cdf(x), rel=1e-12)
        for k in range(7):
            assert ours.moment(k).value == pytest.approx(theirs.moment(k), rel=1e-10, abs=1e-12)

    def test_hyperbolic_secant(self) -> None:
        """E X^2 = (pi/2)^2 and E X^4 = 5 (pi/2)^4; its distribution function is scipy's."""
        ours, theirs = LogCosh(1.0), scipy.stats.hypsecant()
        x = np.linspace(-9, 9, 19)
        assert np.allclose(ours.density(x).numpy(), theirs.pdf(x), rtol=1e-12, atol=0)
        assert np.allclose(ours.cdf(x).numpy(), theirs.cdf(x), rtol=1e-11, atol=0)
        for k, exact in ((2, (math.pi / 2) ** 2), (4, 5 * (math.pi / 2) ** 4)):
            moment = ours.moment(k)
            assert moment.value == pytest.approx(exact, abs=4 * moment.error)

    def test_mixture_of_one_is_a_gaussian(self) -> None:
        x = torch.linspace(-4, 4, 9, dtype=torch.float64)
        one, other = GaussianMixture([1.0], [0.3], [0.7]), Gaussian(0.3, 0.7)
        for method in ("density", "cdf", "drift", "curvature"):
            assert torch.allclose(getattr(one, method)(x), getattr(other, method)(x), rtol=1e-12, atol=1e-15)

    def test_a_potential_is_the_same_target(self) -> None:
        own, cosine = Potential(lambda x: x**2 / 2 + torch.cos(x) / 2, dim=1), Cosine(0.5)
        x = torch.linspace(-4, 4, 9, dtype=torch.float64)
        for method in ("density", "cdf", "drift", "curvature"):
            assert torch.allclose(getattr(own, method)(x), getattr(cosine, method)(x), rtol=1e-12, atol=1e-13)
        assert float(own.smoothness) == pytest.approx(float(cosine.smoothness), rel=1e-12)

    @pytest.mark.slow
    @given(st.floats(-3, 3), st.floats(0.3, 3.0))
    def test_shifting_and_stretching_a_potential(self, shift: float, scale: float) -> None:
        plain = Potential(lambda x: x**2 / 2 + torch.cos(x) / 2, dim=1)
        moved = Potential(lambda x: ((x - shift) / scale) ** 2 / 2 + torch.cos((x - shift) / scale) / 2 + 7, dim=1)
        assert moved.mean == pytest.approx(shift + scale * plain.mean, abs=1e-9)
        assert moved.covariance == pytest.approx(scale**2 * plain.covariance, rel=1e-9)
        assert float(moved.smoothness) == pytest.approx(float(plain.smoothness) / scale**2, rel=1e-6)
