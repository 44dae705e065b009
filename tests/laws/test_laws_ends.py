"""Distances of moving laws whose tails are left out step by step: Gaussians in closed form."""

from __future__ import annotations

import math

import pytest

from pmmtheory.divergences import chi2, kl, renyi, reverse_kl
from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian

CASES = [(2.0, 2.0, 0.02, 2e-8), (2.0, 2.0, 0.02, 1e-2), (0.0, 0.05, 0.1, 0.1), (0.0, 0.05, 0.02, 0.1), (1.0, 0.3, 0.02, 0.1)]
"""Mean and variance of the data, where it stops, and rtol."""


@pytest.mark.parametrize(("moved", "wider"), [(0.0, 1.0), (0.3, 0.9), (0.15, 1.3)])
@pytest.mark.parametrize(("mean", "variance", "stop", "rtol"), CASES)
def test_what_is_left_out_counts_where_it_is(mean: float, variance: float, stop: float, rtol: float, moved: float, wider: float) -> None:
    """A chi2 was off by 1.3 times its error, a reverse KL by 1.1."""
    reverse, steps = ReverseDiffusion(Gaussian(mean, variance), 1.0, stop), 20
    size = reverse.duration / steps
    law = transient_law(EulerMaruyama(reverse, size), reverse.marginal(1.0), steps, rtol=rtol)
    middle, width = noised(mean, variance, 1.0)
    for k in range(steps):
        there, spread = noised(mean, variance, 1.0 - k * size)
        factor = 1 + size - 2 * size / spread
        middle, width = factor * middle + 2 * size * there / spread, factor**2 * width + 2 * size
    there, spread = noised(mean, variance, stop)
    goal, broad = there + moved * math.sqrt(spread), wider * spread

    def of_order(a: float) -> float:
        both = a * broad + (1 - a) * width
        if both <= 0:
            return math.inf
        return a * (middle - goal) ** 2 / (2 * both) - math.log(both / (width ** (1 - a) * broad**a)) / (2 * (a - 1))

    right = {
        kl: (width / broad - 1 - math.log(width / broad) + (middle - goal) ** 2 / broad) / 2,
        reverse_kl: (broad / width - 1 - math.log(broad / width) + (middle - goal) ** 2 / width) / 2,
        chi2: math.expm1(of_order(2.0)),
        renyi: of_order(3.0),
    }
    for divergence, value in right.items():
        try:
            found = divergence(law, Gaussian(goal, broad), *((3.0,) if divergence is renyi else ()))
        except (InvalidParameter, NotConverged):
            continue
        assert abs(found.value - value) <= found.error + 1e-12 * abs(value)


def noised(mean: float, variance: float, t: float) -> tuple[float, float]:
    """Of the data after a time t of noising."""
    return mean * math.exp(-t), variance * math.exp(-2 * t) - math.expm1(-2 * t)
