"""Models by name and from folders, offline: published shapes with random weights, and what is said where weights are not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pmmtheory.errors import InvalidParameter

diffusers = pytest.importorskip("diffusers", reason="needs the diffusers library, extra `diffusion`")

from pmmtheory.integrations.diffusers import load_model, loading  # noqa: E402
from pmmtheory.integrations.diffusers.image_model import ImageModel  # noqa: E402
from pmmtheory.integrations.diffusers.published import PUBLISHED  # noqa: E402
from pmmtheory.integrations.diffusers.random_pipelines import random_latents, random_like, random_pixels  # noqa: E402


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    random_latents(3).save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


@pytest.mark.slow
def test_a_folder_that_a_pipeline_was_saved_to(saved: Path) -> None:
    """With .safetensors, and with .bin as the hub has the older ones; the same weights have the same fingerprint."""
    found, made = load_model("mine", saved, device="cpu"), load_model("random", device="cpu", seed=3)
    x = torch.randn(2, *found.shape, generator=torch.Generator().manual_seed(0))
    assert found.name == "mine" and found.weights == made.weights and np.array_equal(found.images(x), made.images(x))
    random_latents(3).save_pretrained(saved.parent / "older", safe_serialization=False)
    assert load_model("mine", saved.parent / "older", device="cpu").weights == made.weights
    assert load_model("random", device="cpu", seed=4).weights != made.weights


@pytest.mark.parametrize("name", ["celebahq", "churches"])
def test_a_published_model_is_known_better_than_by_its_folder(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub's folder of CelebA-HQ has no scale of latents, for which the library would take another model's."""
    pipeline = random_latents(0)
    pipeline.unet.register_to_config(in_channels=PUBLISHED[name].latents[0], out_channels=PUBLISHED[name].latents[0], sample_size=PUBLISHED[name].latents[1])
    asked: list[Any] = []
    monkeypatch.setattr(loading.DiffusionPipeline, "from_pretrained", lambda source, **options: (asked.append(source), pipeline)[1])
    monkeypatch.setattr(Path, "is_file", lambda path: path.name == "model_index.json")
    model = load_model(name, None if PUBLISHED[name].hub else "somewhere", device="cpu")
    assert asked == [PUBLISHED[name].hub or "somewhere"]
    first, last = PUBLISHED[name].betas
    betas = np.linspace(first**0.5, last**0.5, 1000) ** 2
    assert np.allclose(model.schedule.betas, betas, rtol=1e-12) and not model.config.clip_sample and model.config.prediction_type == "epsilon"
    assert model._scale == (1.0 if name == "celebahq" else pipeline.vqvae.config.scaling_factor)


@pytest.mark.slow
def test_weights_of_another_shape(saved: Path) -> None:
    with pytest.raises(InvalidParameter, match=r"weights = .* those of celebahq, with latents of shape \(3, 64, 64\), not \(3, 8, 8\)"):
        load_model("celebahq", saved, device="cpu")


@pytest.mark.parametrize(("name", "millions"), [("celebahq", 274), ("ffhq", 274), ("churches", 294), ("bedrooms", 274)])
def test_the_published_sizes(name: str, millions: int) -> None:
    """Parameters of the networks in tab. 12 of Rombach et al. 2022; that of LSUN-Churches is only nearly of the library's kind."""
    with torch.device("meta"):
        pipeline = random_like(PUBLISHED[name])
    found = sum(weight.numel() for weight in pipeline.unet.parameters()) / 1e6
    assert abs(found / millions - 1) < (0.02 if name == "churches" else 0.001)
    assert (pipeline.unet.config.in_channels, pipeline.unet.config.sample_size) == PUBLISHED[name].latents[:2]
    assert pipeline.vqvae.config.latent_channels == PUBLISHED[name].latents[0]
    factor = 2 ** (len(pipeline.vqvae.config.block_out_channels) - 1)
    assert PUBLISHED[name].latents[1] * factor == 256


