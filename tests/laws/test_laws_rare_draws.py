"""Laws of steps that do something else for a few values of a draw: rare events, narrow ones, kinks, and factors below 0."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import Scheme, Uniform
from pmmtheory.targets import Gaussian

STEP = 0.1


class Kicked(Scheme):
    """LMC with a kick that depends on a uniform number."""

    drift_calls = 1.0

    def __init__(self, kick: Callable[[Tensor], Tensor]):
        super().__init__(Overdamped(Gaussian()), STEP)
        self.kick, self.draws = kick, {"u": Uniform()}

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        return x + self.step_size * self.dynamics.drift(x, t) + self.kick(torch.as_tensor(draws["u"])), math.sqrt(2 * self.step_size)


KICKS = {
    "rare": (lambda u: 3.0 * (u < 1e-4), 3e-4),
    "narrow": (lambda u: 3.0 * (torch.abs(u - 0.37) < 2e-4), 1.2e-3),
    "kink": (lambda u: (u - 0.63).clamp_min(0), 0.37**2 / 2),
    "two kinks": (lambda u: torch.abs(u - 0.3).clamp_max(0.5), 0.3**2 / 2 + 0.5**2 / 2 + 0.2 * 0.5),
}


@pytest.mark.parametrize("name", KICKS)
@pytest.mark.parametrize("rtol", [1e-4, 1e-7])
def test_kicks_have_their_mean(name: str, rtol: float) -> None:
    kick, mean = KICKS[name]
    found = stationary_law(Kicked(kick), rtol=rtol).moment(1)
    assert abs(found.value - mean / STEP) <= found.error
    assert found.error < 100 * rtol


def test_heat_with_a_kink_by_moments() -> None:
    class Hot(Kicked):
        def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
            return x + self.step_size * self.dynamics.drift(x, t), math.sqrt(2 * self.step_size) * (1 + self.kick(torch.as_tensor(draws["u"])))

    law = stationary_law(Hot(lambda u: 3 * (u - 0.63).clamp_min(0)), rtol=1e-3, engine="gaussian")
    variance = 2 * STEP * (1 + 3 * 0.37**2 + 3 * 0.37**3) / (1 - (1 - STEP) ** 2)
    assert abs(float(law.covariance) - variance) <= law.numerical_error * variance + 1e-9


def test_a_factor_below_zero_is_as_one_above() -> None:
    class Negative(Scheme):
        drift_calls = 1.0

        def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
            return x + self.step_size * self.dynamics.drift(x, t), -math.sqrt(2 * self.step_size)

    assert float(stationary_law(Negative(Overdamped(Gaussian()), STEP)).covariance) == pytest.approx(1 / (1 - STEP / 2), rel=1e-9)
