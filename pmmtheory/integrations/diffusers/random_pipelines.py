"""Pipelines whose networks are random: for trying everything but the images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from diffusers import AutoencoderKL, DDPMPipeline, DDPMScheduler, LDMPipeline, UNet2DModel, VQModel

from pmmtheory.integrations.diffusers.published import PublishedModel

_SMALL = {"block_out_channels": (8, 16), "layers_per_block": 1, "norm_num_groups": 4}


def random_latents(seed: int = 0) -> Any:
    """A small LDMPipeline: images of 16 x 16 points from latents of shape (3, 8, 8)."""
    with _seeded(seed):
        decoder = VQModel(latent_channels=3, num_vq_embeddings=32, scaling_factor=0.5, **_blocks("DownEncoderBlock2D", "UpDecoderBlock2D"))
        return LDMPipeline(vqvae=decoder, unet=_small_unet(3), scheduler=DDPMScheduler(beta_schedule="scaled_linear", clip_sample=False))


def random_pixels(seed: int = 0) -> Any:
    """A small DDPMPipeline: images of 8 x 8 points."""
    with _seeded(seed):
        return DDPMPipeline(unet=_small_unet(3), scheduler=DDPMScheduler())


def random_like(published: PublishedModel, seed: int = 0) -> Any:
    """An LDMPipeline of the shape of a published model."""
    channels, height, _ = published.latents
    levels = len(published.decoder["block_out_channels"])
    kind = VQModel if "num_vq_embeddings" in published.decoder else AutoencoderKL
    with _seeded(seed):
        decoder = kind(down_block_types=("DownEncoderBlock2D",) * levels, up_block_types=("UpDecoderBlock2D",) * levels, **published.decoder)
        unet = UNet2DModel(sample_size=height, in_channels=channels, out_channels=channels, **published.unet)
        return LDMPipeline(vqvae=decoder, unet=unet, scheduler=DDPMScheduler(**published.scheduler))


RANDOM: Mapping[str, Callable[[int], Any]] = {"random": random_latents, "random-pixels": random_pixels}
"""Small ones, by the name that the command line takes."""


def _small_unet(channels: int) -> Any:
    return UNet2DModel(sample_size=8, in_channels=channels, out_channels=channels, attention_head_dim=4, **_blocks("DownBlock2D", "AttnUpBlock2D"))


def _blocks(down: str, up: str) -> dict[str, Any]:
    return {**_SMALL, "down_block_types": (down, down), "up_block_types": (up, up)}


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Weights from a seed; torch's own random numbers go on as if there had been none."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
