"""A step that looks up data by a random index: all indices count, by the cumulants of an affine recursion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import NotConverged
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import Index, Scheme
from pmmtheory.targets import Gaussian

STEP, STAYS = 0.3, 0.7


def looking_up(data: Tensor) -> Scheme:
    class Looking(Scheme):
        draws = {"i": Index(len(data))}
        drift_calls = 1

        def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
            k = torch.floor(torch.as_tensor(draws["i"], dtype=torch.float64) * len(data) + 1e-9).long()
            return x + self.step_size * (self.dynamics.drift(x, t) + data[k]), (2 * self.step_size) ** 0.5

    return Looking(Overdamped(Gaussian()), STEP)


def data(n: int) -> Tensor:
    drawn = torch.randn(n, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
    return drawn - drawn.mean()


@pytest.mark.parametrize("n", [3, 11, 12, 40, 100])
def test_every_index_counts(n: int) -> None:
    """X' = .7 X + .3 d_I + sqrt(.6) Z has the cumulants k2 = (.6 + .09 m2)/(1 - .7^2) and k4 = .3^4 (m4 - 3 m2^2)/(1 - .7^4)."""
    values = data(n)
    second, fourth = float((values**2).mean()), float((values**4).mean())
    law = stationary_law(looking_up(values))
    variance = (2 * STEP + STEP**2 * second) / (1 - STAYS**2)
    assert abs(float(law.covariance) - variance) < 1e-10
    kurtosis = law.moment(4) - 4 * law.moment(3) * law.mean + 6 * law.moment(2) * law.mean**2 - 3 * law.mean**4 - 3 * variance**2
    assert abs(float(kurtosis) - STEP**4 * (fourth - 3 * second**2) / (1 - STAYS**4)) < 1e-8


def test_more_data_than_are_seen_to_jump_are_refused() -> None:
    with pytest.raises(NotConverged):
        stationary_law(looking_up(data(2000)))
