"""The Metropolis-adjusted Langevin algorithm: a chain without bias, for others to be held to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes.draw import Draw
from pmmtheory.schemes.draws import Normal, Uniform
from pmmtheory.schemes.scheme import Scheme


class MALA(Scheme):
    """y = X + a b(X) + sqrt(2a) z, and X' = y where log u < log pi(y) q(y, X) / (pi(X) q(X, y)), else X' = X; q(x, .) = N(x + a b(x), 2a), a the step size.

    The target is invariant for every step: there is no bias, and its order is infinite. The step jumps where a proposal is rejected, so that its law
    after a number of steps has no density, and no engine has it; particles do.

    One drift evaluation a step, at the proposal, as that at X is known from the step before; and one of F, which is not counted.

    Parameters
    ----------
    dynamics : Overdamped
        In any dimension, with a target whose `potential` is -log pi up to a constant.
    step_size : float

    Raises
    ------
    InvalidParameter
        Unless the dynamics is Overdamped.

    Source: Besag 1994; Roberts & Tweedie 1996 (Exponential convergence of Langevin distributions and their discrete approximations).

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> scheme, x = MALA(Overdamped(Gaussian()), step_size=1.0), torch.tensor([0.5], dtype=torch.float64)
    >>> for u in (0.1, 0.9):  # exp(x^2/4 - y^2/4) = 0.14 for y = 2 sqrt(2)
    ...     print(round(float(scheme.step(x, 0.0, {"z": torch.tensor([2.0]), "u": torch.tensor([u])})[0]), 6))
    2.828427
    0.5
    """

    draws: Mapping[str, Draw] = {"z": Normal(), "u": Uniform()}
    drift_calls = 1.0
    exact_with = "neither"
    stays = True
    smooth = False
    orders: Mapping[type[Dynamics], float] = {Overdamped: math.inf}

    def __init__(self, dynamics: Dynamics, step_size: float):
        super().__init__(dynamics, step_size)
        if not isinstance(dynamics, Overdamped):
            raise InvalidParameter("dynamics", type(dynamics).__name__, "Overdamped, for MALA")

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system, a = self.dynamics, self.step_size
        there = x + a * system.drift(x, t)
        y = there + math.sqrt(2 * a) * draws["z"]
        back = x - y - a * system.drift(y, t)
        ratio = self._total(system.target.potential(x) - system.target.potential(y)) + (self._square(y - there) - self._square(back)) / (4 * a)
        return torch.where(torch.log(draws["u"]) < ratio, y, x), 0.0

    def _square(self, x: Tensor) -> Tensor:
        return x**2 if self.dynamics.target.dim == 1 else (x**2).sum(-1, keepdim=True)

    def _total(self, value: Tensor) -> Tensor:
        return value if self.dynamics.target.dim == 1 else value[..., None]
