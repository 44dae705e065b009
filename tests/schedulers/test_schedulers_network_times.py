"""When networks of the diffusers library are asked, and what comes of it: against its own pipeline and its own schedulers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.schedulers import DDIM, NoiseSchedule, PoissonMidpointScheduler, Predictor

diffusers = pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

SCHEDULE = NoiseSchedule.linear()
SIZE = (2, 3, 8, 8)


def unet(**options: Any) -> Any:
    torch.manual_seed(0)
    return diffusers.UNet2DModel(
        sample_size=8,
        in_channels=3,
        out_channels=3,
        layers_per_block=1,
        block_out_channels=(8, 16),
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
        **options,
    )


def conditional() -> Any:
    torch.manual_seed(1)
    return diffusers.UNet2DConditionModel(
        sample_size=8,
        in_channels=3,
        out_channels=3,
        layers_per_block=1,
        block_out_channels=(8, 16),
        norm_num_groups=4,
        cross_attention_dim=8,
        attention_head_dim=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )


def times_of(network: Any) -> list[Tensor]:
    """The times at which a network is asked from now on."""
    seen: list[Tensor] = []
    network.register_forward_pre_hook(lambda module, args, kwargs: seen.append(args[1] if len(args) > 1 else kwargs["timestep"]), with_kwargs=True)
    return seen


def noise() -> Tensor:
    return torch.randn(SIZE, generator=torch.Generator().manual_seed(1))


def theirs(prediction: str = "epsilon") -> Any:
    options = {"timestep_spacing": "trailing", "clip_sample": False, "prediction_type": prediction}
    scheduler = diffusers.DDIMScheduler(1000, 1e-4, 0.02, **options)
    scheduler.set_timesteps(10)
    return scheduler


@pytest.mark.slow
def test_a_network_of_their_pipeline_makes_its_images() -> None:
    network = unet()
    seen = times_of(network)
    pipeline = diffusers.DDIMPipeline(network, theirs())
    pipeline.scheduler = theirs()  # which the pipeline replaced by one that clips
    pipeline.set_progress_bar_config(disable=True)
    wanted = pipeline(2, torch.Generator().manual_seed(1), num_inference_steps=10, output_type="np").images
    their_times = [int(t) for t in seen]
    seen.clear()
    found = DDIM(SCHEDULE, 10).sample(Predictor.from_network(network, SCHEDULE), noise())
    assert their_times == [999, 899, 799, 699, 599, 499, 399, 299, 199, 99]
    assert [t.tolist() for t in seen] == [[t, t] for t in their_times] and all(t.dtype == torch.int64 for t in seen)
    images = (found / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
    assert float((images - torch.as_tensor(wanted)).abs().max()) < 1e-4
    late = DDIM(SCHEDULE, 10).sample(Predictor.from_network(network, SCHEDULE, zero_based=False), noise())
    assert float(((late / 2 + 0.5).clamp(0, 1) - (found / 2 + 0.5).clamp(0, 1)).abs().max()) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("prediction", ["epsilon", "sample", "v_prediction"])
@pytest.mark.parametrize("times", ["batch", "scalar"])
def test_their_scheduler_makes_the_same_of_every_prediction(prediction: str, times: str) -> None:
    network, scheduler, x = unet(), theirs(prediction), noise()
    with torch.no_grad():
        for t in scheduler.timesteps:
            x = scheduler.step(network(x, t).sample, t, x).prev_sample
    found = DDIM(SCHEDULE, 10).sample(Predictor.from_network(network, SCHEDULE, prediction, times=times), noise())
    assert float((found - x).abs().max()) < 1e-4 * float(x.abs().max())


@pytest.mark.slow
def test_guidance_is_that_of_their_pipelines() -> None:
    """Text for each image, none of it, and their combination of the two halves of a doubled batch."""
    network, scheduler, x = conditional(), theirs(), noise()
    text, none = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(2)), torch.zeros(1, 5, 8)
    with torch.no_grad():
        for t in scheduler.timesteps:
            without, given = network(torch.cat([x] * 2), t, encoder_hidden_states=torch.cat([none, none, text])).sample.chunk(2)
            x = scheduler.step(without + 7.5 * (given - without), t, x).prev_sample
    eps = Predictor.from_network(network, SCHEDULE, encoder_hidden_states=text, guidance=7.5, unconditional={"encoder_hidden_states": none})
    assert float((DDIM(SCHEDULE, 10).sample(eps, noise()) - x).abs().max()) < 1e-4 * float(x.abs().max())
    assert bool(torch.isfinite(PoissonMidpointScheduler(SCHEDULE, 5).sample(eps, noise())).all())


def test_times_between_whole_ones() -> None:
    """Not cut down to whole ones, as the network does with Python floats."""
    network = unet()
    seen = times_of(network)
    sampler = DDIM(SCHEDULE, times=[1000.0, 640.5, 0.0])
    end = sampler.sample(Predictor.from_network(network, SCHEDULE), noise())
    assert [t.tolist() for t in seen] == [[999] * 2, [639.5] * 2] and seen[1].dtype == torch.float32
    for wrong in (640.0, 641.0):
        other = DDIM(SCHEDULE, times=[1000.0, 640.5, 0.0]).sample(lambda x, t, w=wrong: network(x, torch.tensor((w if t < 1000 else t) - 1)).sample, noise())
        assert not torch.equal(other, end)
    right = sampler.sample(lambda x, t: network(x, torch.tensor(t - 1)).sample, noise())
    assert torch.allclose(right, end, atol=1e-5)


def test_a_learned_embedding_of_times_is_asked_by_index() -> None:
    network = unet(time_embedding_type="learned", num_train_timesteps=1000)
    assert DDIM(SCHEDULE, 4).sample(Predictor.from_network(network, SCHEDULE), noise()).shape == SIZE
