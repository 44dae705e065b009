"""Distances of laws in the phase plane that tails decide: within their errors, or refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from pmmtheory.divergences import chi2, hellinger, kl, renyi, reverse_kl
from pmmtheory.dynamics import Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import BAOAB, OBABO, UBU, EulerMaruyama, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture

X = torch.linspace(-14.0, 14.0, 28_001, dtype=torch.float64)
SPACING = 28.0 / 28_000


def seen(divergence: Callable[..., Estimate], *arguments: Any) -> Estimate | None:
    """None where it is refused."""
    try:
        return divergence(*arguments)
    except (InvalidParameter, NotConverged):
        return None


def within(found: Estimate | None, right: float) -> bool:
    return found is None or abs(found.value - right) <= found.error + 1e-12


@pytest.mark.parametrize("rtol", [1e-1, 1e-2])
@pytest.mark.parametrize(("mean", "variance"), [(4.0, 0.4), (-4.0, 0.8)])
def test_noise_in_the_other_well_is_no_density(mean: float, variance: float, rtol: float) -> None:
    """Computed alike at both resolutions to a factor of two, 2e-9 where exp(-40) is: a reverse KL of 36 was 8.7 +- .5."""
    target, step, decay = GaussianMixture([0.5, 0.5], [-4.0, 4.0], [0.8, 0.8]), 0.2, math.exp(-0.2)
    law = transient_law(BAOAB(Underdamped(target, 1.0), step), Gaussian(mean, variance), 1, rtol=rtol, engine="phase_plane")
    coarse = X[::20]
    centres = coarse + step**2 / 4 * (1 + decay) * target.drift(coarse)
    spread = step**2 / 4 * ((1 + decay) ** 2 + 1 - decay**2)
    kernel = -((X[:, None] - centres) ** 2) / (2 * spread) - math.log(2 * math.pi * spread) / 2
    log_p = torch.logsumexp(kernel + Gaussian(mean, variance).log_density(coarse), 1) + math.log(20 * SPACING)
    log_q = target.log_density(X)
    p, q = torch.exp(log_p), torch.exp(log_q)
    right = {
        reverse_kl: float((q * (log_q - log_p)).sum()) * SPACING,
        kl: float((p * (log_p - log_q)).sum()) * SPACING,
        hellinger: math.sqrt(1 - float(torch.exp((log_p + log_q) / 2).sum()) * SPACING),
    }
    assert within(seen(reverse_kl, law.position, target), right[reverse_kl])
    for divergence in (kl, hellinger):
        found = divergence(law.position, target)
        assert within(found, right[divergence]) and found.error < 1e-2 * found.value


def chi2_of_gaussians(covariance: torch.Tensor, variance: float) -> float:
    """chi2 of N(0, S) to N(0, diag(variance, 1))."""
    reference = torch.diag(covariance.new_tensor([variance, 1.0]))
    both = 2 * torch.linalg.inv(covariance) - torch.linalg.inv(reference)
    return float(torch.exp((torch.logdet(reference) - torch.logdet(both)) / 2 - torch.logdet(covariance))) - 1


@pytest.mark.parametrize(("variance", "rtol"), [(1.8, None), (1.8, 1e-7), (1.5, None)])
def test_a_start_that_is_a_wide_law(variance: float, rtol: float | None) -> None:
    """A chi2 of .648972 was .647874 +- 3e-4."""
    first, then = (BAOAB(Underdamped(Gaussian(0.0, v), 2.0), 0.2) for v in (variance, 1.0))
    law = transient_law(then, stationary_law(first, rtol=rtol, engine="phase_plane"), 1, rtol=rtol, engine="phase_plane")
    exact = transient_law(then, stationary_law(first, engine="gaussian"), 1, engine="gaussian")
    found = chi2(law, Gaussian())
    assert within(found, chi2_of_gaussians(exact.covariance.reshape(2, 2), 1.0)) and found.error < 0.05 * found.value


@pytest.mark.parametrize(("step", "variance", "rtol"), [(1.2, 0.7474, None), (1.2, 0.7474, 1e-2), (0.8, 0.668, None), (0.8, 0.75, 1e-2)])
def test_a_law_that_is_wider_than_its_reference(step: float, variance: float, rtol: float | None) -> None:
    """A chi2 of 1.0434 was 1.0255 +- .0093."""
    chain = EulerMaruyama(Underdamped(Gaussian(), 2.0), step)
    exact = stationary_law(chain, engine="gaussian").covariance.reshape(2, 2)
    found = seen(chi2, stationary_law(chain, rtol=rtol, engine="phase_plane"), Gaussian(0.0, variance))
    assert within(found, chi2_of_gaussians(exact, variance))


@pytest.mark.parametrize(("variance", "reference"), [(0.005, 1.0), (0.005, 0.1), (0.01, 0.1), (0.05, 1.0)])
def test_between_narrow_modes_a_density_may_be_any_number(variance: float, reference: float) -> None:
    """A reverse KL of 1800 was 359 +- 682: its density there is exp(-2500), and no number."""
    start = GaussianMixture([0.5, 0.5], [-5.0, 5.0], [variance, variance])
    law = transient_law(BAOAB(Underdamped(Gaussian(), 1.0), 0.2), start, 0, engine="phase_plane")
    log_p = torch.logsumexp(torch.stack([-((X - m) ** 2) / (2 * variance) for m in (-5.0, 5.0)]), 0) - math.log(2 * math.sqrt(2 * math.pi * variance))
    log_q = Gaussian(0.0, reference).log_density(X)
    right = float((torch.exp(log_q) * (log_q - log_p)).sum()) * SPACING
    assert within(seen(reverse_kl, law.position, Gaussian(0.0, reference)), right)


def test_a_velocity_that_has_not_moved_is_at_no_distance() -> None:
    law = transient_law(BAOAB(Underdamped(Gaussian(), 1.0), 0.2), GaussianMixture([0.9, 0.1], [0.0, 2.0], [1.0, 0.5]), 0, engine="phase_plane")
    for divergence in (kl, reverse_kl, hellinger, chi2, lambda p, q: renyi(p, q, 0.5)):
        found = divergence(law.velocity, Gaussian())
        assert 0 <= found.value <= found.error < 1e-6


@pytest.mark.parametrize("step_size", [0.1, 0.05, 0.02])
@pytest.mark.parametrize("scheme", [OBABO, UBU])
def test_small_distances_are_told_to_six_digits(scheme: type[Scheme], step_size: float) -> None:
    """What is integrated out to the last known point is not counted again from where a decay is read off: that was ten times as much as all the rest."""
    chain = scheme(Underdamped(Gaussian(), friction=2.0), step_size)
    variance, law = float(stationary_law(chain).covariance[0, 0]), stationary_law(chain, rtol=1e-6, engine="phase_plane")
    right = {kl: (variance - 1 - math.log1p(variance - 1)) / 2, chi2: 1 / math.sqrt(variance * (2 - variance)) - 1}
    for divergence, value in right.items():
        found = divergence(law.position, Gaussian())
        assert abs(found.value - value) <= found.error + 1e-15 * value + 1e-16 * abs(variance - 1)
        assert found.error < (3e-6 if divergence is kl else 3e-5) * found.value
