"""The randomized midpoint scheduler for the diffusers library: its steps are ours, its calls are counted, its pipelines run offline."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.noise.ratio import between
from pmmtheory.schedulers import ExactPredictor, NoiseSchedule
from pmmtheory.schedulers import RandomizedMidpointScheduler as Own
from pmmtheory.targets import GaussianMixture

diffusers = pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

from pmmtheory.integrations.diffusers import RandomizedMidpointScheduler  # noqa: E402

SCHEDULE = NoiseSchedule.linear(1000, 1e-4, 0.02)
EPS = ExactPredictor(GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3]), SCHEDULE)


def predicted(kind: str, x: torch.Tensor, t: float) -> torch.Tensor:
    """What a network of that kind makes of x at the library's time t."""
    eps, alpha, sigma = EPS(x, t + 1), SCHEDULE.alpha(t + 1), SCHEDULE.sigma(t + 1)
    data = (x - sigma * eps) / alpha
    return {"epsilon": eps, "sample": data, "v_prediction": alpha * eps - sigma * data}[kind]


def run(scheduler: Any, x: torch.Tensor, kind: str = "epsilon") -> torch.Tensor:
    for t in scheduler.timesteps:
        x = scheduler.step(predicted(kind, x, float(t)), t, x).prev_sample
    return x


def share_of(step: Any) -> float:
    """Where in its step a midpoint is, in sigma/alpha."""
    w = [math.exp(-SCHEDULE.log_snr(time)) for time in (*step.times, step.midpoint)]
    return (w[2] - w[0]) / (w[1] - w[0])


@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
@pytest.mark.parametrize("calls", [1, 2, 7, 30])
@pytest.mark.parametrize("whole", [False, True])
def test_a_run_is_that_of_our_own_sampler(spacing: str, calls: int, whole: bool) -> None:
    """Step by step, at the same midpoints; steps without one are those of DDIM."""
    scheduler = RandomizedMidpointScheduler(timestep_spacing=spacing, whole_timesteps=whole, seed=5)
    scheduler.set_timesteps(calls)
    steps = list(scheduler._steps.values())
    own = Own(SCHEDULE, times=[*(step.times[0] for step in steps), 0.0]).scheme(EPS)
    x = ours = torch.randn(40, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for k, step in enumerate(steps):
        first = step.times[0]
        if step.midpoint is None and k < len(steps) - 1:
            ours = own.dynamics.transport(1.0, ours, float(k)) + own.dynamics.respond(1.0, EPS(ours, first), float(k))
        else:
            share = 0.0 if step.midpoint is None else share_of(step)
            ours = own.step(ours, float(k), {"u": torch.tensor(share, dtype=torch.float64)})[0]
    assert len(scheduler.timesteps) == calls
    assert torch.allclose(run(scheduler, x), ours, rtol=1e-11, atol=1e-11)


@pytest.mark.slow
def test_midpoints_are_uniform_in_the_ratio_of_noise_to_signal() -> None:
    scheduler, shares = RandomizedMidpointScheduler(timestep_spacing="trailing", seed=3), []
    for _ in range(400):
        scheduler.set_timesteps(11)
        shares += [share_of(step) for step in scheduler._steps.values() if step.midpoint is not None]
    u = torch.sort(torch.tensor(shares, dtype=torch.float64)).values
    ranks = torch.arange(len(u) + 1, dtype=torch.float64) / len(u)
    assert len(u) == 2000 and float(torch.maximum(u - ranks[:-1], ranks[1:] - u).max()) < 2.0 / 2000**0.5
    in_time = torch.tensor([float(between(SCHEDULE, 200.0, 1.0, share)[0]) for share in u], dtype=torch.float64)
    assert abs(float(in_time.mean()) - 100) > 5  # and not in time


@pytest.mark.parametrize("kind", ["sample", "v_prediction"])
def test_kinds_of_prediction_say_the_same(kind: str) -> None:
    x, found = torch.randn(20, dtype=torch.float64, generator=torch.Generator().manual_seed(2)), []
    for each in ("epsilon", kind):
        scheduler = RandomizedMidpointScheduler(prediction_type=each, seed=2)
        scheduler.set_timesteps(31)
        found.append(run(scheduler, x, each))
    assert torch.allclose(*found, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(calls=st.integers(1, 200), spacing=st.sampled_from(["leading", "trailing", "linspace"]), whole=st.booleans(), size=st.sampled_from([200, 1000]))
def test_calls_are_those_asked_for(calls: int, spacing: str, whole: bool, size: int) -> None:
    scheduler = RandomizedMidpointScheduler(num_train_timesteps=size, timestep_spacing=spacing, whole_timesteps=whole, seed=1)
    scheduler.set_timesteps(calls)
    times = scheduler.timesteps
    assert len(times) == calls == scheduler.num_inference_steps and times.dtype == (torch.int64 if whole else torch.float32)
    assert bool((times[:-1] >= times[1:]).all()) and float(times[0]) < size and float(times[-1]) >= 0


def test_midpoints_are_fresh_and_reproducible() -> None:
    def layouts(**options: Any) -> list[list[float]]:
        scheduler, found = RandomizedMidpointScheduler(**options), []
        for _ in range(2):
            scheduler.set_timesteps(20, generator=None if options else torch.Generator().manual_seed(1))
            found.append(scheduler.timesteps.tolist())
        return found

    first, again = layouts(seed=7), layouts(seed=7)
    assert first == again and first[0] != first[1]
    one, other = layouts()
    assert one == other


def test_pure_noise_at_the_end_of_the_schedule() -> None:
    scheduler = RandomizedMidpointScheduler(rescale_betas_zero_snr=True, prediction_type="v_prediction", timestep_spacing="trailing", seed=1)
    scheduler.set_timesteps(10)
    x = torch.randn(5, dtype=torch.float64, generator=torch.Generator().manual_seed(9))
    for t in scheduler.timesteps:
        x = scheduler.step(-x, t, x).prev_sample
    assert bool(torch.isfinite(x).all())


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True])
def test_a_pipeline_of_pixels(whole: bool) -> None:
    torch.manual_seed(0)
    blocks = {"down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2, "block_out_channels": (8, 16), "norm_num_groups": 4}
    network = diffusers.UNet2DModel(sample_size=8, in_channels=3, out_channels=3, layers_per_block=1, **blocks)
    pipeline = diffusers.DDPMPipeline(unet=network, scheduler=diffusers.DDPMScheduler())
    pipeline.set_progress_bar_config(disable=True)
    seen: list[float] = []
    network.register_forward_pre_hook(lambda module, args: seen.append(float(args[1])))
    found = []
    for _ in range(2):
        pipeline.scheduler = RandomizedMidpointScheduler.from_config(pipeline.scheduler.config, whole_timesteps=whole, seed=3)
        made = pipeline(batch_size=2, num_inference_steps=9, generator=torch.Generator().manual_seed(1), output_type="np").images
        found.append(torch.as_tensor(made))
    assert len(seen) == 18 and torch.equal(*found) and found[0].shape == (2, 8, 8, 3)
    assert whole == all(t == round(t) for t in seen)