def test_a_dry_run_has_the_shape_and_the_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    small: Any = {"block_out_channels": (8,), "layers_per_block": 1, "norm_num_groups": 4}
    monkeypatch.setitem(PUBLISHED, "ffhq", _smaller(small))
    model = load_model("ffhq", dry_run=True, device="cpu")
    assert model.shape == (3, 64, 64) and abs(model.schedule.betas[-1] - 0.0195) < 1e-12 and model._scale == 1.0
    assert model.answer(torch.zeros(1, 3, 64, 64), 5).shape == (1, 3, 64, 64) and model.calls == 1


def _smaller(blocks: dict[str, Any]) -> Any:
    from dataclasses import replace

    unet = {**blocks, "add_attention": False, "down_block_types": ("DownBlock2D",), "up_block_types": ("UpBlock2D",)}
    return replace(PUBLISHED["ffhq"], unet=unet, decoder={**blocks, "latent_channels": 3, "num_vq_embeddings": 8})


def test_a_hub_out_of_reach_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InvalidParameter, match="model = 'celebahq' .* CompVis/ldm-celebahq-256 on the hub, can be reached or are in its cache") as caught:
        load_model("celebahq", device="cpu")
    assert "\n" not in str(caught.value) and capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "celebhq"}, r"model = 'celebhq' .*did you mean .celebahq."),
        ({"name": "xyz"}, r"model = 'xyz' is not allowed: one of celebahq, ffhq, .* or any name with weights\.$"),
        ({"name": "ffhq"}, "weights = None .* with a pipeline or as the original checkpoint: .*CompVis/latent-diffusion .models/ldm/ffhq256"),
        ({"name": "churches"}, "weights = None .* given for churches, as a folder with a pipeline: all that is published"),
        ({"name": "ffhq", "weights": "/none"}, "weights = '/none' is not allowed: a folder that a pipeline was saved to"),
        ({"name": "x/y", "dry_run": True}, "model = 'x/y' is not allowed: one of celebahq"),
        ({"name": "ffhq", "dry_run": True, "weights": "/none"}, "weights = '/none' is not allowed: left out for a dry run"),
        ({"dtype": "float8"}, "dtype = 'float8' is not allowed: one of float32"),
        ({"device": "tpu"}, "device = 'tpu' is not allowed"),
    ],
)
def test_wrong_input(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        load_model(**{"device": "cpu", **options})


def test_a_damaged_folder_is_one_sentence(saved: Path) -> None:
    for path in (saved / "unet").glob("*.safetensors"):
        path.write_bytes(b"half")
    with pytest.raises(InvalidParameter, match="weights = .* a pipeline that the diffusers library can load") as caught:
        load_model("mine", saved, device="cpu")
    assert "\n" not in str(caught.value)


def test_schedulers_without_betas_are_refused() -> None:
    """Where they have none, the defaults of another class would be taken in silence."""
    pipeline = random_pixels(0)
    for kind in (diffusers.FlowMatchEulerDiscreteScheduler, diffusers.EDMEulerScheduler, diffusers.ScoreSdeVeScheduler):
        pipeline.scheduler = kind()
        with pytest.raises(InvalidParameter, match=f"model = 'mine' .* says the betas .* this has {kind.__name__}"):
            ImageModel(pipeline, "mine")
    pipeline.scheduler = diffusers.DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    assert float(ImageModel(pipeline, "mine").schedule.betas[-1]) > 0.9


def test_pipelines_with_conditions_are_refused() -> None:
    pipeline = random_pixels(0)
    pipeline.unet.register_to_config(num_class_embeds=10)
    with pytest.raises(InvalidParameter, match="model = 'mine' .* a pipeline without conditions, .* this is a DDPMPipeline with UNet2DModel"):
        ImageModel(pipeline, "mine")
    with pytest.raises(InvalidParameter, match="with NoneType"):
        ImageModel(object(), "mine")
