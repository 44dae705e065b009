"""The randomized midpoint on the probability flow: unbiased steps, exact laws, and its order."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from scipy.integrate import quad
from torch import Tensor

from pmmtheory.divergences import w2
from pmmtheory.laws import transient_law
from pmmtheory.noise.ratio import between
from pmmtheory.rates import fit_rate
from pmmtheory.schedulers import DDIM, ExactPredictor, NoiseSchedule, RandomizedMidpointScheduler
from pmmtheory.targets import Gaussian, GaussianMixture

SCHEDULE = NoiseSchedule.linear()
DATA = GaussianMixture([0.4, 0.6], [-1.0, 1.2], [0.5, 0.3])


def ratio(t: float) -> float:
    return SCHEDULE.sigma(t) / SCHEDULE.alpha(t)


@pytest.mark.parametrize(("first", "last"), [(1000.0, 900.0), (50.0, 0.5), (33.25, 1.0)])
def test_levels_between_are_uniform_in_the_ratio(first: float, last: float) -> None:
    share = torch.linspace(0, 1, 9, dtype=torch.float64)
    time, growth, response = between(SCHEDULE, first, last, share)
    wanted = ratio(first) + share * (ratio(last) - ratio(first))
    found = SCHEDULE.sigma(time) / SCHEDULE.alpha(time)
    assert torch.allclose(found, wanted, rtol=1e-9, atol=0)
    assert torch.allclose(growth, SCHEDULE.alpha(time) / SCHEDULE.alpha(first), rtol=1e-9, atol=0)
    assert torch.allclose(response, SCHEDULE.alpha(time) * (wanted - ratio(first)), rtol=1e-9, atol=1e-15)
    assert bool((time[:-1] > time[1:]).all()) and abs(float(time[0]) - first) < 1e-9 and abs(float(time[-1]) - last) < 1e-9


def test_a_step_is_unbiased_for_the_integral_of_what_is_predicted() -> None:
    """Noise that depends on the time alone: the mean over u is the integral of eps over sigma/alpha, by the midpoint rule."""

    def eps(x: Tensor, t: Any) -> Tensor:
        return torch.cos(torch.as_tensor(t, dtype=x.dtype) / 150) * torch.ones_like(x)

    first, last = 700.0, 100.0
    scheme = RandomizedMidpointScheduler(SCHEDULE, times=[first, last]).scheme(eps, ())
    u, weights = (torch.as_tensor(part) for part in scheme.draws["u"].rule(12))
    mean, factor = scheme.step(torch.full_like(u, 0.3), 0.0, {"u": u})
    w = ratio(first) + (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000 * (ratio(last) - ratio(first))
    integral = float(torch.cos(SCHEDULE.time_at(-torch.log(w)) / 150).mean()) * (ratio(last) - ratio(first))
    wanted = SCHEDULE.alpha(last) * (0.3 / SCHEDULE.alpha(first) + integral)
    assert factor == 0.0 and abs(float(weights @ mean) - wanted) < 1e-6  # log alpha has kinks at whole times
    assert abs(float(DDIM(SCHEDULE, times=[first, last]).scheme(eps, ()).step(torch.tensor([0.3], dtype=torch.float64), 0.0, {})[0]) - wanted) > 1e-2


@pytest.mark.slow
def test_moments_on_gaussian_data_are_those_of_a_recursion() -> None:
    """A step multiplies the deviation from the mean by m(u), the mean of whose square is by adaptive quadrature."""
    data, sampler = Gaussian(0.7, 0.3), RandomizedMidpointScheduler(SCHEDULE, times=[*SCHEDULE.times(8, "log-snr", 100), 0])
    law = transient_law(sampler.chain(ExactPredictor(data, SCHEDULE)), engine="gaussian")

    def slope(t: float) -> float:
        return SCHEDULE.sigma(t) / (0.3 * SCHEDULE.alpha(t) ** 2 + SCHEDULE.sigma(t) ** 2)

    variance = 0.3 * SCHEDULE.alpha(1000.0) ** 2 + SCHEDULE.sigma(1000.0) ** 2
    for t, s in zip(sampler.times, sampler.times[1:], strict=False):
        change, growth = ratio(s) - ratio(t), SCHEDULE.alpha(s) / SCHEDULE.alpha(t)

        def square(u: float, t: float = t, s: float = s, change: float = change, growth: float = growth) -> float:
            w = ratio(t) + u * change
            r = SCHEDULE.time_at(-math.log(w))
            middle = SCHEDULE.alpha(r) * (1 / SCHEDULE.alpha(t) + u * change * slope(t))
            return float((growth + SCHEDULE.alpha(s) * change * slope(r) * middle) ** 2)

        to_data = (growth + change * slope(t)) ** 2
        variance *= to_data if s == 0 else quad(square, 0, 1, epsabs=1e-12, limit=500)[0]
    assert abs(law.covariance / variance - 1) < 1e-8 and abs(law.mean - 0.7) < 1e-9


@pytest.mark.slow
def test_it_is_of_order_two_on_gaussian_data() -> None:
    data, end = Gaussian(0.7, 0.2), SCHEDULE.marginal(Gaussian(0.7, 0.2), 100)
    steps, errors = (12, 16, 24, 32, 48), []
    for n in steps:
        law = transient_law(RandomizedMidpointScheduler(SCHEDULE, n, spacing="log-snr", end=100).chain(ExactPredictor(data, SCHEDULE)), engine="gaussian")
        errors.append(abs(math.sqrt(float(law.covariance)) - math.sqrt(float(end.covariance))))
    assert fit_rate([1 / n for n in steps], errors, predicted=2).verdict == "pass"
    assert fit_rate([1 / n for n in steps], errors, predicted=1).verdict == "fail"


@pytest.mark.slow
def test_it_is_of_order_two_on_a_mixture() -> None:
    steps, errors = (6, 8, 12, 16), []
    for n in steps:
        law = transient_law(RandomizedMidpointScheduler(SCHEDULE, n, spacing="log-snr", end=450).chain(ExactPredictor(DATA, SCHEDULE)), rtol=1e-4)
        errors.append(w2(law, SCHEDULE.marginal(DATA, 450)))
    assert fit_rate([1 / n for n in steps], errors, predicted=2).verdict == "pass"
    assert fit_rate([1 / n for n in steps], errors, predicted=1).verdict == "fail"


@pytest.mark.slow
def test_paths_are_of_order_three_halves() -> None:
    """The root mean square distance of points from the exact flow, which the law does not show: their random parts add up."""
    data, gaps, steps = Gaussian(0.7, 0.2), [], (16, 64)
    x = SCHEDULE.marginal(data, 1000).sample(4000, seed=0)
    first, last = (SCHEDULE.marginal(data, t) for t in (1000, 100))
    exact = last.mean + (x - first.mean) * math.sqrt(float(last.covariance) / float(first.covariance))
    for n in steps:
        made = RandomizedMidpointScheduler(SCHEDULE, n, spacing="log-snr", end=100).sample(ExactPredictor(data, SCHEDULE), x, seed=n, independent=True)
        gaps.append(float((made - exact).square().mean().sqrt()))
    rate = math.log(gaps[0] / gaps[1]) / math.log(4)
    assert 1.3 < rate < 1.75


@pytest.mark.slow
def test_it_is_nearer_than_ddim_with_as_many_calls() -> None:
    data, end = Gaussian(0.7, 0.2), SCHEDULE.marginal(Gaussian(0.7, 0.2), 100)
    grid = {"spacing": "log-snr", "end": 100}
    made = RandomizedMidpointScheduler(SCHEDULE, 16, **grid), DDIM(SCHEDULE, 32, **grid)  # type: ignore[arg-type]
    one, other = (transient_law(each.chain(ExactPredictor(data, SCHEDULE)), engine="gaussian") for each in made)
    assert abs(float(one.covariance) / float(end.covariance) - 1) < abs(float(other.covariance) / float(end.covariance) - 1) / 3
