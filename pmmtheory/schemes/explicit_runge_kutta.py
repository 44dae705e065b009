"""Deterministic one-step methods with inner evaluations: DPM-Solver, Heun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from pmmtheory.dynamics.noise_prediction import NoisePrediction
from pmmtheory.noise.coefficients import StagedStep
from pmmtheory.schemes.scheme import Scheme


class Interval(NamedTuple):
    """One step of the chain: its coefficients, and the training times of its evaluations."""

    step: StagedStep
    times: tuple[float, ...]


class ExplicitRungeKutta(Scheme):
    """Explicit stages Y_i = a_i X + sum_{j<i} b_ij eps(Y_j, t_j), the last of which is the next state; no noise.

    Parameters
    ----------
    dynamics : NoisePrediction
        Over the ends of the steps: step k of the chain is from its time k to k + 1.
    intervals : sequence of Interval, one a step
    """

    dynamics: NoisePrediction

    def __init__(self, dynamics: NoisePrediction, intervals: Sequence[Interval]):
        super().__init__(dynamics, step_size=1.0)
        self.intervals = tuple(intervals)

    @property
    def drift_calls(self) -> float:  # type: ignore[override]
        """The mean over the steps."""
        return sum(len(interval.times) for interval in self.intervals) / len(self.intervals)

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        (a, b), times = self.intervals[self.dynamics.interval(t)]
        stage, noises = x, list[Tensor]()
        for growth, weights, time in zip(a, b, times, strict=True):
            noises.append(self.dynamics.noise_in(stage, time))
            stage = growth * x + sum(weight * noise for weight, noise in zip(weights, noises, strict=True))
        return stage, 0.0
