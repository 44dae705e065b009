"""Levels between two others, by the ratio of noise to signal."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.noise.schedule import NoiseSchedule


def between(schedule: NoiseSchedule, first: float, last: float, share: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Levels r a share in [0, 1] of the way between two training times in w = sigma/alpha, w_r = w_t + share (w_s - w_t).

    Returns
    -------
    time, growth, response : Tensor
        The training time of r, alpha_r/alpha_t, and alpha_r (w_r - w_t): DDIM's step to r is growth X + response eps. Of the shape of share.

    Examples
    --------
    >>> schedule = NoiseSchedule.linear()
    >>> time, growth, response = between(schedule, 1000.0, 500.0, torch.tensor(1.0, dtype=torch.float64))
    >>> round(float(time), 6), bool(torch.isclose(growth, torch.tensor(schedule.alpha(500.0) / schedule.alpha(1000.0), dtype=torch.float64)))
    (500.0, True)
    """
    start, end = (math.exp(-schedule.log_snr(time)) for time in (first, last))
    moved = share * (end - start)
    time = schedule.time_at(-torch.log(start + moved)).clamp(last, first)
    growth = torch.sqrt((1 + start**2) / (1 + (start + moved) ** 2))
    return time, growth, growth * schedule.alpha(first) * moved
