"""A power law that fails at one step until the environment says that it is mended."""

import os

from fake.measures import power

from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate


def measure(device: str, step_size: float, rate: float) -> dict[str, Estimate]:
    if step_size == 0.1 and "FAKE_MENDED" not in os.environ:
        raise NotConverged("the fake law", 1e-3, 1e-8)
    return power.measure(device, step_size, rate)
