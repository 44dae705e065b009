"""Coarse paths on isotropic Gaussians where a step of one chain goes many standard deviations from where that of the other does, as in high dimension."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paths_by_hand import parts_of_step

from pmmtheory.divergences import path_kl
from pmmtheory.divergences.paths.around_axis import COARSE, FINE, OTHER, kl_around_axis, wider
from pmmtheory.dynamics import Overdamped
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import Gaussian


def on_the_axis(weights: np.ndarray, shifts: np.ndarray, excess: float) -> float:
    """sum_q weights[q] N(shifts[q], 1 + excess) against N(0, 1), by a dense rule."""
    x, cell = np.linspace(-130.0, 130.0, 1_000_001, retstep=True)
    logs = -((x[:, None] - shifts) ** 2) / (2 * (1 + excess)) + x[:, None] ** 2 / 2 - math.log1p(excess) / 2 + np.log(weights)
    highest = logs.max(1)
    log = highest + np.log(np.exp(logs - highest[:, None]).sum(1))
    q = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return float((np.exp(log - x * x / 2) / math.sqrt(2 * math.pi) * (log - 1) + q).sum() * cell)


@given(
    st.sampled_from([2, 3, 10, 1000, 100_000]),
    st.lists(st.floats(-60.0, 60.0), min_size=2, max_size=3),
    st.floats(-0.3, 1.0),
    st.floats(0.05, 0.5),
)
@example(10_000, [0.0, 14.0], 0.0, 0.5)
@example(2, [3.0, -3.0], 0.0, 0.5)
@example(100, [30.0, 30.0], 0.0, 0.5)
def test_parts_of_one_width_have_the_divergence_on_the_axis(dim: int, shifts: list[float], excess: float, first: float) -> None:
    weights, places = np.array([first, *[(1 - first) / (len(shifts) - 1)] * (len(shifts) - 1)]), np.array(shifts)
    right = on_the_axis(weights, places, excess) + (dim - 1) * float(wider(np.array(excess))) / 2
    for at in (FINE, COARSE, OTHER):
        found = kl_around_axis(dim, weights, places, np.full(len(shifts), excess), at)
        assert found.kl == pytest.approx(right, rel=1e-6, abs=1e-8)
        assert found.unseen < 1e-6


@pytest.mark.parametrize("start", [1.0, 4.0])
@pytest.mark.parametrize(
    ("dim", "step", "many", "steps"), [(3000, 0.7, 2, 1), (10_000, 0.5, 10, 100), (10_000, 0.5, 2, 1), (10**6, 0.3, 5, 1), (100_000, 0.03, 4, 2)]
)
def test_one_gaussian_against_another(dim: int, step: float, many: int, steps: int, start: float) -> None:
    dynamics = Overdamped(Gaussian([0.0] * dim, 1.0))
    fine = step / many
    slope, variance = (1 - fine) ** many, 2 * fine * sum((1 - fine) ** (2 * i) for i in range(many))
    size, value = start, 0.0
    for _ in range(steps):
        excess = 2 * step / variance - 1
        value += dim * (excess - math.log1p(excess) + (1 - step - slope) ** 2 * size / variance) / 2
        size = (1 - step) ** 2 * size + 2 * step
    found = path_kl(EulerMaruyama(dynamics, step), EulerMaruyama(dynamics, fine), steps, Gaussian([0.0] * dim, start))
    assert abs(found.value - value) <= found.error <= 1e-2 * value


@pytest.mark.parametrize("start", [1.0, 4.0])
@pytest.mark.parametrize(("dim", "step"), [(3000, 0.9), (10_000, 0.5)])
def test_a_midpoint_that_parts_a_step_in_two(dim: int, step: float, start: float) -> None:
    """KL of a mixture of far parts is the mean of theirs, less at most the entropy of the weights."""
    dynamics, half = Overdamped(Gaussian([0.0] * dim, 1.0)), step / 2
    slope, variance = (1 - half) ** 2, 2 * half * (1 + (1 - half) ** 2)
    most, entropy = 0.0, 0.0
    for weight, kept, spread in parts_of_step(step, 2, "bernoulli"):
        excess = spread / variance - 1
        most += weight * dim * (excess - math.log1p(excess) + (kept - slope) ** 2 * start / variance) / 2
        entropy -= weight * math.log(weight)
    found = path_kl(PoissonMidpoint(dynamics, step, 2, "bernoulli"), EulerMaruyama(dynamics, half), 1, Gaussian([0.0] * dim, start))
    assert most - entropy - found.error <= found.value <= most + found.error
    assert found.error < 1e-3 * found.value
