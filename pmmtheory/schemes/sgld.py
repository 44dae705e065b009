"""LMC with noisy gradients: stochastic gradient Langevin dynamics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from pmmtheory.schemes.noisy_gradients import NoisyGradients


class SGLD(NoisyGradients):
    """X' = X + a (b(X) + sigma xi) + sqrt(2a) Z, with xi standard normal and new in each step: the error of a gradient from a part of the data.

    Order 1. The step is that of LMC at the temperature 1 + a sigma^2/2, so that to leading order phi is that of LMC and (sigma^2/2) (F - E F); on a Gaussian
    of curvature lam the variance is too large by the factor (1 + a sigma^2/2) / (1 - a lam/2).

    Parameters
    ----------
    dynamics : Overdamped
    step_size : float
    gradient_noise : float
        sigma, the standard deviation of each coordinate of a gradient.

    Source: Welling & Teh 2011, with a fixed step; Gaussian errors of the gradient.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.targets import Gaussian
    >>> SGLD(Overdamped(Gaussian()), step_size=0.1, gradient_noise=2.0).drift_calls
    1.0
    """

    drift_calls = 1.0

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system, a = self.dynamics, self.step_size
        return system.transport(a, x, t) + system.respond(a, system.drift(x, t), t), math.hypot(system.noise(a, t), a * self.gradient_noise)
