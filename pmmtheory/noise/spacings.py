"""How a scheduler spreads its times between pure noise and the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from pmmtheory.errors import InvalidParameter
from pmmtheory.noise.levels import Numbers

if TYPE_CHECKING:
    from pmmtheory.noise.schedule import NoiseSchedule


def uniform(schedule: NoiseSchedule, steps: int, end: int) -> Numbers:
    """Equal steps in t, rounded to whole times."""
    return np.round(np.linspace(schedule.size, end, steps + 1))


def quadratic(schedule: NoiseSchedule, steps: int, end: int) -> Numbers:
    """Equal steps in sqrt(t), rounded to whole times: short ones near the data."""
    return np.round(np.linspace(schedule.size**0.5, end**0.5, steps + 1) ** 2)


def log_snr(schedule: NoiseSchedule, steps: int, end: int) -> Numbers:
    """Equal steps in log(alpha/sigma)."""
    if end < 1:
        raise InvalidParameter("end", end, 'at least 1 for the spacing "log-snr", since log(alpha/sigma) is infinite at the data')
    first, last = schedule.log_snr(float(schedule.size)), schedule.log_snr(float(end))
    inner = schedule.time_at(torch.linspace(first, last, steps + 1, dtype=torch.float64)[1:-1])
    return np.concatenate([[schedule.size], inner.numpy(), [end]])


SPACINGS: Mapping[str, Callable[[NoiseSchedule, int, int], Numbers]] = {"uniform": uniform, "quadratic": quadratic, "log-snr": log_snr}
