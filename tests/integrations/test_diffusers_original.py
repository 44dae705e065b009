"""Original checkpoints of latent diffusion as pipelines of the library, against the networks written out from their description."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pmmtheory.errors import InvalidParameter
from tests.oracles import latent_diffusion
from tests.oracles.latent_diffusion_checkpoint import WIDTH, checkpoint

pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

from pmmtheory.integrations.diffusers import load_model  # noqa: E402
from pmmtheory.integrations.diffusers.published import PUBLISHED  # noqa: E402

UNET: dict[str, Any] = {
    "block_out_channels": (32, 64),
    "layers_per_block": 2,
    "attention_head_dim": WIDTH,
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
}
DECODER: dict[str, Any] = {"latent_channels": 3, "block_out_channels": (32, 64), "layers_per_block": 2, "num_vq_embeddings": 16}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A published model that is small."""
    monkeypatch.setitem(PUBLISHED, "bedrooms", replace(PUBLISHED["bedrooms"], latents=(3, 8, 8), unet=UNET, decoder=DECODER))


def saved(state: dict[str, Any], folder: Path) -> Path:
    torch.save({"state_dict": state, "epoch": 3}, folder / "model.ckpt")
    return folder / "model.ckpt"


@pytest.mark.slow
def test_networks_of_a_checkpoint(small: None, tmp_path: Path) -> None:
    """By the means over the training: the last weights of this checkpoint are NaN."""
    state = checkpoint()
    model = load_model("bedrooms", saved(state, tmp_path), device="cpu")
    means = {name: state["model_ema.diffusion_model" + name.replace(".", "")] for name in _of("model.diffusion_model.", state)}
    x = 2 * torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    for time in (0, 37, 999):
        wanted = latent_diffusion.noise(means, x, time, WIDTH)
        assert float((model.answer(x, time) - wanted).abs().max()) < 1e-5 * float(wanted.abs().max())
    wanted = latent_diffusion.image(_of("first_stage_model.", state), x)
    found = torch.as_tensor(model.images(x)).movedim(-1, 1)
    assert float((found / 127.5 - 1 - wanted.clamp(-1, 1)).abs().max()) < 0.51 / 127.5


@pytest.mark.slow
def test_heads_joined_in_another_order_are_seen(small: None, tmp_path: Path) -> None:
    """The negative control: what all queries, then all keys, then all values would be."""
    state = checkpoint()
    model = load_model("bedrooms", saved(state, tmp_path), device="cpu")
    means = {name: state["model_ema.diffusion_model" + name.replace(".", "")] for name in _of("model.diffusion_model.", state)}
    wrong = {name: value.unflatten(0, (3, -1, WIDTH)).transpose(0, 1).flatten(0, 2) if ".qkv." in name else value for name, value in means.items()}
    x = 2 * torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    wanted = latent_diffusion.noise(wrong, x, 37, WIDTH)
    assert float((model.answer(x, 37) - wanted).abs().max()) > 1e-3 * float(wanted.abs().max())


@pytest.mark.slow
def test_a_checkpoint_without_means(small: None, tmp_path: Path) -> None:
    state = checkpoint()
    with_means = load_model("bedrooms", saved(state, tmp_path), device="cpu").weights
    own = {name: state["model_ema." + name.removeprefix("model.").replace(".", "")] if name.startswith("model.") else state[name] for name in state}
    plain = {name: value for name, value in own.items() if not name.startswith("model_ema")}
    assert load_model("bedrooms", saved(plain, tmp_path), device="cpu").weights == with_means


@pytest.mark.slow
def test_files_that_are_none(small: None, tmp_path: Path) -> None:
    state = checkpoint()
    del state["first_stage_model.quant_conv.bias"]
    with pytest.raises(InvalidParameter, match="weights = .* the original checkpoint of LSUN-Bedrooms, or a folder"):
        load_model("bedrooms", saved(state, tmp_path), device="cpu")
    with pytest.raises(InvalidParameter, match="weights = .* the original checkpoint of LSUN-Bedrooms"):
        load_model("bedrooms", saved({}, tmp_path), device="cpu")
    with pytest.raises(InvalidParameter, match="a checkpoint of tensors alone"):
        load_model("bedrooms", saved({"hyper": Path("x")}, tmp_path), device="cpu")
    (tmp_path / "model.ckpt").write_bytes(b"")
    with pytest.raises(InvalidParameter, match="weights = .* that torch can load"):
        load_model("bedrooms", tmp_path / "model.ckpt", device="cpu")
    with pytest.raises(InvalidParameter, match="weights = .* the network of LSUN-Churches, whose attention has 8 heads"):
        load_model("churches", tmp_path / "model.ckpt", device="cpu")
    with pytest.raises(InvalidParameter, match="or the original checkpoint of a published model"):
        load_model("mine", tmp_path / "model.ckpt", device="cpu")


def _of(prefix: str, state: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
