"""Steps of the randomized midpoint method on the probability flow, and one that is under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.integrations.diffusers.steps import Draw
from pmmtheory.noise.coefficients import ddim
from pmmtheory.noise.ratio import between
from pmmtheory.noise.schedule import NoiseSchedule


@dataclass(frozen=True)
class FlowStep:
    """A step between training times, and the time between them at which the noise is predicted for it; without one it is that of DDIM."""

    schedule: NoiseSchedule
    times: tuple[float, float]
    midpoint: float | None = None

    @property
    def calls(self) -> tuple[float, ...]:
        """The times at which the network is asked."""
        return self.times[:1] if self.midpoint is None else (self.times[0], self.midpoint)

    def begun_at(self, time: float) -> FlowStep:
        """The same from a time inside on, with the midpoint if it is still ahead."""
        ahead = self.midpoint is not None and self.midpoint < time
        return FlowStep(self.schedule, (time, self.times[1]), self.midpoint if ahead else None)

    def to(self, time: float) -> tuple[float, float]:
        """What multiplies the state and the predicted noise in DDIM's step to a training time."""
        levels = self.schedule.levels((self.times[0], time))
        a, b, _ = ddim(levels[0], levels[1])
        return float(a), float(b)


@dataclass
class FlowUnderWay:
    """Where a step began, and the noise predicted last: there, or at its midpoint."""

    step: FlowStep
    x: Tensor
    noise: Tensor
    asked: float | None = None
    moved: bool = False

    def push(self, noise: Tensor) -> None:
        """Take the noise predicted at the midpoint for all of the step."""
        self.noise = noise

    def advance(self, z: Draw) -> Tensor:
        """The state at the midpoint, or where the step ends; no noise is drawn."""
        self.asked, self.moved = None if self.moved else self.step.midpoint, True
        growth, response = self.step.to(self.step.times[1] if self.asked is None else self.asked)
        return growth * self.x + response * self.noise


def flow_steps(schedule: NoiseSchedule, coarse: Sequence[int], spared: int, whole: bool, generator: torch.Generator | None) -> tuple[FlowStep, ...]:
    """Steps between training times and down to the data, with a midpoint drawn in each but the last and as many more as are spared, the shortest."""
    pairs = list(zip(coarse, [*coarse[1:], 0], strict=True))
    plain = {len(pairs) - 1, *sorted(range(len(pairs) - 1), key=lambda i: pairs[i][0] - pairs[i][1])[:spared]}
    device = torch.device("cpu") if generator is None else generator.device
    shares = torch.rand(len(pairs), generator=generator, device=device, dtype=torch.float64).cpu()
    steps = []
    for i, (first, last) in enumerate(pairs):
        midpoint = None
        if i not in plain:
            time = float(between(schedule, first, last, shares[i])[0]) - 1
            midpoint = (round(time) if whole else float(np.float32(time))) + 1.0  # as `timesteps` holds it
        steps.append(FlowStep(schedule, (float(first), float(last)), midpoint))
    return tuple(steps)


def flow_steps_for(calls: int, size: int) -> tuple[int, int]:
    """How many steps make so many calls, two each but for one to the data, and how many of them must go without a midpoint for that.

    Raises
    ------
    InvalidParameter
        Naming `num_inference_steps` where there are more calls than training times.
    """
    if calls > size:
        raise InvalidParameter("num_inference_steps", calls, f"from 1 to {size}, the number of training times")
    return calls // 2 + 1, 1 - calls % 2
