"""The posterior of logistic regression: reference moments against quadrature, their standard errors over seeds, and its constants."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.targets import Gaussian, LogisticRegression


def data(seed: int, n: int, dim: int, pull: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, dim))
    return x, (rng.uniform(size=n) < 1 / (1 + np.exp(-pull * x.sum(1)))).astype(float)


def misses(target: LogisticRegression, mean: list[float], covariance: np.ndarray, log_normaliser: float) -> list[float]:
    """All deviations from known moments, in standard errors."""
    pairs = [*zip(target.mean_estimates, mean, strict=True)]
    pairs += [*zip([e for row in target.covariance_estimates for e in row], np.asarray(covariance).flatten().tolist(), strict=True)]
    return [abs(e.value - known) / e.error for e, known in [*pairs, (target.log_normaliser, log_normaliser)]]


@pytest.mark.slow
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), log_prior=st.floats(-2, 2))
def test_moments_on_the_line_by_quadrature(seed: int, n: int, log_prior: float) -> None:
    x, y = data(seed, n, 1)
    prior = 10.0**log_prior
    target = LogisticRegression(x, y, prior, particles=4000, seed=seed)
    signed, top = (2 * y - 1) * x[:, 0], float(target.mode[0])

    def weight(t: float) -> float:
        return math.exp(-float(np.logaddexp(0, -signed * t).sum()) - t * t / (2 * prior) + least)

    least = 0.0
    least = -math.log(weight(top))
    width = 1 / math.sqrt(float((signed**2 / (2 + 2 * np.cosh(signed * top))).sum()) + 1 / prior)
    ends = [(-12 * math.sqrt(prior) + min(top, 0), top - 6 * width), (top - 6 * width, top + 6 * width), (top + 6 * width, 12 * math.sqrt(prior) + max(top, 0))]

    def integral(k: int) -> float:
        return sum(quad(lambda t: (t - top) ** k * weight(t), a, b, epsabs=1e-12, epsrel=1e-9, limit=200)[0] for a, b in ends if a < b)

    mass, first, second = (integral(k) for k in range(3))
    found = misses(target, [top + first / mass], np.array([second / mass - (first / mass) ** 2]), math.log(mass) - least)
    assert max(found) < 5
    assert isinstance(target.mean, float) and isinstance(target.covariance, float)


def in_the_plane(target: LogisticRegression) -> tuple[list[float], np.ndarray, float]:
    """Moments by the trapezoid rule, on an ellipse of nine deviations twice as wide."""
    root = torch.linalg.cholesky(4 * torch.as_tensor(target.covariance))
    z = torch.linspace(-9, 9, 241, dtype=torch.float64)
    points = torch.as_tensor(target.mean) + torch.cartesian_prod(z, z) @ root.T
    mass = torch.exp(-target.potential(points)) * float(z[1] - z[0]) ** 2 * float(root.diagonal().prod())
    share = mass / mass.sum()
    mean = share @ points
    return mean.tolist(), (((points - mean).T * share) @ (points - mean)).numpy(), math.log(float(mass.sum()))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "prior"), [(2, 1.0), (30, 4.0), (200, 0.3), (12, 100.0)])
def test_moments_in_the_plane_by_quadrature(n: int, prior: float) -> None:
    target = LogisticRegression(*data(n, n, 2, 3.0), prior, seed=1)
    assert max(misses(target, *in_the_plane(target))) < 4.5


@pytest.mark.slow
def test_standard_errors_are_those_over_seeds() -> None:
    """Deviations in units of their own standard errors are standard normal: their mean square over 60 seeds and 6 numbers is 1 within 0.3."""
    x, y = data(5, 40, 2)
    known = in_the_plane(LogisticRegression(x, y))
    squares = [d * d for seed in range(60) for d in misses(LogisticRegression(x, y, particles=2000, seed=seed), *known)]
    assert 0.7 < float(np.mean(squares)) < 1.3
    bent = (known[0], known[1] * 1.05, known[2])  # a covariance that is off by a twentieth is seen
    assert max(misses(LogisticRegression(x, y), *bent)) > 4.5


@pytest.mark.slow
def test_moments_in_twenty_dimensions_by_quadrature() -> None:
    """Features in a plane of R^20, turned at random: the posterior is that of the plane times the prior."""
    x, y = data(7, 30, 2, 3.0)
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((20, 20)))[0]
    mean, covariance, log_normaliser = in_the_plane(LogisticRegression(x, y, 2.0))
    target = LogisticRegression(x @ turn[:, :2].T, y, 2.0, particles=20_000)
    spread = 2.0 * np.eye(20)
    spread[:2, :2] = covariance
    whole = log_normaliser + 9 * math.log(2 * math.pi * 2.0)
    assert max(misses(target, (turn[:, :2] @ np.array(mean)).tolist(), turn @ spread @ turn.T, whole)) < 5  # of 421 numbers


@pytest.mark.slow
def test_breast_cancer_in_thirty_dimensions() -> None:
    """Two seeds agree, and variances are below the prior's (Brascamp & Lieb 1976); the same seed gives the same numbers."""
    target, other, again = (LogisticRegression.breast_cancer() for _ in range(3))
    target.particles = other.particles = again.particles = 15_000
    other.seed = 1
    pairs = zip([*target.mean_estimates, target.log_normaliser], [*other.mean_estimates, other.log_normaliser], strict=True)
    assert max(abs(a.value - b.value) / math.hypot(a.error, b.error) for a, b in pairs) < 4.5
    assert all(e.value - 4.5 * e.error < 1 for e in np.diag(np.array(target.covariance_estimates, dtype=object)))
    assert torch.equal(target.mean, again.mean)


