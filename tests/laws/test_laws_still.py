"""Steps that depend on time and have noise from some states alone are refused, wherever these are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import transient_law
from pmmtheory.schedulers import DDIM, ExactPredictor, NoiseSchedule
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.schemes.draws import Normal, Uniform
from pmmtheory.targets import Gaussian, GaussianMixture

SYSTEM = ReverseDiffusion(GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.2, 0.3]), 1.0, 0.3)


class Band(EulerMaruyama):
    """Noise between two states alone, after the first steps."""

    low, least = 0.1, 0.0

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        inside = (x > self.low) & (x < self.low + 0.35)
        return mean, factor * (torch.ones_like(x) if t < 0.2 else torch.where(inside, 1.0, self.least).to(x))


class LoudDraw(EulerMaruyama):
    """No last Gaussian, but a normal draw that counts between two states alone."""

    draws = {"u": Uniform(), "z": Normal()}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, _ = super().step(x, t, draws)
        return mean + 0.1 * draws["u"] + torch.where((x > 0.1) & (x < 0.45), 0.2 * draws["z"], 0.0 * draws["z"]), 0.0


@pytest.mark.parametrize("low", [-2.3, 0.1, 0.75, 1.3])
@pytest.mark.parametrize("least", [0.0, 0.4])
def test_noise_in_a_band(low: float, least: float) -> None:
    scheme = Band(SYSTEM, 0.07)
    scheme.low, scheme.least = low, least
    with pytest.raises(InvalidParameter, match="does not depend on the state"):
        transient_law(scheme, Gaussian(0.0, 1.0), steps=10, rtol=1e-4)


def test_a_normal_draw_that_counts_in_a_band() -> None:
    schedule = NoiseSchedule.linear()
    chain = DDIM(schedule, steps=5).chain(ExactPredictor(Gaussian(0.5, 0.4), schedule))
    with pytest.raises(InvalidParameter, match="does not depend on the state"):
        transient_law(LoudDraw(chain.scheme.dynamics, chain.scheme.step_size), chain.start, steps=1, rtol=1e-3)


def test_steps_without_noise_after_steps_with_it_have_a_law() -> None:
    """The variance by the moments of a Gaussian, whose law a linear force keeps."""
    system = ReverseDiffusion(Gaussian(0.5, 0.4), 1.0, 0.3)

    class Quiet(EulerMaruyama):
        def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
            mean, factor = super().step(x, t, draws)
            return mean, factor * (1.0 if t < 0.2 else 0.0)

    scheme, variance, ends = Quiet(system, 0.07), 1.0, torch.tensor([0.0, 1.0], dtype=torch.float64)
    for k in range(10):
        mean, factor = scheme.step(ends, k * 0.07, {})
        variance = variance * float(mean[1] - mean[0]) ** 2 + float(factor) ** 2
    law = transient_law(scheme, GaussianMixture([1.0], [0.0], [1.0]), steps=10, rtol=1e-5)
    assert abs(law.covariance - variance) < 1e-6 * variance
