"""Mistakes that are seen as the step -> 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Underdamped
from pmmtheory.schemes import Draw, EulerMaruyama, Normal, PoissonMidpoint, Scheme, Splitting
from pmmtheory.targets import Target
from pmmtheory.testing import check_scheme
from pmmtheory.testing.broken import HalvedFriction, WrongCorrectionMatrix
from tests.testing.subjects import FRICTION, LONG, Euler, all_but, broken, everywhere, underdamped


class NoisyPoint(Euler):
    """Right with a constant drift only: the drift is taken at a point one standard deviation away."""

    draws: Mapping[str, Draw] = {"z": Normal()}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        return self.mean(x, self.force(x + draws["z"], t)), self.size()


class Rare(Draw):
    shared = False

    def __init__(self, rate: float):
        self.rate = rate

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return torch.where(torch.rand(shape, generator=generator) < self.rate, 1.0 - self.rate, -self.rate).to(dtype)

    def rule(self, level: int) -> Any:
        return np.array([1 - self.rate, -self.rate]), np.array([self.rate, 1 - self.rate])


class Jumps(Euler):
    """The right drift and variance in the limit, but a variance of a in one rare jump: the third moment is of order a, too."""

    def __init__(self, dynamics: Dynamics, step_size: float):
        super().__init__(dynamics, step_size)
        self.draws = {"jump": Rare(step_size)}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system = self.dynamics
        mean, size = super().step(x, t, draws)
        left = 1 - 1 / system.diffusion[-1][-1]
        return mean + system.impulse(system.position(draws["jump"])), size / math.sqrt(1 / left)


class ShortDrift(Splitting):
    """BAOAB whose last half of A is nine tenths of one."""

    parts = (("B", 0.5), ("A", 0.5), ("O", 1.0), ("A", 0.45), ("B", 0.5))


class Backwards(Splitting):
    """BAOAB whose last half of B acts backwards."""

    parts = (("B", 0.5), ("A", 0.5), ("O", 1.0), ("A", 0.5), ("B", -0.5))


class OtherFriction(Underdamped):
    """A semigroup, but that of another friction than its matrices say."""

    def __init__(self, target: Target):
        super().__init__(target, FRICTION)
        self.friction = FRICTION / 2


@pytest.mark.slow
@everywhere
def test_a_drift_at_a_noisy_point(dynamics: Callable[[Target], Dynamics]) -> None:
    error = broken(NoisyPoint, dynamics=dynamics, skip=LONG)
    assert error.law == "small steps"
    assert "mean" in str(error)


@pytest.mark.slow
@everywhere
def test_jumps_are_seen_by_third_moments(dynamics: Callable[[Target], Dynamics]) -> None:
    error = broken(Jumps, dynamics=dynamics, skip=["affine semigroup", *LONG])
    assert error.law == "small steps"
    assert "third" in str(error)


@pytest.mark.slow
@everywhere
def test_the_matrix_of_the_correction(dynamics: Callable[[Target], Dynamics]) -> None:
    """At fixed K its fault is of order a^2; with K = 2/a it is of order a."""
    error = broken(lambda system, a: WrongCorrectionMatrix(system, a, round(2 / a)), dynamics=dynamics, skip=LONG)
    assert error.law == "small steps"
    assert "mean" in str(error)


@pytest.mark.slow
@everywhere
@pytest.mark.parametrize("kind", ["bernoulli", "single"])
def test_substeps_that_follow_the_step_pass(kind: str, dynamics: Callable[[Target], Dynamics]) -> None:
    def scheme(system: Dynamics, a: float) -> Scheme:
        return PoissonMidpoint(system, a, round(0.4 / a), kind)

    assert "small steps" in check_scheme(scheme, dynamics=dynamics, skip=all_but("affine semigroup", "small steps"))


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [HalvedFriction, ShortDrift, Backwards])
def test_a_broken_splitting(scheme: type[Splitting]) -> None:
    error = broken(scheme, dynamics=underdamped)
    assert error.law == "small steps"
    assert "mean" in str(error)


@pytest.mark.slow
def test_dynamics_that_are_not_those_they_name() -> None:
    assert broken(EulerMaruyama, dynamics=OtherFriction).law == "small steps"
