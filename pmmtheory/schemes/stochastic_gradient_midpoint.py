"""The randomized midpoint method with noisy gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from pmmtheory.schemes.draw import Draw
from pmmtheory.schemes.draws import Normal, Uniform
from pmmtheory.schemes.noisy_gradients import NoisyGradients


class StochasticGradientRandomizedMidpoint(NoisyGradients):
    """The randomized midpoint method, overdamped, with a new error sigma xi in each of its two gradients:

        Y = X + u a (b(X) + sigma xi_1) + sqrt(2ua) Z_1,
        X' = X + a (b(Y) + sigma xi_2) + sqrt(2ua) Z_1 + sqrt(2(1-u)a) Z_2.

    Order 1: the error of the second gradient heats as it heats LMC (see SGLD), so that phi = (sigma^2/2) (F - E F); the first enters two orders later.
    A step has two gradients: at equal calls it is nearer to a Gaussian of curvature lam than SGLD where sigma^2 < lam, and farther where sigma^2 > lam.

    Parameters
    ----------
    dynamics : Overdamped
    step_size : float
    gradient_noise : float
        sigma, the standard deviation of each coordinate of a gradient.

    Source: He, Balasubramanian & Erdogdu 2020 for exact gradients; what errors of theirs do is derived here.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.targets import Gaussian
    >>> StochasticGradientRandomizedMidpoint(Overdamped(Gaussian()), step_size=0.1, gradient_noise=2.0).drift_calls
    2.0
    """

    draws: Mapping[str, Draw] = {"u": Uniform(), "z": Normal()}
    drift_calls = 2.0

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        """See Scheme.step; z is the whole noise of Y, of which the path is a part up to a Gaussian of its own."""
        system, a = self.dynamics, self.step_size
        before, after = a * draws["u"], a * (1 - draws["u"])
        spread, warmer = system.noise(before, t), 1 + before * self.gradient_noise**2 / 2
        middle = x + before * system.drift(x, t) + spread * warmer**0.5 * draws["z"]
        path, unknown = spread * draws["z"] / warmer**0.5, spread**2 * (1 - 1 / warmer)
        rest = system.noise(after, t + before)
        return x + a * system.drift(middle, t + before) + path, (rest**2 + unknown + (a * self.gradient_noise) ** 2) ** 0.5
