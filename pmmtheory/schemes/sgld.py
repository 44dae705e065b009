"""LMC with noisy gradients: stochastic gradient Langevin dynamics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.errors import InvalidParameter, real
from pmmtheory.schemes.scheme import Scheme


class SGLD(Scheme):
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
    >>> from pmmtheory.targets import Gaussian
    >>> SGLD(Overdamped(Gaussian()), step_size=0.1, gradient_noise=2.0).drift_calls
    1.0
    """

    drift_calls = 1.0
    orders: Mapping[type[Dynamics], float] = {Overdamped: 1}

    def __init__(self, dynamics: Dynamics, step_size: float, gradient_noise: float = 1.0):
        super().__init__(dynamics, step_size)
        self.gradient_noise = noise_of_gradients(dynamics, gradient_noise)

    @property
    def exact_with(self) -> Literal["constant force", "neither"]:  # type: ignore[override]
        """Noisy gradients are those of no diffusion."""
        return "constant force" if self.gradient_noise == 0 else "neither"

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system, a = self.dynamics, self.step_size
        return system.transport(a, x, t) + system.respond(a, system.drift(x, t), t), math.hypot(system.noise(a, t), a * self.gradient_noise)


def noise_of_gradients(dynamics: Dynamics, size: float) -> float:
    """sigma, for overdamped dynamics.

    Raises
    ------
    InvalidParameter
        For others, and for a sigma that is negative or not finite.
    """
    if not isinstance(dynamics, Overdamped):
        raise InvalidParameter("dynamics", type(dynamics).__name__, "Overdamped")
    if real("gradient_noise", size) < 0:
        raise InvalidParameter("gradient_noise", size, "0 or above")
    return float(size)
