"""Noisy gradients: laws against closed forms and against a scheme that draws every error, and the temperature that is left."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.divergences import tv, w2
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.laws.step.characteristic import characteristic
from pmmtheory.particles import simulate
from pmmtheory.schemes import SGLD, EulerMaruyama, Normal, RandomizedMidpoint, Scheme, StochasticGradientRandomizedMidpoint, Uniform
from pmmtheory.targets import Gaussian, GaussianMixture
from pmmtheory.targets.line import LineTarget

BIMODAL = GaussianMixture([0.5, 0.5], [-1.5, 1.5], [1.0, 1.0])


class EveryError(Scheme):
    """StochasticGradientRandomizedMidpoint as its docstring has it: the error of the first gradient and the path are draws of their own."""

    draws = {"u": Uniform(), "z": Normal(), "error": Normal()}
    drift_calls = 2.0
    sigma = 1.0

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        a, u = self.step_size, draws["u"]
        path = (2 * u * a) ** 0.5 * draws["z"]
        middle = x + u * a * (self.dynamics.drift(x) + self.sigma * draws["error"]) + path
        return x + a * self.dynamics.drift(middle) + path, (2 * (1 - u) * a + (a * self.sigma) ** 2) ** 0.5


@pytest.mark.slow
@given(x=st.floats(0.01, 0.8), heat=st.floats(0, 2), mean=st.floats(-9, 9), variance=st.floats(0.1, 10))
def test_the_variance_of_sgld(x: float, heat: float, mean: float, variance: float) -> None:
    a = x * variance
    sigma = (2 * heat / a) ** 0.5
    moment = stationary_law(SGLD(Overdamped(Gaussian(mean, variance)), a, sigma)).moment(2)
    exact = variance * (1 + a * sigma**2 / 2) / (1 - x / 2)
    assert abs(moment.value - mean**2 - exact) <= moment.error + 1e-13 * moment.value


@pytest.mark.slow
@settings(max_examples=6)
@given(x=st.floats(0.01, 0.5), heat=st.floats(0, 2), variance=st.floats(0.1, 10))
def test_the_variance_of_the_midpoint_method(x: float, heat: float, variance: float) -> None:
    """E over u of X' = c X + N, c = 1 - x + u x^2: Var N = 2a(1 - 2ux + ux^2) + a^2 sigma^2 (1 + u^2 x^2)."""
    a = x * variance
    sigma = (2 * heat / a) ** 0.5
    square = (1 - x) ** 2 + (1 - x) * x**2 + x**4 / 3
    noise = 2 * a * (1 - x + x**2 / 2) + (a * sigma) ** 2 * (1 + x**2 / 3)
    moment = stationary_law(StochasticGradientRandomizedMidpoint(Overdamped(Gaussian(0.0, variance)), a, sigma), rtol=1e-8).moment(2)
    assert abs(moment.value - noise / (1 - square)) <= moment.error + 1e-13 * moment.value


@pytest.mark.slow
def test_its_law_is_that_of_a_scheme_that_draws_every_error() -> None:
    """That of a step from some points, by its characteristic function up to where its noise has damped it to 1e-5."""
    x, every = torch.linspace(-3, 3, 7, dtype=torch.float64), [kind(Overdamped(BIMODAL), 0.2) for kind in (StochasticGradientRandomizedMidpoint, EveryError)]
    one, other = (characteristic(scheme, x, 0.0, 0.4 / math.sqrt(0.4), 14, 1) for scheme in every)
    assert float(torch.abs(one - other).max()) < 1e-9


@pytest.mark.parametrize(("noisy", "exact"), [(SGLD, EulerMaruyama), (StochasticGradientRandomizedMidpoint, RandomizedMidpoint)])
def test_without_noise_it_is_the_scheme_itself(noisy: Any, exact: type[Scheme]) -> None:
    x, draws = torch.linspace(-3, 3, 7, dtype=torch.float64), {"u": torch.tensor(0.3), "z": torch.tensor(0.7)}
    one, other = (made.step(x, 0.0, draws) for made in (noisy(Overdamped(BIMODAL), 0.2, 0.0), exact(Overdamped(BIMODAL), 0.2)))
    assert torch.allclose(one[0], other[0], rtol=1e-14, atol=1e-14) and float(one[1]) == pytest.approx(float(other[1]), rel=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("target", [BIMODAL, GaussianMixture([0.3, 0.7], [-1.2, 1.0], [0.7, 1.1])], ids=["bimodal", "skew"])
def test_noise_is_a_temperature(target: LineTarget) -> None:
    """The law differs from that without noise by pi (1 + (a sigma^2/2) (F - E F)) to leading order: TV between them is (a sigma^2/4) E|F - E F|."""
    x, w = torch.linspace(-12, 12, 48001, dtype=torch.float64), 24 / 48000
    density, energy = target.density(x), -target.log_density(x)
    spread = float((density * (energy - (density * energy).sum() * w).abs()).sum() * w)
    a, sigma = 0.004, 1.5
    for noisy, exact in ((SGLD, EulerMaruyama), (StochasticGradientRandomizedMidpoint, RandomizedMidpoint)):
        between = tv(*(stationary_law(scheme) for scheme in (noisy(Overdamped(target), a, sigma), exact(Overdamped(target), a))))
        assert float(between) == pytest.approx(a * sigma**2 / 4 * spread, rel=0.02)


@pytest.mark.slow
@settings(max_examples=6)
@given(ratio=st.floats(0.1, 4).filter(lambda ratio: abs(ratio - 1) > 0.15), curvature=st.floats(0.2, 5))
def test_who_is_nearer_at_equal_gradients(ratio: float, curvature: float) -> None:
    sigma, a, target = (ratio * curvature) ** 0.5, 0.02 / curvature, Gaussian(0.0, 1 / curvature)
    lmc, rmm = SGLD(Overdamped(target), a, sigma), StochasticGradientRandomizedMidpoint(Overdamped(target), 2 * a, sigma)
    near, far = (rmm, lmc) if ratio < 1 else (lmc, rmm)
    assert float(w2(stationary_law(near), target)) < float(w2(stationary_law(far), target))


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [SGLD, StochasticGradientRandomizedMidpoint])
def test_particles_in_the_plane(scheme: Any) -> None:
    x, a, sigma = 0.5, 0.5, 2.0
    heated = 1 + a * sigma**2 / 2
    exact = heated / (1 - x / 2)
    if scheme is StochasticGradientRandomizedMidpoint:
        square = (1 - x) ** 2 + (1 - x) * x**2 + x**4 / 3
        exact = (2 * a * (1 - x + x**2 / 2) + (a * sigma) ** 2 * (1 + x**2 / 3)) / (1 - square)
    made = scheme(Overdamped(Gaussian(torch.zeros(2), torch.eye(2))), a, sigma)
    squares = simulate(made, particles=100_000, steps=25, seed=5).double().square()
    assert abs(float(squares.mean()) - exact) < 5 * float(squares.std()) / math.sqrt(squares.numel())


@pytest.mark.parametrize("scheme", [SGLD, StochasticGradientRandomizedMidpoint])
def test_bad_input(scheme: Any) -> None:
    with pytest.raises(InvalidParameter, match="gradient_noise"):
        scheme(Overdamped(Gaussian()), 0.1, -1.0)
    with pytest.raises(InvalidParameter, match="gradient_noise"):
        scheme(Overdamped(Gaussian()), 0.1, math.inf)
    with pytest.raises(InvalidParameter, match="dynamics"):
        scheme(Underdamped(Gaussian(), 1.0), 0.1)
