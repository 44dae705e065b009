"""What distances between Gaussians say they are off by, against 60 digits: ill-conditioned, nearby, far from zero and of many dimensions."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.divergences import chi2, kl, tv, w2
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Gaussian
from tests.oracles import gaussian_distances as oracle

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


@pytest.mark.slow
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


def _symmetric(matrix: Tensor) -> Tensor:
    return (matrix + matrix.T) / 2


def test_kl_of_nearby_laws_keeps_its_digits() -> None:
    for size in (1e-3, 1e-6, 1e-8):
        assert float(kl(Gaussian(0.0, 1 + size), Gaussian())) == pytest.approx(size**2 / 4, rel=size + 1e-15 / size, abs=0.0)


@pytest.mark.parametrize("size", [1e-6, 1e-9])
def test_w2_of_nearby_laws_is_within_its_stated_error(size: float) -> None:
    estimate = w2(Gaussian(0.0, 1 + size), Gaussian())
    excess = (1 + size) - 1.0
    assert estimate.value == pytest.approx(excess / (math.sqrt(1 + excess) + 1), abs=4 * estimate.error)
