"""The randomized midpoint method of Shen and Lee, overdamped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes.draws import Draw, Normal, Uniform
from pmmtheory.schemes.scheme import Scheme


class RandomizedMidpoint(Scheme):
    """Y = X + u a b(X) + sqrt(2ua) Z1;  X' = X + a b(Y) + sqrt(2ua) Z1 + sqrt(2(1-u)a) Z2 with u ~ U[0, 1].

    Z1 is shared between Y and X'. Source: Shen & Lee 2019, in the overdamped form of He, Balasubramanian & Erdogdu 2020.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> RandomizedMidpoint(Overdamped(Gaussian()), step_size=0.1).drift_calls
    2.0
    """

    draws: Mapping[str, Draw] = {"u": Uniform(), "z": Normal()}
    drift_calls = 2.0

    def __init__(self, dynamics: Dynamics, step_size: float):
        super().__init__(dynamics, step_size)
        if not isinstance(dynamics, Overdamped):
            raise InvalidParameter("dynamics", type(dynamics).__name__, "Overdamped, for this scheme")

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        a, u = self.step_size, draws["u"]
        shared = torch.sqrt(2 * a * u) * draws["z"]
        middle = x + a * u * self.dynamics.drift(x, t) + shared
        return x + a * self.dynamics.drift(middle, t + a * u) + shared, torch.sqrt(2 * a * (1 - u))
