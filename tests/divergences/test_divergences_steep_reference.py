"""Distances to potentials that turn within few spacings of the grid of a law, against a dense rule of their own."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.divergences import Estimate, chi2, hellinger, kl, reverse_kl
from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian, Potential

X = torch.linspace(-30.0, 30.0, 600_001, dtype=torch.float64)
CELL = 60.0 / 600_000


def steep(height: float, steepness: float) -> Potential:
    """A slope of x + height that turns to x - height within 1/steepness around 1/2."""
    return Potential(lambda x: x * x / 2 + height * (torch.logaddexp(-2 * steepness * (x - 0.5), torch.zeros_like(x)) / steepness + x))


@pytest.mark.parametrize("rtol", [1e-2, 1e-5])
@pytest.mark.parametrize("variance", [0.7, 1.0, 1.5])
@pytest.mark.parametrize(("height", "steepness"), [(0.2, 6.31), (0.63, 8.35), (0.81, 4.43), (0.13, 6.87), (0.5, 2.0), (0.5, 14.0)])
def test_every_divergence(height: float, steepness: float, variance: float, rtol: float) -> None:
    step, target = 0.3 * variance, steep(height, steepness)
    law = transient_law(EulerMaruyama(Overdamped(Gaussian(0.0, variance)), step), Gaussian(0.0, variance), 1, rtol=rtol)
    p = Gaussian(0.0, 0.49 * variance + 2 * step)
    log_p, log_q = p.log_density(X), target.log_density(X)
    ratio = log_p - log_q
    right = {
        kl: torch.exp(log_p) * ratio,
        reverse_kl: -torch.exp(log_q) * ratio,
        chi2: torch.exp(log_p + ratio) - 2 * torch.exp(log_p) + torch.exp(log_q),
        hellinger: (torch.exp(log_p / 2) - torch.exp(log_q / 2)) ** 2 / 2,
    }
    for divergence, integrand in right.items():
        value = float(integrand.sum()) * CELL
        _holds(divergence(law, target), math.sqrt(value) if divergence is hellinger else value)


def _holds(found: Estimate, value: float) -> None:
    assert abs(found.value - value) <= found.error + 1e-12
    assert found.parts["quadrature"] <= 1e-8 * max(abs(value), 1e-3)
