"""Errors of two samples whose laws are nearly equal."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.divergences import Estimate, mmd_squared, stein_discrepancy
from pmmtheory.divergences.two_samples.stein import _stein_kernel
from pmmtheory.targets import Gaussian

NEAR = [(40, 0.5, 3.0), (40, 0.7, 1.0), (200, 0.2, 3.0)]
"""Points, a shift of about one over their root, and the bandwidth: where the error is found small together with the value."""


def covered(estimates: list[Estimate], right: float) -> float:
    return sum(abs(found.value - right) <= 1.96 * found.error for found in estimates) / len(estimates)


@pytest.mark.parametrize(("n", "shift", "bandwidth"), NEAR)
def test_intervals_next_to_equal_laws(n: int, shift: float, bandwidth: float) -> None:
    """85% of them held."""
    spread = bandwidth**2 + 2
    right = 2 * bandwidth / math.sqrt(spread) * (1 - math.exp(-(shift**2) / (2 * spread)))
    found = []
    for seed in range(300):
        generator = torch.Generator().manual_seed(seed)
        x, y = (torch.randn(n, generator=generator, dtype=torch.float64) for _ in range(2))
        found.append(mmd_squared(x, y + shift, bandwidth))
    assert covered(found, right) >= 0.92
    assert float(torch.tensor([one.value for one in found]).std()) > sum(one.error for one in found) / 3 / len(found)


def test_stein_intervals_next_to_the_target() -> None:
    """88% of them held. The mean of u over N(m, 1) is by quadrature."""
    z, w = torch.linspace(-9.0, 9.0, 901, dtype=torch.float64), torch.exp(-(torch.linspace(-9.0, 9.0, 901, dtype=torch.float64) ** 2) / 2)
    w = w / w.sum()
    carried = torch.stack([z + 0.15, -z - 0.15], 1)
    right, found = float(w @ _stein_kernel(1.0)(carried, carried) @ w), []
    for seed in range(200):
        x = 0.15 + torch.randn(400, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        found.append(stein_discrepancy(x, Gaussian()))
    assert covered(found, right) >= 0.92
