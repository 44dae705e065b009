"""Ozaki's discretisation: the exact step of the SDE whose drift is linearised at the state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.dynamics.exponentials import phi1
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes.scheme import Scheme
from pmmtheory.targets.derivative import derivative


class Ozaki(Scheme):
    """X' = X + a f(a b'(X)) b(X) + sqrt(2a f(2a b'(X))) Z with f(y) = (e^y - 1)/y and a the step size, overdamped on the line.

    This is the exact step of dX = (b(x) + b'(x) (X - x)) dt + sqrt(2) dB from x. The law on a Gaussian is exact. Elsewhere its order is 1: the mean lacks
    b'' a^2/2, which is due to the noise, so that phi = (F'' - E F'')/2. The variant of Shoji & Ozaki (1998) adds that term.

    Two drift evaluations a step: one of them under automatic differentiation, for b'.

    Raises
    ------
    InvalidParameter
        Unless the dynamics is Overdamped on the line.

    Source: Ozaki 1992; Dalalyan 2017 (LMCO), sect. 4, in one dimension.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> mean, width = Ozaki(Overdamped(Gaussian()), step_size=0.5).step(torch.tensor([1.0], dtype=torch.float64), 0.0, {})
    >>> round(float(mean), 6), round(float(mean**2 + width**2), 6)     # e^-a, and the variance of a Gaussian is kept
    (0.606531, 1.0)
    """

    drift_calls = 2.0
    orders: Mapping[type[Dynamics], float] = {Overdamped: 1}
    gaussian_orders: Mapping[type[Dynamics], float] = {Overdamped: math.inf}

    def __init__(self, dynamics: Dynamics, step_size: float):
        super().__init__(dynamics, step_size)
        if not isinstance(dynamics, Overdamped) or dynamics.target.dim != 1:
            raise InvalidParameter("dynamics", f"{type(dynamics).__name__} in dimension {dynamics.target.dim}", "Overdamped on the line, for Ozaki's scheme")

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system, a = self.dynamics, self.step_size
        slope = a * derivative(lambda y: system.drift(y, t), x)
        return x + a * _mean_growth(slope) * system.drift(x, t), torch.sqrt(2 * a * _mean_growth(2 * slope))


def _mean_growth(y: Tensor) -> Tensor:
    """(e^y - 1)/y, 1 at y = 0."""
    return torch.as_tensor(phi1(-y))
