"""Rows of an operator that are mirrored: the same law as without, and only where a step is the same in a mirror."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import stationary_law
from pmmtheory.laws.step import kernel
from pmmtheory.laws.step.midpoint_step import own_step
from pmmtheory.laws.step.reflection import midpoints_reflect, reflects
from pmmtheory.schemes import PoissonMidpoint, RandomizedMidpoint, Scheme, Uniform
from pmmtheory.targets import Gaussian, GaussianMixture, LogCosh

EVEN = GaussianMixture([0.5, 0.5], [-1.7, 2.3], [0.6, 0.6])
GRID = 0.3 + 0.1 * torch.arange(-60, 61, dtype=torch.float64)


class Leaning(PoissonMidpoint):
    """A force at midpoints that is not odd, far out only."""

    def midpoint_force(self, state: Tensor, t: Any, delay: Any) -> Tensor:
        return super().midpoint_force(state, t, delay) + 1e-3 * (state - 5.5).clamp_min(0)


class Slow(Uniform):
    """Another kind of draw: of its own samples nothing is known."""

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return super().sample(shape, generator, dtype) ** 2


class Late(RandomizedMidpoint):
    draws = {**RandomizedMidpoint.draws, "u": Slow()}  # type: ignore[dict-item]


@pytest.mark.slow
@pytest.mark.parametrize(
    "scheme", [RandomizedMidpoint(Overdamped(EVEN), 0.05), PoissonMidpoint(Overdamped(EVEN), 0.02), PoissonMidpoint(Overdamped(EVEN), 0.1, 5, "single")]
)
def test_mirrored_rows_change_nothing(scheme: Scheme, monkeypatch: pytest.MonkeyPatch) -> None:
    mirrored = stationary_law(scheme, engine="line")
    assert reflects(scheme, mirrored.grid, 0.0)
    for name in ("reflects", "midpoints_reflect"):
        monkeypatch.setattr(kernel, name, lambda *_: False)
    whole = stationary_law(scheme, engine="line")
    assert float((mirrored.values - whole.values).abs().sum()) * whole.spacing / 2 < whole.errors["rounding"] < 1e-9


def test_what_is_the_same_in_a_mirror() -> None:
    for target in (EVEN, Gaussian(0.3, 2.0)):
        for seen in (reflects, midpoints_reflect):
            assert seen(PoissonMidpoint(Overdamped(target), 0.05, 4), GRID, 0.0)
    for scheme in (
        PoissonMidpoint(Overdamped(GaussianMixture([0.5 + 1e-9, 0.5 - 1e-9], [-1.7, 2.3], [0.6, 0.6])), 0.05),
        PoissonMidpoint(Overdamped(LogCosh()), 0.05),
        Leaning(Overdamped(EVEN), 0.05),
        Late(Overdamped(EVEN), 0.05),
    ):
        assert not reflects(scheme, GRID, 0.0)
        assert not own_step(scheme) or not midpoints_reflect(scheme, GRID, 0.0)
    assert not midpoints_reflect(PoissonMidpoint(Overdamped(EVEN), 0.05), GRID[:-1], 0.0)
    assert not reflects(PoissonMidpoint(Overdamped(EVEN), 0.05), GRID[:-1], 0.0)
