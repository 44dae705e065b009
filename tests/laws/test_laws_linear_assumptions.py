"""What a law by moments takes for granted of a step is looked at: normal or shared draws, axes by themselves, a mean that stays, no bends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import Draw, EulerMaruyama, Normal
from pmmtheory.targets import Gaussian

STEP = 0.2


class Laplace(Draw):
    """No normal, and one a coordinate."""

    shared = False

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype) ** 3

    def rule(self, level: int) -> Any:
        return Normal().rule(level)


def test_draws_of_each_coordinate_that_are_not_normal_are_refused_by_moments() -> None:
    class Heavy(EulerMaruyama):
        draws: Mapping[str, Draw] = {"w": Laplace()}

        def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
            mean, factor = super().step(x, t, draws)
            return mean + 0.1 * draws["w"], factor

    with pytest.raises(InvalidParameter, match="normal or shared"):
        stationary_law(Heavy(Overdamped(Gaussian(dim=2)), STEP))


class TestSpace:
    """What a law by moments takes for granted in space is looked at."""

    def test_a_drift_that_mixes_the_axes(self) -> None:
        class Turning(Overdamped):
            def drift(self, x: Tensor, t: Any = 0.0) -> Tensor:
                return super().drift(x, t) + 0.3 * x.flip(-1) * torch.tensor([1.0, -1.0], dtype=x.dtype)

        with pytest.raises(InvalidParameter, match="each axis of its target by itself"):
            stationary_law(EulerMaruyama(Turning(Gaussian(dim=2)), STEP))

    def test_noise_of_the_coordinates_on_turned_axes(self) -> None:
        class Uneven(EulerMaruyama):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                mean, factor = super().step(x, t, draws)
                return mean, factor * torch.tensor([1.0, 0.5], dtype=x.dtype)

        with pytest.raises(InvalidParameter, match="each axis of its target by itself"):
            stationary_law(Uneven(Overdamped(Gaussian(0.0, [[1.0, 0.5], [0.5, 2.0]])), STEP))
        with pytest.raises(InvalidParameter, match="each axis of its target by itself"):
            stationary_law(Uneven(Overdamped(Gaussian(dim=2)), STEP))
        law = transient_law(Uneven(Overdamped(Gaussian(dim=2)), STEP), Gaussian(dim=2), 1, engine="gaussian")
        assert torch.allclose(torch.diag(law.covariance), torch.tensor([0.64 + 0.4, 0.64 + 0.1], dtype=torch.float64))

    def test_a_step_that_moves_the_mean(self) -> None:
        class Drifting(EulerMaruyama):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                mean, factor = super().step(x, t, draws)
                return mean + 0.01, factor

        with pytest.raises(InvalidParameter, match="keeps the mean"):
            stationary_law(Drifting(Overdamped(Gaussian()), STEP), engine="gaussian")

    def test_a_bend_far_out(self) -> None:
        class Clamped(EulerMaruyama):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                mean, factor = super().step(x, t, draws)
                return mean.clamp(-20.0, 20.0), factor

        with pytest.raises(InvalidParameter, match="affine in the state"):
            stationary_law(Clamped(Overdamped(Gaussian()), STEP), engine="gaussian")
