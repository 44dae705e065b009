"""Distances of joint and anisotropic laws on Gaussian targets, against dense formulas by scipy; and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.divergences import chi2, frechet, kl, renyi, tv, w2
from pmmtheory.divergences.gaussian_laws import kl_blocks, w2_blocks
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import LinearLaw, stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian
from tests.oracles import gaussian_distances as oracle
from tests.oracles.linear_schemes import scheme

seeds, sizes, dims = st.integers(0, 10**6), st.sampled_from([1, 2]), st.integers(1, 4)


def random_pair(seed: int, dim: int, size: int, spread: float) -> tuple[LinearLaw, LinearLaw]:
    """Two Gaussian laws on common random axes, with correlated blocks and variances up to 10^spread apart."""
    rng = np.random.default_rng(seed)
    axes = torch.as_tensor(np.linalg.qr(rng.standard_normal((dim, dim)))[0])

    def law() -> LinearLaw:
        turns = np.linalg.qr(rng.standard_normal((dim, size, size)))[0]
        values = 10 ** rng.uniform(-spread / 2, spread / 2, (dim, size))
        blocks = torch.as_tensor(np.einsum("kij,kj,klj->kil", turns, values, turns))
        return LinearLaw(torch.as_tensor(rng.standard_normal((size, dim))), (blocks + blocks.mT) / 2, axes, True)

    return law(), law()


def dense(law: LinearLaw) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the state as one vector."""
    return law.centre.numpy().ravel(), np.atleast_2d(law.covariance)


def kl_dense(p: LinearLaw, q: LinearLaw) -> float:
    (m, a), (n, b) = dense(p), dense(q)
    inverse = np.linalg.inv(b)
    return float(np.trace(inverse @ a) - len(m) + (m - n) @ inverse @ (m - n) + np.linalg.slogdet(b)[1] - np.linalg.slogdet(a)[1]) / 2


def w2_dense(p: LinearLaw, q: LinearLaw) -> float:
    """tr(A + B - 2 (A^1/2 B A^1/2)^1/2) by Schur's method."""
    (m, a), (n, b) = dense(p), dense(q)
    root = scipy.linalg.sqrtm(a).real
    return math.sqrt(float((m - n) @ (m - n) + np.trace(a + b - 2 * scipy.linalg.sqrtm(root @ b @ root).real)))


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.1, 1.0, 3.0])
@given(seed=seeds, dim=dims, size=sizes)
def test_kl_by_the_dense_formula(spread: float, seed: int, dim: int, size: int) -> None:
    p, q = random_pair(seed, dim, size, spread)
    assert kl_blocks(p, q).value == pytest.approx(kl_dense(p, q), rel=1e-9)
    assert kl_blocks(p, p).value == 0


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.1, 0.5, 3.0])
@given(seed=seeds, dim=dims, size=sizes)
def test_w2_by_the_dense_formula(spread: float, seed: int, dim: int, size: int) -> None:
    """Small and large differences: variances up to a thousand times those of the other law."""
    p, q = random_pair(seed, dim, size, spread)
    assert w2_blocks(p, q).value == pytest.approx(w2_dense(p, q), rel=1e-8)
    assert w2_blocks(q, p).value == pytest.approx(w2_blocks(p, q).value, rel=1e-9)
    assert w2_blocks(p, p).value == 0


