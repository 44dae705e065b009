"""The Poisson midpoint method as a scheduler of the diffusers library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.schedulers.scheduling_ddpm import DDPMSchedulerOutput
from diffusers.schedulers.scheduling_utils import KarrasDiffusionSchedulers, SchedulerMixin
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.integrations.diffusers.answers import predicted
from pmmtheory.integrations.diffusers.betas import schedule_of
from pmmtheory.integrations.diffusers.plan import LargeStep, coarse_times, laid_out, steps_for
from pmmtheory.integrations.diffusers.under_way import UnderWay
from pmmtheory.noise.coefficients import Variant, ddim_with, variant_named
from pmmtheory.noise.predictions import known_kind
from pmmtheory.schemes import Midpoints


class PoissonMidpointScheduler(SchedulerMixin, ConfigMixin):  # type: ignore[misc]
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
        Whether the predicted data are kept within a range, at every call.
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

    _compatibles = [each.name for each in KarrasDiffusionSchedulers]
    order = 1

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
        self.schedule = schedule_of(size, beta_start, beta_end, beta_schedule, trained_betas, rescale_betas_zero_snr)
        self._variant: Variant = ddim_with(eta) if base == "DDIM" else variant_named(base)
        known_kind(prediction_type)
        coarse_times(size, 1, timestep_spacing, 0)
        Midpoints(substeps or float("inf"), midpoints)
        self.betas = torch.tensor(self.schedule.betas, dtype=torch.float32)
        self.alphas = 1 - self.betas
        self.alphas_cumprod = torch.tensor(self.schedule.levels(range(1, size + 1)).alpha ** 2, dtype=torch.float32)
        self.init_noise_sigma = 1.0
        self.num_inference_steps: int | None = None
        self._under: UnderWay | None = None
        self._draws = None if seed is None else torch.Generator().manual_seed(seed)
        self._lay_out(laid_out(self.schedule, self._variant, range(size, 0, -1), 1, midpoints, None), None)

    def set_timesteps(
        self,
        num_inference_steps: int | None = None,
        device: str | torch.device | None = None,
        timesteps: Sequence[int] | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        """Lay out the times of a run: `timesteps`, descending, of the calls.

        Parameters
        ----------
        num_inference_steps : int
            The number of calls.
        device
            Where the times are put.
        timesteps : sequence of int, optional
            Descending times of the large steps, in place of that; midpoints come on top.
        generator : torch.Generator, optional
            Of the midpoints.

        Raises
        ------
        InvalidParameter
            Naming `num_inference_steps` or `timesteps`.
        """
        own: Any = self.config
        size, spared = self.schedule.size, 0
        if (num_inference_steps is None) == (timesteps is None):
            raise InvalidParameter("num_inference_steps", num_inference_steps, "given, or else timesteps, and not both")
        if timesteps is None:
            assert num_inference_steps is not None
            coarse, spared = steps_for(num_inference_steps, size, own.timestep_spacing, own.steps_offset, own.substeps, own.midpoints)
        else:
            coarse = tuple(int(t) + 1 for t in timesteps)
            if not coarse or not all(a > b for a, b in zip(coarse, [*coarse[1:], 0], strict=True)) or coarse[0] > size:
                raise InvalidParameter("timesteps", list(timesteps), f"descending whole times from {size - 1} at most to 0 at least")
        draws = self._draws if generator is None else generator
        self._lay_out(laid_out(self.schedule, self._variant, coarse, own.substeps, own.midpoints, draws, spared), device)
        self.num_inference_steps = len(self.timesteps)

    def step(
        self, model_output: Tensor, timestep: int | Tensor, sample: Tensor, generator: Any = None, return_dict: bool = True
    ) -> DDPMSchedulerOutput | tuple[Tensor, ...]:
        """What the network is asked next: the state at the next midpoint of this large step, or where the step ends.

        Parameters
        ----------
        model_output : Tensor
            What the network made of `sample` at `timestep`.
        timestep : int
            A time of `timesteps`, or any other: a step begins there then.
        sample : Tensor
        generator : torch.Generator or list of them, optional
            Of the noise.
        return_dict : bool
            Whether to return an output with prev_sample and pred_original_sample, or a tuple of both.

        Raises
        ------
        InvalidParameter
            Naming `model_output` where its shape is another or it is not finite, or `timestep` outside the schedule.
        """
        time = int(timestep) + 1
        if not 1 <= time <= self.schedule.size:
            raise InvalidParameter("timestep", int(timestep), f"from 0 to {self.schedule.size - 1}")
        if model_output.shape != sample.shape:
            raise InvalidParameter("model_output", tuple(model_output.shape), f"of the shape of the sample, {tuple(sample.shape)}")
        if not bool(torch.isfinite(model_output).all()):
            raise InvalidParameter("model_output", "NaN or infinite values", f"a finite prediction, at timestep {int(timestep)} too")
        dtype = torch.promote_types(sample.dtype, torch.float32)
        noise, data = predicted(self.config, self.schedule, sample.to(dtype), model_output.to(dtype), float(time))
        under = self._under
        if under is not None and under.left and under.step.times[under.left[0]] == time:
            under.push(noise)
        else:
            step = self._steps[time] if time in self._steps else self._around(float(time))
            under = self._under = UnderWay.at_start(step, sample.to(dtype), noise)
        following = under.advance(randn_tensor(model_output.shape, generator=generator, device=model_output.device, dtype=dtype))
        if under.ended:
            self._under = None
        previous, data = following.to(sample.dtype), data.to(sample.dtype)
        return DDPMSchedulerOutput(prev_sample=previous, pred_original_sample=data) if return_dict else (previous, data)

    def scale_model_input(self, sample: Tensor, timestep: int | Tensor | None = None) -> Tensor:
        """The sample itself: the network is asked as it was trained."""
        return sample

    def add_noise(self, original_samples: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """alpha data + sigma noise at the times (n,)."""
        alpha, sigma = self._levels(original_samples, timesteps)
        return alpha * original_samples + sigma * noise

    def get_velocity(self, sample: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """v = alpha noise - sigma data, what a network with "v_prediction" is trained on."""
        alpha, sigma = self._levels(sample, timesteps)
        return alpha * noise - sigma * sample

    def __len__(self) -> int:
        return self.schedule.size

    def _lay_out(self, steps: Sequence[LargeStep], device: str | torch.device | None) -> None:
        self._steps = {int(step.times[0]): step for step in steps}
        self._under = None
        times = [time - 1 for step in steps for time in step.calls]
        self.timesteps = torch.tensor(times, dtype=torch.int64, device=device)

    def _around(self, time: float) -> LargeStep:
        """What is left of the large step around a time inside it; above the first, a step to that."""
        around = next((step for step in self._steps.values() if step.times[-1] < time < step.times[0]), None)
        if around is not None:
            return around.begun_at(time)
        return LargeStep(self.schedule, self._variant, (time, float(max(self._steps))))

    def _levels(self, like: Tensor, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        times = timesteps.to(device="cpu", dtype=torch.float64) + 1
        shape = (-1, *(1,) * (like.ndim - 1))
        alpha, sigma = (level.reshape(shape).to(like) for level in (self.schedule.alpha(times), self.schedule.sigma(times)))
        return alpha, sigma
