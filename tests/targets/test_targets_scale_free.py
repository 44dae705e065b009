"""Nothing that a target says depends on where its origin is, on its scale, on its orientation or on the order of its components."""

from __future__ import annotations

import math
from dataclasses import dataclass

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.targets import Gaussian, GaussianMixture, Potential

EPS = float(np.finfo(float).eps)
LEVELS = torch.tensor([1e-12, 1e-5, 0.1, 0.5, 0.8, 1 - 1e-7], dtype=torch.float64)


@dataclass(frozen=True)
class Shape:
    """A mixture in units of its own."""

    weights: list[float]
    means: list[float]
    deviations: list[float]

    def at(self, shift: float = 0.0, scale: float = 1.0) -> GaussianMixture:
        return GaussianMixture(self.weights, [shift + scale * m for m in self.means], [(abs(scale) * s) ** 2 for s in self.deviations])


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """Two to five components, weights down to 1e-9, widths apart by up to 1e4, means apart by up to 30."""
    n = draw(st.integers(2, 5))
    raw = [10 ** draw(st.floats(-9, 0)) for _ in range(n - 1)]
    weights = [w / (1 + sum(raw)) for w in (1.0, *raw)]
    return Shape(weights, [draw(st.integers(-300, 300)) / 10 for _ in range(n)], [10 ** draw(st.floats(-2, 2)) for _ in range(n)])


scales = st.integers(-4, 4).map(lambda k: 10.0**k)
shifts = st.sampled_from([0.0, -1.0, 1e3, -1e5, 1e6])


def blur(target: GaussianMixture) -> float:
    """What rounding of the places costs, relative to the narrowest component."""
    places = float((target.means[:, 0].abs() + 10 * torch.sqrt(target.variances)).max())
    return 8 * EPS * places / math.sqrt(float(target.variances.min()))


def distribution(shape: GaussianMixture, x: float) -> mp.mpf:
    """The distribution function with 40 digits."""
    with mp.workdps(40):
        parts = zip(shape.weights.tolist(), shape.means[:, 0].tolist(), shape.variances.tolist(), strict=True)
        return mp.fsum(mp.mpf(w) * mp.ncdf((mp.mpf(x) - mp.mpf(m)) / mp.sqrt(mp.mpf(v))) for w, m, v in parts)


@pytest.mark.slow
@settings(max_examples=12)
@given(shape=shapes(), shift=shifts, scale=scales)
def test_a_mixture_moves_with_its_units(shape: Shape, shift: float, scale: float) -> None:
    """x -> shift + scale x: everything follows, to the rounding of the places."""
    plain, moved = shape.at(), shape.at(shift * scale, scale)
    slack = blur(moved) + blur(plain) + 1e-13
    assert moved.mean / scale - shift == pytest.approx(plain.mean, abs=8 * EPS * (abs(shift) + 50))
    assert moved.covariance / scale**2 == pytest.approx(plain.covariance, rel=1e-12, abs=100 * EPS * abs(shift))
    assert [c * scale**2 for c in moved.tail_curvature] == pytest.approx(plain.tail_curvature, rel=1e-12)
    assert float(moved.smoothness) * scale**2 == pytest.approx(float(plain.smoothness), rel=min(1e-9 + 1e3 * slack, 0.5))
    assert moved.strong_convexity * scale**2 == pytest.approx(plain.strong_convexity, rel=1e-3, abs=(1e-9 + 1e3 * slack) * float(plain.smoothness))
    assert not moved.superlinear and moved.kinks == ()
    u = moved.cdf(shift * scale + scale * plain.quantile(LEVELS))
    assert bool((torch.abs(u - LEVELS) <= (1e-12 + slack) * (1 + 1 / math.sqrt(float(plain.variances.min())))).all())


@pytest.mark.slow
@settings(max_examples=12)
@given(shape=shapes(), shift=shifts, scale=scales)
def test_the_quadrature_holds_every_component(shape: Shape, shift: float, scale: float) -> None:
    """Its normaliser is 1 and its moments those of the closed form, within what it says; its ends are beyond every component."""
    target = shape.at(shift * scale, scale)
    q, mean = target.quadrature, target.mean
    assert abs(math.expm1(q.log_normaliser)) <= q.error
    assert q.low <= float((target.means[:, 0] - 9 * torch.sqrt(target.variances)).min()) and q.high >= float(
        (target.means[:, 0] + 9 * torch.sqrt(target.variances)).max()
    )
    for k in (1, 2, 4):
        closed, own = target.moment_about(mean, k), q.power(k, mean)
        assert abs(closed.value - own.value) <= closed.error + own.error
        assert abs(target.moment(k).value - q.power(k).value) <= target.moment(k).error + q.power(k).error
    assert bool((torch.diff(q.edges) > 0).all()) and len(q.edges) < 600


