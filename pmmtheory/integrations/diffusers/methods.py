"""Samplers by name, each with an exact or expected number of calls of a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import torch
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count, real
from pmmtheory.integrations.diffusers.image_model import ImageModel
from pmmtheory.integrations.diffusers.poisson_midpoint import PoissonMidpointScheduler
from pmmtheory.integrations.diffusers.randomized_midpoint import RandomizedMidpointScheduler
from pmmtheory.integrations.diffusers.scheduler import StepsOfCalls
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schedulers import DDIM, DDPM, DPMSolverMultistep, Scheduler


@dataclass(frozen=True)
class Method(ABC):
    """A sampler with its options.

    Attributes
    ----------
    name : str
        The options too, as `method_named` reads them.
    """

    name: str

    @abstractmethod
    def sampler(self, model: ImageModel, calls: int) -> Any:
        """What samples with so many calls, or InvalidParameter where nothing does."""

    @abstractmethod
    def sample(self, model: ImageModel, calls: int, x: Tensor, noise: Sequence[torch.Generator], midpoints: torch.Generator) -> Tensor:
        """Samples from standard normal noise x of shape (n, channels, height, width), the noise of each from a generator of its own, what they
        share from one."""


@dataclass(frozen=True)
class OfScheduler(Method):
    """A method with random times, by its scheduler for the diffusers library: an image's noise can come from its own generator there."""

    kind: type[StepsOfCalls]
    options: Mapping[str, Any] = field(default_factory=dict)

    def sampler(self, model: ImageModel, calls: int) -> Any:
        scheduler: Any = self.kind.from_config(model.config, **self.options)
        scheduler.set_timesteps(calls, generator=torch.Generator().manual_seed(0))
        return scheduler

    def sample(self, model: ImageModel, calls: int, x: Tensor, noise: Sequence[torch.Generator], midpoints: torch.Generator) -> Tensor:
        scheduler = self.sampler(model, calls)
        scheduler.set_timesteps(calls, device=model.device, generator=midpoints)
        for t in scheduler.timesteps:
            x, _ = scheduler.step(model.answer(x, t), t, x, generator=list(noise), return_dict=False)
        return x


@dataclass(frozen=True)
class OfChain(Method):
    """A sampler of pmmtheory.schedulers without random times: its steps are those whose laws are computed.

    The library's own schedulers have no V1, no V3 and no time grids of DPM-Solver beside its own, and where the number of steps does not divide
    that of the training steps theirs end at other times than the next begins at.
    """

    make: Callable[[NoiseSchedule, int], Scheduler]

    def sampler(self, model: ImageModel, calls: int) -> Scheduler:
        return self.make(model.schedule, calls)

    def sample(self, model: ImageModel, calls: int, x: Tensor, noise: Sequence[torch.Generator], midpoints: torch.Generator) -> Tensor:
        sampler = self.sampler(model, calls)
        predictor: Any = model.noise
        scheme = sampler.scheme(predictor, tuple(x.shape[1:]))
        state = scheme.dynamics.lift(x, midpoints)
        for i in range(sampler.chain_steps):
            state, deviation = scheme.step(state, i * scheme.step_size, {})
            if deviation:
                state = state + deviation * randn_tensor(tuple(state.shape), generator=list(noise), device=state.device, dtype=state.dtype)
        return scheme.dynamics.position(state)


def method_named(text: str) -> Method:
    """A sampler by its name, with options after colons.

    Parameters
    ----------
    text : str
        "pmm[:BASE[:MIDPOINTS]]": the Poisson midpoint method over V3 or another base, with "interior" midpoints or others.
        "rmm": the randomized midpoint on the probability flow. "ddpm[:VARIANT]": V2 or another variant. "ddim[:ETA]": eta = 0 or another.
        "dpm-solver[:ORDER[:GRID]]": multistep, of order 2 or 3, on the grid "uniform", "quadratic" or "log-snr"; the last ends at the first training time.

    Raises
    ------
    InvalidParameter
        Naming `method`, or the option that is wrong.

    Examples
    --------
    >>> [method_named(text).name for text in ("pmm", "ddpm:V1", "ddim", "dpm-solver:3")]
    ['pmm:V3:interior', 'ddpm:V1', 'ddim:0', 'dpm-solver:3:uniform']
    """
    kind, *options = text.strip().split(":")
    if kind not in _METHODS or len(options) > len(_METHODS[kind][1]):
        close = get_close_matches(kind, _METHODS, n=1)
        hint = f' (did you mean "{close[0]}"?)' if close and close[0] != kind else ""
        raise InvalidParameter("method", text, f"one of {', '.join(_METHODS)}, with options after colons as in pmm:V3:interior or dpm-solver:3{hint}")
    make, defaults = _METHODS[kind]
    return make(*(given or default for given, default in zip([*options, *[""] * len(defaults)], defaults, strict=False)))


def _pmm(base: str, midpoints: str) -> Method:
    options = {"base": base, "midpoints": midpoints}
    PoissonMidpointScheduler(**options)
    return OfScheduler(f"pmm:{base}:{midpoints}", PoissonMidpointScheduler, options)


def _rmm() -> Method:
    return OfScheduler("rmm", RandomizedMidpointScheduler)


def _ddpm(variant: str) -> Method:
    DDPM(NoiseSchedule.linear(), 1, variant)
    return OfChain(f"ddpm:{variant}", lambda schedule, calls: DDPM(schedule, calls, variant))


def _ddim(eta: str) -> Method:
    share = real("eta", eta, "a number from 0 to 1")
    DDIM(NoiseSchedule.linear(), 1, share)
    return OfChain(f"ddim:{share:g}", lambda schedule, calls: DDIM(schedule, calls, share))


def _dpm_solver(order: str, grid: str) -> Method:
    degree = count("order", order)
    end = int(grid == "log-snr")
    DPMSolverMultistep(NoiseSchedule.linear(), 1, degree, spacing=grid, end=end)
    return OfChain(f"dpm-solver:{degree}:{grid}", lambda schedule, calls: DPMSolverMultistep(schedule, calls, degree, spacing=grid, end=end))


_METHODS: Mapping[str, tuple[Callable[..., Method], tuple[str, ...]]] = {
    "pmm": (_pmm, ("V3", "interior")),
    "rmm": (_rmm, ()),
    "ddpm": (_ddpm, ("V2",)),
    "ddim": (_ddim, ("0",)),
    "dpm-solver": (_dpm_solver, ("2", "uniform")),
}
