"""Which schemes and targets in the plane have laws on any potential: other steps than LMC, some written by users; and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pmmtheory.divergences import kl, tv
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter, NotConverged, UnstableStep
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama, Normal, RandomizedMidpoint, Scheme, Uniform
from pmmtheory.targets import Gaussian, GaussianMixture, Potential
from tests.laws.turned_product import FACTORS, SHIFT, TARGET, UNITS


class OwnMidpoint(Scheme):
    """The randomized midpoint, written by a user."""

    draws = {"u": Uniform(), "z": Normal()}
    drift_calls = 2

    def step(self, x, t, draws):  # type: ignore[no-untyped-def]
        a, u = self.step_size, draws["u"]
        path = torch.sqrt(2 * a * u) * draws["z"]
        middle = x + a * u * self.dynamics.drift(x, t) + path
        return x + a * self.dynamics.drift(middle, t) + path, torch.sqrt(2 * a * (1 - u))


class Noisy(Scheme):
    """A step whose last Gaussian grows with the state."""

    drift_calls = 1

    def step(self, x, t, draws):  # type: ignore[no-untyped-def]
        return x + self.step_size * self.dynamics.drift(x, t), math.sqrt(2 * self.step_size) * (1 + 0.1 * torch.tanh(x))


class SmoothlyTamed(Scheme):
    """Euler-Maruyama with the force b/sqrt(1 + step |b|^2)."""

    drift_calls = 1

    def step(self, x, t, draws):  # type: ignore[no-untyped-def]
        force = self.dynamics.drift(x, t)
        return x + self.step_size * force / torch.sqrt(1 + self.step_size * (force**2).sum(-1, keepdim=True)), math.sqrt(2 * self.step_size)


@pytest.mark.parametrize(
    ("scheme", "error", "words"),
    [
        (EulerMaruyama(Overdamped(Potential(lambda x: (x**2).sum(-1) ** 2 / 4, dim=2)), 0.05), UnstableStep, "no step at all"),
        (EulerMaruyama(Overdamped(TARGET), 2.9), UnstableStep, "steps below"),
        (EulerMaruyama(Overdamped(GaussianMixture([0.5, 0.5], [[-6.5, 0.0], [6.5, 0.0]], [1.0, 1.0])), 0.1), NotConverged, "steps to mix"),
        (Noisy(Overdamped(TARGET), 0.1), InvalidParameter, "last Gaussian does not depend on the state"),
    ],
)
def test_what_has_no_law_is_refused(scheme: Scheme, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        stationary_law(scheme)


@pytest.mark.slow
def test_a_step_that_tames_a_quartic_has_a_law() -> None:
    quartic = Potential(lambda x: (x**2).sum(-1) ** 2 / 4 + (x**2).sum(-1) / 2, dim=2)
    found = stationary_law(SmoothlyTamed(Overdamped(quartic), 0.05), rtol=1e-5)
    assert found.numerical_error <= 1e-5
    torch.testing.assert_close(found.covariance, float(found.covariance.trace()) / 2 * torch.eye(2, dtype=torch.float64), rtol=0, atol=1e-5)
    sample = simulate(SmoothlyTamed(Overdamped(quartic), 0.05), particles=20_000, steps=200, initial=Gaussian(dim=2), seed=3).double()
    squares = (sample**2).sum(-1)
    assert abs(float(squares.mean()) - float(found.covariance.trace())) < 5 * float(squares.std()) / math.sqrt(len(squares))
    assert float(kl(found, quartic)) > 1e-2  # particles of another law would not agree


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", [RandomizedMidpoint, OwnMidpoint])
def test_random_midpoints_along_a_factor(kind: type[Scheme]) -> None:
    """u and the normals are shared by no coordinate but for the time: the marginal of each turned coordinate is a chain of its own."""
    found = stationary_law(kind(Overdamped(TARGET), 0.05), rtol=1e-4)
    first, second = (stationary_law(RandomizedMidpoint(Overdamped(factor), 0.05)) for factor in FACTORS.factors)
    for unit, line in zip(UNITS, (first, second), strict=True):
        x = torch.linspace(-3, 3, 7, dtype=torch.float64)
        off = found.numerical_error + line.numerical_error
        values = found.along(unit).density(x + SHIFT * float(unit.sum()))
        np.testing.assert_allclose(values, line.density(x), rtol=0, atol=2 * off + 1e-12)
    lmc = stationary_law(EulerMaruyama(Overdamped(TARGET), 0.05))
    assert tv(found, lmc).value > 100 * (found.numerical_error + lmc.numerical_error)


@pytest.mark.slow
def test_a_law_that_is_not_known_far_enough_out_says_so() -> None:
    skew = GaussianMixture([0.4, 0.6], [[-1.5, 0.0], [1.0, 0.5]], [0.1, 0.3])
    rough = stationary_law(EulerMaruyama(Overdamped(skew), 0.1), rtol=1e-3)
    with pytest.raises(InvalidParameter, match="a smaller rtol"):
        kl(rough, skew)
    assert tv(rough, skew).error < 1e-2


class Kicked(Scheme):
    """Euler-Maruyama that is kicked along the first axis, if there is more than one, with a small chance."""

    drift_calls = 1

    def __init__(self, target, step_size, chance, size):  # type: ignore[no-untyped-def]
        super().__init__(Overdamped(target), step_size)
        self.chance, self.size, self.draws = chance, size, {"u": Uniform()}

    def step(self, x, t, draws):  # type: ignore[no-untyped-def]
        kick = self.size * (draws["u"] < self.chance).double()
        moved = kick if self.dynamics.target.dim == 1 else kick * torch.tensor([1.0, 0.0], dtype=torch.float64)
        return x + self.step_size * self.dynamics.drift(x, t) + moved, math.sqrt(2 * self.step_size)


@pytest.mark.parametrize(("step", "chance", "size", "steps"), [(0.1, 1e-6, 8.0, None), (0.2, 1e-5, 12.0, None), (0.1, 1e-5, 13.0, 2)])
def test_a_rare_kick_beyond_the_ends_of_a_grid(step: float, chance: float, size: float, steps: int | None) -> None:
    """On a standard normal the coordinates are chains on the line. Of a kick by 30 the KL was off by 30 of its errors."""
    plane = Potential(lambda x: (x**2).sum(-1) / 2, dim=2)
    laws = [Kicked(target, step, chance, size) for target in (plane, Gaussian())] + [EulerMaruyama(Overdamped(Gaussian()), step)]
    starts = plane, Gaussian(), Gaussian()
    both, first, second = (
        stationary_law(law, rtol=rtol) if steps is None else transient_law(law, start, steps, rtol=rtol)
        for law, start, rtol in zip(laws, starts, (1e-3, 1e-6, 1e-6), strict=True)
    )
    found, parts = kl(both, plane), (kl(first, Gaussian()), kl(second, Gaussian()))
    assert abs(found.value - sum(part.value for part in parts)) <= found.error + sum(part.error for part in parts)
    assert abs(float(both.mean[0]) - first.mean) <= 1e-7 and found.error < 0.1 * found.value


@pytest.mark.parametrize("rtol", [1e-2, 1e-4])
def test_a_kick_below_what_a_law_is_known_to_is_in_the_error_of_kl(rtol: float) -> None:
    """One in 4e7 is kicked by 12.7: 1.5e-6 of KL, where the densities of two resolutions are apart by more than the law has there."""
    plane, line = Potential(lambda x: (x**2).sum(-1) / 2, dim=2), Gaussian()
    parts = [kl(transient_law(scheme, line, 1), line) for scheme in (Kicked(line, 0.2, 2.4e-8, 12.7), EulerMaruyama(Overdamped(line), 0.2))]
    found = kl(transient_law(Kicked(plane, 0.2, 2.4e-8, 12.7), plane, 1, rtol=rtol), plane)
    assert abs(found.value - sum(part.value for part in parts)) <= found.error + sum(part.error for part in parts) and found.error < 1e-2 * found.value


def test_a_kick_that_weighs_more_than_the_rest_is_not_left_out_of_kl() -> None:
    plane = Potential(lambda x: (x**2).sum(-1) / 2, dim=2)
    with pytest.raises(InvalidParameter, match="a smaller rtol"):
        kl(transient_law(Kicked(plane, 0.05, 3.5e-9, -17.6), plane, 1, rtol=1e-3), plane)


def test_a_grid_grows_for_mass_and_not_for_noise() -> None:
    """At so large a tolerance some 1e-10 at the ends of a grid are noise."""
    near = GaussianMixture([0.5, 0.5], [[-0.5, 0.0], [0.5, 0.3]], [0.9, 0.8])
    law = transient_law(RandomizedMidpoint(Overdamped(near), 0.03), Gaussian([0.0, 0.0], 0.6), 2, rtol=1e-2, engine="potential_plane")
    assert law.values.numel() < 4000 and law.numerical_error < 1e-6
