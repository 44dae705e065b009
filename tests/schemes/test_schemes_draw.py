"""What a draw says of itself, which engines go by: a subclass with another law loses what depends on the law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.laws.step.draw_rules import draw_rules
from pmmtheory.schemes import Draw, Index, Midpoints, Normal, QuadratureTime, RandomizedMidpoint, Uniform
from pmmtheory.schemes.drawn import drawn
from pmmtheory.targets import Gaussian
from tests.laws.test_laws_cubature import Drawing

DRAWS: list[Draw] = [Normal(), Uniform(), Index(5), Index(math.inf), QuadratureTime(3), *(Midpoints(4, kind) for kind in ("bernoulli", "single", "interior"))]


class Squared(Uniform):
    """Another law: the samples and the rule of a square."""

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return super().sample(shape, generator, dtype) ** 2

    def rule(self, level: int) -> Any:
        u, w = super().rule(level)
        return u**2, w


class Wide(Normal):
    """Another law: twice as wide."""

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return 2 * super().sample(shape, generator, dtype)


class Named(Normal):
    """The same law."""


@pytest.mark.parametrize("draw", DRAWS, ids=str)
def test_rule_probes_and_samples_have_the_form_that_the_draw_declares(draw: Draw) -> None:
    values, weights = draw.rule(0)
    assert float(weights.sum()) == pytest.approx(1, abs=1e-12)
    parts = list(values) if draw.layered else [values]
    assert all(part.shape[-1:] == weights.shape and part.ndim == 1 + draw.layered for part in parts)
    probes, seen = draw.probes(7), list[int]()
    draw.mapped(probes, lambda part: seen.append(part.shape[-1]))
    assert seen == [7] * len(parts)
    sample = draw.sample((6,), torch.Generator().manual_seed(0), torch.float64)
    assert isinstance(sample, tuple) == draw.layered
    mirrored = draw.mirrored(sample)
    assert all(
        torch.equal(a.double().abs(), b.double().abs()) for a, b in zip(*(value if draw.layered else [value] for value in (sample, mirrored)), strict=True)
    )


def test_which_are_normal_several_and_spanned() -> None:
    assert [draw.normal for draw in DRAWS] == [True] + [False] * 7
    assert [draw.several for draw in DRAWS] == [False] * 5 + [True, False, False]
    assert Midpoints(12, "bernoulli").spanned and not Midpoints(13, "bernoulli").spanned and Midpoints(13, "single").spanned


def test_a_subclass_keeps_what_depends_on_the_law_only_where_it_keeps_the_law() -> None:
    assert Named().normal and Named().cells(8) is not None and Named().mirrored(1.0) == -1.0
    for draw in (Wide(), Squared()):
        assert not draw.normal and draw.cells(8) is None and draw.mirrored(1.0) is None


class Jumping(RandomizedMidpoint):
    """Its noise doubles after the time 0.3."""

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean, factor * torch.where(draws["u"] < 0.3, 1.0, 2.0).double()


class JumpingSquare(Jumping):
    draws = {**RandomizedMidpoint.draws, "u": Squared()}


def test_a_rule_is_split_at_jumps_for_the_draws_own_law_only() -> None:
    """A uniform time is split at 0.3; the rule of another law is never replaced by one of a uniform time."""
    times, weights = draw_rules(Jumping(Overdamped(Gaussian()), 0.1), 0)["u"]
    assert len(times) == 22 and float(weights[times < 0.3].sum()) == pytest.approx(0.3, abs=1e-12)
    assert np.array_equal(draw_rules(JumpingSquare(Overdamped(Gaussian()), 0.1), 0)["u"][0], Squared().rule(0)[0])


def test_normals_have_a_layer_for_each_time_wherever_they_are_named() -> None:
    x = torch.zeros(6, dtype=torch.float64)
    for draws in ({"z": Normal(), "m": Midpoints(math.inf, "bernoulli")}, {"m": Midpoints(math.inf, "bernoulli"), "z": Normal()}):
        values = drawn(Drawing(Overdamped(Gaussian()), draws), x, torch.Generator().manual_seed(2))
        assert values["z"].shape == values["m"][0].shape == values["m"][1].shape and values["z"].shape[1:] == x.shape
