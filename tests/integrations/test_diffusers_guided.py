"""Pipelines with guidance run with the Poisson midpoint scheduler unchanged: of classes, and of Stable Diffusion's kind, which needs transformers too."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

diffusers = pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

from pmmtheory.integrations.diffusers import PoissonMidpointScheduler, RandomizedMidpointScheduler  # noqa: E402

CALLS = 10
SCHEDULERS = [
    PoissonMidpointScheduler(steps_offset=1, seed=5, base="V3"),
    PoissonMidpointScheduler(steps_offset=1, seed=5, midpoints="bernoulli", substeps=20, prediction_type="v_prediction", beta_schedule="scaled_linear"),
    RandomizedMidpointScheduler(steps_offset=1, seed=5),
]
every_scheduler = pytest.mark.parametrize("scheduler", SCHEDULERS, ids=lambda one: f"{type(one).__name__}-{one.config.prediction_type}")


def decoder() -> Any:
    torch.manual_seed(0)
    return diffusers.AutoencoderKL(block_out_channels=(8,), latent_channels=4, norm_num_groups=4)


def batches(network: Any) -> list[int]:
    """The sizes of the batches that a network is asked from now on."""
    seen: list[int] = []
    network.register_forward_pre_hook(lambda module, args: seen.append(len(args[0])))
    return seen


def generated(pipeline: Any, scheduler: Any, **options: Any) -> Tensor:
    """Images by the same midpoints and noise each time."""
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = type(scheduler).from_config(scheduler.config)
    torch.manual_seed(3)  # of the noise of steps, where a pipeline does not hand its generator on
    made = pipeline(num_inference_steps=CALLS, generator=torch.Generator().manual_seed(2), output_type="np", **options).images
    return torch.as_tensor(made)


@every_scheduler
def test_a_transformer_of_classes(scheduler: Any) -> None:
    """Every call asks for latents with their class and without, all steps are made of the guided answer, and the class is seen in the images."""
    torch.manual_seed(1)
    shape = {"num_attention_heads": 2, "attention_head_dim": 8, "num_layers": 1, "sample_size": 8, "patch_size": 2, "norm_num_groups": 1}
    network = diffusers.DiTTransformer2DModel(in_channels=4, out_channels=8, num_embeds_ada_norm=1000, **shape)
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.2)  # as made, its answers are 0
    pipeline = diffusers.DiTPipeline(transformer=network, vae=decoder(), scheduler=scheduler)
    asked = batches(network)

    def images(label: int) -> Tensor:
        return generated(pipeline, scheduler, class_labels=[label], guidance_scale=3.0)

    first, other = images(1), images(2)
    assert bool(torch.isfinite(first).all()) and torch.equal(first, images(1)) and not torch.equal(first, other)
    assert set(asked) == {2}


@every_scheduler
@pytest.mark.parametrize("strength", [None, 0.5], ids=["from noise", "from an image"])
def test_latents_of_stable_diffusion(scheduler: Any, strength: float | None) -> None:
    """The text is seen in the images; from an image on, half of the calls are left out."""
    text = pytest.importorskip("transformers", reason="needs transformers, which encode the text")
    torch.manual_seed(1)
    network = diffusers.UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        norm_num_groups=4,
        attention_head_dim=4,
    )
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 100}
    encoder = text.CLIPTextModel(text.CLIPTextConfig(**shape))
    kind = diffusers.StableDiffusionPipeline if strength is None else diffusers.StableDiffusionImg2ImgPipeline
    without = {"tokenizer": None, "safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    pipeline = kind(vae=decoder(), text_encoder=encoder, unet=network, scheduler=scheduler, **without)
    start = {"height": 8, "width": 8} if strength is None else {"image": torch.rand(1, 3, 8, 8), "strength": strength}
    asked = batches(network)

    def images(prompt: Tensor) -> Tensor:
        return generated(pipeline, scheduler, prompt_embeds=prompt, negative_prompt_embeds=-prompt, guidance_scale=5.0, **start)

    prompts = torch.randn(2, 1, 7, 16)
    first, other = images(prompts[0]), images(prompts[1])
    assert bool(torch.isfinite(first).all()) and torch.equal(first, images(prompts[0])) and not torch.equal(first, other)
    assert set(asked) == {2}
    if strength is not None:
        assert len(asked) <= 3 * (CALLS // 2 + 1)