@pytest.mark.slow
@settings(max_examples=12)
@given(shape=shapes(), shift=shifts, scale=scales, u=st.floats(-15, 0).map(lambda e: 10**e))
def test_both_tails_have_their_digits(shape: Shape, shift: float, scale: float, u: float) -> None:
    """The distribution function and its complement, closed and by quadrature, against mpmath, relatively."""
    target = shape.at(shift * scale, scale)
    x = target.quantile(torch.tensor([u], dtype=torch.float64))
    if not math.isfinite(float(x)):
        return
    exact = distribution(target, float(x))
    place = 2 * EPS * abs(float(x)) * float(target.density(x))  # of one unit in the last place of x
    assert abs(exact - u) <= 1e-13 * u + place + (EPS if u > 0.5 else 0.0)
    with mp.workdps(40):
        complement = mp.fsum(mp.mpf(w) for w in target.weights.tolist()) - exact
    for own, other in ((target.cdf(x), target.quadrature.cdf(x)), (target.survival(x), target.quadrature.survival(x))):
        true = exact if own is not None and abs(float(own) - float(exact)) <= abs(float(own) - float(complement)) else complement
        assert abs(float(own) - true) <= 1e-12 * abs(true) + place + 1e-300
        assert abs(float(other) - true) <= (target.quadrature.error + 1e-12) * abs(true) + place + 1e-300


@pytest.mark.slow
@settings(max_examples=5)
@given(shape=shapes(), order=st.randoms(use_true_random=False), share=st.floats(0.1, 0.9))
def test_order_splitting_and_reflection(shape: Shape, order, share: float) -> None:  # type: ignore[no-untyped-def]
    plain = shape.at()
    rows = list(range(len(shape.weights)))
    order.shuffle(rows)
    shuffled = Shape([shape.weights[i] for i in rows], [shape.means[i] for i in rows], [shape.deviations[i] for i in rows]).at()
    first = shape.weights[0]
    split = Shape([share * first, (1 - share) * first, *shape.weights[1:]], [shape.means[0], *shape.means], [shape.deviations[0], *shape.deviations]).at()
    mirrored = shape.at(scale=-1.0)
    x = plain.quantile(LEVELS)
    for other, points, sign in ((shuffled, x, 1), (split, x, 1), (mirrored, -x, -1)):
        assert torch.allclose(other.drift(points), sign * plain.drift(x), rtol=1e-9, atol=1e-9 * float(plain.drift(x).abs().max()))
        mass = other.cdf(points) if sign > 0 else other.survival(points)
        assert torch.allclose(mass, plain.cdf(x), rtol=1e-11, atol=0)
        assert float(other.smoothness) == pytest.approx(float(plain.smoothness), rel=1e-9)
        assert other.strong_convexity == pytest.approx(plain.strong_convexity, rel=1e-3, abs=1e-9 * float(plain.smoothness))
        for a, b in ((other.poincare, plain.poincare), (other.lsi, plain.lsi)):
            assert (a is None) == (b is None)
            assert a is None or b is None or float(a) == pytest.approx(float(b), rel=0.02)  # the functional is raised by its change between two edges


@pytest.mark.slow
@settings(max_examples=6)
@given(shape=shapes(), shift=st.sampled_from([0.0, 1e3, -1e5]), scale=scales)
def test_a_potential_of_the_same_shape(shape: Shape, shift: float, scale: float) -> None:
    """With its modes named, a Potential finds what the mixture knows."""
    target = shape.at(shift * scale, scale)
    own = Potential(target.potential, points=target.means[:, 0].tolist())
    q = own.quadrature
    assert own.kinks == () and abs(q.log_normaliser) <= q.error
    mean, variance = own.quadrature.power(1, target.mean), own.moment_about(target.mean, 2)
    assert abs(mean.value) <= mean.error + 4 * EPS * abs(target.mean)
    assert abs(variance.value - target.covariance) <= variance.error + 1e-12 * target.covariance
    x = own.quantile(LEVELS)
    place = 4 * EPS * x.abs() * target.density(x)
    assert bool((torch.abs(target.cdf(x) - LEVELS) <= (q.error + 1e-12) * LEVELS + place + 2 * EPS).all())


