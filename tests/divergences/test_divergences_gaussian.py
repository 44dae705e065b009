"""Closed forms between Gaussians in d dimensions, against 60 digits, torch.distributions, scipy, POT, products and quadrature."""

from __future__ import annotations

import math

import mpmath as mp
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
from tests.oracles import gaussian_distances as oracle

seeds = st.integers(0, 10**6)


def random_gaussian(rng: np.random.Generator, dim: int) -> Gaussian:
    """Condition number at most about 20."""
    rotation = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    return Gaussian(rng.standard_normal(dim), rotation @ np.diag(rng.uniform(0.3, 2.0, dim)) @ rotation.T)


def theirs(g: Gaussian) -> torch.distributions.MultivariateNormal:
    return torch.distributions.MultivariateNormal(g.mean, g.covariance)


ROUTES = {"kl": kl, "w2": w2, "chi2": chi2}


def random_covariance(rng: np.random.Generator, dim: int, spread: float) -> np.ndarray:
    """Variances, or a matrix on axes that are turned a lot or a little, with a condition number up to 10^spread."""
    values = 10 ** rng.uniform(-spread, 0, dim)
    if rng.random() < 0.3 or dim == 1:
        return values
    axes = np.linalg.qr(np.eye(dim) + 10 ** rng.uniform(-9, 1) * rng.standard_normal((dim, dim)))[0]
    matrix: np.ndarray = axes @ np.diag(values) @ axes.T
    return (matrix + matrix.T) / 2


