"""The noise schedules of the diffusers library, by the names that its configurations have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pmmtheory.errors import InvalidParameter
from pmmtheory.noise.schedule import NoiseSchedule

NAMES = ("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid")

_LEAST = 2.0**-24
"""alpha^2 at the last training time of a schedule that ends in pure noise: no step begins at none at all."""


def schedule_of(size: int, first: float, last: float, name: str, trained: Sequence[float] | None, zero_snr: bool) -> NoiseSchedule:
    """The schedule of a configuration; its training time t + 1 is the library's t.

    Raises
    ------
    InvalidParameter
        Naming `beta_schedule`, `betas`, or `trained_betas` where there are not `size` of them.
    """
    if trained is not None:
        if len(trained) != size:
            raise InvalidParameter("trained_betas", f"{len(trained)} numbers", f"as many as num_train_timesteps, {size}")
        schedule = NoiseSchedule(trained)
    elif name == "linear":
        schedule = NoiseSchedule.linear(size, first, last)
    elif name == "scaled_linear":
        schedule = NoiseSchedule.scaled_linear(size, first, last)
    elif name == "squaredcos_cap_v2":
        schedule = NoiseSchedule.cosine(size)
    elif name == "sigmoid":
        schedule = NoiseSchedule(first + (last - first) / (1 + np.exp(-np.linspace(-6.0, 6.0, size))))
    else:
        raise InvalidParameter("beta_schedule", name, f"one of {', '.join(map(repr, NAMES))}")
    return _to_pure_noise(schedule) if zero_snr else schedule


def _to_pure_noise(schedule: NoiseSchedule) -> NoiseSchedule:
    """alpha shifted and stretched so that it starts where it does and ends at next to none. Source: Lin et al. 2023 (arXiv 2305.08891), Alg. 1."""
    alpha = schedule.levels(range(1, schedule.size + 1)).alpha
    if len(alpha) < 2:
        raise InvalidParameter("rescale_betas_zero_snr", True, "at least 2 training times")
    square = ((alpha - alpha[-1]) * alpha[0] / (alpha[0] - alpha[-1])) ** 2
    square[-1] = min(_LEAST, square[-2] / 2)
    return NoiseSchedule(1 - square / np.concatenate([[1.0], square[:-1]]))