@given(seed=seeds, dim=dims, size=sizes, power=st.floats(-9, -3))
def test_near_laws_keep_their_digits(seed: int, dim: int, size: int, power: float) -> None:
    """KL = |B^-1 D|^2/4 and, with A Y + Y A = D, W2^2 = tr Y A Y, to the next order in D = 10^power times a random matrix."""
    p, _ = random_pair(seed, dim, size, 1.0)
    rng = np.random.default_rng(seed + 1)
    change = torch.as_tensor(rng.standard_normal((dim, size, size)))
    change = 10**power * (change + change.mT) / 10
    q = LinearLaw(p.centre, p.blocks + change, p.axes, True)
    kl_first, w2_first = 0.0, 0.0
    for a, d in zip(p.blocks.numpy(), (q.blocks - p.blocks).numpy(), strict=True):
        kl_first += float(np.trace(np.linalg.solve(a, d) @ np.linalg.solve(a, d))) / 4
        y = scipy.linalg.solve_continuous_lyapunov(a, d)  # T = I + Y
        w2_first += float(np.trace(y @ a @ y))
    size_of = 10**power * 30
    assert kl_blocks(p, q).value == pytest.approx(kl_first, rel=size_of + 1e-6)
    assert w2_blocks(p, q).value == pytest.approx(math.sqrt(w2_first), rel=size_of + 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kl", "w2"])
@pytest.mark.parametrize("spread", [0.3, 3.0, 8.0])
@given(seed=seeds, dim=dims, size=sizes, power=st.floats(-12, 1), carried=st.sampled_from([0.0, 1e-9]))
def test_the_stated_error_holds(name: str, spread: float, seed: int, dim: int, size: int, power: float, carried: float) -> None:
    """Block by block at 60 digits; a change of the entries as large as the stated error of the covariances moves it by no more than stated."""
    p, q = random_pair(seed, dim, size, spread)
    rng = np.random.default_rng(seed + 2)
    if power < 0:  # near laws
        change = torch.as_tensor(rng.standard_normal((dim, size, size)))
        root = torch.linalg.cholesky(p.blocks)
        moved = root @ (torch.eye(size, dtype=torch.float64) + 10**power * (change + change.mT) / 8) @ root.mT
        q = LinearLaw(p.centre, (moved + moved.mT) / 2, p.axes, True)
    width = p.blocks.diagonal(dim1=-2, dim2=-1).sqrt()
    sign = torch.as_tensor(rng.choice([-1.0, 1.0], (dim, size, size)))
    true = p.blocks + (1 - 1e-6) * carried * torch.tril(sign).add(torch.tril(sign, -1).mT) * width[..., :, None] * width[..., None, :]
    try:
        seen = (kl_blocks if name == "kl" else w2_blocks)(LinearLaw(p.centre, p.blocks, p.axes, True, errors={"start": carried}), q)
    except NotConverged:
        assert carried
        return
    total = oracle.mp.mpf(0)
    for k in range(dim):
        m, n = ((part.centre @ part.axes)[:, k].numpy() for part in (p, q))
        part = oracle.exact(name, m, true[k].numpy(), n, q.blocks[k].numpy())
        total += part if name == "kl" else part**2
    truth = total if name == "kl" else oracle.mp.sqrt(total)
    assert abs(oracle.mp.mpf(seen.value) - truth) <= seen.error + 1e-24


@pytest.mark.parametrize("name", ["lmc", "BAOAB", "OBABO", "UBU"])
@pytest.mark.parametrize("dim", [1, 3])
def test_joint_laws_of_chains(name: str, dim: int) -> None:
    """Against the invariant law pi x N(0, I), and stationary against transient."""
    rng = np.random.default_rng(3)
    axes = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    matrix = (axes * np.linspace(0.5, 2, dim)) @ axes.T
    target = Gaussian(rng.standard_normal(dim), (matrix + matrix.T) / 2) if dim > 1 else Gaussian(0.7, 0.6)
    chain = scheme(name, Underdamped(target, 1.3), 0.4)
    law, other = stationary_law(chain, engine="gaussian"), transient_law(chain, target, 2, engine="gaussian")
    whole = torch.block_diag(torch.as_tensor(target.covariance, dtype=torch.float64).reshape(dim, dim), torch.eye(dim, dtype=torch.float64))
    mean = torch.atleast_1d(torch.as_tensor(target.mean, dtype=torch.float64))
    invariant = Gaussian(torch.cat([mean, torch.zeros_like(mean)]), whole)
    ours = Gaussian(invariant.mean, (law.covariance + law.covariance.T) / 2)
    for distance in (kl, w2):
        assert float(distance(law, target)) == pytest.approx(float(distance(ours, invariant)), rel=1e-10)
        assert distance(law, target).method == "closed form"
    assert float(kl(law, other)) == pytest.approx(kl_dense(law, other), rel=1e-7)
    assert float(kl(law.position, target)) <= float(kl(law, target))
    assert float(kl(law.velocity, Gaussian(dim=dim))) <= float(kl(law, target))


def test_anisotropic_and_isotropic_references() -> None:
    """On the axes of either: the closed forms of two Gaussians."""
    target = Gaussian(torch.zeros(3), torch.tensor([[2.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 0.7]]))
    law = stationary_law(scheme("lmc", Overdamped(target), 0.2))
    ours, round_ = Gaussian(torch.zeros(3), law.covariance), Gaussian(dim=3, covariance=1.1)
    for distance in (kl, w2):
        assert float(distance(law, target)) == pytest.approx(float(distance(ours, target)), rel=1e-11)
        assert float(distance(law, round_)) == pytest.approx(float(distance(ours, round_)), rel=1e-11)
        isotropic = stationary_law(scheme("lmc", Overdamped(Gaussian(dim=3)), 0.2))
        assert float(distance(isotropic, target)) == pytest.approx(float(distance(Gaussian(dim=3, covariance=1 / 0.9), target)), rel=1e-11)


@pytest.mark.parametrize("distance", [kl, w2])
def test_w2_and_kl_of_one_chain_in_many_dimensions(distance) -> None:  # type: ignore[no-untyped-def]
    """KL and W2^2 grow like d."""
    one, many = (distance(stationary_law(scheme("lmc", Overdamped(Gaussian(dim=d)), 0.3), engine="gaussian"), Gaussian(dim=d)).value for d in (1, 5000))
    assert many == pytest.approx(one * (5000 if distance is kl else math.sqrt(5000)), rel=1e-11)


class TestWrongInput:
    SKEW = Gaussian(torch.zeros(2), [1.0, 2.0])
    ROUND = Gaussian(dim=2)

    def law(self, name: str, target: Gaussian, friction: float | None = None) -> LinearLaw:
        law = stationary_law(scheme(name, Overdamped(target) if friction is None else Underdamped(target, friction), 0.2))
        assert isinstance(law, LinearLaw)
        return law

    def test_total_variation_of_anisotropic_laws(self) -> None:
        with pytest.raises(InvalidParameter, match="for the tv of a mixture or in total variation' is not allowed: an isotropic Gaussian"):
            tv(self.law("lmc", self.SKEW), self.SKEW)

    @pytest.mark.parametrize("distance", [kl, tv, w2, chi2])
    def test_mixtures(self, distance) -> None:  # type: ignore[no-untyped-def]
        for law, target in ((self.law("rmm", self.SKEW), self.SKEW), (self.law("rmm", self.ROUND), Gaussian([0.0, 1.0], 1.0))):
            with pytest.raises(InvalidParameter, match=f"for the {distance.__name__} of a mixture"):
                distance(law, target)
        with pytest.raises(InvalidParameter, match=f"a law of one block, such as .position, for the {distance.__name__} of a mixture"):
            distance(self.law("bernoulli inf", self.ROUND, 1.3), self.ROUND)
        mixed = stationary_law(scheme("rmm", Overdamped(self.ROUND), 0.2))
        with pytest.raises(InvalidParameter, match="a scale mixture in dimension 2, isotropic, of 1 block' is not allowed: .* from an isotropic Gaussian"):
            distance(transient_law(scheme("rmm", Overdamped(self.ROUND), 0.2), mixed, 2), self.ROUND)

    @pytest.mark.parametrize("distance", [kl, tv, w2, chi2])
    def test_dimensions_axes_and_blocks(self, distance) -> None:  # type: ignore[no-untyped-def]
        law = self.law("lmc", self.SKEW)
        turned = Gaussian(torch.zeros(2), torch.tensor([[1.0, 0.2], [0.2, 1.0]]))
        for other in (Gaussian(dim=3), turned, self.law("lmc", self.SKEW, 1.3)):
            with pytest.raises(InvalidParameter, match="other = .* a law or target in 2 dimensions with the axes of the law and its blocks"):
                distance(law, other)

    def test_what_there_is_not(self) -> None:
        with pytest.raises(InvalidParameter, match="a renyi of an order below 1 of a scale mixture"):
            renyi(self.law("rmm", self.ROUND), self.ROUND, 1.5)
        with pytest.raises(InvalidParameter, match="Gaussian against LinearLaw"):
            kl(self.ROUND, self.law("lmc", self.ROUND))

    def test_frechet_says_what_it_takes(self) -> None:
        line = Gaussian()
        law = stationary_law(EulerMaruyama(Overdamped(line), 0.1), engine="line")
        for one, other in ((line, law), (law, line), (line, line), (self.ROUND, self.law("lmc", self.ROUND))):
            with pytest.raises(InvalidParameter, match='frechet takes a law by moments, as engine="gaussian" gives, and another on its axes or a Gaussian'):
                frechet(one, other)
        by_moments = stationary_law(EulerMaruyama(Overdamped(line), 0.1), engine="gaussian")
        assert frechet(by_moments, line).agrees(abs(math.sqrt(1 / 0.95) - 1))
