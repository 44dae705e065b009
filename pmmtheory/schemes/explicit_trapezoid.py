"""Heun's method on the probability flow in the time of its schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from pmmtheory.dynamics import ProbabilityFlow
from pmmtheory.errors import count
from pmmtheory.schemes.frozen_euler import require_euler
from pmmtheory.schemes.scheme import Scheme


class ExplicitTrapezoid(Scheme):
    """X' = X + h (r(t) b(X, t) + r(t + h) b(Y, t + h))/2 with Y = X + h r(t) b(X, t) and r the rate of forward time: Heun's method, two calls a step.

    The last step of a run to stop = 0 asks for the score of the data themselves. The sampler schedulers.Heun has other variables, and an Euler step there.

    Parameters
    ----------
    dynamics : ProbabilityFlow, with the integrator "euler"
    steps : int
        The number of equal steps from the horizon to the stop.

    Raises
    ------
    InvalidParameter
        Naming `dynamics` or `steps`.

    Source: Pierret & Galerne 2025 (arXiv 2405.14250), "Heun".

    Examples
    --------
    >>> import torch
    >>> from pmmtheory.targets import Gaussian
    >>> scheme = ExplicitTrapezoid(ProbabilityFlow(Gaussian(), horizon=1.0, stop=0.0, grid="vp"), steps=10)
    >>> float(scheme.step(torch.tensor(2.0, dtype=torch.float64), 0.0, {})[0])
    2.0
    """

    drift_calls = 2.0
    dynamics: ProbabilityFlow

    def __init__(self, dynamics: ProbabilityFlow, steps: int):
        require_euler(dynamics, type(self).__name__, noise=False)
        super().__init__(dynamics, dynamics.duration / count("steps", steps))

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system, h = self.dynamics, self.step_size
        first = system.impulse(system.drift(x, t), t)
        second = system.impulse(system.drift(x + h * first, t + h), t + h)
        return x + h / 2 * (first + second), 0.0
