"""The randomized midpoint method as a scheduler of the diffusers library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers.configuration_utils import register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from torch import Tensor

from pmmtheory.integrations.diffusers.betas import schedule_of
from pmmtheory.integrations.diffusers.flow_step import FlowStep, FlowUnderWay, flow_steps, flow_steps_for
from pmmtheory.integrations.diffusers.plan import coarse_times
from pmmtheory.integrations.diffusers.scheduler import StepsOfCalls

__all__ = ["RandomizedMidpointScheduler", "SchedulerMixin"]  # a pipeline that loads a scheduler by its name looks for its base class beside it


class RandomizedMidpointScheduler(StepsOfCalls):
    """DDIM's steps with the noise predicted at a random level inside each, uniform in sigma/alpha; see schemes.RandomizedFlowMidpoint.

    `num_inference_steps` counts calls of the network: two a step, one for the last step, which ends at the data, and one for another where the
    number is even. Midpoints are shared by the batch, and drawn anew at every `set_timesteps`. There is no noise but that of the midpoints.

    Parameters
    ----------
    num_train_timesteps, beta_start, beta_end, beta_schedule, trained_betas, rescale_betas_zero_snr
        The noise schedule that the network was trained with, as in the library's DDPMScheduler.
    prediction_type : "epsilon", "sample" or "v_prediction"
    timestep_spacing : "leading", "trailing" or "linspace"
        Of the steps.
    steps_offset : int
        Added to the times of the spacing "leading".
    clip_sample, clip_sample_range, thresholding, dynamic_thresholding_ratio, sample_max_value
        Whether the predicted data are kept within a range, at every call. `from_config` takes what a configuration states; what it leaves
        to the default of its class (`clip_sample` of DDPMScheduler, True) has the default of this one, as between any two classes of the library.
    whole_timesteps : bool
        Midpoints are real numbers, as they are in theory; `timesteps` are floats then, as those of the library's EulerDiscreteScheduler, which
        networks that embed a time by sines and cosines take as they are. True rounds midpoints to the nearest whole times, for those that look times up in
        a table; the mean of a step is then the integral over it up to the square of the time between two training times.
    seed : int, optional
        Of the midpoints, where `set_timesteps` is given no generator; without one they come from torch's own.

    Raises
    ------
    InvalidParameter
        Naming the parameter that is wrong.

    Source: Gupta, Cai & Chen 2024 (arXiv 2406.00924), the predictor step; there is no corrector.

    Examples
    --------
    >>> scheduler = RandomizedMidpointScheduler(timestep_spacing="trailing", seed=0)
    >>> scheduler.set_timesteps(9)
    >>> len(scheduler.timesteps), float(scheduler.timesteps[2])
    (9, 799.0)
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        num_train_timesteps: int = 1000,
        beta_start: float = 0.0001,
        beta_end: float = 0.02,
        beta_schedule: str = "linear",
        trained_betas: Sequence[float] | None = None,
        prediction_type: str = "epsilon",
        timestep_spacing: str = "leading",
        steps_offset: int = 0,
        clip_sample: bool = False,
        clip_sample_range: float = 1.0,
        thresholding: bool = False,
        dynamic_thresholding_ratio: float = 0.995,
        sample_max_value: float = 1.0,
        rescale_betas_zero_snr: bool = False,
        whole_timesteps: bool = False,
        seed: int | None = None,
    ):
        size = num_train_timesteps if trained_betas is None else len(trained_betas)
        self._set_up(schedule_of(size, beta_start, beta_end, beta_schedule, trained_betas, rescale_betas_zero_snr), seed)
        self._lay_out(flow_steps(self.schedule, range(size, 0, -1), size, whole_timesteps, None), None)

    @property
    def _dtype_of_times(self) -> torch.dtype:
        own: Any = self.config
        return torch.int64 if own.whole_timesteps else torch.float32

    def _counted(self, calls: int) -> tuple[Sequence[int], int]:
        own: Any = self.config
        steps, spared = flow_steps_for(calls, self.schedule.size)
        return coarse_times(self.schedule.size, steps, own.timestep_spacing, own.steps_offset), spared

    def _planned(self, coarse: Sequence[int], spared: int, draws: torch.Generator | None) -> Sequence[FlowStep]:
        own: Any = self.config
        return flow_steps(self.schedule, coarse, spared, own.whole_timesteps, draws)

    def _joining(self, time: float, end: float) -> FlowStep:
        return FlowStep(self.schedule, (time, end))

    def _begun(self, step: Any, x: Tensor, noise: Tensor) -> FlowUnderWay:
        return FlowUnderWay(step, x, noise)
