"""Schedulers for the diffusers library: `pip install pmmtheory[diffusion]`.

from pmmtheory.integrations.diffusers import PoissonMidpointScheduler
pipeline.scheduler = PoissonMidpointScheduler.from_config(pipeline.scheduler.config)
images = pipeline(num_inference_steps=50).images     # 50 calls of the network
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("diffusers") is None:
    raise ImportError("pmmtheory.integrations.diffusers needs the diffusers library: pip install pmmtheory[diffusion]")

from pmmtheory.integrations.diffusers.poisson_midpoint import PoissonMidpointScheduler
from pmmtheory.integrations.diffusers.randomized_midpoint import RandomizedMidpointScheduler

__all__ = ["PoissonMidpointScheduler", "RandomizedMidpointScheduler"]
