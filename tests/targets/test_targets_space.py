"""Targets in d > 1 against torch.distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import distributions

from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Gaussian, GaussianMixture, Potential, Target

seeds = st.integers(0, 10**6)


def matrix(rng: np.random.Generator, dim: int) -> np.ndarray:
    rotation = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    return rotation @ np.diag(rng.uniform(0.3, 2.0, dim)) @ rotation.T


def gaussian(rng: np.random.Generator, dim: int) -> tuple[Target, distributions.Distribution]:
    mean, covariance = rng.standard_normal(dim), matrix(rng, dim)
    return Gaussian(mean, covariance), distributions.MultivariateNormal(torch.as_tensor(mean), torch.as_tensor(covariance))


def diagonal(rng: np.random.Generator, dim: int) -> tuple[Target, distributions.Distribution]:
    mean, variances = rng.standard_normal(dim), rng.uniform(0.3, 2.0, dim)
    return Gaussian(mean, variances), distributions.MultivariateNormal(torch.as_tensor(mean), torch.diag(torch.as_tensor(variances)))


def mixture(rng: np.random.Generator, dim: int) -> tuple[Target, distributions.Distribution]:
    weights, means, variances = rng.dirichlet(np.ones(3) * 5), rng.standard_normal((3, dim)), rng.uniform(0.3, 2.0, 3)
    parts = distributions.MultivariateNormal(torch.as_tensor(means), torch.as_tensor(variances)[:, None, None] * torch.eye(dim, dtype=torch.float64))
    return GaussianMixture(weights, means, variances), distributions.MixtureSameFamily(distributions.Categorical(torch.as_tensor(weights)), parts)


def leaning(rng: np.random.Generator, dim: int) -> tuple[Target, distributions.Distribution]:
    weights, means, covariances = rng.dirichlet(np.ones(3) * 5), rng.standard_normal((3, dim)), np.stack([matrix(rng, dim) for _ in range(3)])
    parts = distributions.MultivariateNormal(torch.as_tensor(means), torch.as_tensor(covariances))
    return GaussianMixture(weights, means, covariances=covariances), distributions.MixtureSameFamily(distributions.Categorical(torch.as_tensor(weights)), parts)


BUILDERS = [gaussian, diagonal, mixture, leaning]


@pytest.mark.slow
@pytest.mark.parametrize("build", BUILDERS)
@given(seed=seeds, dim=st.integers(2, 5))
def test_density_and_drift(build, seed: int, dim: int) -> None:  # type: ignore[no-untyped-def]
    ours, theirs = build(np.random.default_rng(seed), dim)
    x = torch.as_tensor(np.random.default_rng(seed + 1).standard_normal((2, 4, dim)) * 2)
    assert torch.allclose(ours.log_density(x), theirs.log_prob(x), rtol=1e-10, atol=1e-10)
    y = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(theirs.log_prob(y).sum(), y)
    assert ours.drift(x).shape == x.shape
    assert torch.allclose(ours.drift(x), slope, rtol=1e-9, atol=1e-9)
    (own,) = torch.autograd.grad(ours.potential(y).sum(), y)
    assert torch.allclose(ours.drift(x), -own, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("build", BUILDERS)
def test_samples(build) -> None:  # type: ignore[no-untyped-def]
    """Means and covariances of 40000 draws within four standard errors of the exact ones."""
    ours, theirs = build(np.random.default_rng(3), 3)
    x = ours.sample(40_000, seed=8)
    assert x.shape == (40_000, 3)
    assert bool((torch.abs(x.mean(0) - ours.mean) < 4 * x.std(0) / math.sqrt(len(x))).all())
    centred = x - ours.mean
    products = centred[:, :, None] * centred[:, None, :]
    assert bool((torch.abs(products.mean(0) - ours.covariance) < 4 * products.std(0) / math.sqrt(len(x))).all())
    assert torch.allclose(ours.mean, theirs.mean, rtol=1e-13, atol=0)


@pytest.mark.parametrize("build", BUILDERS)
@given(seed=seeds)
def test_smoothness_bounds_every_hessian(build, seed: int) -> None:  # type: ignore[no-untyped-def]
    ours, _ = build(np.random.default_rng(seed), 3)
    x = torch.as_tensor(np.random.default_rng(seed + 1).standard_normal(3))
    hessian = torch.autograd.functional.hessian(lambda y: ours.potential(y[None])[0], x)
    assert float(torch.linalg.eigvalsh(hessian).abs().max()) <= float(ours.smoothness) * (1 + 1e-9)


@pytest.mark.slow
@given(seeds)
def test_smoothness_of_equal_components(seed: int) -> None:
    rng = np.random.default_rng(seed)
    target = GaussianMixture([0.3, 0.3, 0.4], rng.standard_normal((3, 2)) * 2, [0.5] * 3)
    assert math.isfinite(float(target.smoothness))
    for x in torch.as_tensor(rng.standard_normal((5, 2)) * 2):
        hessian = torch.autograd.functional.hessian(lambda y: target.potential(y[None])[0], x)
        assert float(torch.linalg.eigvalsh(hessian).abs().max()) <= float(target.smoothness) * (1 + 1e-9)


@given(seeds)
def test_constants_of_a_gaussian_are_the_eigenvalues(seed: int) -> None:
    covariance = matrix(np.random.default_rng(seed), 4)
    target, precision = Gaussian(np.zeros(4), covariance), np.linalg.eigvalsh(np.linalg.inv(covariance))
    assert target.lsi is not None
    assert float(target.smoothness) == pytest.approx(precision[-1], rel=1e-10)
    assert float(target.lsi) == pytest.approx(precision[0], rel=1e-10)
    assert torch.allclose(target.covariance, torch.as_tensor(covariance), rtol=1e-12, atol=1e-13)


def test_ways_to_write_one_gaussian() -> None:
    x = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    ways = [Gaussian(covariance=0.5, dim=3), Gaussian(torch.zeros(3), 0.5), Gaussian(0.0, [0.5] * 3), Gaussian(0.0, 0.5 * np.eye(3))]
    for target in ways:
        assert target.dim == 3 and target.isotropic
        assert torch.allclose(target.log_density(x), ways[0].log_density(x), rtol=1e-13, atol=0)
    assert not Gaussian(0.0, [0.5, 0.6]).isotropic


def test_a_potential_in_space_has_its_drift_only() -> None:
    target = Potential(lambda x: (x**2).sum(-1) / 2 + torch.cos(x[..., 0]), dim=3)
    x = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = -x
    expected[:, 0] += torch.sin(x[:, 0])
    assert torch.allclose(target.drift(x), expected, rtol=1e-12, atol=1e-13)
    with pytest.raises(InvalidParameter, match="dim"):
        target.log_density(x)


@pytest.mark.parametrize("method", ["moment", "sample", "cdf"])
def test_a_potential_in_space_refuses_the_rest(method: str) -> None:
    target = Potential(lambda x: (x**2).sum(-1) / 2, dim=3)
    with pytest.raises(InvalidParameter, match="dim"):
        getattr(target, method)(3)


@pytest.mark.parametrize("shape", [(), (2,), (5, 2)])
def test_points_of_another_dimension(shape: tuple[int, ...]) -> None:
    for target in (Gaussian(dim=3), GaussianMixture([1.0], [[0.0, 0.0, 0.0]], [1.0])):
        with pytest.raises(InvalidParameter, match="x = "):
            target.log_density(torch.zeros(shape, dtype=torch.float64))


@pytest.mark.parametrize("target", [Gaussian(dim=3), GaussianMixture([1.0], [[0.0, 0.0, 0.0]], [1.0]), Potential(lambda x: (x**2).sum(-1), dim=3)])
def test_curvature_is_that_of_the_line(target: Gaussian | GaussianMixture | Potential) -> None:
    with pytest.raises(InvalidParameter, match="dim = 3"):
        target.curvature(torch.zeros(5, 3, dtype=torch.float64))


def test_the_drift_of_a_mixture_far_from_the_origin() -> None:
    """Moved by 1e6 it pulls as it does here: only the rounding of the points is lost."""
    rng = np.random.default_rng(5)
    means, x = rng.standard_normal((3, 2)), torch.as_tensor(rng.standard_normal((6, 2)))
    here, there = (GaussianMixture([0.2, 0.3, 0.5], means + shift, [0.5, 0.7, 0.2]) for shift in (0.0, 1e6))
    assert torch.allclose(there.drift(x + 1e6), here.drift(x), rtol=1e-7, atol=1e-8)
