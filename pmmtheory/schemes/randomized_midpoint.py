"""The randomized midpoint method of Shen and Lee, over any affine dynamics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.schemes.draw import Draw
from pmmtheory.schemes.draws import Normal, Uniform
from pmmtheory.schemes.scheme import Scheme


class RandomizedMidpoint(Scheme):
    """With u uniform on [0, 1] and one noise W for the midpoint and the step,

        Y = A_{ua} X + G_{ua} b(X) + W_{ua},
        X' = A_a X + a A_{(1-u)a} G'(0) b(Y) + W_a.

    Overdamped: X' = X + a b(Y) + sqrt(2a) Z, the Poisson midpoint method with one midpoint and K = inf. Underdamped it is
    not: there the whole force of the step acts at time ua, where PMM adds a difference to G_a b(X).

    Order 2 overdamped (phi = -F''^2/12, theory.leading) and 3 on Gaussians and underdamped (theory.phase_plane).

    Source: Shen & Lee 2019; He, Balasubramanian & Erdogdu 2020 (overdamped).

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.targets import Gaussian
    >>> RandomizedMidpoint(Overdamped(Gaussian()), step_size=0.1).drift_calls
    2.0
    """

    draws: Mapping[str, Draw] = {"u": Uniform(), "z": Normal()}
    drift_calls = 2.0
    orders: Mapping[type[Dynamics], float] = {Overdamped: 2, Underdamped: 3}
    gaussian_orders: Mapping[type[Dynamics], float] = {Overdamped: 3}

    @property
    def exact_with(self) -> Literal["constant force", "no force"]:  # type: ignore[override]
        """The force of the step acts at one time: exact if constant where it does not matter when."""
        return "constant force" if self.dynamics.blocks == 1 else "no force"

    def noise_times(self, draws: Mapping[str, Any]) -> Tensor:
        times: Tensor = draws["u"][None]
        return times

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system, a = self.dynamics, self.step_size
        before, after = a * draws["u"], a * (1 - draws["u"])
        path = system.noise(before, t) * draws["z"]
        middle = system.transport(before, x, t) + system.respond(before, system.drift(x, t), t) + path
        kick = a * system.impulse(system.drift(middle, t + before), t + before)
        return system.transport(a, x, t) + system.transport(after, kick + path, t + before), system.noise(after, t + before)
