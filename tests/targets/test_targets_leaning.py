"""Mixtures of Gaussians with any covariances: moved, turned and stretched, as marginals, their constants, and their laws in the plane."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.divergences import kl, tv
from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.laws import transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import GaussianMixture

seeds = st.integers(0, 10**6)


def spread(rng: np.random.Generator, dim: int) -> np.ndarray:
    root = rng.standard_normal((dim, dim))
    return root @ root.T + 0.05 * np.eye(dim)


def parts(seed: int, dim: int, n: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(n) * 3), rng.standard_normal((n, dim)), np.stack([spread(rng, dim) for _ in range(n)])


def hessian(target: GaussianMixture, x: torch.Tensor) -> torch.Tensor:
    found: Any = torch.autograd.functional.hessian(lambda y: target.potential(y[None])[0], x)
    return found


@pytest.mark.slow
@given(seed=seeds, dim=st.integers(2, 4), exponent=st.floats(-40, 40), shift=st.floats(-3, 3))
def test_moved_turned_and_stretched(seed: int, dim: int, exponent: float, shift: float) -> None:
    """Y = s (Q X + b) has the density of X over s^d, its force turned over s, and L over s^2."""
    weights, means, covariances = parts(seed, dim)
    rng, s = np.random.default_rng(seed + 1), 10.0**exponent
    q, b = np.linalg.qr(rng.standard_normal((dim, dim)))[0], shift * np.ones(dim)
    target = GaussianMixture(weights, means, covariances=covariances)
    other = GaussianMixture(weights, s * (means @ q.T + b), covariances=s * s * (q @ covariances @ q.T))
    x = torch.as_tensor(2 * rng.standard_normal((5, dim)))
    y = s * (x @ torch.as_tensor(q).T + torch.as_tensor(b))
    worst = float(1 / target.variances.min())  # digits that a narrow component loses
    assert torch.allclose(other.log_density(y) + dim * math.log(s), target.log_density(x), rtol=1e-12 * worst, atol=1e-12 * worst)
    assert torch.allclose(s * other.drift(y), target.drift(x) @ torch.as_tensor(q).T, rtol=1e-11 * worst, atol=1e-11 * worst)
    assert torch.allclose(other.covariance / s**2, torch.as_tensor(q) @ target.covariance @ torch.as_tensor(q).T, rtol=1e-12, atol=1e-12)
    assert torch.allclose(other.covariances / s**2, torch.as_tensor(q @ covariances @ q.T), rtol=1e-12, atol=1e-12)
    equal = [
        GaussianMixture(weights, m, covariances=np.stack([c] * 3)) for m, c in ((means, covariances[0]), (s * means @ q.T, s * s * q @ covariances[0] @ q.T))
    ]
    assert float(equal[1].smoothness) * s**2 == pytest.approx(float(equal[0].smoothness), rel=1e-11 * worst)


@pytest.mark.slow
@given(seed=seeds, dim=st.integers(2, 4))
def test_round_components_written_in_full(seed: int, dim: int) -> None:
    """Two routes through the code: v I as numbers and as matrices."""
    rng = np.random.default_rng(seed)
    weights, means, variances = rng.dirichlet(np.ones(3)), rng.standard_normal((3, dim)), rng.uniform(0.1, 3, 3)
    plain, full = GaussianMixture(weights, means, variances), GaussianMixture(weights, means, covariances=variances[:, None, None] * np.eye(dim))
    x, alpha = torch.as_tensor(2 * rng.standard_normal((6, dim))), torch.linspace(0, 1, 6, dtype=torch.float64)[:, None]
    assert torch.allclose(plain.log_density(x), full.log_density(x), rtol=1e-12, atol=1e-12)
    assert torch.allclose(plain.noised_drift(x, alpha), full.noised_drift(x, alpha), rtol=1e-11, atol=1e-11)
    assert torch.allclose(plain.covariances, full.covariances, rtol=1e-14, atol=0) and torch.allclose(plain.covariance, full.covariance, rtol=1e-13, atol=1e-14)
    assert plain.tail_curvature == pytest.approx(full.tail_curvature, rel=1e-13)
    same, round_ = (GaussianMixture(weights, means, **{key: value}) for key, value in (("variances", [0.3] * 3), ("covariances", [0.3 * np.eye(dim)] * 3)))
    assert float(same.smoothness) == pytest.approx(float(round_.smoothness), rel=1e-12)


def test_matrices_on_the_line() -> None:
    full, plain = GaussianMixture([0.4, 0.6], [-1.0, 1.0], covariances=[[[0.3]], [[0.7]]]), GaussianMixture([0.4, 0.6], [-1.0, 1.0], [0.3, 0.7])
    assert torch.equal(full.variances, plain.variances) and full.axes is None
    assert torch.equal(full.covariances, torch.tensor([[[0.3]], [[0.7]]], dtype=torch.float64))


@pytest.mark.slow
@given(seed=seeds, dim=st.integers(2, 4))
def test_marginals_have_the_moments_of_projections(seed: int, dim: int) -> None:
    weights, means, covariances = parts(seed, dim)
    target, u = GaussianMixture(weights, means, covariances=covariances), np.random.default_rng(seed + 1).standard_normal(dim)
    line, unit = target.along(u), torch.as_tensor(u / np.linalg.norm(u))
    assert line.dim == 1 and float(line.mean) == pytest.approx(float(unit @ target.mean), abs=1e-13)
    assert line.covariance == pytest.approx(float(unit @ target.covariance @ unit), rel=1e-12)
    x = target.sample(4000, seed) @ unit
    gap = (x[:, None] <= line.quantile(torch.tensor([0.1, 0.5, 0.9]))).double().mean(0) - torch.tensor([0.1, 0.5, 0.9])
    assert bool((gap.abs() < 5 * torch.sqrt(torch.tensor([0.09, 0.25, 0.09]) / 4000)).all())


@pytest.mark.slow
@given(seed=seeds, apart=st.floats(0.1, 6), thin=st.floats(1e-4, 1))
def test_smoothness_bounds_every_hessian_of_equal_covariances(seed: int, apart: float, thin: float) -> None:
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    means, covariance = apart * rng.standard_normal((3, 2)), q @ np.diag([thin, 1.0]) @ q.T
    target = GaussianMixture([0.3, 0.3, 0.4], means, covariances=[covariance] * 3)
    assert math.isfinite(float(target.smoothness))
    weights = torch.as_tensor(rng.dirichlet(np.ones(3), 6))
    for x in weights @ target.means:  # between the means, where the components share
        assert float(torch.linalg.eigvalsh(hessian(target, x)).abs().max()) <= float(target.smoothness) * (1 + 1e-7)


@pytest.mark.slow
@given(seed=st.integers(0, 10**6), dim=st.integers(2, 9), n=st.integers(2, 5))
def test_equal_covariances_have_a_bound(seed: int, dim: int, n: int) -> None:
    """One matrix, written n times, has one decomposition: eigenvalues of n of them in one call may differ in the last digit, and L was infinite then."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    matrix = (axes * rng.uniform(0.1, 3.0, dim)) @ axes.T
    target = GaussianMixture(np.full(n, 1 / n), rng.standard_normal((n, dim)), covariances=np.repeat((matrix + matrix.T)[None] / 2, n, 0))
    assert math.isfinite(float(target.smoothness))
    again = GaussianMixture(target.weights, target.means, covariances=target.noised(0.7).covariances)
    assert math.isfinite(float(target.noised(0.7).smoothness)) and math.isfinite(float(again.smoothness))
    matrix[0, 0] *= 1 + 1e-9
    other = GaussianMixture([0.5, 0.5], rng.standard_normal((2, dim)), covariances=np.stack([target.covariances[0].numpy(), (matrix + matrix.T) / 2]))
    assert float(other.smoothness) == math.inf