def random_pair(rng: np.random.Generator, dim: int, spread: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Means (far from zero and not) and covariances (near, equal and not)."""
    a = random_covariance(rng, dim, spread)
    kind = rng.integers(3)
    if kind == 0 and a.ndim == 2:
        middle = rng.standard_normal((dim, dim))
        factor = np.linalg.cholesky(a + 1e-14 * np.eye(dim))
        b = factor @ (np.eye(dim) + 10 ** rng.uniform(-12, -1) * (middle + middle.T) / 8) @ factor.T
        b = (b + b.T) / 2
    else:
        b = a.copy() if kind == 1 else random_covariance(rng, dim, min(spread, 8)) * 10.0 ** rng.integers(-1, 2)
    scale = 10.0 ** rng.integers(-6, 7)
    m = np.full(dim, rng.choice([0.0, 1e6]))
    return m, a * scale, m + rng.choice([0.0, 1.0]) * 10 ** rng.uniform(-9, 2) * math.sqrt(scale) * rng.standard_normal(dim), b * scale


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("spread", [0.3, 8.0, 15.0])
def test_the_stated_error_holds_whatever_the_conditioning(name: str, spread: float) -> None:
    """Against 60 digits, from the numbers of the matrices: within the stated error, which is within 10^4 of the true one in most cases."""
    rng, ratios = np.random.default_rng(int(spread)), []
    for _ in range(25):
        m, a, n, b = random_pair(rng, int(rng.integers(1, 5)), spread)
        matrices = [np.diag(c) if c.ndim == 1 else c for c in (a, b)]
        truth = oracle.exact(name, m, matrices[0], n, matrices[1])
        try:
            seen = ROUTES[name](Gaussian(m, a), Gaussian(n, b))
        except InvalidParameter as refusal:
            assert "positive definite" in str(refusal) or not truth < 1e300 or "condition numbers leave no digits" in str(refusal) or "surely" in str(refusal)
            continue
        off = abs(mp.mpf(seen.value) - truth)
        assert off <= seen.error + 1e-24 * max(1.0, seen.value), (m, a, n, b)
        if off > 1e-18 * abs(seen.value):
            ratios.append(float(seen.error / off))
    assert np.median(ratios) < 1e4


@pytest.mark.parametrize("distance", [kl, w2])
@pytest.mark.parametrize("dim", [40, 200])
@pytest.mark.parametrize("spread", [1.0, 9.0])
def test_many_dimensions(distance, dim: int, spread: float) -> None:  # type: ignore[no-untyped-def]
    """Pairs of blocks of two, turned together: the sum over the blocks, at 60 digits. The rounding of the turned matrices is in the error."""
    rng = np.random.default_rng(dim)
    turn = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    total, whole = mp.mpf(0), [np.zeros((dim, dim)) for _ in range(2)]
    for k in range(0, dim, 2):
        pair = []
        for matrix in whole:
            axes = np.linalg.qr(rng.standard_normal((2, 2)))[0]
            block = axes @ np.diag(10 ** rng.uniform(-spread, 0, 2)) @ axes.T
            matrix[k : k + 2, k : k + 2] = pair_block = (block + block.T) / 2
            pair.append(pair_block)
        part = oracle.exact("kl" if distance is kl else "w2", np.zeros(2), pair[0], np.zeros(2), pair[1])
        total += part if distance is kl else part**2
    truth = float(total if distance is kl else mp.sqrt(total))
    p, q = (Gaussian(np.zeros(dim), _symmetric(torch.as_tensor(turn @ matrix @ turn.T))) for matrix in whole)
    seen = distance(p, q)
    assert abs(seen.value - truth) <= seen.error < 1e-2 * truth


def test_narrow_laws_on_turned_axes() -> None:
    c, s = math.cos(0.3), math.sin(0.3)
    turn = np.array([[c, -s], [s, c]])
    p, q = (Gaussian(np.zeros(2), _symmetric(torch.as_tensor(turn @ np.diag([1.0, small]) @ turn.T))) for small in (1e-8, 4e-8))
    seen = w2(p, q)
    assert abs(seen.value - 1e-4) <= seen.error < 1e-9
    assert w2(p, p).value == 0.0


@given(seeds, st.integers(1, 4))
def test_w2_against_an_optimal_transport_code(seed: int, dim: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = random_gaussian(rng, dim), random_gaussian(rng, dim)
    (m, a), (n, b) = ((np.atleast_1d(g.mean), np.atleast_2d(g.covariance)) for g in (p, q))
    assert float(w2(p, q)) == pytest.approx(float(ot.gaussian.bures_wasserstein_distance(m, n, a, b)), rel=1e-7)


@given(st.floats(-8, 8), st.sampled_from([0.0, 1.0, 1e5, 1e8]), st.floats(-16, 6), st.booleans(), st.floats(-14, 2))
def test_tv_at_60_digits(scale: float, centre: float, excess: float, near: bool, shift: float) -> None:
    """Close variances and far ones, means far from zero: to the last digits, relatively, of near laws."""
    v = 10**scale
    w = v * (1 + 10 ** min(excess, -0.01)) if near else v * 10 ** (excess / 2)
    m = centre * math.sqrt(v)
    n = m + 10**shift * math.sqrt(v)
    seen = tv(Gaussian(m, v), Gaussian(n, w))
    truth = oracle.tv(m, v, n, w)
    assert abs(mp.mpf(seen.value) - truth) <= seen.error <= 1e-13 * seen.value + 1e-300


def test_what_no_digits_are_left_for() -> None:
    """A condition number of 10^15: the small eigenvalue of a matrix is not known, W2 is."""
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((2, 2)))[0]
    p, q = (Gaussian(np.zeros(2), _symmetric(torch.as_tensor(turn @ np.diag([1.0, small]) @ turn.T))) for small in (2e-15, 3e-15))
    with pytest.raises(InvalidParameter, match="condition numbers leave no digits"):
        kl(p, q)
    assert w2(p, q).error < 1e-6
    exact = Gaussian(np.zeros(2), [1.0, 1e-15]), Gaussian(np.zeros(2), [1.0, 2e-15])
    assert float(kl(*exact)) == pytest.approx((0.5 - 1 + math.log(2)) / 2, rel=1e-14)


@given(seeds, st.integers(2, 5))
def test_kl_against_torch(seed: int, dim: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = random_gaussian(rng, dim), random_gaussian(rng, dim)
    assert float(kl(p, q)) == pytest.approx(float(torch.distributions.kl_divergence(theirs(p), theirs(q))), rel=1e-10)


@given(seeds, st.integers(2, 5))
def test_w2_against_scipy(seed: int, dim: int) -> None:
    """tr(P + Q - 2 (P Q)^1/2), whose root needs no symmetric form."""
    rng = np.random.default_rng(seed)
    p, q = random_gaussian(rng, dim), random_gaussian(rng, dim)
    a, b = p.covariance.numpy(), q.covariance.numpy()
    squared = float(((p.mean - q.mean) ** 2).sum()) + np.trace(a + b - 2 * scipy.linalg.sqrtm(a @ b).real)
    assert float(w2(p, q)) == pytest.approx(math.sqrt(squared), rel=1e-9)
    assert float(w2(q, p)) == pytest.approx(float(w2(p, q)), rel=1e-9)


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


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.5, 1.5), st.floats(-1, 1), st.floats(0.9, 1.5)), min_size=2, max_size=4))
def test_products(axes: list[tuple[float, float, float, float]]) -> None:
    """Over independent coordinates KL and W2^2 add, 1 + chi2 multiplies."""
    m, v, n, w = zip(*axes, strict=True)
    p, q = Gaussian(m, v), Gaussian(n, w)
    parts = [(Gaussian(a, b), Gaussian(c, d)) for a, b, c, d in axes]
    assert float(kl(p, q)) == pytest.approx(sum(float(kl(*part)) for part in parts), abs=1e-12)
    assert float(w2(p, q)) ** 2 == pytest.approx(sum(float(w2(*part)) ** 2 for part in parts), abs=1e-12)
    assert 1 + float(chi2(p, q)) == pytest.approx(math.prod(1 + float(chi2(*part)) for part in parts), rel=1e-12)


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


def test_kl_of_nearby_laws_keeps_its_digits() -> None:
    for size in (1e-3, 1e-6, 1e-8):
        assert float(kl(Gaussian(0.0, 1 + size), Gaussian())) == pytest.approx(size**2 / 4, rel=size + 1e-15 / size, abs=0.0)


@pytest.mark.parametrize("size", [1e-6, 1e-9])
def test_w2_of_nearby_laws_is_within_its_stated_error(size: float) -> None:
    estimate = w2(Gaussian(0.0, 1 + size), Gaussian())
    excess = (1 + size) - 1.0
    assert estimate.value == pytest.approx(excess / (math.sqrt(1 + excess) + 1), abs=4 * estimate.error)


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
