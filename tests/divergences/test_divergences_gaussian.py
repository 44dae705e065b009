"""Closed forms between Gaussians in d dimensions, against torch.distributions, scipy, POT, products and quadrature."""

from __future__ import annotations

import math

import numpy as np
import ot
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from torch import Tensor

from pmmtheory.divergences import chi2, kl, tv, w2
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Gaussian

seeds = st.integers(0, 10**6)


def random_gaussian(rng: np.random.Generator, dim: int) -> Gaussian:
    """Condition number at most about 20."""
    rotation = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    return Gaussian(rng.standard_normal(dim), rotation @ np.diag(rng.uniform(0.3, 2.0, dim)) @ rotation.T)


def theirs(g: Gaussian) -> torch.distributions.MultivariateNormal:
    return torch.distributions.MultivariateNormal(g.mean, g.covariance)


@pytest.mark.slow
@given(seeds, st.integers(1, 4))
def test_w2_against_an_optimal_transport_code(seed: int, dim: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = random_gaussian(rng, dim), random_gaussian(rng, dim)
    (m, a), (n, b) = ((np.atleast_1d(g.mean), np.atleast_2d(g.covariance)) for g in (p, q))
    assert float(w2(p, q)) == pytest.approx(float(ot.gaussian.bures_wasserstein_distance(m, n, a, b)), rel=1e-7)


@pytest.mark.slow
@given(seeds, st.integers(2, 5))
def test_kl_against_torch(seed: int, dim: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = random_gaussian(rng, dim), random_gaussian(rng, dim)
    assert float(kl(p, q)) == pytest.approx(float(torch.distributions.kl_divergence(theirs(p), theirs(q))), rel=1e-10)


@pytest.mark.slow
@given(seeds, st.integers(2, 5))
def test_w2_against_scipy(seed: int, dim: int) -> None:
    """tr(P + Q - 2 (P Q)^1/2), whose root needs no symmetric form."""
    rng = np.random.default_rng(seed)
    p, q = random_gaussian(rng, dim), random_gaussian(rng, dim)
    a, b = p.covariance.numpy(), q.covariance.numpy()
    squared = float(((p.mean - q.mean) ** 2).sum()) + np.trace(a + b - 2 * scipy.linalg.sqrtm(a @ b).real)
    assert float(w2(p, q)) == pytest.approx(math.sqrt(squared), rel=1e-9)
    assert float(w2(q, p)) == pytest.approx(float(w2(p, q)), rel=1e-9)


@pytest.mark.slow
@given(seeds)
def test_chi2_by_moments_of_the_ratio(seed: int) -> None:
    """chi2 = E_p (p/q) - 1 within four standard errors, with p the narrower one so that p/q is bounded."""
    rng = np.random.default_rng(seed)
    q = random_gaussian(rng, 3)
    p = Gaussian(q.mean + 0.2 * torch.as_tensor(rng.standard_normal(3)), 0.7 * q.covariance)
    x = p.sample(20_000, seed=seed)
    ratio = torch.exp(p.log_density(x) - q.log_density(x))
    standard_error = float(ratio.std()) / math.sqrt(len(x))
    assert abs(float(ratio.mean()) - 1 - float(chi2(p, q))) < 4 * standard_error


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.5, 1.5), st.floats(-1, 1), st.floats(0.9, 1.5)), min_size=2, max_size=4))
def test_products(axes: list[tuple[float, float, float, float]]) -> None:
    """Over independent coordinates KL and W2^2 add, 1 + chi2 multiplies."""
    m, v, n, w = zip(*axes, strict=True)
    p, q = Gaussian(m, v), Gaussian(n, w)
    parts = [(Gaussian(a, b), Gaussian(c, d)) for a, b, c, d in axes]
    assert float(kl(p, q)) == pytest.approx(sum(float(kl(*part)) for part in parts), abs=1e-12)
    assert float(w2(p, q)) ** 2 == pytest.approx(sum(float(w2(*part)) ** 2 for part in parts), abs=1e-12)
    assert 1 + float(chi2(p, q)) == pytest.approx(math.prod(1 + float(chi2(*part)) for part in parts), rel=1e-12)


@pytest.mark.slow
@given(seeds)
def test_rotations_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = random_gaussian(rng, 3), random_gaussian(rng, 3)
    turn = torch.as_tensor(np.linalg.qr(rng.standard_normal((3, 3)))[0])

    def turned(g: Gaussian) -> Gaussian:
        return Gaussian(turn @ g.mean, _symmetric(turn @ g.covariance @ turn.T))

    for distance in (kl, w2):
        assert float(distance(turned(p), turned(q))) == pytest.approx(float(distance(p, q)), rel=1e-9)
    narrow = Gaussian(q.mean + 0.1, 0.6 * q.covariance)
    assert float(chi2(turned(narrow), turned(q))) == pytest.approx(float(chi2(narrow, q)), rel=1e-9)


def _symmetric(matrix: Tensor) -> Tensor:
    return (matrix + matrix.T) / 2


@pytest.mark.slow
@given(st.floats(-2, 2), st.floats(0.3, 3), st.floats(-2, 2), st.floats(0.3, 3))
def test_tv_against_quadrature(m: float, v: float, n: float, w: float) -> None:
    p, q = Gaussian(m, v), Gaussian(n, w)

    def gap(x: float) -> float:
        return float(p.density(x) - q.density(x))

    x = torch.linspace(-15, 15, 3001, dtype=torch.float64)
    places = torch.nonzero(torch.diff(torch.sign(p.density(x) - q.density(x)))).flatten().tolist()
    turns = [-15.0, *(brentq(gap, float(x[i]), float(x[i + 1])) for i in places[:20]), 15.0]
    pieces = [quad(gap, a, b, epsabs=1e-12) for a, b in zip(turns, turns[1:], strict=False)]
    value, error = sum(abs(v) for v, _ in pieces) / 2, sum(e for _, e in pieces)
    assert float(tv(p, q)) == pytest.approx(value, abs=4 * error + 1e-11)


@pytest.mark.parametrize("distance", [kl, tv, w2, chi2])
def test_equal_laws(distance) -> None:  # type: ignore[no-untyped-def]
    p = Gaussian(0.3, 1.7)
    assert float(distance(p, p)) == pytest.approx(0.0, abs=1e-14)
    assert distance(p, p).method == "closed form"


class TestWrongInput:
    def test_what_exceeds_double_precision(self) -> None:
        with pytest.raises(InvalidParameter, match="chi2 is finite in double precision"):
            chi2(Gaussian(50.0, 1.0), Gaussian())

    def test_an_infinite_chi2(self) -> None:
        with pytest.raises(InvalidParameter, match="chi2 is finite"):
            chi2(Gaussian(0.0, 2.5), Gaussian())

    @pytest.mark.parametrize("distance", [kl, w2, chi2])
    def test_two_dimensions(self, distance) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises(InvalidParameter, match="of one dimension"):
            distance(Gaussian(dim=2), Gaussian(dim=3))

    def test_tv_is_for_the_line(self) -> None:
        with pytest.raises(InvalidParameter, match="tv"):
            tv(Gaussian(dim=2), Gaussian(dim=2))
