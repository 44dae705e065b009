"""What a scheme observes of its states is what is judged: the method of Leimkuhler and Matthews, of order 2 as observed and of order 1 as it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pmmtheory.divergences import tv
from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import observed_law, stationary_law
from pmmtheory.laws.observed import Observation
from pmmtheory.schemes import Draw, EulerMaruyama, Normal, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture
from pmmtheory.testing import check_scheme
from tests.testing.subjects import all_but, broken

TARGET = GaussianMixture(weights=[0.3, 0.7], means=[-1.5, 1.5], variances=[1.0, 1.0])


class LeimkuhlerMatthews(Scheme):
    """X_{n+1} = X_n + a b(X_n) + sqrt(2a) (Z_n + Z_{n+1})/2, which remembers Z_n: with s = sqrt(2a)/2, states are Y_n = X_n - s Z_n.

    Y' = Y + 2s Z + a b(Y + s Z) is a chain, and X = Y + s Z is observed of it.
    """

    draws: Mapping[str, Draw] = {"z": Normal()}
    drift_calls = 1.0
    orders: Mapping[type[Dynamics], float] = {Overdamped: 2}

    @property
    def half(self) -> float:
        return math.sqrt(self.step_size / 2)

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        noise = self.half * draws["z"]
        return x + 2 * noise + self.step_size * self.dynamics.drift(x + noise, t), 0.0

    def observe(self, x: Tensor) -> tuple[Tensor, Any]:
        return x, self.half


class Half(LeimkuhlerMatthews):
    """Half of the noise is added to the states."""

    def observe(self, x: Tensor) -> tuple[Tensor, Any]:
        return x, 0.5 * self.half


class WrongHalf(LeimkuhlerMatthews):
    """The observation has the noise of a whole step."""

    def observe(self, x: Tensor) -> tuple[Tensor, Any]:
        return x, 2 * self.half


class Function(EulerMaruyama):
    """A function of the state, without noise."""

    def observe(self, x: Tensor) -> tuple[Tensor, Any]:
        return torch.tanh(x), 0.0


def test_the_observed_variance_on_a_gaussian_is_exact() -> None:
    """Leimkuhler & Matthews (2013): no error at all in the harmonic case."""
    scheme = LeimkuhlerMatthews(Overdamped(Gaussian(0.0, 1 / 1.7)), 0.3)
    law = stationary_law(scheme)
    assert abs(1.7 * float(law.covariance) - 1) > 0.1
    assert abs(1.7 * float(observed_law(scheme, law).covariance) - 1) < 1e-9


def test_the_observed_law_is_the_convolution() -> None:
    """By a sum of normals over the stationary law of the states, on a grid of its own."""
    scheme = LeimkuhlerMatthews(Overdamped(TARGET), 0.2)
    law = stationary_law(scheme, rtol=1e-8)
    seen = observed_law(scheme, law)
    grid, h = np.linspace(-9, 9, 4001, retstep=True)
    density = np.asarray(law.density(torch.tensor(grid)))
    x = np.linspace(-3, 3, 7)
    convolved = h * np.exp(-((x[:, None] - grid) ** 2) / (2 * scheme.half**2)) @ density / (scheme.half * math.sqrt(2 * math.pi))
    assert np.abs(np.asarray(seen.density(torch.tensor(x))) - convolved).max() < 1e-7
    assert seen.numerical_error >= law.numerical_error


def test_without_observation_a_law_is_itself() -> None:
    scheme = EulerMaruyama(Overdamped(TARGET), 0.2)
    law = stationary_law(scheme)
    assert observed_law(scheme, law) is law
    assert not scheme.observes


@pytest.mark.slow
def test_the_order_is_that_of_what_is_observed() -> None:
    """Halving the step divides the error of the observed law by 4, that of the states by 2."""
    errors, plain = [], []
    for a in (0.1, 0.05):
        scheme = LeimkuhlerMatthews(Overdamped(TARGET), a)
        law = stationary_law(scheme, rtol=1e-8)
        errors.append(float(tv(observed_law(scheme, law), TARGET)))
        plain.append(float(tv(law, TARGET)))
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
    assert plain[0] / plain[1] == pytest.approx(2, rel=0.1)


@pytest.mark.slow
def test_the_method_of_leimkuhler_and_matthews_keeps_every_law() -> None:
    checked = check_scheme(LeimkuhlerMatthews, stationary_variance=lambda x: 1.0, strict=True)
    assert {"law and particles", "stationary Gaussian", "weak order"} <= set(checked)
    assert not checked.skipped


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [Half, WrongHalf])
def test_another_observation_loses_the_order(scheme: type[Scheme]) -> None:
    assert broken(scheme, skip=all_but("weak order")).law == "weak order"
    assert broken(scheme, stationary_variance=lambda x: 1.0, skip=all_but("stationary Gaussian")).law == "stationary Gaussian"


def test_a_function_without_noise_has_no_law_and_is_refused_clearly() -> None:
    scheme = Function(Overdamped(TARGET), 0.2)
    with pytest.raises(InvalidParameter, match="Gaussian noise of its own"):
        observed_law(scheme, stationary_law(scheme, rtol=1e-5))
    checked = check_scheme(Function, skip=all_but("law and particles", "weak order"))
    assert "Gaussian noise of its own" in checked.failures["weak order"]


def test_an_observation_follows_its_scheme() -> None:
    seen = Observation(LeimkuhlerMatthews(Overdamped(TARGET), 0.2)).with_step(0.8).over(Overdamped(Gaussian()))
    assert seen.step(torch.zeros(3), 0.0, {})[1] == math.sqrt(0.4)
    assert isinstance(seen.dynamics.target, Gaussian)
