"""What the schedulers for the diffusers library generate has the exact law of our own samplers, without sampling.

Midpoints are shared by a batch, so that a run is one of finitely many on a small schedule: all of them are made, each with its probability. On
Gaussian data a run is affine in its start and its noises, and unit vectors for these show its coefficients.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.laws import transient_law
from pmmtheory.numerics.rules import gauss_legendre
from pmmtheory.schedulers import ExactPredictor, NoiseSchedule
from pmmtheory.schedulers import PoissonMidpointScheduler as Own
from pmmtheory.schedulers import RandomizedMidpointScheduler as OwnRandomized
from pmmtheory.targets import Gaussian, GaussianMixture

pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

from pmmtheory.integrations.diffusers import PoissonMidpointScheduler, RandomizedMidpointScheduler  # noqa: E402
from pmmtheory.integrations.diffusers.flow_step import FlowStep  # noqa: E402
from pmmtheory.noise.ratio import between  # noqa: E402

N, K = 12, 4
SCHEDULE = NoiseSchedule.linear(N, 0.02, 0.35)
DATA = Gaussian(0.7, 0.3)
PREDICTOR = ExactPredictor(DATA, SCHEDULE)
KINDS = ["interior", "single", "bernoulli"]
STEPS = {"interior": 3, "single": 2, "bernoulli": 2}
BASES = {"V1": "V1", "V1a": "V1a", "V1b": "V1b", "V1c": "V1c", "V1d": "V1d", "V2": "V2", "V3": "V3", "V3-literal": "V3-literal", "DDIM0": "DDIM"}
DRAWN = "pmmtheory.integrations.diffusers.plan.drawn"
NOISE = "pmmtheory.integrations.diffusers.scheduler.randn_tensor"
Layout = tuple[tuple[int, ...], float]


def layouts(kind: str) -> list[Layout]:
    """The midpoints that a large step may have, and their probabilities."""
    if kind == "bernoulli":
        subsets = [each for size in range(K) for each in itertools.combinations(range(1, K), size)]
        return [(each, (1 / K) ** len(each) * (1 - 1 / K) ** (K - 1 - len(each))) for each in subsets]
    first = int(kind == "interior")
    return [((one,) if one else (), 1 / (K - first)) for one in range(first, K)]


def runs(kind: str, base: str, monkeypatch: pytest.MonkeyPatch, steps: int = 3, heavier: float = 1.0) -> Iterator[tuple[PoissonMidpointScheduler, float]]:
    """A scheduler laid out with every choice of midpoints, and the probability of that."""
    weight = K - 1.0 if kind == "interior" else float(K)
    scheduler = PoissonMidpointScheduler(trained_betas=list(SCHEDULE.betas), base=BASES[base], midpoints=kind)
    for chosen in itertools.product(layouts(kind), repeat=steps):
        following = iter(chosen)
        with monkeypatch.context() as patch:
            patch.setattr(DRAWN, lambda *_, following=following: (next(following)[0], heavier * weight))
            scheduler.set_timesteps(timesteps=range(K * steps - 1, -1, -K))
        yield scheduler, math.prod(p for _, p in chosen)


def generated(scheduler: Any, x: Tensor, predictor: Callable[[Tensor, float], Tensor], generator: Any = None) -> Tensor:
    for t in scheduler.timesteps:
        x = scheduler.step(predictor(x, float(t) + 1), t, x, generator=generator).prev_sample
    return x


def coefficients(scheduler: Any, predictor: Any, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch, louder: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
    """Of a run that is affine: the offset (d,), what multiplies the start (d, d), and the noises (calls, d, d)."""
    d, calls = math.prod(shape), len(scheduler.timesteps)
    unit, number = torch.eye(d, dtype=torch.float64).reshape(d, *shape), itertools.count(1)

    def noise(*_: Any, **__: Any) -> Tensor:
        z = torch.zeros((2 + calls) * d, *shape, dtype=torch.float64)
        k = next(number)
        z[(1 + k) * d : (2 + k) * d] = louder * unit
        return z

    monkeypatch.setattr(NOISE, noise)
    x = torch.zeros((2 + calls) * d, *shape, dtype=torch.float64)
    x[d : 2 * d] = unit
    end = generated(scheduler, x, predictor).reshape(2 + calls, d, d)
    return end[0, 0], (end[1] - end[0]).T, (end[2:] - end[0]).transpose(1, 2)


def moments(kind: str, base: str, monkeypatch: pytest.MonkeyPatch, louder: float = 1.0, heavier: float = 1.0) -> tuple[float, float]:
    """The mean and the variance of what is generated from standard normal noise."""
    mean = square = total = 0.0
    for scheduler, p in runs(kind, base, monkeypatch, STEPS[kind], heavier):
        offset, start, noises = coefficients(scheduler, PREDICTOR, (1,), monkeypatch, louder)
        spread = float(start.square().sum() + noises.square().sum())
        mean, square, total = mean + p * float(offset), square + p * (float(offset) ** 2 + spread), total + p
    assert abs(total - 1) < 1e-12
    return mean, square - mean**2


def own_law(kind: str, base: str) -> Any:
    own = Own(SCHEDULE, times=range(K * STEPS[kind], -1, -1), substeps=K, variant=base, midpoints=kind)
    return transient_law(own.chain(PREDICTOR, Gaussian()), engine="gaussian")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("base", BASES)
def test_moments_on_gaussian_data(kind: str, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    law, (mean, variance) = own_law(kind, base), moments(kind, base, monkeypatch)
    assert abs(mean - law.mean) <= 1e-12 and abs(variance / law.covariance - 1) <= 1e-11


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["louder", "heavier"])
def test_one_percent_is_seen(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise that is 1% too loud, or midpoints that weigh 1% too much."""
    law, (_, variance) = own_law("interior", "V1"), moments("interior", "V1", monkeypatch, **{wrong: 1.01})
    assert abs(variance / law.covariance - 1) > 1e-4


