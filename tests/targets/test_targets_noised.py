"""Noised laws alpha X + sqrt(1 - alpha^2) Z: against convolutions, quadrature, moments and automatic differentiation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Cosine, DoubleWell, Gaussian, GaussianMixture, LogCosh, Potential, Target

SKEW = np.array([[1.3, 0.4, -0.2], [0.4, 0.7, 0.1], [-0.2, 0.1, 0.5]])
TARGETS: dict[str, Target] = {
    "gaussian 1": Gaussian(0.7, 0.3),
    "gaussian 2": Gaussian([0.5, -1.0], [0.2, 2.0]),
    "gaussian 3": Gaussian([0.5, -1.0, 0.1], SKEW),
    "mixture 1": GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3]),
    "mixture 2": GaussianMixture([0.3, 0.7], [[0.0, 1.0], [2.0, -1.0]], [0.2, 1.5]),
    "mixture 3": GaussianMixture([0.2, 0.3, 0.5], [[0.0, 1.0, 0.0], [2.0, -1.0, 1.0], [0.0, 0.0, -1.0]], [0.2, 1.5, 0.6]),
    "leaning 2": GaussianMixture([0.3, 0.7], [[0.0, 1.0], [2.0, -1.0]], covariances=[[[1.0, 0.6], [0.6, 0.5]], [[0.3, -0.2], [-0.2, 0.9]]]),
    "leaning 3": GaussianMixture([0.4, 0.6], [[0.0, 1.0, 0.0], [2.0, -1.0, 1.0]], covariances=np.stack([SKEW, SKEW[::-1, ::-1]])),
}
ALL = pytest.mark.parametrize("name", TARGETS)
alphas = st.floats(0, 1)


def points(target: Target, n: int, seed: int = 0) -> torch.Tensor:
    shape = (n,) if target.dim == 1 else (n, target.dim)
    return 2 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def slope(target: Target, x: torch.Tensor) -> torch.Tensor:
    """The gradient of the log density."""
    at = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(target.log_density(at).sum(), at)
    return gradient


@ALL
@given(alpha=alphas)
def test_mean_and_covariance(name: str, alpha: float) -> None:
    target = TARGETS[name]
    noised = target.noised(alpha)
    assert type(noised) is type(target) and noised.dim == target.dim
    eye = torch.eye(target.dim, dtype=torch.float64)
    mean, covariance = (torch.as_tensor(value, dtype=torch.float64) for value in (noised.mean, noised.covariance))
    assert torch.allclose(mean, torch.as_tensor(alpha * target.mean, dtype=torch.float64), rtol=1e-13, atol=1e-14)
    wanted = alpha**2 * torch.as_tensor(target.covariance, dtype=torch.float64) + (1 - alpha**2) * (eye if target.dim > 1 else 1.0)
    assert torch.allclose(covariance, wanted, rtol=1e-12, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gaussian 1", "mixture 1"])
@given(alpha=st.floats(0.05, 0.97), x=st.floats(-3, 3))
def test_density_on_the_line_is_a_convolution(name: str, alpha: float, x: float) -> None:
    target = TARGETS[name]
    width = math.sqrt(1 - alpha**2)

    def integrand(y: float) -> float:
        return float(target.density(torch.tensor(y, dtype=torch.float64))) * float(norm.pdf(x, alpha * y, width))

    near = min(max(x / alpha, -6.0), 6.0)
    value, _ = quad(integrand, -8, 8, points=sorted({-1.5, 1.0, near}), epsabs=1e-11, limit=200)
    assert float(target.noised(alpha).density(torch.tensor(x, dtype=torch.float64))) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("name", ["gaussian 2", "gaussian 3", "mixture 2", "mixture 3", "leaning 2", "leaning 3"])
def test_characteristic_function_in_space(name: str) -> None:
    """E exp(i w'Y) = exp(-(1 - alpha^2)|w|^2/2) E exp(i alpha w'X), by draws of both: within 4.5 standard errors."""
    target, alpha, n = TARGETS[name], 0.7, 40_000
    noised, data = target.noised(alpha).sample(n, seed=1), target.sample(n, seed=2)
    for w in torch.randn((4, target.dim), generator=torch.Generator().manual_seed(3), dtype=torch.float64):
        shrink = math.exp(-(1 - alpha**2) / 2 * float(w @ w))
        for wave in (torch.cos, torch.sin):
            gap = float(wave(noised @ w).mean() - shrink * wave(alpha * data @ w).mean())
            assert abs(gap) < 4.5 * math.sqrt((1 + shrink**2) / 2 / n)


@ALL
def test_ends(name: str) -> None:
    """alpha = 1 is the target, alpha = 0 is N(0, I)."""
    target = TARGETS[name]
    x = points(target, 20)
    assert torch.allclose(target.noised(1.0).log_density(x), target.log_density(x), rtol=1e-11, atol=1e-12)
    assert torch.allclose(target.noised(0.0).log_density(x), Gaussian(dim=target.dim).log_density(x), rtol=1e-11, atol=1e-12)
    assert torch.allclose(target.noised_drift(x, 1.0), target.drift(x), rtol=1e-11, atol=1e-11)
    assert torch.allclose(target.noised_drift(x, 0.0), -x, rtol=1e-12, atol=1e-12)


@ALL
@given(first=alphas, second=alphas)
def test_noise_twice_is_noise_once(name: str, first: float, second: float) -> None:
    target = TARGETS[name]
    x = points(target, 8)
    assert torch.allclose(target.noised(first).noised(second).log_density(x), target.noised(first * second).log_density(x), rtol=1e-9, atol=1e-9)


@ALL
@given(alpha=alphas)
def test_drift_is_the_slope_of_the_log_density(name: str, alpha: float) -> None:
    target = TARGETS[name]
    x = points(target, 9)
    expected = slope(target.noised(alpha), x)
    for given_alpha in (alpha, torch.tensor(alpha, dtype=torch.float64)):
        seen = target.noised_drift(x, given_alpha)
        assert seen.shape == x.shape
        assert torch.allclose(seen, expected, rtol=1e-9, atol=1e-9)


@ALL
def test_one_alpha_a_point(name: str) -> None:
    """Of shape (n,) on the line and (n, 1) in space; and broadcast over leading axes, both ways."""
    target, n = TARGETS[name], 7
    last = () if target.dim == 1 else (1,)
    x, alpha = points(target, n), torch.linspace(0, 1, n, dtype=torch.float64)
    expected = torch.stack([slope(target.noised(float(a)), point[None])[0] for a, point in zip(alpha, x, strict=True)])
    seen = target.noised_drift(x, alpha.reshape(n, *last))
    assert seen.shape == x.shape
    assert torch.allclose(seen, expected, rtol=1e-9, atol=1e-9)
    table = target.noised_drift(x[None], alpha.reshape(n, 1, *last))
    assert table.shape == (n, *x.shape)
    assert torch.allclose(table[3], slope(target.noised(float(alpha[3])), x), rtol=1e-9, atol=1e-9)
    layers = target.noised_drift(torch.stack([x, -x]), alpha.reshape(n, *last))
    assert torch.allclose(layers[0], seen, rtol=1e-12, atol=1e-13)


@ALL
def test_single_precision_stays(name: str) -> None:
    target = TARGETS[name]
    x = points(target, 5)
    alpha = torch.full((5,) if target.dim == 1 else (5, 1), 0.6)
    seen = target.noised_drift(x.float(), alpha)
    assert seen.dtype == torch.float32
    assert torch.allclose(seen.double(), target.noised_drift(x, float(alpha.flatten()[0])), rtol=1e-4, atol=1e-4)


@ALL
@pytest.mark.parametrize("alpha", [-0.1, 1.0001, math.nan, math.inf, "half", None, True])
def test_wrong_alpha(name: str, alpha: object) -> None:
    with pytest.raises(InvalidParameter, match="alpha = .* a number from 0 to 1"):
        TARGETS[name].noised(alpha)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", [Cosine(0.5), DoubleWell(), LogCosh(), Potential(lambda x: x**2 / 2, dim=1, name="own")], ids=lambda t: t.name)
def test_without_closed_form(target: Target) -> None:
    with pytest.raises(InvalidParameter, match="target = .* closed form"):
        target.noised(0.5)
    with pytest.raises(InvalidParameter, match="closed form"):
        target.noised_drift(torch.zeros(3, dtype=torch.float64), 0.5)
