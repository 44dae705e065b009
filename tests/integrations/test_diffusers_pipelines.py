"""Pipelines of the diffusers library run with the Poisson midpoint scheduler unchanged, offline, on small random networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

diffusers = pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

from pmmtheory.integrations.diffusers import PoissonMidpointScheduler, RandomizedMidpointScheduler  # noqa: E402

CALLS = 12


def unet(channels: int) -> Any:
    torch.manual_seed(0)
    return diffusers.UNet2DModel(
        sample_size=8,
        in_channels=channels,
        out_channels=channels,
        layers_per_block=1,
        block_out_channels=(8, 16),
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    )


def counted(network: Any) -> list[int]:
    """The times at which a network is asked from now on."""
    seen: list[int] = []
    network.register_forward_pre_hook(lambda module, args, kwargs: seen.append(int(args[1] if len(args) > 1 else kwargs["timestep"])), with_kwargs=True)
    return seen


def generated(pipeline: Any, **options: Any) -> Tensor:
    pipeline.set_progress_bar_config(disable=True)
    made = pipeline(num_inference_steps=CALLS, generator=torch.Generator().manual_seed(1), output_type="np", **options).images
    return torch.as_tensor(made)


@pytest.mark.slow
def test_a_pipeline_of_pixels() -> None:
    """The three lines of the README: a scheduler from the configuration of the pipeline's own, and a number of calls."""
    pipeline = diffusers.DDPMPipeline(unet=unet(3), scheduler=diffusers.DDPMScheduler())
    pipeline.scheduler = PoissonMidpointScheduler.from_config(pipeline.scheduler.config, seed=3)
    seen = counted(pipeline.unet)
    first = generated(pipeline, batch_size=2)
    assert first.shape == (2, 8, 8, 3) and bool(torch.isfinite(first).all())
    assert len(seen) == CALLS and seen == sorted(seen, reverse=True)
    pipeline.scheduler = PoissonMidpointScheduler.from_config(pipeline.scheduler.config, seed=3)
    assert torch.equal(generated(pipeline, batch_size=2), first)


def test_a_pipeline_of_latents() -> None:
    vqvae = diffusers.VQModel(in_channels=3, out_channels=3, latent_channels=3, block_out_channels=(8,), norm_num_groups=4)
    pipeline = diffusers.LDMPipeline(vqvae=vqvae, unet=unet(3), scheduler=PoissonMidpointScheduler(seed=5))
    seen = counted(pipeline.unet)
    made = generated(pipeline, batch_size=1)
    assert made.shape[0] == 1 and bool(torch.isfinite(made).all()) and len(seen) == CALLS


@pytest.mark.parametrize("scheduler", [PoissonMidpointScheduler(seed=5, base="V3"), RandomizedMidpointScheduler(seed=5)], ids=lambda one: type(one).__name__)
def test_a_pipeline_that_was_saved_is_loaded_with_its_scheduler(scheduler: Any, tmp_path: Path) -> None:
    pipeline = diffusers.DDPMPipeline(unet=unet(3), scheduler=scheduler)
    pipeline.save_pretrained(tmp_path)
    again = diffusers.DDPMPipeline.from_pretrained(tmp_path, low_cpu_mem_usage=False)
    assert type(again.scheduler) is type(scheduler) and all(
        again.scheduler.config[name] == value for name, value in scheduler.config.items() if not name.startswith("_")
    )
    given = diffusers.DDPMPipeline.from_pretrained(tmp_path, scheduler=PoissonMidpointScheduler(seed=6), low_cpu_mem_usage=False)
    assert given.scheduler.config.seed == 6


def test_half_precision_keeps_its_dtype() -> None:
    scheduler = PoissonMidpointScheduler(seed=1)
    scheduler.set_timesteps(CALLS)
    x = torch.randn(1, 3, 8, 8, dtype=torch.bfloat16)
    for t in scheduler.timesteps:
        x = scheduler.step(torch.zeros_like(x), t, x, generator=torch.Generator().manual_seed(1)).prev_sample
    assert x.dtype == torch.bfloat16 and bool(torch.isfinite(x).all())


@pytest.mark.slow
def test_a_generator_for_each_image() -> None:
    """An image does not depend on the others of its batch."""
    network, found = unet(3), []
    for seeds in ([1, 2], [2]):
        pipeline = diffusers.DDPMPipeline(unet=network, scheduler=PoissonMidpointScheduler(seed=9))
        pipeline.set_progress_bar_config(disable=True)
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        found.append(torch.as_tensor(pipeline(len(seeds), num_inference_steps=CALLS, generator=generators, output_type="np").images))
    assert torch.allclose(found[0][1], found[1][0], atol=1e-5)
