"""What a scheduler is: the times at which a diffusion model is asked, and the chain that its answers drive."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.dynamics.noise_prediction import NoisePrediction
from pmmtheory.dynamics.predictor import NoiseFunction
from pmmtheory.errors import InvalidParameter, required
from pmmtheory.noise.coefficients import Variant, ddim
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian


class Scheduler(ABC):
    """A method that turns a noise predictor into a sampler: from N(0, I) at training time N down to the data or a time `end`.

    A subclass writes `scheme`, the chain; exact laws, particles and images all come from that.

    Parameters
    ----------
    schedule : NoiseSchedule
    steps : int
        The number of intervals of the time grid.
    spacing : "uniform", "quadratic" or "log-snr"
        See NoiseSchedule.times.
    end : int
        The training time at which to stop. At 0, the data, the last interval is the first-order step in every method.
    times : sequence of float, optional
        The grid itself, in place of the three: descending training times, whole or not, from N at most.

    Attributes
    ----------
    times : tuple of float
        The grid: steps + 1 descending training times.

    Raises
    ------
    InvalidParameter
        Naming `schedule`, `steps`, `spacing`, `end` or `times`.
    """

    def __init__(self, schedule: NoiseSchedule, steps: int | None = None, spacing: str = "uniform", end: float = 0, times: Sequence[float] | None = None):
        if not isinstance(schedule, NoiseSchedule):
            raise InvalidParameter("schedule", schedule, "a NoiseSchedule, e.g. NoiseSchedule.linear()")
        self.schedule, self.spacing = schedule, spacing
        self.times = self.grid(steps, spacing, end, times)
        self.steps, self.end = len(self.times) - 1, self.times[-1]

    def grid(self, steps: int | None, spacing: str, end: float, times: Sequence[float] | None) -> tuple[float, ...]:
        """The training times that are given, or these many by name."""
        if times is None:
            return self.schedule.times(required("steps", steps), spacing, end)
        if steps is not None or spacing != "uniform" or end != 0:
            raise InvalidParameter("times", times, "given without steps, spacing and end, which they say themselves")
        return self.schedule.ordered(times)

    @abstractmethod
    def scheme(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None = None) -> Scheme:
        """The chain over NoisePrediction dynamics; `event_shape` is that of one point, where the predictor has no target."""

    def chain(self, predictor: NoiseFunction, start: Any = None, event_shape: tuple[int, ...] | None = None) -> Chain:
        """The whole run: transient_law(sampler.chain(predictor)) is the law of what the sampler generates.

        Parameters
        ----------
        predictor : function of (x, t)
        start : target, law or tensor, optional
            By default the law of the noised data at the first of the times, where the predictor has a target; else N(0, I).
        event_shape : tuple of int, optional
            The shape of one point, where the predictor has no target.

        Examples
        --------
        >>> from pmmtheory.laws import transient_law
        >>> from pmmtheory.schedulers import DDIM, ExactPredictor
        >>> from pmmtheory.targets import Gaussian
        >>> schedule = NoiseSchedule.linear()
        >>> law = transient_law(DDIM(schedule, times=[1000, 500, 100]).chain(ExactPredictor(Gaussian(0.5, 0.2), schedule)))
        >>> round(law.mean / schedule.alpha(100), 2)
        0.5
        """
        scheme = self.scheme(predictor, event_shape)
        if start is None:
            known = scheme.dynamics.target
            start = Gaussian(dim=math.prod(event_shape or ())) if known is None else self.schedule.marginal(known, self.times[0])
        return Chain(scheme, start, self.chain_steps)

    @property
    def chain_steps(self) -> int:
        """The number of steps of the chain."""
        return self.steps

    @property
    def calls(self) -> float:
        """The expected number of predictor calls of a run."""
        return self.chain_steps * self.scheme(_silent, ()).drift_calls

    @property
    def name(self) -> str:
        """The method and its parameters, for tables."""
        return type(self).__name__

    def dynamics(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None, variant: Variant = ddim) -> NoisePrediction:
        """The noise prediction dynamics over the grid."""
        return NoisePrediction(predictor, self.schedule, self.times, variant, event_shape)

    def sample(
        self,
        predictor: NoiseFunction,
        x: Tensor,
        seed: int = 0,
        *,
        generator: torch.Generator | None = None,
        independent: bool = False,
        progress: bool = False,
        callback: Callable[[int, float, Tensor], Tensor | None] | None = None,
    ) -> Tensor:
        """Run the chain from x: points of the data's law, each by `calls` calls of the predictor in expectation.

        A call is one forward pass of the whole batch, at a training time t that is one Python float. For that, random times of a step (the midpoints of the
        Poisson midpoint method) are shared by the batch: each point has the sampler's law, but points of one run depend on each other a little.

        Parameters
        ----------
        predictor : Predictor, or function of (x, t)
            The noise in points x of shape (n, ...) at training time t; Predictor.from_network makes one of a network.
        x : floating tensor of shape (n, ...)
            Standard normal noise, one entry a point; the result has its shape, dtype and device.
        seed : int
            The same seed gives the same points.
        generator : torch.Generator, optional
            In place of a seed: on the device of x, and further on after every run.
        independent : bool
            Whether every point has random times of its own, so that points are independent samples. The predictor is then asked about some of the points
            at a time, with t a tensor of shape (m, 1, ..., 1) for m of them.
        progress : bool
            Whether to show a bar of the steps on standard error.
        callback : function of (step, t, x), optional
            Called after every step with its number from 0, the training time reached and the points there. It returns None, or points that take their place.

        Raises
        ------
        InvalidParameter
            Naming the parameter that is wrong: `x` where it is no batch of finite points, or has not the shape of the predictor's target; `predictor` where an
            answer has another shape than x, or NaN or infinity in it.
        Diverged
            With the first step after which a point is not finite.

        Examples
        --------
        >>> from pmmtheory.schedulers import DDIM, ExactPredictor
        >>> from pmmtheory.targets import Gaussian
        >>> schedule, times = NoiseSchedule.linear(), []
        >>> DDIM(schedule, steps=4).sample(ExactPredictor(Gaussian(), schedule), torch.randn(7), callback=lambda step, t, x: times.append(t)).shape
        torch.Size([7])
        >>> times
        [750.0, 500.0, 250.0, 0.0]
        """
        from pmmtheory.particles.sample import sample

        return sample(self, predictor, x, seed, generator=generator, independent=independent, progress=progress, callback=callback)


def _silent(x: Tensor, t: object) -> Tensor:
    return torch.zeros_like(x)
