"""A power law whose process is killed at one step, always or once."""

import os
import signal
from pathlib import Path

from fake.measures import power

from pmmtheory.estimate import Estimate


def measure(device: str, step_size: float, rate: float) -> dict[str, Estimate]:
    once = Path(os.environ.get("FAKE_ONCE", "nowhere"))
    if step_size == 0.1 and not once.exists():
        if "FAKE_ONCE" in os.environ:
            once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return power.measure(device, step_size, rate)
