"""Mistakes in the program of a step: its shapes, its randomness, its precision, and particles that feel each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.targets import Target
from tests.testing.subjects import Euler, broken, everywhere, underdamped


class CastsUp(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x.double(), t)


class CastsTheFactor(Euler):
    def size(self) -> Any:
        axes = len(self.dynamics.state_shape)
        return self.dynamics.noise(torch.full((1,) * (1 + axes), self.step_size, dtype=torch.float64))


class SumsCoordinates(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x, t)[..., None, None].sum(-1)


class Unfinished(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        raise RuntimeError("not written yet")


class DividesByZero(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x, t) / 0.0 * 0.0


class InPlace(Euler):
    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return x.copy_(mean), factor


class PositionOnly(Euler):
    """The mean of the position alone."""

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return self.dynamics.position(mean), factor


class GlobalRandom(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        force = super().force(x, t)
        return force + torch.randn(force.shape, dtype=torch.float64).to(x)


class NoNoise(Euler):
    def size(self) -> Any:
        return 0.0


class LosesDigits(Euler):
    """Mathematically the Euler scheme, but the step is found as a difference of numbers near 10^6."""

    def mean(self, x: Tensor, force: Tensor) -> Tensor:
        return (super().mean(x, force) + 1e6) - 1e6


class LosesDigitsOfTheFactor(Euler):
    """The factor is exact in float64; from float32 it takes a wrong turn."""

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean, factor / (1.0 if x.dtype == torch.float64 else 1.001)


class MeanField(Euler):
    def force(self, x: Tensor, t: Any) -> Tensor:
        return super().force(x - x.mean(), t)


class WidthOfTheBatch(Euler):
    """The factor is that of the number of particles."""

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean, factor / (1 + 1 / x.numel())


@everywhere
@pytest.mark.parametrize(
    ("scheme", "law", "words"),
    [
        (CastsUp, "shapes", r"the mean of a step .*float32.* has shape \(7,.*\) and torch.float64"),
        (CastsTheFactor, "shapes", "the next state of a step .*float32.* has .*torch.float64"),
        (SumsCoordinates, "shapes", r"has shape \(7, .*7.*\)|raised"),
        (Unfinished, "shapes", "raised RuntimeError: not written yet"),
        (DividesByZero, "shapes", "not finite"),
        (InPlace, "shapes", "changes x in place"),
        (GlobalRandom, "seed", "two runs with the same seed differ"),
        (NoNoise, "seed", "no randomness"),
        (LosesDigits, "float32 and float64", "the mean in float32 is"),
        (LosesDigitsOfTheFactor, "float32 and float64", "the factor in float32 is"),
        (MeanField, "batch equals loop", "the mean of particle 0 in a batch of 12"),
        (WidthOfTheBatch, "batch equals loop", "the factor of particle 0 in a batch of 12"),
    ],
)
def test_a_mistake_is_named_in_one_sentence(scheme: type[Euler], law: str, words: str, dynamics: Callable[[Target], Dynamics]) -> None:
    error = broken(scheme, dynamics=dynamics)
    assert error.law == law
    assert re.search(words, str(error))
    assert str(error).startswith(f'{scheme.__name__} breaks the law "{law}": ')
    assert str(error).count("\n") == 0


def test_a_state_is_position_and_velocity() -> None:
    error = broken(PositionOnly, dynamics=underdamped)
    assert error.law == "shapes"
    assert "does not multiply a normal of that shape" in str(error)
