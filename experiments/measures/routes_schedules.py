"""Noise schedules, next to the formulas that define them."""

from __future__ import annotations

import numpy as np

from experiments.measures._routes import farthest
from pmmtheory.estimate import Estimate
from pmmtheory.noise.schedule import NoiseSchedule

_SIZE = 50


def measure(device: str) -> dict[str, Estimate]:
    """The betas of each kind of schedule as other programs write them."""
    t = np.arange(_SIZE + 1) / _SIZE
    alpha_bar = np.cos((t + 0.008) / 1.008 * np.pi / 2) ** 2
    roots = np.linspace(np.sqrt(0.85 / _SIZE), np.sqrt(12 / _SIZE), _SIZE)
    shifted = np.cos(t * np.pi / 2) ** 2
    formulas = {
        "cosine": (NoiseSchedule.cosine(_SIZE), np.minimum(1 - alpha_bar[1:] / alpha_bar[:-1], 0.999)),
        "cosine without an offset": (NoiseSchedule.cosine(_SIZE), np.minimum(1 - shifted[1:] / shifted[:-1], 0.999)),
        "scaled linear": (NoiseSchedule.scaled_linear(_SIZE), roots**2),
    }
    return {f"betas, {name}": farthest(np.array(schedule.betas), betas) for name, (schedule, betas) in formulas.items()}
