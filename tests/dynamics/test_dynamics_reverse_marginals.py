"""Marginals and scores of reverse diffusions: against an Ornstein-Uhlenbeck process, its forward equation and slopes of log-densities."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.targets import Gaussian, GaussianMixture, Target
from tests.dynamics.reverse_processes import DATA, EVERY_GRID, HORIZON, SPACE, STOP, process


@pytest.mark.parametrize("target", [DATA, SPACE, Gaussian([1.0, 0.5, 0.0], [0.2, 1.0, 3.0])], ids=lambda t: f"{type(t).__name__}-{t.dim}")
@given(time=st.floats(0, 4))
def test_score_is_the_slope_of_the_log_density(target: Target, time: float) -> None:
    system = process(target=target)
    shape = (11,) if target.dim == 1 else (11, target.dim)
    x = 2 * torch.randn(shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    at = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(system.marginal(time).log_density(at).sum(), at)
    assert torch.allclose(system.score(x, time), slope, rtol=1e-9, atol=1e-9)
    assert system.score(x, time).shape == x.shape


@given(time=st.floats(0, 3))
def test_marginals_are_those_of_an_ornstein_uhlenbeck_process(time: float) -> None:
    """X_t = e^-t X + sqrt(1 - e^-2t) Z, component by component."""
    marginal = process().marginal(time)
    assert isinstance(marginal, GaussianMixture)
    shrink = math.exp(-time)
    for k, (mean, variance) in enumerate([(-1.5, 0.1), (1.0, 0.3)]):
        assert float(marginal.means[k, 0]) == pytest.approx(shrink * mean, rel=1e-13)
        assert float(marginal.variances[k]) == pytest.approx(shrink**2 * variance + 1 - shrink**2, rel=1e-13)
    assert marginal.weights.tolist() == DATA.weights.tolist()


def test_marginals_solve_the_forward_equation() -> None:
    """dp/dt = (x p)' + p'', by differences."""
    system, x, t, e = process(), torch.linspace(-3, 3, 41, dtype=torch.float64), 0.3, 1e-4

    def p(time: float, shift: float = 0.0) -> torch.Tensor:
        return system.marginal(time).density(x + shift)

    change = (p(t + e) - p(t - e)) / (2 * e)
    flux = ((x + e) * p(t, e) - (x - e) * p(t, -e)) / (2 * e) + (p(t, e) - 2 * p(t) + p(t, -e)) / e**2
    assert torch.allclose(change, flux, atol=1e-5)


@EVERY_GRID
def test_law_at_is_the_marginal_of_the_forward_time(grid: str) -> None:
    system = process(grid=grid)
    assert system.law_at(0.0).mean == pytest.approx(system.marginal(HORIZON).mean, rel=1e-12)
    assert system.law_at(system.duration).covariance == pytest.approx(system.marginal(STOP).covariance, rel=1e-12)


def test_stop_zero_reaches_the_data() -> None:
    for grid in ("uniform", "quadratic"):
        system = ReverseDiffusion(DATA, 1.0, 0.0, grid=grid)
        assert system.law_at(1.0).covariance == pytest.approx(DATA.covariance, rel=1e-13)
