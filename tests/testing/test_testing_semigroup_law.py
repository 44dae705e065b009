"""Mistakes in the mass of a step and in its law with a constant drift."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.schemes import Draw, EulerMaruyama, Normal, RandomizedMidpoint, Scheme, Uniform
from pmmtheory.targets import Target
from pmmtheory.testing.broken import HalvedNoise, MissingLastNoise, UncorrelatedNoise
from tests.testing.subjects import FRICTION, Euler, broken, everywhere, underdamped


class Heavy(Uniform):
    """A draw whose rule has weights that sum to 0.9."""

    def rule(self, level: int) -> Any:
        nodes, weights = super().rule(level)
        return nodes, 0.9 * weights


class WrongWeights(RandomizedMidpoint):
    draws = {"u": Heavy(), "z": Normal()}


class CastsDown(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x.float(), t).to(x.dtype)


class WrongSign(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return -super().force(x, t)


class HalvedDrift(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x, t) / 2


class CommonNoise(Euler):
    """All coordinates of a point feel one normal."""

    draws: Mapping[str, Draw] = {"z": Normal()}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, size = super().step(x, t, draws)
        z = draws["z"] if self.dynamics.target.dim == 1 else draws["z"][..., :1].expand(x.shape)
        return mean + size * z, 0.0


class Skewed(Draw):
    """A draw with mean 0, variance 1 and skewness: +2 with probability 1/5, -1/2 with probability 4/5."""

    shared = False

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return torch.where(torch.rand(shape, generator=generator) < 0.2, 2.0, -0.5).to(dtype)

    def rule(self, level: int) -> Any:
        return np.array([2.0, -0.5]), np.array([0.2, 0.8])


class TwoPoint(Euler):
    """The Euler scheme with half of the variance in two-point noise."""

    draws: Mapping[str, Draw] = {"z": Skewed()}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, size = super().step(x, t, draws)
        return mean + (size / math.sqrt(2)) * draws["z"], size / math.sqrt(2)


class Quieter(RandomizedMidpoint):
    """The last noise is too small by a thousandth."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean, factor / 1.001


class BentResponse(Overdamped):
    """G_h = h + h^2, which is no semigroup."""

    def respond(self, h: Any, b: Tensor, t: Any = 0.0) -> Tensor:
        return h * b + h**2 * b


class BentNoise(Overdamped):
    """Gamma_h = 2h."""

    def noise(self, h: Any, t: Any = 0.0) -> Any:
        return super().noise(h) ** 2


class WideNoise(Underdamped):
    """Gamma_h is too large by a share h^2/20 of itself."""

    def __init__(self, target: Target):
        super().__init__(target, FRICTION)

    def noise(self, h: Any, t: Any = 0.0) -> Any:
        return super().noise(h) / (1 + h**2 / 20) ** -1


@pytest.mark.slow
@everywhere
@pytest.mark.parametrize(
    ("scheme", "options", "law", "words"),
    [
        (WrongWeights, {}, "mass", "is 0.9"),
        (CommonNoise, {}, "affine semigroup", "covariance"),
        (HalvedDrift, {}, "affine semigroup", "mean"),
        (WrongSign, {}, "affine semigroup", "mean"),
        (CastsDown, {}, "affine semigroup", "mean"),
        (TwoPoint, {}, "affine semigroup", "not Gaussian"),
        (HalvedNoise, {}, "affine semigroup", "variance"),
        (MissingLastNoise, {"substeps": 8}, "affine semigroup", "variance"),
        (Quieter, {}, "affine semigroup", "variance"),
    ],
)
def test_a_mistake_is_caught_by_its_law(
    scheme: Callable[..., Scheme], options: dict[str, Any], law: str, words: str, dynamics: Callable[[Target], Dynamics]
) -> None:
    error = broken(scheme, dynamics=dynamics, **options)
    assert error.law == law
    assert words in str(error)


@pytest.mark.slow
def test_the_correlation_of_position_and_velocity_is_checked() -> None:
    error = broken(UncorrelatedNoise, dynamics=underdamped)
    assert error.law == "affine semigroup"
    assert "covariance" in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("dynamics", [BentResponse, BentNoise, WideNoise])
def test_dynamics_that_are_no_semigroup_are_seen(dynamics: Callable[[Target], Dynamics]) -> None:
    assert broken(EulerMaruyama, dynamics=dynamics).law == "affine semigroup"
