"""On a Gaussian the laws in the phase plane have the covariances and distances of the laws by moments."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.divergences import chi2, kl, tv, w2
from pmmtheory.laws import LinearLaw, PlaneLaw, stationary_law, transient_law
from pmmtheory.targets import Gaussian
from pmmtheory.testing.broken import UncorrelatedNoise
from tests.oracles.linear_schemes import SPLITTINGS, exact_stationary, on_gaussian
from tests.oracles.lines import GAUSSIAN
from tests.oracles.plane_laws import FRICTION, on_line, plane_law

NAMES = ("lmc", "rmm", *SPLITTINGS, "single 5", "single inf", "bernoulli 3", "bernoulli 8", "bernoulli inf")
STEP, RTOL = 0.15, 1e-5
DIGITS = 1e-7
"""What the laws reach at this step when their two resolutions agree to RTOL."""

every = pytest.mark.parametrize("name", NAMES)


def by_moments(name: str, step_size: float) -> LinearLaw:
    law = stationary_law(on_line(name, "gaussian", step_size), engine="gaussian")
    assert isinstance(law, LinearLaw)
    return law


@pytest.mark.slow
@every
def test_mean_and_covariance(name: str) -> None:
    law, other = plane_law(name, "gaussian", STEP, RTOL), by_moments(name, STEP)
    assert law.numerical_error < RTOL
    assert torch.allclose(law.covariance, other.covariance, rtol=0, atol=DIGITS)
    assert torch.allclose(law.mean, other.mean, rtol=0, atol=DIGITS / 100)
    assert law.position.covariance == pytest.approx(float(law.covariance[0, 0]), abs=1e-9)
    assert law.velocity.covariance == pytest.approx(float(law.covariance[1, 1]), abs=1e-9)
    exact = exact_stationary(name, STEP, 1.7, FRICTION)
    assert torch.allclose(law.covariance, torch.as_tensor(exact), rtol=0, atol=DIGITS)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name != "bernoulli inf"])
@pytest.mark.parametrize("part", ["position", "velocity"])
def test_marginal_distances(name: str, part: str) -> None:
    """TV and KL of the marginals, to DIGITS and to four times the error of the joint law."""
    law, other = (getattr(which, part) for which in (plane_law(name, "gaussian", STEP, RTOL), by_moments(name, STEP)))
    reference = GAUSSIAN if part == "position" else Gaussian()
    error = min(DIGITS, 4 * plane_law(name, "gaussian", STEP, RTOL).numerical_error)
    for distance in (tv, kl):
        assert distance(law, reference).value == pytest.approx(distance(other, reference).value, abs=error)
    assert w2(law, reference).value == pytest.approx(w2(other, reference).value, abs=30 * error)


@pytest.mark.parametrize("name", ["lmc", *SPLITTINGS])
def test_joint_distances(name: str) -> None:
    """Where the joint law is Gaussian KL and chi2 have closed forms, and TV lies between what they say (Pinsker)."""
    law, other = plane_law(name, "gaussian", STEP, RTOL), by_moments(name, STEP)
    exact = kl(other, GAUSSIAN).value
    measured = kl(law, GAUSSIAN)
    assert abs(measured.value - exact) < 4 * measured.error + 1e-9 * exact
    assert measured.value == pytest.approx(exact, rel=1e-5)
    ratio = torch.linalg.inv(torch.diag(torch.tensor([GAUSSIAN.covariance, 1.0], dtype=torch.float64))) @ other.covariance
    closed = float(torch.linalg.det(ratio @ (2 * torch.eye(2, dtype=torch.float64) - ratio))) ** -0.5 - 1
    assert chi2(law, GAUSSIAN).value == pytest.approx(closed, rel=1e-4)
    assert exact < tv(law, GAUSSIAN).value < math.sqrt(exact / 2)


@pytest.mark.parametrize("name", ["lmc", *SPLITTINGS])
def test_densities_of_gaussian_laws(name: str) -> None:
    """At scattered points, against the bivariate normal density."""
    law, other = plane_law(name, "gaussian", STEP, RTOL), by_moments(name, STEP)
    theirs = torch.distributions.MultivariateNormal(other.mean, (other.covariance + other.covariance.T) / 2)
    z = torch.randn((500, 2), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points = other.mean + 1.3 * z @ theirs.scale_tril.T
    assert torch.allclose(law.density(points), torch.exp(theirs.log_prob(points)), rtol=0, atol=1e-7)


@pytest.mark.slow
def test_no_other_scheme_has_these_numbers() -> None:
    law = plane_law("bernoulli 8", "gaussian", STEP, RTOL)
    for other in ("bernoulli 3", "bernoulli inf", "single 5", "lmc"):
        assert float((law.covariance - by_moments(other, STEP).covariance).abs().max()) > 1000 * DIGITS


@pytest.mark.slow
def test_twenty_substeps() -> None:
    """Interpolated in 1/K from fewer and infinitely many: the covariance by moments, between those of K = 8 and K = inf."""
    law = plane_law("bernoulli 20", "gaussian", STEP, RTOL)
    assert torch.allclose(law.covariance, by_moments("bernoulli 20", STEP).covariance, rtol=0, atol=DIGITS)
    more, fewer = (plane_law(name, "gaussian", STEP, RTOL).covariance for name in ("bernoulli inf", "bernoulli 8"))
    for i in (0, 1):
        assert float(more[i, i]) < float(law.covariance[i, i]) < float(fewer[i, i])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bernoulli 5", "bernoulli 8"])
def test_the_error_of_independent_midpoints(name: str) -> None:
    """Of the marginal, at a fine resolution."""
    law, other = plane_law(name, "gaussian", STEP, 2e-7), by_moments(name, STEP)
    seen, told = tv(law.position, GAUSSIAN), tv(other.position, GAUSSIAN)
    assert abs(seen.value - told.value) < 2 * seen.error


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lmc", "rmm", "BAOAB", "single inf", "bernoulli 3"])
def test_transient_laws(name: str) -> None:
    """Mean and covariance after five steps from another Gaussian."""
    chain, start = on_gaussian(name, STEP, 1.7, FRICTION, 0.7), Gaussian(0.2, 0.4)
    plane, linear = (transient_law(chain, start, 5, rtol=1e-4, engine=engine) for engine in ("phase_plane", "gaussian"))
    assert isinstance(plane, PlaneLaw)
    assert torch.allclose(plane.mean, linear.mean, rtol=0, atol=DIGITS)
    assert torch.allclose(plane.covariance, linear.covariance, rtol=0, atol=DIGITS)


def test_an_error_in_the_noise_is_seen() -> None:
    """Independent noises of position and velocity: the wrong covariance is that by moments, and an order larger than the tolerance."""
    wrong = UncorrelatedNoise(on_line("lmc", "gaussian", STEP).dynamics, STEP)
    law, other = stationary_law(wrong, rtol=RTOL, engine="phase_plane"), stationary_law(wrong, engine="gaussian")
    assert torch.allclose(law.covariance, other.covariance, rtol=0, atol=DIGITS)
    assert float((law.covariance - by_moments("lmc", STEP).covariance).abs().max()) > 1e5 * DIGITS
