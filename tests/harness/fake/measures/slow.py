"""A power law that takes its time."""

import time

from fake.measures import power

from pmmtheory.estimate import Estimate


def measure(device: str, step_size: float, rate: float) -> dict[str, Estimate]:
    time.sleep(0.2)
    return power.measure(device, step_size, rate)
