"""Midpoints that a batch shares: the exact law of each point over many runs, and that points of one run are not independent."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.laws import transient_law
from pmmtheory.particles import simulate
from pmmtheory.schedulers import DDPM, ExactPredictor, NoiseSchedule, PoissonMidpointScheduler
from pmmtheory.targets import Gaussian, GaussianMixture, Target

SCHEDULE = NoiseSchedule.linear(100)
NORMAL = Gaussian(0.7, 0.3)
DATA = GaussianMixture([0.3, 0.7], [-1.5, 1.0], [0.1, 0.3])
EPS = ExactPredictor(DATA, SCHEDULE)
RUNS = 1200
FEW = 250
"""Runs on Gaussian data, of which moments are asked alone."""
STEPS, SUBSTEPS, END = 3, 3, 40
MIDPOINTS = pytest.mark.parametrize("midpoints", ["bernoulli", "single", "interior"])


def sampler(midpoints: str) -> PoissonMidpointScheduler:
    return PoissonMidpointScheduler(SCHEDULE, STEPS, SUBSTEPS, midpoints=midpoints, end=END)


@cache
def ends(midpoints: str, data: Target = DATA, runs: int = RUNS) -> Tensor:
    """The points of many runs, one row a run."""
    starts = SCHEDULE.marginal(data, 100).sample(3 * runs, seed=5).reshape(runs, 3)
    eps, made = ExactPredictor(data, SCHEDULE), sampler(midpoints)
    return torch.stack([made.sample(eps, start, seed) for seed, start in enumerate(starts)])


class Empirical:
    """The law of sorted points."""

    def __init__(self, points: Tensor) -> None:
        self.points = points

    def cdf(self, x: Tensor) -> Tensor:
        return torch.searchsorted(self.points, x).double() / len(self.points)


def distance(x: Tensor, law: Any) -> float:
    """Kolmogorov's: the largest difference of distribution functions."""
    seen, n = x.sort().values, len(x)
    exact = law.cdf(seen)
    return float(torch.maximum((exact - torch.arange(n) / n).abs(), (torch.arange(1, n + 1) / n - exact).abs()).max())


def chance(n: int) -> float:
    """What the distance of n independent points of the law is above once in a million times (Dvoretzky, Kiefer, Wolfowitz and Massart)."""
    return math.sqrt(math.log(2e6) / (2 * n))


@pytest.mark.slow
@pytest.mark.parametrize("midpoints", ["single", "interior"])
def test_each_point_has_the_law_of_the_sampler(midpoints: str) -> None:
    law = transient_law(sampler(midpoints).chain(EPS), rtol=1e-2)
    for point in range(3):
        assert distance(ends(midpoints)[:, point], law) < chance(RUNS) + law.numerical_error


@pytest.mark.slow
@MIDPOINTS
def test_each_point_is_as_independent_particles_are(midpoints: str) -> None:
    particles = simulate(sampler(midpoints).chain(EPS), 100_000, dtype=torch.float64).sort().values
    for point in range(3):
        assert distance(ends(midpoints)[:, point], Empirical(particles)) < chance(RUNS) + chance(len(particles))


@pytest.mark.slow
@MIDPOINTS
def test_moments_on_gaussian_data_are_exact(midpoints: str) -> None:
    """The square of the distance from the exact mean has the exact variance as its mean."""
    law = transient_law(sampler(midpoints).chain(ExactPredictor(NORMAL, SCHEDULE)), engine="gaussian")
    for x in ends(midpoints, NORMAL, FEW).T:
        for power, exact in ((x, law.mean), ((x - float(law.mean)) ** 2, law.covariance)):
            assert abs(float(power.mean()) - float(exact)) < 4.5 * float(power.std()) / math.sqrt(FEW)


@pytest.mark.slow
@MIDPOINTS
def test_the_law_of_another_sampler_is_told_apart(midpoints: str) -> None:
    """The same large steps without midpoints."""
    law = transient_law(DDPM(SCHEDULE, STEPS, "V1", end=END).chain(EPS), rtol=1e-2)
    assert distance(ends(midpoints)[:, 0], law) > 1.5 * chance(RUNS)


def spread_of_means(independent: bool, midpoints: str) -> float:
    """The variance of the means of 40 runs of 1000 points that start in one place, in units of that of means of independent points."""
    points, start, made = 1000, torch.full((1000,), 1.5, dtype=torch.float64), sampler(midpoints)
    x = torch.stack([made.sample(EPS, start, seed, independent=independent) for seed in range(40)])
    return float(x.mean(1).var() / x.var() * points)


@pytest.mark.slow
@MIDPOINTS
def test_points_of_one_run_depend_on_each_other_unless_they_have_midpoints_of_their_own(midpoints: str) -> None:
    """Of independent points the ratio is chi2 with 39 degrees of freedom, over 39: above 2.6 once in a million times."""
    assert spread_of_means(True, midpoints) < 2.6 < 5 < spread_of_means(False, midpoints)
