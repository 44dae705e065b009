"""Paths at the substeps beside a finer chain with a step of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.divergences import path_kl
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import GaussianMixture

DYNAMICS = Overdamped(GaussianMixture([0.3, 0.7], [-1.5, 1.0], [0.5, 1.0]))
START = GaussianMixture([1.0], [0.2], [0.4])


class Pushed(EulerMaruyama):
    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean + 0.2 * self.step_size * torch.tanh(x), factor


class Louder(EulerMaruyama):
    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean, factor * torch.where(x > 1.0, 1.1, 1.0)


def test_a_finer_step_is_its_own() -> None:
    """By a plain mean over paths of the two substeps: r - 1 - log r with r = q/p, whose mean under P is the divergence."""
    coarse, finer, n = PoissonMidpoint(DYNAMICS, 0.2, substeps=2), Pushed(DYNAMICS, 0.1), 200_000
    generator = torch.Generator().manual_seed(3)
    zero, one, two = torch.randn((3, n), generator=generator, dtype=torch.float64)
    sigma, force = math.sqrt(0.2), DYNAMICS.drift
    x = 0.2 + math.sqrt(0.4) * zero
    y = x + 0.1 * force(x) + sigma * one
    plain = y + 0.1 * force(x)
    marked = plain + 0.2 * (force(y) - force(x))
    z = torch.where(torch.rand(n, generator=generator) < 0.5, plain, marked) + sigma * two

    def log(at: Tensor, mean: Tensor) -> Tensor:
        return -(((at - mean) / sigma) ** 2) / 2

    p = log(y, x + 0.1 * force(x)) + torch.logaddexp(log(z, plain), log(z, marked)) - math.log(2)
    gap = log(y, finer.step(x, 0.0, {})[0]) + log(z, finer.step(y, 0.0, {})[0]) - p
    each = torch.expm1(gap) - gap
    found = path_kl(coarse, finer, 1, START, "fine")
    assert abs(found.value - float(each.mean())) <= 5 * float(each.std()) / math.sqrt(n) + found.error
    assert abs(found.value - path_kl(coarse, EulerMaruyama(DYNAMICS, 0.1), 1, START, "fine").value) > 0.1 * found.value


def test_a_finer_step_with_other_noise_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="whose noise is that of the substeps"):
        path_kl(PoissonMidpoint(DYNAMICS, 0.2, substeps=2), Louder(DYNAMICS, 0.1), 1, START, "fine")