@pytest.mark.slow
@given(seed=st.integers(0, 10**6), n=st.integers(1, 30), dim=st.integers(1, 5), log_prior=st.floats(-3, 3))
def test_the_curvature_is_between_its_bounds(seed: int, n: int, dim: int, log_prior: float) -> None:
    target = LogisticRegression(*data(seed, n, dim), 10.0**log_prior)
    theta = torch.as_tensor(np.random.default_rng(seed).standard_normal(dim)).requires_grad_()
    shaped = theta if dim > 1 else theta[0]
    (slope,) = torch.autograd.grad(target.potential(shaped), theta)
    assert torch.allclose(target.drift(shaped).reshape(-1), -slope, rtol=1e-10, atol=1e-10)
    found = torch.linalg.eigvalsh(torch.autograd.functional.hessian(lambda t: target.potential(t if dim > 1 else t[0]), theta.detach()))
    assert target.strong_convexity * (1 - 1e-9) <= float(found[0]) and float(found[-1]) <= float(target.smoothness) * (1 + 1e-9)


def test_smoothness_is_attained_at_the_origin() -> None:
    target = LogisticRegression(*data(3, 20, 3), 2.0)
    found = torch.autograd.functional.hessian(target.potential, torch.zeros(3, dtype=torch.float64))
    assert float(torch.linalg.eigvalsh(found)[-1]) == pytest.approx(float(target.smoothness), rel=1e-10)


@pytest.mark.slow
@given(seed=st.integers(0, 10**6), exponent=st.floats(-20, 20))
def test_turned_and_stretched(seed: int, exponent: float) -> None:
    """Features in another unit and other axes: theta turns with them and scales against them."""
    x, y = data(seed, 10, 3)
    s, q = 10.0**exponent, np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    plain, other = LogisticRegression(x, y, 2.0), LogisticRegression(s * x @ q.T, y, 2.0 / s**2)
    theta, turn = torch.as_tensor(np.random.default_rng(seed + 1).standard_normal((4, 3))), torch.as_tensor(q)
    assert torch.allclose(other.potential(theta @ turn.T / s), plain.potential(theta), rtol=1e-11)
    assert torch.allclose(other.drift(theta @ turn.T / s) / s, plain.drift(theta) @ turn.T, rtol=1e-9, atol=1e-10)
    assert torch.allclose(s * other.mode, turn @ plain.mode, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("dim", "prior"), [(2, 1e4), (5, 1e2)])
def test_posteriors_far_from_a_gaussian(dim: int, prior: float) -> None:
    """Cases that a plane separates and a wide prior: nearly a half-Gaussian on each axis, where the curvature at the mode says nothing of the width."""
    top = 12 * math.sqrt(prior)

    def integral(k: int) -> float:
        ends = [(-top, 0.0), (0.0, 20.0), (20.0, top)]
        return sum(quad(lambda t: t**k * math.exp(-np.logaddexp(0, -t) - t * t / (2 * prior)), a, b, epsabs=0, epsrel=1e-10, limit=300)[0] for a, b in ends)

    mass, mean = integral(0), integral(1) / integral(0)
    target = LogisticRegression(np.eye(dim), np.ones(dim), prior, particles=20_000)
    assert max(misses(target, [mean] * dim, (integral(2) / mass - mean**2) * np.eye(dim), dim * math.log(mass))) < 4.5


def test_cases_that_say_nothing() -> None:
    """Features of zero leave the prior, a Gaussian, with log 2 a case."""
    target, prior = LogisticRegression(np.zeros((3, 2)), [0, 1, 1], 0.5), Gaussian(0.0, [0.5, 0.5])
    assert max(misses(target, [0.0, 0.0], 0.5 * np.eye(2), math.log(2 * math.pi * 0.5) - 3 * math.log(2))) < 4.5
    theta = torch.ones((1, 2), dtype=torch.float64)
    assert torch.allclose(target.drift(theta), prior.drift(theta))


@pytest.mark.parametrize("method", ["sample", "log_density"])
def test_what_is_not_known_is_refused(method: str) -> None:
    with pytest.raises(InvalidParameter, match="LogisticRegression.* is not allowed: one w.*Estimate"):
        getattr(LogisticRegression([[1.0, 2.0]], [1]), method)(3)


@pytest.mark.slow
def test_too_few_draws_are_refused() -> None:
    target = LogisticRegression.breast_cancer()
    target.particles = 1000
    with pytest.raises(NotConverged, match="weighted draws"):
        _ = target.mean


def test_columns_that_are_one_beside_a_wide_prior() -> None:
    """Along (1, -1) only the prior speaks: Z = Z_1 (2 pi tau)^(1/2), with Z_1 that of one column times 2^(1/2)."""
    x, y = np.linspace(-1.0, 1.3, 20), np.arange(20) % 3 == 0
    both, one = np.column_stack([x, x]), math.sqrt(2) * x[:, None]
    found, single = LogisticRegression(both, y, 1e6).log_normaliser, LogisticRegression(one, y, 1e6).log_normaliser
    assert abs(found.value - single.value - math.log(2 * math.pi * 1e6) / 2) <= 4 * math.hypot(found.error, single.error)
    for target in (LogisticRegression(both, y, 1e14), LogisticRegression(1e8 * both, y), LogisticRegression([[1e9, 2e9]], [1])):
        with pytest.raises(NotConverged, match="moments of LogisticRegression.*columns of x that depend on each other"):
            _ = target.mean
