"""The Hellinger distance: closed forms at 100 digits, quadrature, bounds by total variation, and the same on every kind of laws."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from pmmtheory.divergences import hellinger, kl, renyi, tv
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import BAOAB, EulerMaruyama, RandomizedMidpoint
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, Product
from tests.divergences.line_distances import on_grid
from tests.oracles.chains import chain, stationary
from tests.oracles.lines import BIMODAL, LINES, SKEWED

means, scales = st.floats(-3.0, 3.0), st.floats(-4.0, 4.0)


def exact(m: float, v: float, n: float, w: float) -> mp.mpf:
    """Of N(m, v) and N(n, w)."""
    with mp.workdps(100):
        m, v, n, w = (mp.mpf(x) for x in (m, v, n, w))
        return mp.sqrt(1 - mp.sqrt(2 * mp.sqrt(v * w) / (v + w)) * mp.exp(-((m - n) ** 2) / (4 * (v + w))))


@given(means, scales, means, scales, st.sampled_from([0.0, 1e5]))
def test_closed_form_on_the_line(m: float, a: float, n: float, b: float, shift: float) -> None:
    """Widths from 1e-4 to 1e4, and far from 0."""
    p, q = Gaussian(shift + m, 100.0**a), Gaussian(shift + n, 100.0**b)
    seen = hellinger(p, q)
    assert abs(seen.value - exact(p.mean, p.covariance, q.mean, q.covariance)) <= seen.error < 1e-9
    assert hellinger(q, p).value == pytest.approx(seen.value, abs=2 * seen.error)


@pytest.mark.parametrize("size", [1e-9, 1e-5, 1e-2])
def test_near_laws_keep_their_digits(size: float) -> None:
    p, q = Gaussian(0.0, 1 + size), Gaussian(size, 1.0)
    seen = hellinger(p, q)
    assert abs(seen.value - exact(p.mean, p.covariance, q.mean, q.covariance)) <= seen.error < 1e-6 * seen.value
    on_line = hellinger(on_grid(p, reference=q), q)
    assert abs(on_line.value - seen.value) <= on_line.error + seen.error and on_line.error < 1e-4 * seen.value


@pytest.mark.slow
@settings(max_examples=20)
@given(st.floats(0.1, 0.9), means, st.floats(0.1, 2.0), st.floats(0.1, 2.0), st.sampled_from([1e-4, 1.0, 1e4]), st.sampled_from([-1.0, 1.0]))
def test_bounds_by_total_variation(weight: float, place: float, v: float, w: float, scale: float, side: float) -> None:
    """H^2 <= TV <= H sqrt(2 - H^2), and -2 log(1 - H^2) is the Renyi divergence of order 1/2; the same scaled and reflected."""

    def pair(by: float) -> tuple[Any, Gaussian]:
        target = GaussianMixture([weight, 1 - weight], [by * place, by * 2.0], [by * by * v, by * by * w])
        return on_grid(target, 0.05 * abs(by), 14.0 * abs(by)), Gaussian(0.0, by * by * 2.0)

    law, q = pair(1.0)
    seen, far = hellinger(law, q), tv(law, q)
    assert seen.value**2 <= far.value + 2 * seen.error + far.error
    assert far.value <= seen.value * math.sqrt(2 - seen.value**2) + 2 * seen.error + far.error
    half = renyi(law, q, 0.5)
    assert -2 * math.log1p(-(seen.value**2)) == pytest.approx(half.value, abs=half.error + 8 * seen.error * seen.value / (1 - seen.value**2))
    again = hellinger(*pair(side * scale))
    assert abs(again.value - seen.value) <= again.error + seen.error


class TestAgainstQuadrature:
    @pytest.mark.slow
    @pytest.mark.parametrize(("name", "target"), [("lmc", "bimodal"), ("rmm", "skewed"), ("bernoulli 3", "bimodal")])
    def test_laws_of_chains(self, name: str, target: str) -> None:
        law, q = stationary(name, target, 0.05), LINES[target]
        low, high = law.ends
        points = torch.linspace(low, high, 42, dtype=torch.float64)[1:-1].tolist()

        def half(x: float) -> float:
            return (math.sqrt(max(float(law.density(x)), 0.0)) - math.sqrt(float(q.density(x)))) ** 2 / 2

        square, error = quad(half, low, high, points=points, epsabs=1e-14, limit=400)
        seen = hellinger(law, q)
        assert abs(seen.value**2 - square) <= 2 * seen.value * seen.error + seen.error**2 + error + 1e-14
        assert seen.relative_error < 1e-3

    def test_a_wrong_normalisation_is_seen(self) -> None:
        """Negative control: without the half, H is sqrt(2) times as large, far beyond its error."""
        seen = hellinger(stationary("lmc", "bimodal", 0.05), BIMODAL)
        assert 0.4 * seen.value > 1e4 * seen.error

    def test_two_laws_the_other_way_round(self) -> None:
        one, other = stationary("lmc", "skewed", 0.05), stationary("rmm", "skewed", 0.05)
        there, back = hellinger(one, other), hellinger(other, one)
        assert abs(there.value - back.value) <= there.error + back.error < 1e-3 * there.value
        assert hellinger(one, one).value <= hellinger(one, one).error


def test_a_far_mode_of_small_weight() -> None:
    """1 - H^2 = sqrt(1 - w) up to what the modes share: all of the weight lies across a gap."""
    weight = 1e-6
    law = on_grid(GaussianMixture([1 - weight, weight], [0.0, 30.0], [1.0, 1.0]), 0.05, 45.0)
    seen = hellinger(law, Gaussian())
    assert abs(seen.value**2 - (1 - math.sqrt(1 - weight))) <= 2 * seen.value * seen.error + 1e-15
    assert seen.relative_error < 1e-6
    there = hellinger(on_grid(Gaussian(), 0.05, 45.0), GaussianMixture([1 - weight, weight], [0.0, 30.0], [1.0, 1.0]))
    assert abs(there.value - seen.value) <= there.error + seen.error


class TestOtherKinds:
    def test_dimensions(self) -> None:
        """The affinities of independent coordinates multiply, on any axes."""
        angle = 0.7
        turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
        p = Gaussian(turn @ torch.tensor([0.3, -1.0], dtype=torch.float64), turn @ torch.diag(torch.tensor([0.5, 2.0], dtype=torch.float64)) @ turn.T)
        q = Gaussian(torch.zeros(2), 1.3)
        seen = hellinger(p, q)
        affinity = (1 - exact(0.3, 0.5, 0.0, 1.3) ** 2) * (1 - exact(-1.0, 2.0, 0.0, 1.3) ** 2)
        assert abs(seen.value - mp.sqrt(1 - affinity)) <= seen.error < 1e-13

    @pytest.mark.slow
    def test_products(self) -> None:
        target = Product([Cosine(), Cosine(), SKEWED])
        law = stationary_law(EulerMaruyama(Overdamped(target), 0.1))
        seen = hellinger(law, target)
        parts = [hellinger(law.coordinate(j), target.factors[j]) for j in range(3)]
        assert seen.value**2 == pytest.approx(1 - math.prod(1 - part.value**2 for part in parts), rel=1e-12)
        assert seen.error < 1e-6 * seen.value

    @pytest.mark.parametrize("dim", [1, 3, 1000])
    def test_scale_mixtures(self, dim: int) -> None:
        """The randomized midpoint on the line by both engines, and in many dimensions between bounds: KL >= 2 H^2."""
        target = Gaussian(dim=dim)
        law = stationary_law(RandomizedMidpoint(Overdamped(target), 0.5), engine="gaussian")
        seen, entropy = hellinger(law, target), kl(law, target)
        assert 2 * seen.value**2 <= entropy.value + entropy.error + 4 * seen.value * seen.error
        if dim == 1:
            other = hellinger(stationary_law(RandomizedMidpoint(Overdamped(target), 0.5), engine="line"), target)
            assert abs(seen.value - other.value) <= seen.error + other.error < 1e-3 * seen.value

    @pytest.mark.slow
    def test_the_phase_plane(self) -> None:
        target = Gaussian(0.3, 0.8)
        scheme = BAOAB(Underdamped(target, 1.3), 0.3)
        seen, exactly = (hellinger(stationary_law(scheme, engine=engine), target) for engine in ("phase_plane", "gaussian"))
        assert abs(seen.value - exactly.value) <= seen.error + exactly.error < 0.01 * exactly.value

    def test_other_pairs_are_refused(self) -> None:
        with pytest.raises(InvalidParameter, match="hellinger takes a law and a target"):
            hellinger(stationary_law(chain("lmc", Gaussian(), 0.1)), Gaussian(dim=3))
