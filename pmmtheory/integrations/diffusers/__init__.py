"""Schedulers for the diffusers library: `pip install pmmtheory[diffusion]`.

from pmmtheory.integrations.diffusers import PoissonMidpointScheduler
pipeline.scheduler = PoissonMidpointScheduler.from_config(pipeline.scheduler.config)
images = pipeline(num_inference_steps=50).images     # 50 calls of the network
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if find_spec("diffusers") is None:
    raise ImportError("pmmtheory.integrations.diffusers needs the diffusers library: pip install pmmtheory[diffusion]")

from pmmtheory.integrations.diffusers.poisson_midpoint import PoissonMidpointScheduler
from pmmtheory.integrations.diffusers.randomized_midpoint import RandomizedMidpointScheduler

if TYPE_CHECKING:
    from pmmtheory.integrations.diffusers.generation import generate
    from pmmtheory.integrations.diffusers.loading import load_model

__all__ = ["PoissonMidpointScheduler", "RandomizedMidpointScheduler", "generate", "load_model"]

_LATER = {"generate": "generation", "load_model": "loading"}


def __getattr__(name: str) -> Any:
    """What needs more of the library than its schedulers, and is imported where it is asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