@pytest.mark.slow
def test_correlated_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small image shape: all covariances between pixels are those of the law, which the shared midpoints correlate too."""
    shape, d = (1, 2, 3), 6
    root = torch.randn(d, d, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) / d**0.5
    data = Gaussian(torch.zeros(d, dtype=torch.float64), root @ root.T + 0.1 * torch.eye(d, dtype=torch.float64))
    exact = ExactPredictor(data, SCHEDULE)
    own = Own(SCHEDULE, times=range(N, -1, -1), substeps=K, variant="V2", midpoints="interior").chain(exact, Gaussian(dim=d))
    covariance = torch.zeros(d, d, dtype=torch.float64)
    for scheduler, p in runs("interior", "V2", monkeypatch):
        _, start, noises = coefficients(scheduler, lambda x, t: exact(x.reshape(-1, d), t).reshape(x.shape), shape, monkeypatch)
        covariance += p * (start @ start.T + torch.einsum("kij,klj->il", noises, noises))
    wanted = torch.as_tensor(transient_law(own, engine="gaussian").covariance)
    assert float((covariance - wanted).abs().max()) <= 1e-11 * float(wanted.abs().max())


MIXTURE = ExactPredictor(GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.3, 0.4]), SCHEDULE)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_law_on_a_mixture(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Kolmogorov distance of 1,000,000 images of one pixel, in runs with all choices of midpoints; and 2% in the noise of each step, which it sees."""
    own = Own(SCHEDULE, times=range(2 * K, -1, -1), substeps=K, variant="V1", midpoints=kind)
    law = transient_law(own.chain(MIXTURE, Gaussian()), rtol=5e-4)
    for louder in (1.0, 1.02):
        found, weights = _samples(kind, louder, monkeypatch)
        allowed = 2.0 * math.sqrt(float(weights.square().sum()))  # exceeded with probability 7e-4
        off = _kolmogorov(law.cdf(found), weights)
        assert off <= allowed + law.numerical_error if louder == 1.0 else off > allowed + law.numerical_error


def _samples(kind: str, louder: float, monkeypatch: pytest.MonkeyPatch) -> tuple[Tensor, Tensor]:
    """Sorted points, and their weights."""
    generator, points, weights = torch.Generator().manual_seed(3), [], []
    monkeypatch.setattr(NOISE, lambda shape, **_: louder * torch.randn(shape, generator=generator, dtype=torch.float64))
    for scheduler, p in runs(kind, "V1", monkeypatch, steps=2):
        n = max(100, round(1_000_000 * p))
        points.append(generated(scheduler, torch.randn(n, 1, 1, 1, generator=generator, dtype=torch.float64), MIXTURE).flatten())
        weights.append(torch.full((n,), p / n, dtype=torch.float64))
    x, order = torch.sort(torch.cat(points))
    return x, torch.cat(weights)[order]


def _kolmogorov(u: Tensor, weights: Tensor) -> float:
    after = torch.cumsum(weights, 0)
    return float(torch.maximum(u - (after - weights), after - u).max())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_midpoints_are_drawn_with_their_probabilities(kind: str) -> None:
    """Pearson's statistic over the choices of two large steps, whose times show them."""
    scheduler, runs = PoissonMidpointScheduler(trained_betas=list(SCHEDULE.betas)[: 2 * K], midpoints=kind, seed=1), 4000
    seen: dict[tuple[int, ...], int] = {}
    for _ in range(runs):
        scheduler.set_timesteps(timesteps=[2 * K - 1, K - 1])
        key = tuple(int(t) for t in scheduler.timesteps)
        seen[key] = seen.get(key, 0) + 1
    expected = {}
    for (one, p), (two, q) in itertools.product(layouts(kind), repeat=2):
        expected[(2 * K - 1, *(2 * K - 1 - i for i in one), K - 1, *(K - 1 - i for i in two))] = runs * p * q
    assert set(seen) <= set(expected)
    statistic = sum((seen.get(key, 0) - many) ** 2 / many for key, many in expected.items())
    freedom = len(expected) - 1
    assert statistic < freedom + 5 * math.sqrt(2 * freedom) + 10


@pytest.mark.slow
def test_the_randomized_midpoint_on_gaussian_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over Gauss rules for the midpoints of both steps that have one."""
    times = (12.0, 8.0, 3.0, 0.0)
    law = transient_law(OwnRandomized(SCHEDULE, times=times).chain(PREDICTOR, Gaussian()), engine="gaussian")
    shares, weights = gauss_legendre(14)
    scheduler, mean, square = RandomizedMidpointScheduler(trained_betas=list(SCHEDULE.betas)), 0.0, 0.0
    for (i, p), (j, q) in itertools.product(enumerate(weights), repeat=2):
        middles = [float(between(SCHEDULE, first, last, torch.tensor(shares[k]))[0]) for first, last, k in ((12.0, 8.0, i), (8.0, 3.0, j))]
        steps = [FlowStep(SCHEDULE, pair, middle) for pair, middle in zip(itertools.pairwise(times), [*middles, None], strict=True)]
        scheduler._lay_out(steps, None)
        scheduler.timesteps = torch.tensor([time - 1 for step in steps for time in step.calls], dtype=torch.float64)
        offset, start, noises = coefficients(scheduler, PREDICTOR, (1,), monkeypatch)
        assert not bool(noises.any())
        mean, square = mean + p * q * float(offset), square + p * q * float(offset**2 + start**2)
    assert abs(mean - law.mean) <= 1e-10 and abs(square - mean**2 - law.covariance) <= 1e-10
