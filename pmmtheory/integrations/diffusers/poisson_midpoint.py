"""The Poisson midpoint method as a scheduler of the diffusers library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers.configuration_utils import register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from torch import Tensor

from pmmtheory.errors import InvalidParameter, choice, count
from pmmtheory.integrations.diffusers.betas import schedule_of
from pmmtheory.integrations.diffusers.plan import LargeStep, laid_out, steps_for
from pmmtheory.integrations.diffusers.scheduler import StepsOfCalls
from pmmtheory.integrations.diffusers.under_way import UnderWay
from pmmtheory.noise.coefficients import VARIANTS, Variant, ddim_with
from pmmtheory.schemes import Midpoints

__all__ = ["PoissonMidpointScheduler", "SchedulerMixin"]  # a pipeline that loads a scheduler by its name looks for its base class beside it


class PoissonMidpointScheduler(StepsOfCalls):
    """The Poisson midpoint method: large steps of a base method that each stand for many of its steps, corrected at random midpoints.

    `num_inference_steps` counts calls of the network: exactly with "interior" midpoints, one a large step among those that cost a call, and in
    expectation with "single" (one among all) and "bernoulli" (each with probability 1/K), as Kandasamy & Nagaraj 2024 count them. Midpoints are
    shared by the batch, and drawn anew at every `set_timesteps`.

    Parameters
    ----------
    num_train_timesteps, beta_start, beta_end, beta_schedule, trained_betas, rescale_betas_zero_snr
        The noise schedule that the network was trained with, as in the library's DDPMScheduler.
    prediction_type : "epsilon", "sample" or "v_prediction"
    timestep_spacing : "leading", "trailing" or "linspace"
        Of the large steps. The last of them ends at the data.
    steps_offset : int
        Added to the times of the spacing "leading".
    clip_sample, clip_sample_range, thresholding, dynamic_thresholding_ratio, sample_max_value
        Whether the predicted data are kept within a range, at every call. `from_config` takes what a configuration states; what it leaves
        to the default of its class (`clip_sample` of DDPMScheduler, True) has the default of this one, as between any two classes of the library.
    midpoints : "interior", "single" or "bernoulli"
        Few calls go best with "interior", many with "bernoulli".
    substeps : int, optional
        The largest K: by default a large step stands for all training steps in it.
    base : str
        The base method: "V1", "V1a" to "V1d", "V2", "V3" or "V3-literal" for variants of DDPM, or "DDIM" with `eta`.
    eta : float
        The share of noise of "DDIM", from 0 to 1.
    seed : int, optional
        Of the midpoints, where `set_timesteps` is given no generator; without one they come from torch's own.

    Raises
    ------
    InvalidParameter
        Naming the parameter that is wrong.

    Source: Kandasamy & Nagaraj 2024 (arXiv 2405.17068), App. A.

    Examples
    --------
    >>> scheduler = PoissonMidpointScheduler(timestep_spacing="trailing", seed=0)
    >>> scheduler.set_timesteps(10)
    >>> len(scheduler.timesteps), int(scheduler.timesteps[0])
    (10, 999)
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
        midpoints: str = "interior",
        substeps: int | None = None,
        base: str = "V2",
        eta: float = 0.0,
        seed: int | None = None,
    ):
        size = num_train_timesteps if trained_betas is None else len(trained_betas)
        self._set_up(schedule_of(size, beta_start, beta_end, beta_schedule, trained_betas, rescale_betas_zero_snr), seed)
        self._variant = _base(base, eta)
        Midpoints(float("inf") if substeps is None else count("substeps", substeps), midpoints)
        self._lay_out(laid_out(self.schedule, self._variant, range(size, 0, -1), 1, midpoints, None), None)

    def _counted(self, calls: int) -> tuple[Sequence[int], int]:
        own: Any = self.config
        return steps_for(calls, self.schedule.size, own.timestep_spacing, own.steps_offset, own.substeps, own.midpoints)

    def _planned(self, coarse: Sequence[int], spared: int, draws: torch.Generator | None) -> Sequence[LargeStep]:
        own: Any = self.config
        return laid_out(self.schedule, self._variant, coarse, own.substeps, own.midpoints, draws, spared)

    def _joining(self, time: float, end: float) -> LargeStep:
        return LargeStep(self.schedule, self._variant, (time, end))

    def _begun(self, step: Any, x: Tensor, noise: Tensor) -> UnderWay:
        return UnderWay.at_start(step, x, noise)


def _base(name: str, eta: float) -> Variant:
    """The coefficients of the base method."""
    if choice("base", name, ("DDIM", *VARIANTS)) == "DDIM":
        return ddim_with(eta)
    if eta != 0:
        raise InvalidParameter("eta", eta, f"0 with the base {name}: it is of DDIM alone")
    return VARIANTS[name]
