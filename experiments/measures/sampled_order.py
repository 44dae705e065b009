"""The order of a bias in many dimensions, from two steps, the second half as long as the first."""

from __future__ import annotations

import numpy as np

from experiments.measures.sampled_bias import measure as sampled_bias
from pmmtheory.estimate import Estimate


def measure(device: str, target: str, scheme: str, step_size: float, tolerance: float) -> dict[str, Estimate]:
    """order, log2 of the ratio of both biases, and how far it is from 1 and 2, `off 1` and `off 2`; each bias is known to `tolerance` times its step."""
    whole, half = (sampled_bias(device, target, scheme, step, tolerance=tolerance * step)["bias"] for step in (step_size, step_size / 2))
    found = np.log(whole / half) / np.log(2.0)
    return {"order": found, "off 1": abs(found - 1), "off 2": abs(found - 2)}
