"""Linear multistep methods as Markov chains: a state holds the position and the predictions before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pmmtheory.dynamics.noise_prediction import NoisePrediction
from pmmtheory.dynamics.predictor import Predictor
from pmmtheory.noise.coefficients import MultiStep, Variant, ddim
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schemes import Scheme


class RememberingPrediction(NoisePrediction):
    """Noise prediction with states (x, m_1, ..., m_memory) of shape (..., blocks, *event): the position, and what was predicted before.

    Its actions A, G and Gamma are those on the position.
    """

    def __init__(
        self,
        predictor: Predictor,
        schedule: NoiseSchedule,
        times: Sequence[float],
        variant: Variant = ddim,
        event_shape: tuple[int, ...] | None = None,
        memory: int = 0,
    ):
        super().__init__(predictor, schedule, times, variant, event_shape)
        self.blocks = 1 + memory

    def position(self, x: Tensor) -> Tensor:
        return x if self.blocks == 1 else x.select(self._axis, 0)

    def lift(self, position: Tensor, generator: torch.Generator) -> Tensor:
        """The position, with zeros for what has not been predicted yet."""
        if self.blocks == 1:
            return position
        return torch.stack([position] + [torch.zeros_like(position)] * (self.blocks - 1), dim=self._axis)

    def remembered(self, x: Tensor) -> list[Tensor]:
        """The predictions in a state, newest first."""
        return list(x.unbind(self._axis))[1:] if self.blocks > 1 else []

    def joined(self, position: Tensor, predictions: Sequence[Tensor]) -> Tensor:
        """The state of a position and the newest predictions, as many as there are blocks for."""
        return position if self.blocks == 1 else torch.stack([position, *predictions][: self.blocks], dim=self._axis)

    @property
    def _axis(self) -> int:
        return -1 - len(self.event_shape)


class Recorded(NamedTuple):
    """What a step of the chain records of its state x and predicted noise e: m_0 = x_share x + noise_share e; and what it does with it."""

    step: MultiStep
    x_share: float = 0.0
    noise_share: float = 1.0


class LinearMultistep(Scheme):
    """X' = a_k X + sum_j b_kj m_j, m_0 recorded from the one prediction of step k, m_1, ... those of the steps before; no noise.

    Parameters
    ----------
    dynamics : RememberingPrediction
    records : sequence of Recorded, one a step
    """

    dynamics: RememberingPrediction
    drift_calls = 1.0

    def __init__(self, dynamics: RememberingPrediction, records: Sequence[Recorded]):
        super().__init__(dynamics, step_size=1.0)
        self.records = tuple(records)

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system = self.dynamics
        (a, b), x_share, noise_share = self.records[system.interval(t)]
        position = system.position(x)
        predicted = noise_share * system.drift(position, t)
        known = [predicted + x_share * position if x_share else predicted, *system.remembered(x)]
        return system.joined(a * position + sum(weight * old for weight, old in zip(b, known, strict=False)), known), 0.0
