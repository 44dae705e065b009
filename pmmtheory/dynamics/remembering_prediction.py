"""Noise prediction whose states hold predictions made before, for linear multistep methods."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pmmtheory.dynamics.noise_prediction import NoisePrediction
from pmmtheory.dynamics.predictor import NoiseFunction
from pmmtheory.noise.coefficients import Variant, ddim
from pmmtheory.noise.schedule import NoiseSchedule


class RememberingPrediction(NoisePrediction):
    """Noise prediction with states (x, m_1, ..., m_memory) of shape (..., blocks, *event): the position, and what was predicted before.

    Its actions A, G and Gamma are those on the position.
    """

    def __init__(
        self,
        predictor: NoiseFunction,
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
