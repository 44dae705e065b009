"""The original checkpoints of latent diffusion, as pipelines of the diffusers library."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import DDPMScheduler, LDMPipeline, UNet2DModel, VQModel
from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.integrations.diffusers.published import PublishedModel

_RESNET = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
_ENDS = {
    "time_embed.0": "time_embedding.linear_1",
    "time_embed.2": "time_embedding.linear_2",
    "input_blocks.0.0": "conv_in",
    "out.0": "conv_norm_out",
    "out.2": "conv_out",
}


def original_pipeline(path: Path, published: PublishedModel) -> Any:
    """The pipeline of a checkpoint of https://github.com/CompVis/latent-diffusion with vector-quantised latents.

    The weights of the noise predictor are the means over the training, as the authors sample with, where the checkpoint has them.

    Raises
    ------
    InvalidParameter
        Naming `weights` where the file is no such checkpoint, or the model is not of that kind.
    """
    if not original_is_known(published):
        allowed = f"a folder with a pipeline: the network of {published.data}, whose attention has 8 heads at every resolution, is none of the library's"
        raise InvalidParameter("weights", str(path), allowed)
    state = _state(path)
    channels, size, _ = published.latents
    levels = len(published.decoder["block_out_channels"])
    unet: Any = UNet2DModel(sample_size=size, in_channels=channels, out_channels=channels, **published.unet)
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * levels, "up_block_types": ("UpDecoderBlock2D",) * levels}
    decoder: Any = VQModel(**blocks, **published.decoder, scaling_factor=published.scale)
    try:
        heads = published.unet["attention_head_dim"]
        unet.load_state_dict(_unet(_mean_weights(state), len(published.unet["block_out_channels"]), published.unet["layers_per_block"], heads))
        embedding = {"quantize.embedding.weight": state["first_stage_model.quantize.embedding.weight"]}
        decoder.load_state_dict({**convert_ldm_vae_checkpoint(state, blocks), **embedding})
    except (KeyError, RuntimeError) as error:
        why = str(error).strip().partition("\n")[0].rstrip(".:")
        raise InvalidParameter("weights", str(path), f"the original checkpoint of {published.data}, or a folder with a pipeline ({why})") from None
    return LDMPipeline(vqvae=decoder, unet=unet, scheduler=DDPMScheduler(**published.scheduler))


def original_is_known(published: PublishedModel) -> bool:
    """Whether the networks of a model are of the library's kinds."""
    return "num_vq_embeddings" in published.decoder


def _state(path: Path) -> dict[str, Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        allowed = 'a checkpoint of tensors alone: this one has other objects too, so keep of it what torch.load(FILE, weights_only=False)["state_dict"] is'
        raise InvalidParameter("weights", str(path), allowed) from None
    except (OSError, RuntimeError, EOFError) as error:
        why = str(error).strip().partition("\n")[0].rstrip(".")
        raise InvalidParameter("weights", str(path), f"a file that torch can load ({why})") from None
    return dict(found.get("state_dict", found)) if isinstance(found, Mapping) else {}


def _mean_weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the noise predictor; means over the training have the name without dots."""
    prefix = "model.diffusion_model."
    names = [name for name in state if name.startswith(prefix)]
    return {name.removeprefix(prefix): state.get("model_ema." + name.removeprefix("model.").replace(".", ""), state[name]) for name in names}


def _unet(state: Mapping[str, Tensor], levels: int, layers: int, width: int) -> dict[str, Tensor]:
    """The same weights by the names of a UNet2DModel, whose heads of attention have `width` channels."""
    found: dict[str, Tensor] = {}
    for old, new in _modules(state, levels, layers):
        for kind in ("weight", "bias"):
            if f"{old}.qkv.{kind}" in state:
                found |= _attention(state, old, new, kind, width)
            elif f"{old}.{kind}" in state:
                found[f"{new}.{kind}"] = state[f"{old}.{kind}"]
            else:
                pairs = ((f"{old}.{part}.{kind}", f"{new}.{name}.{kind}") for part, name in _RESNET.items())
                found |= {name: state[part] for part, name in pairs if part in state}
    return found


def _attention(state: Mapping[str, Tensor], old: str, new: str, kind: str, width: int) -> dict[str, Tensor]:
    """Queries, keys and values are joined head by head: (heads, 3, width, ...)."""
    joined = state[f"{old}.qkv.{kind}"]
    parts = joined.reshape(-1, 3, width, *joined.shape[1:2]).unbind(1)
    found = {f"{new}.to_{name}.{kind}": part.reshape(-1, *joined.shape[1:2]) for name, part in zip("qkv", parts, strict=True)}
    last = state[f"{old}.proj_out.{kind}"]
    return {**found, f"{new}.group_norm.{kind}": state[f"{old}.norm.{kind}"], f"{new}.to_out.0.{kind}": last[..., 0] if last.ndim == 3 else last}


def _modules(state: Mapping[str, Tensor], levels: int, layers: int) -> Iterator[tuple[str, str]]:
    """Where a part of the network is in the checkpoint and in a UNet2DModel."""
    yield from _ENDS.items()
    number = 1
    for level in range(levels):
        for layer in range(layers):
            yield f"input_blocks.{number}.0", f"down_blocks.{level}.resnets.{layer}"
            yield f"input_blocks.{number}.1", f"down_blocks.{level}.attentions.{layer}"
            number += 1
        yield f"input_blocks.{number}.0.op", f"down_blocks.{level}.downsamplers.0.conv"
        number += 1
    for part, name in enumerate(("resnets.0", "attentions.0", "resnets.1")):
        yield f"middle_block.{part}", f"mid_block.{name}"
    for number in range(levels * (layers + 1)):
        level, layer = divmod(number, layers + 1)
        yield f"output_blocks.{number}.0", f"up_blocks.{level}.resnets.{layer}"
        attends = f"output_blocks.{number}.1.qkv.weight" in state
        if attends:
            yield f"output_blocks.{number}.1", f"up_blocks.{level}.attentions.{layer}"
        yield f"output_blocks.{number}.{1 + attends}.conv", f"up_blocks.{level}.upsamplers.0.conv"
