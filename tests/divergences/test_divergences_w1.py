"""W1 and reverse KL on the line: closed forms, transport codes, gaps, and what moves with the laws."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import wasserstein_distance

from pmmtheory.divergences import kl, reverse_kl, tv, w1, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import EulerMaruyama, RandomizedMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture, LogCosh
from pmmtheory.testing.broken import HalvedNoise
from tests.divergences.line_distances import on_grid
from tests.oracles.chains import stationary
from tests.oracles.lines import BIMODAL, LINES, SKEWED

scales, places = st.floats(-2.0, 2.0), st.floats(-3.0, 3.0)


def exact(m: float, v: float, n: float, w: float) -> mp.mpf:
    """E |m - n + (s - t) Z| by quadrature at 30 digits."""
    with mp.workdps(30):
        shift, spread = mp.mpf(m) - mp.mpf(n), mp.sqrt(mp.mpf(v)) - mp.sqrt(mp.mpf(w))
        turn = -shift / spread if spread else mp.mpf(0)
        return mp.quad(lambda z: abs(shift + spread * z) * mp.npdf(z), sorted([-12, max(-12, min(12, turn)), 12]))


@pytest.mark.slow
@settings(max_examples=15)
@given(places, scales, places, scales)
def test_gaussians(m: float, a: float, n: float, b: float) -> None:
    p, q = Gaussian(m, 100.0**a), Gaussian(n, 100.0**b)
    seen = w1(p, q)
    assert abs(seen.value - exact(p.mean, p.covariance, q.mean, q.covariance)) <= seen.error + 1e-24
    assert seen.value <= w2(p, q).value + w2(p, q).error + seen.error


@pytest.mark.slow
@settings(max_examples=10)
@given(st.floats(-2, 2), st.floats(0.2, 2.0), st.floats(-2, 2), st.floats(0.2, 2.0), st.sampled_from([0.0, 1e5]), st.sampled_from([1.0, 1e-4, -1e4]))
def test_laws_on_grids(m: float, v: float, n: float, w: float, shift: float, scale: float) -> None:
    """Moved, scaled and reflected."""
    p, q = Gaussian(shift + scale * m, scale * scale * v), Gaussian(shift + scale * n, scale * scale * w)
    grid = shift + abs(scale) * torch.arange(-14.0, 14.0, 0.05, dtype=torch.float64)
    law = on_grid(p)
    law = type(law)(grid, p.density(grid), p.density, accuracy=law.accuracy)
    seen, closed = w1(law, q), w1(p, q)
    assert abs(seen.value - closed.value) <= seen.error + closed.error + 1e-14 * abs(shift)
    assert seen.error < 1e-7 * abs(scale) + 1e-13 * abs(shift)


class TestChains:
    @pytest.mark.slow
    @pytest.mark.parametrize(("name", "target"), [("lmc", "bimodal"), ("bernoulli 3", "bimodal"), ("rmm", "skewed")])
    def test_by_distribution_functions(self, name: str, target: str) -> None:
        law, q = stationary(name, target, 0.05), LINES[target]
        low, high = law.ends
        points = torch.linspace(low, high, 60, dtype=torch.float64)[1:-1].tolist()
        value, error = quad(lambda x: abs(float(law.cdf(x)) - float(q.cdf(x))), low, high, points=points, epsabs=1e-12, limit=400)
        seen = w1(law, q)
        assert abs(seen.value - value) <= seen.error + error + 1e-10
        assert seen.relative_error < 1e-3
        assert seen.value <= w2(law, q).value + w2(law, q).error + seen.error

    def test_by_a_transport_code(self) -> None:
        law, h = stationary_law(HalvedNoise(Overdamped(SKEWED), 0.2)), 2e-3
        edges = torch.arange(-7, 7, h, dtype=torch.float64)
        centres = (edges[:-1] + h / 2).numpy()
        masses = [np.clip(torch.diff(t.cdf(edges)).numpy(), 0, None) for t in (law, SKEWED)]
        seen = w1(law, SKEWED)
        assert seen.value == pytest.approx(wasserstein_distance(centres, centres, *masses), abs=h + seen.error)
        assert seen.value > 50 * h

    @pytest.mark.slow
    def test_a_metric(self) -> None:
        one, other = stationary("lmc", "bimodal", 0.05), stationary("rmm", "bimodal", 0.05)
        there, back = w1(one, other), w1(other, one)
        assert abs(there.value - back.value) <= there.error + back.error
        one_way, other_way = w1(one, BIMODAL), w1(other, BIMODAL)
        assert one_way.value <= there.value + other_way.value + there.error + one_way.error + other_way.error
        assert w1(one, one).value <= w1(one, one).error

    @pytest.mark.slow
    def test_against_a_finer_law(self) -> None:
        scheme = RandomizedMidpoint(Overdamped(BIMODAL), 0.05)
        rough, fine = (w1(stationary_law(scheme, rtol=rtol), BIMODAL) for rtol in (1e-6, 1e-10))
        assert abs(rough.value - fine.value) <= rough.error + fine.error

    def test_exponential_tails(self) -> None:
        target = LogCosh()
        law = stationary_law(EulerMaruyama(Overdamped(target), 0.1))
        seen = w1(law, target)
        assert 0 < seen.error < 1e-4 * seen.value


@pytest.mark.parametrize("weight", [1e-3, 1e-6])
def test_mass_across_a_gap(weight: float) -> None:
    """Weight w moved by 30: W1 = 30 w, where W2 is the root of 900 w; in both directions."""
    two = GaussianMixture([1 - weight, weight], [0.0, 30.0], [1.0, 1.0])
    law, one = on_grid(two, 0.05, 45.0), on_grid(Gaussian(), 0.05, 45.0)
    for seen in (w1(law, Gaussian()), w1(one, two)):
        assert abs(seen.value - 30 * weight) <= seen.error < 1e-4 * seen.value
    assert abs(30 * weight * 1.001 - w1(law, Gaussian()).value) > w1(law, Gaussian()).error  # a thousandth is seen


@pytest.mark.slow
@given(st.floats(-2.0, 2.0))
@settings(max_examples=10)
def test_translation(shift: float) -> None:
    law, moved = on_grid(SKEWED, reach=12.0), GaussianMixture(SKEWED.weights, SKEWED.means[:, 0] + shift, SKEWED.variances)
    seen = w1(law, moved)
    assert abs(seen.value - abs(shift)) <= seen.error < 1e-8


class TestReverse:
    @pytest.mark.parametrize("target", ["bimodal", "skewed"])
    def test_kl_the_other_way_round(self, target: str) -> None:
        one, other = stationary("lmc", target, 0.05), stationary("rmm", target, 0.05)
        there, back = reverse_kl(one, other), kl(other, one)
        assert abs(there.value - back.value) <= there.error + back.error < 1e-3 * back.value

    def test_pinsker(self) -> None:
        law = stationary("lmc", "bimodal", 0.05)
        seen, variation = reverse_kl(law, BIMODAL), tv(law, BIMODAL)
        assert 2 * variation.value**2 <= seen.value + seen.error + 8 * variation.error * variation.value

    @pytest.mark.parametrize("places", [(0.0, 3.0, 1.0, 0.5), (-2.0, 0.3, 2.0, 1.5)])
    def test_closed_form(self, places: tuple[float, ...]) -> None:
        m, v, n, w = places
        law, q = on_grid(Gaussian(m, v), 0.05, 25.0), Gaussian(n, w)
        seen: Any = reverse_kl(law, q)
        assert abs(seen.value - (w / v - 1 - math.log(w / v) + (m - n) ** 2 / v) / 2) <= seen.error < 1e-9 * seen.value


def test_where_there_is_none() -> None:
    with pytest.raises(InvalidParameter, match="a Gaussian in several dimensions for w1"):
        w1(Gaussian(dim=2), Gaussian(1.0, 1.0, dim=2))
