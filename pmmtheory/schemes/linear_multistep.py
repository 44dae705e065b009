"""Linear multistep methods as Markov chains: a state holds the position and the predictions before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from pmmtheory.dynamics.remembering_prediction import RememberingPrediction
from pmmtheory.noise.coefficients import MultiStep
from pmmtheory.schemes.scheme import Scheme


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
