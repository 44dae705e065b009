"""Models by name, by their place on the hub, or from a folder."""

from __future__ import annotations

import logging
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from diffusers import DDPMScheduler, DiffusionPipeline

from pmmtheory.errors import InvalidParameter
from pmmtheory.integrations.diffusers.image_model import ImageModel
from pmmtheory.integrations.diffusers.original import original_is_known, original_pipeline
from pmmtheory.integrations.diffusers.published import PUBLISHED, PublishedModel
from pmmtheory.integrations.diffusers.random_pipelines import RANDOM, random_like
from pmmtheory.numerics.devices import known_device

_DTYPES = ("float32", "float16", "bfloat16")


def load_model(
    name: str = "random", weights: str | Path | None = None, device: str | None = None, dtype: str | None = None, dry_run: bool = False, seed: int = 0
) -> ImageModel:
    """A network that generates images, by name.

    Parameters
    ----------
    name : str
        "celebahq", "ffhq", "churches" or "bedrooms": the models of Rombach et al. 2022. Or OWNER/NAME of any pipeline without conditions on the hub
        of the diffusers library. Or "random" or "random-pixels", small networks with random weights in an LDMPipeline and a DDPMPipeline. With
        weights, any other name too.
    weights : str or path, optional
        A folder that a pipeline was saved to, or for "celebahq", "ffhq" and "bedrooms" the original checkpoint, model.ckpt. Without it, the weights come
        from the hub, or from its cache.
    device : "cpu" or "cuda", optional
        By default a GPU where there is one.
    dtype : "float32", "float16" or "bfloat16", optional
        Of the network that predicts: by default float16 on a GPU, float32 elsewhere.
    dry_run : bool
        Whether to have random weights in networks of the shape of a published model.
    seed : int
        Of random weights.

    Raises
    ------
    InvalidParameter
        Naming `model`, `weights`, `device` or `dtype`; one sentence also where weights cannot be reached.

    Examples
    --------
    >>> load_model("random").shape
    (3, 8, 8)
    """
    place = known_device(("cuda" if torch.cuda.is_available() else "cpu") if device is None else device)
    chosen = ("float16" if place.startswith("cuda") else "float32") if dtype is None else dtype
    if chosen not in _DTYPES:
        raise InvalidParameter("dtype", dtype, f"one of {', '.join(_DTYPES)}")
    published = PUBLISHED.get(name)
    if dry_run and published is None and name not in RANDOM:
        raise InvalidParameter("model", name, f"one of {', '.join([*PUBLISHED, *RANDOM])}, for a dry run")
    if dry_run and weights is not None:
        raise InvalidParameter("weights", str(weights), "left out for a dry run, which has random ones")
    pipeline = _random(name, published, seed) if dry_run or (name in RANDOM and weights is None) else _loaded(name, published, weights)
    if published is not None:
        pipeline.scheduler = DDPMScheduler(**published.scheduler)
    model = ImageModel(pipeline, name, place, getattr(torch, chosen), None if published is None else published.scale)
    if published is not None and model.shape != published.latents:
        raise InvalidParameter("weights", str(weights or published.hub), f"those of {name}, with latents of shape {published.latents}, not {model.shape}")
    return model


def _random(name: str, published: PublishedModel | None, seed: int) -> Any:
    return RANDOM[name](seed) if published is None else random_like(published, seed)


def _loaded(name: str, published: PublishedModel | None, weights: str | Path | None) -> Any:
    """A pipeline from a folder, or from the hub."""
    if weights is not None:
        folder = Path(weights).expanduser()
        if folder.is_file() and published is not None:
            return original_pipeline(folder, published)
        if not (folder / "model_index.json").is_file():
            allowed = "a folder that a pipeline was saved to by the diffusers library, with a model_index.json, or the original checkpoint of a published model"
            raise InvalidParameter("weights", str(weights), allowed)
        return _pipeline("weights", str(weights), str(folder), "a pipeline that the diffusers library can load", local_files_only=True)
    if published is not None and published.hub is None:
        either = " or as the original checkpoint" if original_is_known(published) else ""
        where = f"https://github.com/CompVis/latent-diffusion ({published.checkpoint})"
        allowed = f"given for {name}, as a folder with a pipeline{either}: all that is published is the original checkpoint, at {where}"
        raise InvalidParameter("weights", None, allowed)
    if published is None and "/" not in name:
        names = [*PUBLISHED, *RANDOM]
        close = get_close_matches(name, names, n=1)
        hint = f' (did you mean "{close[0]}"?)' if close else ""
        raise InvalidParameter("model", name, f"one of {', '.join(names)}, OWNER/NAME of a pipeline on the hub, or any name with weights{hint}")
    hub = name if published is None or published.hub is None else published.hub
    allowed = f"a model whose weights, {hub} on the hub, can be reached or are in its cache; otherwise give a local copy as weights"
    return _pipeline("model", name, hub, allowed)


def _pipeline(parameter: str, value: str, source: str, allowed: str, **options: Any) -> Any:
    log = logging.getLogger("diffusers")
    level = log.level
    log.setLevel(logging.CRITICAL)  # what it says of a hub out of reach is in the error too
    try:
        return DiffusionPipeline.from_pretrained(source, **options)
    except Exception as error:  # of the hub, its transport, and readers of damaged files, without a family in common
        why = str(error).strip().partition("\n")[0].partition(" (")[0].partition(". ")[0].rstrip(".")
        raise InvalidParameter(parameter, value, f"{allowed} ({type(error).__name__}: {why})") from None
    finally:
        log.setLevel(level)
