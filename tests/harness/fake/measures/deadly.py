"""A power law whose process is killed at one step."""

import os
import signal

from fake.measures import power

from pmmtheory.estimate import Estimate


def measure(device: str, step_size: float, rate: float) -> dict[str, Estimate]:
    if step_size == 0.1:
        os.kill(os.getpid(), signal.SIGKILL)
    return power.measure(device, step_size, rate)
