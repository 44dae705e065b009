"""Laws of steps that depend on the number of a datum."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import Index, Scheme
from pmmtheory.targets import Gaussian

STEP = 0.1


class OneOfMany(Scheme):
    """All data but one leave the drift alone."""

    drift_calls = 1.0

    def __init__(self, dynamics: Overdamped, step_size: float, size: int):
        super().__init__(dynamics, step_size)
        self.size, self.draws = size, {"i": Index(size)}

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        share = 5.0 * (torch.round(draws["i"] * self.size) == self.size // 2).to(x)
        return x + self.step_size * (1 + share) * self.dynamics.drift(x, t), math.sqrt(2 * self.step_size)


@pytest.mark.parametrize("engine", ["gaussian", "line"])
@pytest.mark.parametrize("size", [3, 30, 200])
def test_one_datum_counts(engine: str, size: int) -> None:
    law = stationary_law(OneOfMany(Overdamped(Gaussian()), STEP, size), engine=engine)
    kept = ((size - 1) * (1 - STEP) ** 2 + (1 - 6 * STEP) ** 2) / size
    assert float(law.covariance) == pytest.approx(2 * STEP / (1 - kept), rel=1e-9)


def test_one_datum_of_more_than_are_listed_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="smoothly with an index of 1000 values"):
        stationary_law(OneOfMany(Overdamped(Gaussian()), STEP, 1000))


def test_a_smooth_index_is_served_at_any_size() -> None:
    class Smooth(OneOfMany):
        def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
            return x + self.step_size * (1 + draws["i"]) * self.dynamics.drift(x, t), math.sqrt(2 * self.step_size)

    size = 1000
    law = stationary_law(Smooth(Overdamped(Gaussian()), STEP, size))
    kept = sum((1 - STEP * (1 + i / size)) ** 2 for i in range(size)) / size
    assert float(law.covariance) == pytest.approx(2 * STEP / (1 - kept), rel=1e-9)
