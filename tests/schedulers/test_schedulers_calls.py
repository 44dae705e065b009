"""What a sampler asks of its predictor, in every method: whole batches at times that are numbers, as many as are announced, and never about nothing."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.discover import classes
from pmmtheory.schedulers import ExactPredictor, NoiseSchedule, PoissonMidpointScheduler, RandomizedMidpointScheduler, Scheduler
from pmmtheory.targets import Gaussian

SCHEDULE = NoiseSchedule.linear()
SCHEDULERS: dict[str, type[Scheduler]] = classes("pmmtheory.schedulers", Scheduler)
EACH = pytest.mark.parametrize("kind", SCHEDULERS.values(), ids=SCHEDULERS)
MIDPOINTS = pytest.mark.parametrize("midpoints", ["bernoulli", "single", "interior"])


class Asked:
    """A predictor that remembers what it was asked."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.times: list[Any] = []

    def __call__(self, x: Tensor, t: Any) -> Tensor:
        self.shapes.append(tuple(x.shape))
        self.times.append(t)
        return 0.3 * torch.tanh(x)


def noise(points: int = 4) -> Tensor:
    return torch.randn(points, 2, 3, 3, generator=torch.Generator().manual_seed(0))


def by_numbers_and_whole_batches(asked: Asked, points: int = 4) -> bool:
    return all(type(t) is float for t in asked.times) and set(asked.shapes) == {(points, 2, 3, 3)}


@EACH
@pytest.mark.parametrize("options", [{"steps": 6}, {"steps": 5, "spacing": "log-snr", "end": 1}], ids=["whole times", "between them"])
def test_a_call_is_one_forward_pass_of_the_whole_batch(kind: type[Scheduler], options: dict[str, Any]) -> None:
    sampler, asked = kind(SCHEDULE, **options), Asked()
    sampler.sample(asked, noise(), seed=3)
    assert by_numbers_and_whole_batches(asked)
    grid = getattr(sampler, "fine_times", sampler.times)
    assert asked.times == sorted(asked.times, reverse=True)
    if kind is RandomizedMidpointScheduler:
        assert asked.times[::2] == list(sampler.times[:-1]) and not set(asked.times[1::2]) & set(grid)
    else:
        assert set(asked.times) <= set(grid[:-1] if kind.__name__ != "Heun" else grid)


@pytest.mark.slow
@EACH
def test_calls_are_those_announced(kind: type[Scheduler]) -> None:
    for options in ({"steps": 7}, {"steps": 8, "end": 5}):
        sampler, asked, runs = kind(SCHEDULE, **options), Asked(), 50 if kind is PoissonMidpointScheduler else 2  # type: ignore[arg-type]
        for seed in range(runs):
            sampler.sample(asked, noise(2), seed)
        if kind is PoissonMidpointScheduler:  # nearly a Poisson number of midpoints a step
            assert abs(len(asked.times) / runs - sampler.calls) < 4.5 * math.sqrt(sampler.steps / runs)
        else:
            assert len(asked.times) == runs * sampler.calls


@pytest.mark.slow
@MIDPOINTS
@pytest.mark.parametrize("substeps", [1, 2, 9])
def test_midpoints_cost_what_they_are_said_to(midpoints: str, substeps: int) -> None:
    sampler = PoissonMidpointScheduler(SCHEDULE, 10, substeps, midpoints=midpoints)
    known = midpoints == "interior" or substeps == 1
    runs = 5 if known else 60
    counts = []
    for seed in range(runs):
        asked = Asked()
        sampler.sample(asked, noise(3), seed)
        assert by_numbers_and_whole_batches(asked, 3)
        counts.append(len(asked.times))
    if known:
        assert set(counts) == {sampler.calls}
    else:
        share = 1 - 1 / substeps
        variance = (substeps - 1) / substeps * share if midpoints == "bernoulli" else share / substeps
        assert abs(sum(counts) / runs - sampler.calls) < 4.5 * math.sqrt(sampler.steps * variance / runs)


@MIDPOINTS
def test_independent_points_have_times_of_their_own(midpoints: str) -> None:
    """Tensors of times, with an entry for each point asked about: what the tests above would refuse."""
    sampler, asked, points = PoissonMidpointScheduler(SCHEDULE, 10, 20, midpoints=midpoints), Asked(), 50
    sampler.sample(asked, noise(points), independent=True)
    assert not by_numbers_and_whole_batches(asked, points)
    for shape, t in zip(asked.shapes, asked.times, strict=True):
        assert shape[0] > 0 and (type(t) is float or t.shape == (shape[0], 1, 1, 1))
    several = [t for t in asked.times if isinstance(t, Tensor)]
    assert len(several) >= 10 and any(len(t.unique()) > 5 for t in several)
    assert abs(sum(shape[0] for shape in asked.shapes) / points - sampler.calls) < 5 * math.sqrt(10 / points)


@EACH
@pytest.mark.parametrize("independent", [False, True])
def test_nothing_is_asked_about_no_points(kind: type[Scheduler], independent: bool) -> None:
    asked = Asked()
    assert kind(SCHEDULE, 5).sample(asked, noise(0), independent=independent).shape == (0, 2, 3, 3)
    kind(SCHEDULE, 5).sample(asked, noise(1), independent=independent)
    assert min(shape[0] for shape in asked.shapes) == 1


@EACH
def test_points_on_the_line_and_points_of_a_target(kind: type[Scheduler]) -> None:
    for data in (Gaussian(), Gaussian(dim=3)):
        exact, times = ExactPredictor(data, SCHEDULE), []

        def eps(x: Tensor, t: Any, exact: ExactPredictor = exact, times: list[Any] = times) -> Tensor:
            times.append((len(x), type(t)))
            return exact(x, t)

        x = torch.randn((6, data.dim) if data.dim > 1 else (6,), generator=torch.Generator().manual_seed(1))
        sampler = kind(SCHEDULE, 5)
        assert torch.equal(sampler.sample(eps, x), sampler.sample(exact, x))
        assert set(times) == {(6, float)}


@EACH
def test_half_precision_is_sampled_in_single(kind: type[Scheduler]) -> None:
    """A function is asked in the dtype of x, at the same times as in float32, and the result is that of float32 up to its own rounding."""
    asked, dtypes = Asked(), set[torch.dtype]()

    def half(x: Tensor, t: Any) -> Tensor:
        dtypes.add(x.dtype)
        return asked(x, t)

    sampler, x = kind(SCHEDULE, 10), noise().to(torch.bfloat16)
    single = Asked()
    found, wanted = sampler.sample(half, x, seed=2), sampler.sample(single, x.float(), seed=2)
    assert found.dtype == torch.bfloat16 and dtypes == {torch.bfloat16} and asked.times == single.times
    assert float((found.float() - wanted).abs().max()) < 0.03 * float(wanted.abs().max())
