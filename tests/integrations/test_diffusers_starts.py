"""What both schedulers for the diffusers library do with runs that begin inside the schedule, times of one's own, and nonsense."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import pytest
import torch

from pmmtheory.errors import InvalidParameter

pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

from pmmtheory.integrations.diffusers import PoissonMidpointScheduler, RandomizedMidpointScheduler  # noqa: E402

KINDS: dict[str, Any] = {"poisson": partial(PoissonMidpointScheduler, base="DDIM"), "randomized": RandomizedMidpointScheduler}
EACH = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
DATA = torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(2, 3, 2, 2)


def noise_in(scheduler: Any, x: torch.Tensor, t: Any) -> torch.Tensor:
    """What is left of x at t besides the data."""
    alpha, sigma = scheduler.schedule.alpha(float(t) + 1), scheduler.schedule.sigma(float(t) + 1)
    return (x - alpha * DATA) / sigma


def ends(scheduler: Any, times: Any, x: torch.Tensor) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    for t in times:
        x = scheduler.step(noise_in(scheduler, x, t), t, x, generator=generator).prev_sample
    return x


@EACH
@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
def test_image_to_image(kind: Any, spacing: str) -> None:
    """From any of the times on, as pipelines begin there: an exact predictor of these very images leads to them.

    Without noise in the base method, where it predicts the same at every midpoint.
    """
    scheduler = kind(timestep_spacing=spacing, seed=4)
    noise = torch.randn(DATA.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    for begin in range(0, 21, 3):
        scheduler.set_timesteps(21)
        left = scheduler.timesteps[begin:]
        scheduler.set_begin_index(begin * scheduler.order)
        assert torch.allclose(ends(scheduler, left, scheduler.add_noise(DATA, noise, left[:1])), DATA, rtol=1e-9, atol=1e-9)


@EACH
def test_a_run_that_was_left_is_forgotten(kind: Any) -> None:
    """A second run that begins where the first was to go on starts afresh there."""
    scheduler = kind(seed=4)
    scheduler.set_timesteps(21)
    times, noise = scheduler.timesteps, torch.ones_like(DATA)
    first = scheduler.add_noise(DATA, 5 * noise, times[:1])
    scheduler.step(noise_in(scheduler, first, times[0]), times[0], first)
    scheduler.set_begin_index(1)
    assert torch.allclose(ends(scheduler, times[1:], scheduler.add_noise(DATA, noise, times[1:2])), DATA, rtol=1e-9, atol=1e-9)


@EACH
def test_another_batch_begins_a_step_of_its_own(kind: Any) -> None:
    scheduler = kind(seed=4)
    scheduler.set_timesteps(21)
    times = scheduler.timesteps
    scheduler.step(torch.zeros(5, 3), times[0], torch.ones(5, 3))
    assert scheduler.step(torch.zeros(2, 3), times[1], torch.ones(2, 3)).prev_sample.shape == (2, 3)


@EACH
def test_times_of_ones_own(kind: Any) -> None:
    """Steps begin at the times that are given, by the name under which pipelines look for them."""
    scheduler, own = kind(seed=1), [950, 600, 333, 40]
    assert "timesteps" in inspect.signature(scheduler.set_timesteps).parameters
    scheduler.set_timesteps(timesteps=own, device="cpu")
    times = scheduler.timesteps
    assert set(own) <= {float(t) for t in times} and len(times) == scheduler.num_inference_steps > len(own)
    begun = scheduler.add_noise(DATA, torch.ones_like(DATA), times[:1])
    assert torch.allclose(ends(scheduler, times, begun), DATA, rtol=1e-9, atol=1e-9)


@EACH
def test_an_empty_batch(kind: Any) -> None:
    scheduler = kind(seed=1)
    scheduler.set_timesteps(5)
    assert scheduler.step(torch.zeros(0, 3, 2, 2), scheduler.timesteps[0], torch.zeros(0, 3, 2, 2)).prev_sample.shape == (0, 3, 2, 2)


X = torch.zeros(2, 3)


@EACH
@pytest.mark.parametrize(
    ("named", "make"),
    [
        ("prediction_type", lambda kind: kind(prediction_type="noise")),
        ("prediction_type", lambda kind: kind(prediction_type="flow_prediction")),  # of straight paths, and no noise schedule of this kind
        ("timestep_spacing", lambda kind: kind(timestep_spacing="even")),
        ("beta_schedule", lambda kind: kind(beta_schedule="straight")),
        ("betas", lambda kind: kind(trained_betas=[0.1, 2.0])),
        ("steps_offset", lambda kind: kind(steps_offset=1000).set_timesteps(5)),
        ("num_inference_steps", lambda kind: kind().set_timesteps(1001)),
        ("num_inference_steps", lambda kind: kind().set_timesteps(0)),
        ("num_inference_steps", lambda kind: kind().set_timesteps(-3)),
        ("num_inference_steps", lambda kind: kind().set_timesteps(2.5)),
        ("num_inference_steps", lambda kind: kind().set_timesteps("many")),
        ("num_inference_steps", lambda kind: kind().set_timesteps()),
        ("num_inference_steps", lambda kind: kind().set_timesteps(5, timesteps=[5])),
        ("timesteps", lambda kind: kind().set_timesteps(timesteps=[5, 9])),
        ("timesteps", lambda kind: kind().set_timesteps(timesteps=[9.5, 3])),
        ("timesteps", lambda kind: kind().set_timesteps(timesteps=[1000, 3])),
        ("timesteps", lambda kind: kind().set_timesteps(timesteps=[3, -1])),
        ("timesteps", lambda kind: kind().set_timesteps(timesteps=[])),
        ("timesteps", lambda kind: kind().set_timesteps(timesteps=[float("nan")])),
        ("timesteps", lambda kind: kind().set_timesteps(timesteps="some")),
        ("begin_index", lambda kind: kind().set_begin_index(1000)),
        ("begin_index", lambda kind: kind().set_begin_index(-1)),
        ("timestep", lambda kind: kind().step(X, 1000, X)),
        ("timestep", lambda kind: kind().step(X, -1, X)),
        ("timestep", lambda kind: kind().step(X, float("nan"), X)),
        ("timestep", lambda kind: kind().step(X, torch.tensor([4, 3]), X)),
        ("timestep", lambda kind: kind().step(X, None, X)),
        ("sample", lambda kind: kind().step(X.int(), 9, X.int())),
        ("sample", lambda kind: kind().step(X, 9, [0.0])),
        ("model_output", lambda kind: kind().step(torch.zeros(3), 9, X)),
        ("model_output", lambda kind: kind().step(torch.full_like(X, float("nan")), 9, X)),
        ("model_output", lambda kind: kind().step(torch.full_like(X, float("inf")), 9, X)),
        ("model_output", lambda kind: kind().step((X,), 9, X)),
    ],
)
def test_nonsense_is_refused_in_one_sentence(kind: Any, named: str, make: Any) -> None:
    with pytest.raises(InvalidParameter, match=f"^{named} = ") as error:
        make(kind)
    assert "\n" not in str(error.value) and len(str(error.value)) < 250
