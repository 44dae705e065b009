"""The Euler-Maruyama scheme, in Langevin dynamics called LMC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.schemes.scheme import Scheme


class EulerMaruyama(Scheme):
    """X' = A_a X + G_a b(X) + Gamma_a Z with a the step size: X + a b(X) + sqrt(2a) Z overdamped (LMC).

    Order 1, overdamped and underdamped. Source: Talay & Tubaro 1990; Durmus & Moulines 2017 (overdamped), Cheng et al. 2018 (underdamped).

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.targets import Gaussian
    >>> EulerMaruyama(Overdamped(Gaussian()), step_size=0.1).drift_calls
    1.0
    """

    drift_calls = 1.0
    orders: Mapping[type[Dynamics], float] = {Overdamped: 1, Underdamped: 1}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system, a = self.dynamics, self.step_size
        return system.transport(a, x, t) + system.respond(a, system.drift(x, t), t), system.noise(a, t)
