"""Coarse paths on the line whose large steps are wider than the finer ones: what lies beyond the densities that are numbers is continued."""

from __future__ import annotations

import math

import numpy as np
import pytest
from paths_by_hand import parts_of_step

from pmmtheory.divergences import path_kl
from pmmtheory.dynamics import Overdamped
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture


def logs_of(y: np.ndarray, parts: list[tuple[float, float, float]], x: np.ndarray) -> np.ndarray:
    """log sum_j w_j N(y; m_j x, v_j)."""
    each = [math.log(w) - (y - m * x) ** 2 / (2 * v) - math.log(2 * math.pi * v) / 2 for w, m, v in parts]
    total: np.ndarray = np.logaddexp.reduce(each)
    return total


def one_step(parts: list[tuple[float, float, float]], finer: tuple[float, float], starts: list[tuple[float, float, float]]) -> float:
    """E KL of a step from x of sum_i w_i N(m_i, v_i), by the trapezoid rule for both, in logarithms."""
    z = np.linspace(-9.0, 9.0, 241)
    shares = np.exp(-z * z / 2) * (z[1] - z[0]) / math.sqrt(2 * math.pi)
    total = 0.0
    for weight, middle, variance in starts:
        x = (middle + math.sqrt(variance) * z)[:, None]
        places = np.concatenate([m * x for _, m, _ in parts], 1)
        reach = 13 * math.sqrt(max(v for *_, v in parts))
        low, high = places.min(1, keepdims=True) - reach, places.max(1, keepdims=True) + reach
        y = low + (high - low) * np.linspace(0.0, 1.0, 3001)
        log_p, log_q = logs_of(y, parts, x), logs_of(y, [(1.0, *finer)], x)
        total += weight * float(shares @ ((np.exp(log_p) * (log_p - log_q)).sum(1) * (high - low)[:, 0] / 3000))
    return total


@pytest.mark.parametrize("weight", [9.749e-4, 1e-2, 0.3])
@pytest.mark.parametrize(("step", "substeps"), [(1.23709, 2), (0.9, 3)])
def test_starts_of_a_narrow_part_and_a_wide_one(weight: float, step: float, substeps: int) -> None:
    """From the wide one less is left from decade to decade than from both."""
    starts = [(1 - weight, 0.0, 0.5), (weight, 1.507, 13.755)]
    dynamics, fine = Overdamped(Gaussian()), step / substeps
    finer = (1 - fine) ** substeps, 2 * fine * sum((1 - fine) ** (2 * i) for i in range(substeps))
    value = one_step(parts_of_step(step, substeps, "bernoulli"), finer, starts)
    start = GaussianMixture(*(list(part) for part in zip(*starts, strict=True)))
    found = path_kl(PoissonMidpoint(dynamics, step, substeps, "bernoulli"), EulerMaruyama(dynamics, fine), 1, start)
    assert abs(found.value - value) <= 0.9 * found.error
    assert found.error < 1e-2 * found.value


@pytest.mark.parametrize("variance", [1.0, 4.0, 16.0])
@pytest.mark.parametrize(("step", "many"), [(1.0, 10), (1.3, 2), (0.8, 20)])
def test_one_gaussian_against_a_narrower_one(step: float, many: int, variance: float) -> None:
    """On a mixture of equal modes, which has no closed form for the law and is a Gaussian all the same."""
    fine = step / many
    slope, spread = (1 - fine) ** many, 2 * fine * sum((1 - fine) ** (2 * i) for i in range(many))
    excess = 2 * step / spread - 1
    value = (excess - math.log1p(excess) + (1 - step - slope) ** 2 * variance / spread) / 2
    dynamics = Overdamped(GaussianMixture([0.5, 0.5], [0.0, 0.0], [1.0, 1.0]))
    found = path_kl(EulerMaruyama(dynamics, step), EulerMaruyama(dynamics, fine), 1, Gaussian(0.0, variance))
    assert abs(found.value - value) <= 0.9 * found.error
