"""The networks of latent diffusion as functions of their original checkpoints' names. Source: Rombach et al. 2022 (arXiv 2112.10752)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

Weights = Mapping[str, Tensor]


def noise(state: Weights, x: Tensor, time: int, width: int) -> Tensor:
    """What a U-Net with heads of attention of so many channels says of x."""
    half = state["time_embed.0.weight"].shape[1] // 2
    angles = time * 10000.0 ** (-torch.arange(half) / half)
    embedded = torch.cat([angles.cos(), angles.sin()]).expand(len(x), -1)
    embedded = F.linear(embedded, state["time_embed.0.weight"], state["time_embed.0.bias"])
    embedded = F.linear(F.silu(embedded), state["time_embed.2.weight"], state["time_embed.2.bias"])
    kept: list[Tensor] = []
    for number in range(_blocks(state, "input_blocks")):
        x = _block(state, f"input_blocks.{number}", x, embedded, width)
        kept.append(x)
    x = _block(state, "middle_block", x, embedded, width)
    for number in range(_blocks(state, "output_blocks")):
        x = _block(state, f"output_blocks.{number}", torch.cat([x, kept.pop()], 1), embedded, width)
    return _conv(state, "out.2", F.silu(_norm(state, "out.0", x)))


def image(state: Weights, latents: Tensor) -> Tensor:
    """The image of latents: each point's nearest code, and the decoder."""
    codes = state["quantize.embedding.weight"]
    nearest = (latents.movedim(1, -1)[..., None, :] - codes).square().sum(-1).argmin(-1)
    x = F.conv2d(codes[nearest].movedim(-1, 1), state["post_quant_conv.weight"], state["post_quant_conv.bias"])
    x = _conv(state, "decoder.conv_in", x)
    x = _plain(state, "decoder.mid.block_1", x)
    x = _one_head(state, "decoder.mid.attn_1", x)
    x = _plain(state, "decoder.mid.block_2", x)
    levels = 1 + max(int(name.split(".")[2]) for name in state if name.startswith("decoder.up."))
    for level in reversed(range(levels)):
        for block in range(sum(name.startswith(f"decoder.up.{level}.block.") and name.endswith("conv1.bias") for name in state)):
            x = _plain(state, f"decoder.up.{level}.block.{block}", x)
        if level:
            x = _conv(state, f"decoder.up.{level}.upsample.conv", F.interpolate(x, scale_factor=2.0))
    return _conv(state, "decoder.conv_out", F.silu(_norm(state, "decoder.norm_out", x, 1e-6)))


def _blocks(state: Weights, name: str) -> int:
    return 1 + max(int(key.split(".")[1]) for key in state if key.startswith(name + "."))


def _block(state: Weights, name: str, x: Tensor, embedded: Tensor, width: int) -> Tensor:
    """The layers of a block in their order, each told by what it has."""
    for layer in range(3):
        here = f"{name}.{layer}"
        if f"{here}.qkv.weight" in state:
            x = _heads(state, here, x, width)
        elif f"{here}.in_layers.0.weight" in state:
            hidden = _conv(state, f"{here}.in_layers.2", F.silu(_norm(state, f"{here}.in_layers.0", x)))
            hidden = hidden + F.linear(F.silu(embedded), state[f"{here}.emb_layers.1.weight"], state[f"{here}.emb_layers.1.bias"])[..., None, None]
            hidden = _conv(state, f"{here}.out_layers.3", F.silu(_norm(state, f"{here}.out_layers.0", hidden)))
            x = hidden + _shortcut(state, f"{here}.skip_connection", x)
        elif f"{here}.op.weight" in state:
            x = F.conv2d(x, state[f"{here}.op.weight"], state[f"{here}.op.bias"], stride=2, padding=1)
        elif f"{here}.conv.weight" in state:
            x = _conv(state, f"{here}.conv", F.interpolate(x, scale_factor=2.0))
        elif f"{here}.weight" in state:
            x = _conv(state, here, x)
    return x


def _heads(state: Weights, name: str, x: Tensor, width: int) -> Tensor:
    """Attention whose queries, keys and values are joined head by head."""
    joined = F.conv1d(_norm(state, f"{name}.norm", x.flatten(2)), state[f"{name}.qkv.weight"], state[f"{name}.qkv.bias"])
    answers = []
    for head in joined.split(3 * width, dim=1):
        query, key, value = head[:, :width], head[:, width : 2 * width], head[:, 2 * width :]
        answers.append(value @ torch.softmax(query.mT @ key / math.sqrt(width), -1).mT)
    return x + F.conv1d(torch.cat(answers, 1), state[f"{name}.proj_out.weight"], state[f"{name}.proj_out.bias"]).reshape(x.shape)


def _one_head(state: Weights, name: str, x: Tensor) -> Tensor:
    normed = _norm(state, f"{name}.norm", x, 1e-6)
    query, key, value = (F.conv2d(normed, state[f"{name}.{part}.weight"], state[f"{name}.{part}.bias"]).flatten(2) for part in "qkv")
    answer = value @ torch.softmax(query.mT @ key / math.sqrt(x.shape[1]), -1).mT
    return x + F.conv2d(answer.reshape(x.shape), state[f"{name}.proj_out.weight"], state[f"{name}.proj_out.bias"])


def _plain(state: Weights, name: str, x: Tensor) -> Tensor:
    """A block without a time."""
    hidden = _conv(state, f"{name}.conv1", F.silu(_norm(state, f"{name}.norm1", x, 1e-6)))
    hidden = _conv(state, f"{name}.conv2", F.silu(_norm(state, f"{name}.norm2", hidden, 1e-6)))
    return hidden + _shortcut(state, f"{name}.nin_shortcut", x)


def _shortcut(state: Weights, name: str, x: Tensor) -> Tensor:
    return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"]) if f"{name}.weight" in state else x


def _norm(state: Weights, name: str, x: Tensor, eps: float = 1e-5) -> Tensor:
    return F.group_norm(x, 32, state[f"{name}.weight"], state[f"{name}.bias"], eps)


def _conv(state: Weights, name: str, x: Tensor) -> Tensor:
    return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)
