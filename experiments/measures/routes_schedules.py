"""Noise schedules, next to the formulas that define them."""

from __future__ import annotations

import numpy as np

from experiments.measures._routes import compared, farthest, held
from pmmtheory.estimate import Estimate
from pmmtheory.noise.schedule import NoiseSchedule

_SIZE = 50


@compared
def measure(device: str, offset: float = 0.008) -> dict[str, Estimate]:
    """The betas of each kind of schedule as other programs write them; with another offset the cosine is another."""
    t = np.arange(_SIZE + 1) / _SIZE
    alpha_bar = np.cos((t + offset) / (1 + offset) * np.pi / 2) ** 2
    roots = np.linspace(np.sqrt(0.85 / _SIZE), np.sqrt(12 / _SIZE), _SIZE)
    formulas = {
        "cosine": (NoiseSchedule.cosine(_SIZE), np.minimum(1 - alpha_bar[1:] / alpha_bar[:-1], 0.999)),
        "scaled linear": (NoiseSchedule.scaled_linear(_SIZE), roots**2),
    }
    return held({f"betas, {name}": farthest(np.array(schedule.betas), betas) for name, (schedule, betas) in formulas.items()})
