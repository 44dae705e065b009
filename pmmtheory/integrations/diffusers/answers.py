"""What an answer of a network says of the noise and the data in a sample."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from pmmtheory.noise.predictions import data_in, noise_in
from pmmtheory.noise.schedule import NoiseSchedule


def predicted(own: Any, schedule: NoiseSchedule, x: Tensor, output: Tensor, time: float) -> tuple[Tensor, Tensor]:
    """The noise and the data in x at a training time, the data within the range that the configuration asks for."""
    alpha, sigma = _level(schedule, time)
    data = data_in(x, output, alpha, sigma, own.prediction_type)
    if not (own.clip_sample or own.thresholding):
        return noise_in(x, output, alpha, sigma, own.prediction_type), data
    data = _thresholded(own, data) if own.thresholding else data.clamp(-own.clip_sample_range, own.clip_sample_range)
    return noise_in(x, data, alpha, sigma, "sample"), data


@lru_cache(maxsize=4096)
def _level(schedule: NoiseSchedule, time: float) -> tuple[float, float]:
    """alpha and sigma at a training time: every run asks for the same."""
    return schedule.alpha(time), schedule.sigma(time)


def _thresholded(own: Any, data: Tensor) -> Tensor:
    """Each sample within its own quantile of absolute values, and scaled by it. Source: Saharia et al. 2022 (arXiv 2205.11487), App. C."""
    reach = torch.quantile(data.reshape(len(data), -1).abs(), own.dynamic_thresholding_ratio, dim=1).clamp(1.0, own.sample_max_value)
    reach = reach.reshape(-1, *(1,) * (data.ndim - 1))
    return torch.minimum(torch.maximum(data, -reach), reach) / reach
