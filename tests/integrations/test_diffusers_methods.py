"""Samplers of images by name, offline, on small random networks: their calls, and that they are what their names say."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.devices.fake_cuda import fake_cuda

diffusers = pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

from pmmtheory.integrations.diffusers import PoissonMidpointScheduler, generate, load_model  # noqa: E402
from pmmtheory.integrations.diffusers.image_model import ImageModel  # noqa: E402
from pmmtheory.integrations.diffusers.methods import method_named  # noqa: E402
from pmmtheory.integrations.diffusers.random_pipelines import random_latents, random_pixels  # noqa: E402

PMM, ODE = ("pmm", "pmm:DDIM", "rmm"), ("ddim", "dpm-solver", "dpm-solver:3", "dpm-solver:2:quadratic", "dpm-solver:2:log-snr")
EXACT = (*PMM, *ODE, "ddpm", "ddpm:V1", "ddpm:V3", "ddim:0.5")


def model(name: str = "random") -> ImageModel:
    return load_model(name, device="cpu")


@pytest.mark.slow
@pytest.mark.parametrize("method", EXACT)
def test_calls_are_as_declared(tmp_path: Path, method: str) -> None:
    """By a hook on the network itself, not by what the folder says."""
    network, seen = model("random-pixels"), list[float]()
    network._unet.register_forward_pre_hook(lambda module, args: seen.append(float(args[1])))
    for calls in (1, 2, 5):
        seen.clear()
        folder = generate(network, tmp_path / str(calls), [method], [calls], images=2)
        assert len(seen) == calls and seen == sorted(seen, reverse=True) and seen[0] == 999
        assert [line["network_calls"] for setting in folder.settings() for line in folder.lines(setting)] == [calls]


@pytest.mark.slow
def test_random_numbers_of_calls_are_counted(tmp_path: Path) -> None:
    """In expectation they are those asked for: 12 batches vary by less than one each."""
    folder = generate(model("random-pixels"), tmp_path, ["pmm:V2:bernoulli"], [8], images=12, batch=1)
    (setting,) = folder.settings()
    made = [line["network_calls"] for line in folder.lines(setting)]
    assert len(set(made)) > 1 and abs(np.mean(made) - 8) < 2


def generators() -> list[torch.Generator]:
    return [torch.Generator().manual_seed(number) for number in (3, 4)]


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["V1", "V2", "V3"])
def test_ddpm_is_the_scheduler_that_joins_no_steps(variant: str) -> None:
    network = model()
    x = torch.randn(2, *network.shape, generator=torch.Generator().manual_seed(0))
    ours = method_named(f"ddpm:{variant}").sample(network, 8, x, generators(), torch.Generator())
    scheduler = PoissonMidpointScheduler.from_config(network.config, base=variant, substeps=1)
    scheduler.set_timesteps(8)
    noise, theirs = generators(), x
    for t in scheduler.timesteps:
        theirs = scheduler.step(network.answer(theirs, t), t, theirs, generator=noise).prev_sample
    assert float((ours - theirs).abs().max()) < 1e-4 * float(theirs.abs().max())


@pytest.mark.slow
def test_ddim_is_that_of_the_library() -> None:
    network = model()
    x = torch.randn(2, *network.shape, generator=torch.Generator().manual_seed(0))
    ours = method_named("ddim").sample(network, 8, x, generators(), torch.Generator())
    scheduler = diffusers.DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, timestep_spacing="trailing")
    scheduler.set_timesteps(8)
    theirs = x
    for t in scheduler.timesteps:
        theirs = scheduler.step(network.answer(theirs, t), t, theirs).prev_sample
    assert float((ours - theirs).abs().max()) < 1e-4 * float(theirs.abs().max())


@pytest.mark.slow
def test_data_are_kept_in_range_where_the_pipeline_does() -> None:
    """DDPMScheduler does by default, which is no default of the schedulers here; against the library's own on a grid that they share."""
    network, pipeline = model("random-pixels"), random_pixels(0)
    assert pipeline.scheduler.config.clip_sample and network.config.clip_sample
    x = torch.randn(2, *network.shape, generator=torch.Generator().manual_seed(0))
    ours = method_named("ddim").sample(network, 8, x, generators(), torch.Generator())
    scheduler = diffusers.DDIMScheduler(timestep_spacing="trailing", clip_sample=True)
    scheduler.set_timesteps(8)
    theirs = x
    for t in scheduler.timesteps:
        theirs = scheduler.step(network.answer(theirs, t), t, theirs, use_clipped_model_output=True).prev_sample
    assert float((ours - theirs).abs().max()) < 1e-4 and float(ours.abs().max()) < 1 + 1e-5


@pytest.mark.slow
def test_images_are_those_of_the_pipeline() -> None:
    """The decoder and its scale, by the LDMPipeline itself, whose loop is right where steps have no noise."""
    pipeline, network = random_latents(0), model()
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = diffusers.DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, timestep_spacing="trailing")
    theirs = pipeline(2, generator=torch.Generator().manual_seed(5), num_inference_steps=4, output_type="np").images
    x = torch.randn(2, *network.shape, generator=torch.Generator().manual_seed(5))
    ours = network.images(method_named("ddim").sample(network, 4, x, generators(), torch.Generator()))
    assert np.abs(ours / 255 - theirs).max() < 0.51 / 255 + 1e-4


@pytest.mark.slow
def test_half_precision() -> None:
    """The network alone: what it is asked and what comes back is float32, and images differ by its rounding."""
    coarse, fine = load_model("random-pixels", device="cpu", dtype="bfloat16"), model("random-pixels")
    x = torch.randn(2, *fine.shape, generator=torch.Generator().manual_seed(0))
    made = [method_named("ddim").sample(one, 4, x, generators(), torch.Generator()) for one in (coarse, fine)]
    assert made[0].dtype == torch.float32 and next(coarse._unet.parameters()).dtype == torch.bfloat16
    assert 0 < float((made[0] - made[1]).abs().mean()) < 0.02
    latent = load_model("random", device="cpu", dtype="bfloat16")
    assert next(latent._decoder.parameters()).dtype == torch.float32


@pytest.mark.slow
@pytest.mark.parametrize("method", EXACT)
def test_on_a_gpu(method: str) -> None:
    """By a device that is not there; generators stay on the CPU, so that noise is the same everywhere."""
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    found = []
    for device in ("cpu", "cuda"):
        network, noise, midpoints = model("random-pixels"), generators(), torch.Generator().manual_seed(7)
        with fake_cuda():
            start = x.to(device)

            def answer(sample: torch.Tensor, time: torch.Tensor, device: str = device) -> Any:
                assert sample.device.type == time.device.type == device
                return SimpleNamespace(sample=0.3 * sample)

            network._unet, network.device = answer, device if device == "cpu" else "cuda:0"
            made = method_named(method).sample(network, 4, start, noise, midpoints)
            assert made.device.type == device
            found.append(network.images(made))
    assert np.array_equal(found[0], found[1])
