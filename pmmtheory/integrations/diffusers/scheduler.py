"""What the schedulers for the diffusers library have in common: steps that take one call of the network or more."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from diffusers.configuration_utils import ConfigMixin
from diffusers.schedulers.scheduling_ddpm import DDPMSchedulerOutput
from diffusers.schedulers.scheduling_utils import KarrasDiffusionSchedulers, SchedulerMixin
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count, positive, real
from pmmtheory.integrations.diffusers.answers import predicted
from pmmtheory.integrations.diffusers.plan import coarse_times
from pmmtheory.integrations.diffusers.steps import Begun, Step
from pmmtheory.noise.predictions import known_kind
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.numerics.finite import all_finite


class StepsOfCalls(SchedulerMixin, ConfigMixin):  # type: ignore[misc]
    """A scheduler that lays out `timesteps`, one a call of the network, and makes of each answer the state that the next one is asked of.

    A subclass says how many steps a number of calls makes, lays them out, and begins them.
    """

    _compatibles = [each.name for each in KarrasDiffusionSchedulers]
    order = 1

    def _set_up(self, schedule: NoiseSchedule, seed: int | None) -> None:
        """What a scheduler has from the start; the rest of the configuration is checked."""
        own: Any = self.config
        known_kind(own.prediction_type)
        positive("clip_sample_range", own.clip_sample_range)
        if not 0 < real("dynamic_thresholding_ratio", own.dynamic_thresholding_ratio) <= 1:
            raise InvalidParameter("dynamic_thresholding_ratio", own.dynamic_thresholding_ratio, "a number above 0, and 1 at most")
        if seed is not None:
            count("seed", seed, 0)
        coarse_times(schedule.size, 1, own.timestep_spacing, 0)
        self.schedule = schedule
        self.betas = torch.tensor(schedule.betas, dtype=torch.float32)
        self.alphas = 1 - self.betas
        self.alphas_cumprod = torch.tensor(schedule.levels(range(1, schedule.size + 1)).alpha ** 2, dtype=torch.float32)
        self.init_noise_sigma = 1.0
        self.num_inference_steps: int | None = None
        self._under: Begun | None = None
        self._draws = None if seed is None else torch.Generator().manual_seed(seed)

    @property
    def _dtype_of_times(self) -> torch.dtype:
        """Of `timesteps`."""
        return torch.int64

    @abstractmethod
    def _counted(self, calls: int) -> tuple[Sequence[int], int]:
        """The training times where steps begin, for so many calls, and how many of the steps go without a midpoint."""

    @abstractmethod
    def _planned(self, coarse: Sequence[int], spared: int, draws: torch.Generator | None) -> Sequence[Step]:
        """The steps that begin at these training times."""

    @abstractmethod
    def _joining(self, time: float, end: float) -> Step:
        """One step from a training time to another, without midpoints."""

    @abstractmethod
    def _begun(self, step: Any, x: Tensor, noise: Tensor) -> Begun:
        """A step that begins in x, with the noise predicted there."""

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
            Descending times where steps begin, in place of that; midpoints come on top.
        generator : torch.Generator, optional
            Of the midpoints.

        Raises
        ------
        InvalidParameter
            Naming `num_inference_steps` or `timesteps`.
        """
        if (num_inference_steps is None) == (timesteps is None):
            raise InvalidParameter("num_inference_steps", num_inference_steps, "given, or else timesteps, and not both")
        if timesteps is None:
            coarse, spared = self._counted(count("num_inference_steps", num_inference_steps))
        else:
            coarse, spared = self._times_given(timesteps), 0
        self._lay_out(self._planned(coarse, spared, self._draws if generator is None else generator), device)
        self.num_inference_steps = len(self.timesteps)

    def step(
        self, model_output: Tensor, timestep: float | Tensor, sample: Tensor, generator: Any = None, return_dict: bool = True
    ) -> DDPMSchedulerOutput | tuple[Tensor, ...]:
        """What the network is asked next: the state at the next midpoint of this step, or where the step ends.

        Parameters
        ----------
        model_output : Tensor
            What the network made of `sample` at `timestep`.
        timestep : float
            A time of `timesteps`, or any other: a step begins there then.
        sample : Tensor
        generator : torch.Generator or list of them, optional
            Of the noise.
        return_dict : bool
            Whether to return an output with prev_sample and pred_original_sample, or a tuple of both.

        Raises
        ------
        InvalidParameter
            Naming `sample` where it has no finite real numbers, `model_output` where its shape is another or it is not finite, or `timestep` outside
            the schedule.
        """
        time = self._training_time(timestep)
        for name, value in (("sample", sample), ("model_output", model_output)):
            if not isinstance(value, Tensor) or not value.is_floating_point():
                raise InvalidParameter(name, getattr(value, "dtype", type(value).__name__), "a tensor of floating point numbers")
        if model_output.shape != sample.shape:
            raise InvalidParameter("model_output", tuple(model_output.shape), f"of the shape of the sample, {tuple(sample.shape)}")
        if not all_finite(sample):
            raise InvalidParameter("sample", "NaN or infinite values", "finite numbers")
        if not all_finite(model_output):
            raise InvalidParameter("model_output", "NaN or infinite values", f"a finite prediction, at timestep {time - 1:g} too")
        dtype = torch.promote_types(sample.dtype, torch.float32)
        noise, data = predicted(self.config, self.schedule, sample.to(dtype), model_output.to(dtype), time)
        under = self._under
        if under is not None and under.asked == time and under.x.shape == sample.shape:
            under.push(noise)
        else:
            under = self._begun(self._from(time), sample.to(dtype), noise)
        following = under.advance(lambda: randn_tensor(model_output.shape, generator=generator, device=model_output.device, dtype=dtype))
        self._under = None if under.asked is None else under
        previous, data = following.to(sample.dtype), data.to(sample.dtype)
        return DDPMSchedulerOutput(prev_sample=previous, pred_original_sample=data) if return_dict else (previous, data)

    def set_begin_index(self, begin_index: int = 0) -> None:
        """Say at which of `timesteps` the next run begins; any step that is under way is forgotten.

        Raises
        ------
        InvalidParameter
            Naming `begin_index` outside `timesteps`.
        """
        if count("begin_index", begin_index, 0) >= len(self.timesteps):
            raise InvalidParameter("begin_index", begin_index, f"from 0 to {len(self.timesteps) - 1}, the last of the timesteps")
        self._under = None

    def scale_model_input(self, sample: Tensor, timestep: float | Tensor | None = None) -> Tensor:
        """The sample itself: the network is asked as it was trained."""
        return sample

    def add_noise(self, original_samples: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """alpha data + sigma noise at the times (n,); raises InvalidParameter for times outside the schedule, or shapes that do not agree."""
        alpha, sigma = self._levels(original_samples, noise, timesteps)
        return alpha * original_samples + sigma * noise

    def get_velocity(self, sample: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """v = alpha noise - sigma data, what a network with "v_prediction" is trained on; raises as `add_noise` does."""
        alpha, sigma = self._levels(sample, noise, timesteps)
        return alpha * noise - sigma * sample

    def __len__(self) -> int:
        return self.schedule.size

    def _training_time(self, timestep: float | Tensor) -> float:
        """The time of the schedule, which is one more than the library's."""
        allowed = f"one time from 0 to {self.schedule.size - 1}"
        try:
            time = float(timestep)
        except (TypeError, ValueError, RuntimeError):  # a tensor of several, or none at all
            raise InvalidParameter("timestep", tuple(timestep.shape) if isinstance(timestep, Tensor) else timestep, allowed) from None
        if not 0 <= time <= self.schedule.size - 1:
            raise InvalidParameter("timestep", time, allowed)
        return time + 1

    def _lay_out(self, steps: Sequence[Step], device: str | torch.device | None) -> None:
        """Make these the steps of the next run."""
        self._steps = {step.times[0]: step for step in steps}
        self._under = None
        self.timesteps = torch.tensor([time - 1 for step in steps for time in step.calls], dtype=self._dtype_of_times, device=device)

    def _from(self, time: float) -> Step:
        """The step that begins at a training time, what is left of the one around it, or above the first a step to that."""
        if time in self._steps:
            return self._steps[time]
        around = next((step for step in self._steps.values() if step.times[-1] < time < step.times[0]), None)
        return self._joining(time, max(self._steps)) if around is None else around.begun_at(time)

    def _times_given(self, timesteps: Sequence[int]) -> tuple[int, ...]:
        """The training times of timesteps that are given."""
        last = self.schedule.size - 1
        allowed = f"descending whole times from {last} at most to 0 at least"
        try:
            times = np.asarray(timesteps, dtype=np.float64)
        except (TypeError, ValueError):
            raise InvalidParameter("timesteps", timesteps, allowed) from None
        if (
            times.ndim != 1
            or not times.size
            or not (np.diff(times) < 0).all()
            or not (times == np.round(times)).all()
            or not (last >= times[0] and times[-1] >= 0)
        ):
            raise InvalidParameter("timesteps", times.tolist(), allowed)
        return tuple(int(time) + 1 for time in times)

    def _levels(self, like: Tensor, noise: Tensor, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        times = torch.as_tensor(timesteps).to(device="cpu", dtype=torch.float64).reshape(-1) + 1
        if noise.shape != like.shape:
            raise InvalidParameter("noise", tuple(noise.shape), f"of the shape of the samples, {tuple(like.shape)}")
        if len(times) not in (1, len(like)) or not bool(((times >= 1) & (times <= self.schedule.size)).all()):
            raise InvalidParameter("timesteps", (times - 1).tolist(), f"one time, or one for each of {len(like)} samples, from 0 to {self.schedule.size - 1}")
        shape = (-1, *(1,) * (like.ndim - 1))
        alpha, sigma = (level.reshape(shape).to(like) for level in (self.schedule.alpha(times), self.schedule.sigma(times)))
        return alpha, sigma
