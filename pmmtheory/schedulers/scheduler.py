"""What a scheduler is: the times at which a diffusion model is asked, and the chain that its answers drive."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.schedulers.coefficients import Variant, ddim
from pmmtheory.schedulers.noise_prediction import NoisePrediction
from pmmtheory.schedulers.noise_schedule import NoiseSchedule
from pmmtheory.schedulers.predictor import Predictor
from pmmtheory.schemes import Scheme


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

    Attributes
    ----------
    times : tuple of float
        The grid: steps + 1 descending training times.
    """

    def __init__(self, schedule: NoiseSchedule, steps: int, spacing: str = "uniform", end: int = 0):
        if not isinstance(schedule, NoiseSchedule):
            raise InvalidParameter("schedule", schedule, "a NoiseSchedule, e.g. NoiseSchedule.linear()")
        self.schedule, self.spacing, self.end = schedule, spacing, end
        self.times = schedule.times(steps, spacing, end)
        self.steps = len(self.times) - 1

    @abstractmethod
    def scheme(self, predictor: Predictor, event_shape: tuple[int, ...] | None = None) -> Scheme:
        """The chain over NoisePrediction dynamics; `event_shape` is that of one point, where the predictor has no target."""

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

    def dynamics(self, predictor: Predictor, event_shape: tuple[int, ...] | None, variant: Variant = ddim) -> NoisePrediction:
        """The noise prediction dynamics over the grid."""
        return NoisePrediction(predictor, self.schedule, self.times, variant, event_shape)

    def sample(self, predictor: Predictor, x: Tensor, seed: int = 0) -> Tensor:
        """Run the chain from x, points of shape (n, ...) of standard normal noise; the same seed gives the same points.

        Examples
        --------
        >>> from pmmtheory.schedulers import DDIM, ExactPredictor
        >>> from pmmtheory.targets import Gaussian
        >>> schedule = NoiseSchedule.linear()
        >>> DDIM(schedule, steps=10).sample(ExactPredictor(Gaussian(), schedule), torch.randn(7)).shape
        torch.Size([7])
        """
        from pmmtheory.particles.sample import sample

        return sample(self, predictor, x, seed)


def _silent(x: Tensor, t: object) -> Tensor:
    return torch.zeros_like(x)
