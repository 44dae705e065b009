"""Chains without noise whose steps are maps drawn at random: their laws on the line."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import transient_law
from pmmtheory.numerics.rules import gauss_legendre
from pmmtheory.schedulers import DDIM, ExactPredictor, NoiseSchedule, PoissonMidpointScheduler, RandomizedMidpointScheduler, Scheduler
from pmmtheory.schemes import Normal
from pmmtheory.schemes.randomized_flow_midpoint import RandomizedFlowMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture

SCHEDULE = NoiseSchedule.linear()
MIXTURE = ExactPredictor(GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3]), SCHEDULE)
GAUSSIAN = ExactPredictor(Gaussian(0.7, 0.3), SCHEDULE)

SAMPLERS: dict[str, Scheduler] = {
    "randomized": RandomizedMidpointScheduler(SCHEDULE, 8, spacing="log-snr", end=100),
    "randomized, to the data": RandomizedMidpointScheduler(SCHEDULE, 6),
    "interior": PoissonMidpointScheduler(SCHEDULE, 5, 5, variant="DDIM0", midpoints="interior"),
    "single": PoissonMidpointScheduler(SCHEDULE, 5, 4, variant="DDIM0", midpoints="single"),
    "bernoulli": PoissonMidpointScheduler(SCHEDULE, 4, 4, variant="DDIM0", midpoints="bernoulli"),
}

LAST = RandomizedMidpointScheduler(SCHEDULE, times=SAMPLERS["randomized"].times[4:])
"""The last four of eight steps, where the modes part."""


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLERS)
def test_on_gaussian_data_moments_are_those_of_the_linear_recursion(name: str) -> None:
    chain = SAMPLERS[name].chain(GAUSSIAN)
    law, moments = transient_law(chain, engine="inhomogeneous", rtol=1e-6), transient_law(chain, engine="gaussian")
    square, wanted = law.moment(2), moments.covariance + moments.mean**2
    assert abs(law.mean - moments.mean) <= 1e-9 and abs(square.value - wanted) <= 3 * square.error + 1e-9


@pytest.mark.slow
def test_distribution_functions_by_inverting_runs() -> None:
    """P(X <= y) is the mean over the draws of all steps together of Phi(x), x being where the whole run leads to y: by bisection, at a product of rules."""
    sampler = RandomizedMidpointScheduler(SCHEDULE, times=SCHEDULE.times(8, "log-snr", 100)[4:7])
    chain = sampler.chain(MIXTURE, Gaussian())
    law, y = transient_law(chain, rtol=1e-7), torch.tensor([-1.7, -0.6, 0.0, 0.4, 1.3], dtype=torch.float64)
    u, weights = (torch.as_tensor(part) for part in gauss_legendre(32))
    draws = [each.reshape(-1, 1) for each in torch.meshgrid(u, u, indexing="ij")]
    low, high = (torch.full((len(draws[0]), len(y)), end, dtype=torch.float64) for end in (-9.0, 9.0))
    for _ in range(44):
        x = state = (low + high) / 2
        for k, each in enumerate(draws):
            state = chain.scheme.step(state, float(k), {"u": each})[0]
        low, high = torch.where(state < y, x, low), torch.where(state < y, high, x)
    wanted = torch.outer(weights, weights).flatten() @ torch.special.ndtr(low)
    assert float((law.cdf(y) - wanted).abs().max()) <= law.numerical_error + 1e-9
    of_ddim = transient_law(DDIM(SCHEDULE, times=sampler.times).chain(MIXTURE, Gaussian()), rtol=1e-6)
    assert float((of_ddim.cdf(y) - wanted).abs().max()) > 1e-3


@pytest.mark.slow
def test_a_closer_look_stays_within_the_stated_error() -> None:
    chain, x = LAST.chain(MIXTURE, Gaussian()), torch.linspace(-2.5, 2.5, 41, dtype=torch.float64)
    rough, fine = (transient_law(chain, rtol=rtol) for rtol in (1e-3, 1e-8))
    assert fine.numerical_error <= 1e-8
    assert float((rough.cdf(x) - fine.cdf(x)).abs().max()) <= rough.numerical_error + fine.numerical_error


@pytest.mark.slow
def test_samples_have_the_law_that_is_computed() -> None:
    """The Kolmogorov distance of 400,000 points, which sees a change of 1% in the width."""
    n = 400_000
    law = transient_law(LAST.chain(MIXTURE, Gaussian()), rtol=1e-4)
    x = torch.sort(LAST.sample(MIXTURE, torch.randn(n, dtype=torch.float64, generator=torch.Generator().manual_seed(1)), seed=2, independent=True)).values
    allowed = 2.0 / math.sqrt(n)  # exceeded with probability 7e-4
    assert kolmogorov(law.cdf(x)) <= allowed + law.numerical_error
    assert kolmogorov(law.cdf(1.01 * x)) > allowed
    other = RandomizedMidpointScheduler(SCHEDULE, times=[LAST.times[0], *LAST.times[2:]])
    assert kolmogorov(transient_law(other.chain(MIXTURE, Gaussian()), rtol=1e-4).cdf(x)) > allowed


def kolmogorov(u: torch.Tensor) -> float:
    """The largest gap between sorted values of a distribution function and those of a uniform sample."""
    ranks = torch.arange(len(u) + 1, dtype=torch.float64) / len(u)
    return float(torch.maximum(u - ranks[:-1], ranks[1:] - u).max())


def test_midpoints_that_cannot_be_listed_are_refused() -> None:
    sampler = PoissonMidpointScheduler(SCHEDULE, 5, 20, variant="DDIM0", midpoints="bernoulli")
    with pytest.raises(InvalidParameter, match="midpoints can be listed"):
        transient_law(sampler.chain(MIXTURE))


def test_a_normal_draw_that_matters_is_no_map() -> None:
    """A scheme that draws noise of its own, over dynamics without noise, is refused, not taken for a mixture of maps."""

    class Shaken(RandomizedFlowMidpoint):
        draws = {**RandomizedFlowMidpoint.draws, "z": Normal()}

        def step(self, x, t, draws):  # type: ignore[no-untyped-def]
            mean, factor = super().step(x, t, draws)
            return mean + 0.1 * draws["z"], factor

    chain = SAMPLERS["randomized"].chain(MIXTURE)
    with pytest.raises(InvalidParameter, match="all of the noise of their dynamics, or none"):
        transient_law(Shaken(chain.scheme.dynamics), initial=chain.start, steps=2)  # type: ignore[arg-type]
