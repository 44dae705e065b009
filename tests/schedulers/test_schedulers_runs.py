"""How a run is followed: generators, callbacks, progress, and what they may not be."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.discover import classes
from pmmtheory.errors import Diverged, InvalidParameter
from pmmtheory.schedulers import DDIM, DDPM, DPMSolver, NoiseSchedule, PoissonMidpointScheduler, RandomizedMidpointScheduler, Scheduler

SCHEDULE = NoiseSchedule.linear()
SCHEDULERS: dict[str, type[Scheduler]] = classes("pmmtheory.schedulers", Scheduler)
EACH = pytest.mark.parametrize("kind", SCHEDULERS.values(), ids=SCHEDULERS)


def eps(x: Tensor, t: Any) -> Tensor:
    return torch.tanh(x + t / 1000)


def noise(dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(0), dtype=dtype)


@EACH
def test_a_generator_in_place_of_a_seed(kind: type[Scheduler]) -> None:
    """One state of it is one result; it goes on from run to run where the sampler has any noise."""
    sampler = kind(SCHEDULE, 6)
    generator = torch.Generator().manual_seed(7)
    first, second = (sampler.sample(eps, noise(), generator=generator) for _ in range(2))
    assert torch.equal(first, sampler.sample(eps, noise(), generator=torch.Generator().manual_seed(7)))
    assert torch.equal(second, sampler.sample(eps, noise(), generator=generator.set_state(state_after(first, sampler))))
    noisy = kind in (DDPM, PoissonMidpointScheduler, RandomizedMidpointScheduler)
    assert torch.equal(first, second) != noisy


def state_after(first: Tensor, sampler: Scheduler) -> Tensor:
    """The state of a generator of seed 7 after one run."""
    generator = torch.Generator().manual_seed(7)
    assert torch.equal(sampler.sample(eps, noise(), generator=generator), first)
    return generator.get_state()


@EACH
@pytest.mark.parametrize("end", [0, 5])
def test_a_callback_after_every_step(kind: type[Scheduler], end: int) -> None:
    sampler, told = kind(SCHEDULE, 6, end=end), []
    last = sampler.sample(eps, noise(), seed=2, callback=lambda step, t, x: told.append((step, t, x)))  # type: ignore[func-returns-value]
    steps, times, points = zip(*told, strict=True)
    assert steps == tuple(range(sampler.chain_steps)) and torch.equal(points[-1], last)
    reached = sampler.times[1:] if sampler.chain_steps == 6 else [sampler.times[i] for i in sampler.bounds[1:]]  # type: ignore[attr-defined]
    assert list(times) == list(reached) and all(type(t) is float for t in times) and times[-1] == end
    assert torch.equal(last, sampler.sample(eps, noise(), seed=2))


@EACH
def test_points_of_a_callback_take_the_place_of_its_own(kind: type[Scheduler]) -> None:
    sampler = kind(SCHEDULE, 6)
    plain = sampler.sample(eps, noise(), seed=2)
    assert torch.equal(sampler.sample(eps, noise(), seed=2, callback=lambda step, t, x: x.clone()), plain)
    moved = sampler.sample(eps, noise(), seed=2, callback=lambda step, t, x: x + 1 if step == 1 else None)
    assert not torch.allclose(moved, plain, atol=1e-3)
    known = torch.full_like(noise(), 0.25)
    assert torch.equal(sampler.sample(eps, noise(), callback=lambda step, t, x: known if t == 0 else None), known)


def test_steps_of_several_intervals_are_told_by_where_they_end() -> None:
    times: list[float] = []
    DPMSolver(SCHEDULE, 9, 3).sample(eps, noise(), callback=lambda step, t, x: times.append(t))  # type: ignore[func-returns-value]
    assert times == [667.0, 333.0, 111.0, 0.0]


def test_a_bar_counts_the_steps(capfd: pytest.CaptureFixture[str]) -> None:
    plain = DDIM(SCHEDULE, 7).sample(eps, noise())
    assert capfd.readouterr() == ("", "")
    assert torch.equal(DDIM(SCHEDULE, 7).sample(eps, noise(), progress=True), plain)
    out, err = capfd.readouterr()
    assert out == "" and "DDIM(0)" in err and "7/7" in err


def test_a_run_that_diverges_is_told_of_once_a_step() -> None:
    steps: list[int] = []
    with pytest.raises(Diverged) as caught:
        DDIM(SCHEDULE, 50).sample(lambda x, t: torch.full_like(x, 3e38), noise(), callback=lambda step, t, x: steps.append(step))  # type: ignore[func-returns-value]
    assert steps == list(range(caught.value.step - 1))


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"generator": 3}, "generator"),
        ({"generator": torch.Generator(), "seed": 4}, "generator"),
        ({"callback": "print"}, "callback"),
        ({"callback": lambda step, t, x: 1.0}, "callback"),
        ({"callback": lambda step, t, x: x[:1]}, "callback"),
        ({"callback": lambda step, t, x: x / 0}, "callback"),
        ({"progress": "bar"}, "progress"),
        ({"independent": None}, "independent"),
        ({"seed": 0.5}, "seed"),
        ({"x": noise().long()}, "x"),
        ({"x": noise() / 0}, "x"),
        ({"x": [1.0]}, "x"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(options: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        DDIM(SCHEDULE, 5).sample(**{"predictor": eps, "x": noise()} | options)
    assert error.value.name == name and "\n" not in str(error.value)
