"""An error that follows a power law exactly."""

import os

from pmmtheory.estimate import Estimate


def measure(device: str, step_size: float, rate: float, constant: float = 3.0) -> dict[str, Estimate]:
    with open(os.environ["FAKE_LOG"], "a") as log:
        log.write(f"{step_size} {rate}\n")
    value = constant * step_size**rate
    return {"error": Estimate(value * (1 + step_size), 1e-12 * value, "formula"), "leading": Estimate(value, 1e-15 * value, "formula")}