class TestFarAndNarrow:
    @pytest.mark.parametrize("mean", [1e5, -1e6, 0.0])
    @pytest.mark.parametrize("deviation", [1e-4, 1.0, 1e4])
    def test_a_gaussian_potential_anywhere(self, mean: float, deviation: float) -> None:
        own = Potential(lambda x: ((x - mean) / deviation) ** 2 / 2)
        blurred = EPS * abs(mean) / deviation
        assert own.quadrature.log_normaliser == pytest.approx(math.log(math.sqrt(2 * math.pi) * deviation), abs=own.quadrature.error + 4 * EPS)
        assert own.mean == pytest.approx(mean, abs=4 * EPS * abs(mean) + 1e-14 * deviation)
        assert own.covariance == pytest.approx(deviation**2, rel=1e-13 + blurred)
        assert own.tail_curvature == pytest.approx((1 / deviation**2,) * 2, rel=1e-9)
        assert own.strong_convexity == pytest.approx(1 / deviation**2, rel=1e-9) and not own.superlinear

    @pytest.mark.slow
    def test_a_needle_is_in_the_support_where_it_is_named(self) -> None:
        """Half of the mass within 1e-4 of 20.0137: E X = 10.00685, found by a mixture itself and by a Potential that is told."""
        target = GaussianMixture([0.5, 0.5], [0.0, 20.0137], [1.0, 1e-8])
        own = Potential(target.potential, points=[20.0137])
        for q in (target.quadrature, own.quadrature):
            assert q.low < -9 and q.high > 20.0137 + 9e-4
            first = q.power(1)
            assert first.value == pytest.approx(10.00685, abs=first.error + 1e-14) and first.error < 1e-12

    def test_a_hundred_modes_are_no_steep_drift(self) -> None:
        target = GaussianMixture([0.01] * 100, np.linspace(-20, 20, 100), [0.1] * 100)
        assert not target.superlinear and target.tail_curvature == pytest.approx((10.0, 10.0))
        assert abs(math.expm1(target.quadrature.log_normaliser)) <= target.quadrature.error

    @pytest.mark.slow
    def test_quantiles_over_a_gap(self) -> None:
        """Between modes 2000 apart every point has the mass of the left one below it."""
        target = GaussianMixture([0.25, 0.75], [-1000.0, 1000.0], [1.0, 1.0])
        own = Potential(target.potential)
        for law in (target, own):
            x = law.quantile([0.25 - 1e-9, 0.25, 0.25 + 1e-9])
            assert -1000 < float(x[0]) < float(x[1]) - 1 and float(x[1]) + 1 < float(x[2]) < 1000
            assert torch.allclose(target.cdf(x), torch.tensor([0.25 - 1e-9, 0.25, 0.25 + 1e-9], dtype=torch.float64), rtol=1e-14, atol=0)

    def test_a_wide_mode_of_tiny_weight(self) -> None:
        """Its density is 1e-17 of the other's, and a tenth of the variance is its own."""
        target = GaussianMixture([1 - 1e-9, 1e-9], [0.0, 0.0], [1e-8, 1e8])
        assert target.quadrature.high > 9e4
        variance = target.quadrature.power(2)
        assert variance.value == pytest.approx(target.covariance, abs=variance.error) and target.covariance == pytest.approx(0.1, rel=1e-6)

    def test_levels_that_are_none(self) -> None:
        for law in (Gaussian(), GaussianMixture([0.5, 0.5], [0.0, 1.0], [1.0, 1.0]), Potential(lambda x: x**4)):
            x = law.quantile([0.0, 1.0])
            assert x.tolist() == [-math.inf, math.inf]
            assert float(law.quantile([1e-40])[0]) < float(law.quantile([1e-30])[0]) < law.quadrature.low

    @pytest.mark.parametrize("level", [1e-25, 1e-60])
    def test_quantiles_beyond_the_support(self, level: float) -> None:
        own = Potential(lambda x: x**2 / 2)
        assert float(own.quantile([level])[0]) == pytest.approx(float(Gaussian().quantile([level])[0]), rel=1e-9)


class TestMoments:
    @pytest.mark.parametrize("k", [1, 2, 3, 8])
    @pytest.mark.parametrize("mean", [0.0, 1e5, -1e6])
    def test_errors_cover_cancellation(self, mean: float, k: int) -> None:
        """About the origin, about the mean and about a place beside it, against rational arithmetic."""
        target = GaussianMixture([0.25, 0.75], [mean - 1, mean + 2], [0.5, 3.0])
        for centre in (0.0, mean, mean + 1.5):
            with mp.workdps(60):
                parts = ((0.25, mean - 1, 0.5), (0.75, mean + 2, 3.0))
                exact = mp.fsum(
                    w * mp.binomial(k, j) * (mp.mpf(m) - mp.mpf(centre)) ** (k - j) * mp.mpf(v) ** (j // 2) * mp.fac2(j - 1)
                    for w, m, v in parts
                    for j in range(0, k + 1, 2)
                )
            for moment in (target.moment_about(centre, k), target.quadrature.power(k, centre)):
                assert abs(moment.value - exact) <= moment.error

    def test_an_order_beyond_float64(self) -> None:
        from pmmtheory.errors import InvalidParameter

        with pytest.raises(InvalidParameter, match="k = 400"):
            Gaussian().moment(400)

    @pytest.mark.parametrize("k", [12, 20, 30])
    def test_high_moments_reach_beyond_the_support(self, k: int) -> None:
        """Of the two-sided exponential: E X^k = k!, most of which lies outside the support for k = 30."""
        moment = Potential(torch.abs).moment(k)
        assert abs(moment.value - math.factorial(k)) <= moment.error <= 1e-11 * moment.value