def test_smoothness_is_attained_by_two_components() -> None:
    """Half-way between two equal components the covariance of the shares is reach^2/4 exactly: along an axis of C the bound is attained."""
    target = GaussianMixture([0.5, 0.5], [[-2.0, 0.0], [2.0, 0.0]], covariances=[np.diag([0.5, 0.9])] * 2)
    found = torch.linalg.eigvalsh(hessian(target, torch.zeros(2, dtype=torch.float64))).abs().max()
    assert float(found) == pytest.approx(float(target.smoothness), rel=1e-12) and float(target.smoothness) == pytest.approx(16 / 4 / 0.25 - 2)


def test_unequal_covariances_can_have_no_bound() -> None:
    """Components crossed at right angles weigh the same on the diagonals, where the Hessian grows like |x|^2: no finite L could be right."""
    target = GaussianMixture([0.5, 0.5], [[0.0, 0.0]] * 2, covariances=[np.diag([1.0, 2.0]), np.diag([2.0, 1.0])])
    assert float(target.smoothness) == math.inf
    sizes = [float(torch.linalg.eigvalsh(hessian(target, torch.tensor([r, r], dtype=torch.float64))).abs().max()) for r in (10.0, 100.0)]
    assert sizes[1] == pytest.approx(100 * sizes[0], rel=0.1)


