"""Checkpoints of small latent diffusion models with random weights, by the names that their authors' code gives."""

from __future__ import annotations

import torch
from torch import Tensor

WIDTH = 8
"""Channels of a head of attention."""


def checkpoint(seed: int = 0) -> dict[str, Tensor]:
    """Two levels of 32 and 64 channels with two blocks, attention in the second; latents of 3 channels; 16 codes; an autoencoder of two levels."""
    made = _Made(torch.Generator().manual_seed(seed))
    made.unet()
    made.autoencoder()
    means = {"model_ema." + name.removeprefix("model.").replace(".", ""): value for name, value in made.state.items() if name.startswith("model.")}
    last = {name: torch.full_like(value, torch.nan) if name.startswith("model.") else value for name, value in made.state.items()}
    return {**last, **means, "model_ema.decay": torch.tensor(0.9999), "betas": torch.zeros(4)}


class _Made:
    def __init__(self, generator: torch.Generator):
        self.generator, self.state = generator, dict[str, Tensor]()

    def layer(self, name: str, *shape: int) -> None:
        fan = max(1, torch.Size(shape[1:]).numel())
        self.state[f"{name}.weight"] = (
            torch.randn(shape, generator=self.generator) / fan**0.5 if len(shape) > 1 else torch.rand(shape, generator=self.generator)
        )
        self.state[f"{name}.bias"] = torch.randn(shape[0], generator=self.generator) / 4

    def resnet(self, name: str, channels: int, to: int) -> None:
        self.layer(f"{name}.in_layers.0", channels)
        self.layer(f"{name}.in_layers.2", to, channels, 3, 3)
        self.layer(f"{name}.emb_layers.1", to, 128)
        self.layer(f"{name}.out_layers.0", to)
        self.layer(f"{name}.out_layers.3", to, to, 3, 3)
        if channels != to:
            self.layer(f"{name}.skip_connection", to, channels, 1, 1)

    def attention(self, name: str, channels: int) -> None:
        self.layer(f"{name}.norm", channels)
        self.layer(f"{name}.qkv", 3 * channels, channels, 1)
        self.layer(f"{name}.proj_out", channels, channels, 1)

    def unet(self) -> None:
        top = "model.diffusion_model"
        self.layer(f"{top}.time_embed.0", 128, 32)
        self.layer(f"{top}.time_embed.2", 128, 128)
        self.layer(f"{top}.input_blocks.0.0", 32, 3, 3, 3)
        for number, channels, to in ((1, 32, 32), (2, 32, 32), (4, 32, 64), (5, 64, 64)):
            self.resnet(f"{top}.input_blocks.{number}.0", channels, to)
            if to == 64:
                self.attention(f"{top}.input_blocks.{number}.1", 64)
        self.layer(f"{top}.input_blocks.3.0.op", 32, 32, 3, 3)
        self.resnet(f"{top}.middle_block.0", 64, 64)
        self.attention(f"{top}.middle_block.1", 64)
        self.resnet(f"{top}.middle_block.2", 64, 64)
        for number, channels, to in ((0, 128, 64), (1, 128, 64), (2, 96, 64), (3, 96, 32), (4, 64, 32), (5, 64, 32)):
            self.resnet(f"{top}.output_blocks.{number}.0", channels, to)
            if to == 64:
                self.attention(f"{top}.output_blocks.{number}.1", 64)
        self.layer(f"{top}.output_blocks.2.2.conv", 64, 64, 3, 3)
        self.layer(f"{top}.out.0", 32)
        self.layer(f"{top}.out.2", 3, 32, 3, 3)

    def block(self, name: str, channels: int, to: int) -> None:
        self.layer(f"{name}.norm1", channels)
        self.layer(f"{name}.conv1", to, channels, 3, 3)
        self.layer(f"{name}.norm2", to)
        self.layer(f"{name}.conv2", to, to, 3, 3)
        if channels != to:
            self.layer(f"{name}.nin_shortcut", to, channels, 1, 1)

    def middle(self, name: str) -> None:
        self.block(f"{name}.mid.block_1", 64, 64)
        self.layer(f"{name}.mid.attn_1.norm", 64)
        for part in ("q", "k", "v", "proj_out"):
            self.layer(f"{name}.mid.attn_1.{part}", 64, 64, 1, 1)
        self.block(f"{name}.mid.block_2", 64, 64)

    def autoencoder(self) -> None:
        top = "first_stage_model"
        self.layer(f"{top}.encoder.conv_in", 32, 3, 3, 3)
        for level, block, channels, to in ((0, 0, 32, 32), (0, 1, 32, 32), (1, 0, 32, 64), (1, 1, 64, 64)):
            self.block(f"{top}.encoder.down.{level}.block.{block}", channels, to)
        self.layer(f"{top}.encoder.down.0.downsample.conv", 32, 32, 3, 3)
        self.middle(f"{top}.encoder")
        self.layer(f"{top}.encoder.norm_out", 64)
        self.layer(f"{top}.encoder.conv_out", 3, 64, 3, 3)
        self.layer(f"{top}.decoder.conv_in", 64, 3, 3, 3)
        self.middle(f"{top}.decoder")
        for level, block, channels, to in ((1, 0, 64, 64), (1, 1, 64, 64), (1, 2, 64, 64), (0, 0, 64, 32), (0, 1, 32, 32), (0, 2, 32, 32)):
            self.block(f"{top}.decoder.up.{level}.block.{block}", channels, to)
        self.layer(f"{top}.decoder.up.1.upsample.conv", 64, 64, 3, 3)
        self.layer(f"{top}.decoder.norm_out", 32)
        self.layer(f"{top}.decoder.conv_out", 3, 32, 3, 3)
        self.layer(f"{top}.quant_conv", 3, 3, 1, 1)
        self.layer(f"{top}.post_quant_conv", 3, 3, 1, 1)
        self.state[f"{top}.quantize.embedding.weight"] = torch.randn(16, 3, generator=self.generator)
