"""Distances of densities on a grid, without any chain: against closed forms, inequalities and expansions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.divergences import chi2, kl, renyi, tv, w2
from pmmtheory.laws import LineLaw
from pmmtheory.targets import Gaussian, GaussianMixture
from tests.divergences.line_distances import CLOSED, DISTANCES, EPS, on_grid
from tests.oracles.lines import BIMODAL, SKEWED

means, variances = st.floats(-1.5, 1.5), st.floats(0.4, 1.6)


@pytest.mark.slow
@given(means, variances, means, variances)
def test_gaussians_on_a_grid(m: float, v: float, n: float, w: float) -> None:
    """The routines on the line, without any chain, against the closed forms."""
    p, q = Gaussian(m, v), Gaussian(n, w)
    for name, distance in DISTANCES.items():
        closed = CLOSED[name](p, q)
        if name == "chi2" and 2 / v - 1 / w < 0.5:  # p^2/q, of that precision, then reaches beyond the grid
            continue
        scale = {"w2": math.sqrt(EPS), "tv": 1e-11}.get(name, 1e-10)  # closed w2 loses half its digits to cancellation
        assert float(distance(on_grid(p, reference=q), q)) == pytest.approx(closed, rel=1e-9, abs=scale)


@st.composite
def mixtures(draw: st.DrawFn) -> GaussianMixture:
    weight = draw(st.floats(0.1, 0.9))
    return GaussianMixture([weight, 1 - weight], [draw(means), draw(means)], [draw(st.floats(0.3, 1.2)), draw(st.floats(0.3, 1.2))])


@pytest.mark.slow
@given(mixtures(), means, st.floats(1.3, 2.0))
def test_inequalities(p: GaussianMixture, mean: float, variance: float) -> None:
    """Pinsker; KL <= log(1 + chi2); Renyi grows with its order, through KL at 1; Talagrand, with the curvature 1/variance."""
    q = Gaussian(mean, variance)
    law = on_grid(p, reference=q)
    k, t, c, w = (float(d(law, q)) for d in (kl, tv, chi2, w2))
    slack = 1e-9 * (1 + c)
    assert 2 * t**2 <= k + slack
    assert k <= math.log1p(c) + slack
    assert w**2 <= 2 * variance * k + slack
    half, double = float(renyi(law, q, 0.5)), float(renyi(law, q, 2.0))
    assert half <= k + slack and k <= double + slack
    assert double == pytest.approx(math.log1p(c), abs=slack)


@pytest.mark.slow
@settings(max_examples=5)
@given(mixtures(), mixtures())
def test_tv_and_w2_are_metrics(p: GaussianMixture, q: GaussianMixture) -> None:
    first, second = on_grid(p), on_grid(q, spacing=0.06)
    for distance in (tv, w2):
        there, back = float(distance(first, second)), float(distance(second, first))
        assert there == pytest.approx(back, rel=1e-7, abs=1e-9)
        assert there <= float(distance(first, BIMODAL)) + float(distance(second, BIMODAL)) + 1e-9
        assert there == pytest.approx(float(distance(first, q)), rel=1e-7, abs=1e-9)


@pytest.mark.slow
@given(st.floats(-2.0, 2.0))
def test_moving_a_law_moves_it_by_that_much(shift: float) -> None:
    p, q = on_grid(SKEWED, reach=12.0), GaussianMixture(SKEWED.weights, SKEWED.means[:, 0] + shift, SKEWED.variances)
    assert float(w2(p, q)) == pytest.approx(abs(shift), rel=1e-8, abs=1e-9)


@pytest.mark.slow
@given(st.floats(1e-8, 1e-3))
def test_small_distances_keep_their_digits(size: float) -> None:
    """N(0, 1 + s) from N(0, 1): KL s^2/4, TV s/(2 sqrt(2 pi e)) * 2, W2 s/2, to relative order s."""
    law = on_grid(Gaussian(0.0, 1 + size), reference=Gaussian())
    expected = {"kl": size**2 / 4, "chi2": size**2 / 2, "tv": size / math.sqrt(2 * math.pi * math.e), "w2": size / 2}
    for name, value in expected.items():
        assert float(DISTANCES[name](law, Gaussian())) == pytest.approx(value, rel=2 * size + 100 * EPS / size + 1e-10, abs=0.0)


@pytest.mark.parametrize("size", [1e-6, 3e-4, 9e-4, 1.1e-3, 0.1])
def test_kl_on_both_sides_of_its_series(size: float) -> None:
    """p = q (1 + r) with r of one size nearly everywhere, summed in extended precision."""
    grid = torch.arange(-12.0, 12.0, 0.05, dtype=torch.float64)
    q = Gaussian().density(grid)
    tilt = grid**2 / (0.1 + grid**2)
    r = size * (tilt - (tilt * q).sum() / q.sum())
    wide = np.longdouble(1) * r.numpy()
    exact = np.sum(np.longdouble(1) * q.numpy() * ((1 + wide) * np.log1p(wide) - wide)) * np.longdouble(0.05)
    law = LineLaw(grid, q * (1 + r), Gaussian().density)
    assert float(kl(law, Gaussian())) == pytest.approx(float(exact), rel=10 * EPS / size, abs=0.0)