def test_the_widest_are_left_far_out() -> None:
    """1/v of what no other component is wider than: a narrow one inside a wide one does not count, crossed ones both do."""
    narrow, wide, crossed = np.diag([0.01, 0.02]), np.diag([1.0, 0.25]), np.diag([0.2, 2.0])
    assert GaussianMixture([0.5, 0.5], np.zeros((2, 2)), covariances=[narrow, wide]).tail_curvature == pytest.approx((4.0, 4.0))
    assert GaussianMixture([0.2, 0.3, 0.5], np.zeros((3, 2)), covariances=[narrow, wide, crossed]).tail_curvature == pytest.approx((5.0, 5.0))


@pytest.mark.parametrize("weight", [1e-300, 1e-15, 0.5])
def test_a_component_of_hardly_any_weight(weight: float) -> None:
    """Where it alone has any density, its log density and its force are right."""
    covariances = [[[1.0, 0.3], [0.3, 0.5]], [[0.2, -0.1], [-0.1, 0.4]]]
    target = GaussianMixture([1 - weight, weight], [[0.0, 0.0], [300.0, -100.0]], covariances=covariances)
    x, m = torch.tensor([300.5, -100.2], dtype=torch.float64), torch.tensor([300.0, -100.0], dtype=torch.float64)
    matrix = torch.tensor(covariances[1], dtype=torch.float64)
    pull = torch.linalg.solve(matrix, m - x)
    assert torch.allclose(target.drift(x[None])[0], pull, rtol=1e-10, atol=1e-12)
    wanted = math.log(weight) - math.log(2 * math.pi) - float(torch.logdet(matrix)) / 2 + float(pull @ (x - m)) / 2
    assert float(target.log_density(x[None])) == pytest.approx(wanted, rel=1e-12)


def test_density_integrates_to_one() -> None:
    target = GaussianMixture([0.3, 0.7], [[0.0, 1.0], [2.0, -1.0]], covariances=[[[1.0, 0.6], [0.6, 0.5]], [[0.3, -0.2], [-0.2, 0.9]]])
    x = torch.linspace(-9, 11, 401, dtype=torch.float64)
    points = torch.cartesian_prod(x, x)
    mass = target.density(points) * float(x[1] - x[0]) ** 2
    assert float(mass.sum()) == pytest.approx(1, abs=1e-12)
    assert torch.allclose(mass @ points, target.mean, rtol=0, atol=1e-12)


@pytest.mark.slow
def test_the_law_of_a_reverse_diffusion_turns_with_its_data() -> None:
    """In the plane; a diagonal covariance turned by an angle, against the same mixture unturned: the distances to the data agree."""
    c, s = math.cos(0.7), math.sin(0.7)
    turn, means, spreads = np.array([[c, -s], [s, c]]), np.array([[-1.0, 0.0], [1.0, 0.5]]), [np.diag([0.5, 0.9]), np.diag([0.8, 0.5])]
    found = []
    for q in (np.eye(2), turn):
        data = GaussianMixture([0.4, 0.6], means @ q.T, covariances=[q @ v @ q.T for v in spreads])
        reverse = ReverseDiffusion(data, horizon=1.0, stop=0.2)
        law = transient_law(EulerMaruyama(reverse, reverse.duration / 3), reverse.marginal(1.0), 3, rtol=1e-6)
        found.append((kl(law, reverse.marginal(0.2)), tv(law, reverse.marginal(0.2))))
    for plain, turned in zip(*found, strict=True):
        assert plain.agrees(turned) and plain.error < 1e-3 * plain.value


@pytest.mark.slow
@pytest.mark.parametrize("q", [0.0, 0.7])
def test_the_law_of_a_reverse_diffusion_on_one_leaning_gaussian(q: float) -> None:
    """One component is a Gaussian, whose laws are known in closed form."""
    from pmmtheory.targets import Gaussian

    turn = np.array([[math.cos(q), -math.sin(q)], [math.sin(q), math.cos(q)]])
    covariance = turn @ np.diag([0.3, 1.4]) @ turn.T
    covariance = (covariance + covariance.T) / 2
    laws = []
    for data in (GaussianMixture([1.0], [[0.3, -0.4]], covariances=[covariance]), Gaussian([0.3, -0.4], covariance)):
        reverse = ReverseDiffusion(data, horizon=1.0, stop=0.2)
        laws.append(transient_law(EulerMaruyama(reverse, reverse.duration / 3), Gaussian([0.3, -0.4], 1.0), 3))
    gaussian = Gaussian(laws[1].mean, laws[1].covariance)
    assert tv(laws[0], gaussian).value < 3 * (tv(laws[0], gaussian).error + laws[0].numerical_error)
    wrong = Gaussian(laws[1].mean, laws[1].covariance + 0.01 * torch.eye(2, dtype=torch.float64))  # and the measure sees a difference
    assert tv(laws[0], wrong).value > 1e-3
