"""The tamed Euler scheme, for drifts that grow faster than linearly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes.scheme import Scheme
from pmmtheory.targets.line import LineTarget


class TamedEuler(Scheme):
    """X' = A_a X + G_a T(b(X)) + Gamma_a Z with the tamed force T(b) = b / (1 + a |b|), |b| its Euclidean norm and a the step size.

    Overdamped X + a b/(1 + a |b|) + sqrt(2a) Z: no step moves the mean by more than 1, so that chains of a super-linear drift do not explode.
    Order 1: taming changes the drift by -a |b| b to leading order, and phi' = F' F''/2 - F'''/2 + F' |F'| where LMC has the first two terms.

    Source: Brosse, Durmus, Moulines & Sabanis 2019 (The tamed unadjusted Langevin algorithm), eq. (3): the variant TULA, by the norm of the whole
    gradient, not TULAc, which tames every coordinate by itself.

    Examples
    --------
    >>> from pmmtheory.targets import DoubleWell
    >>> scheme = TamedEuler(Overdamped(DoubleWell(barrier=1.0)), step_size=0.1)
    >>> x = torch.tensor([1e3], dtype=torch.float64)
    >>> round(float(scheme.step(x, 0.0, {})[0]), 6)
    999.0
    """

    drift_calls = 1.0
    exact_with = "no force"
    smooth = False
    orders: Mapping[type[Dynamics], float] = {Overdamped: 1}

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where the force changes its sign: there |b| b has a second derivative that jumps."""
        x = torch.linspace(*self._support, 4001, dtype=torch.float64)
        force = self.dynamics.drift(x)
        cell = torch.nonzero(force[:-1].sign() != force[1:].sign())[:, 0]
        low, high, left = x[cell], x[cell + 1], force[cell].sign()
        for _ in range(60):
            middle = (low + high) / 2
            before = self.dynamics.drift(middle).sign() == left
            low, high = torch.where(before, middle, low), torch.where(before, high, middle)
        return tuple(torch.unique(high).tolist())

    @property
    def _support(self) -> tuple[float, float]:
        target = self.dynamics.target
        if not isinstance(target, LineTarget):
            raise InvalidParameter("target", target.name, "a target on the line, for the places at which the force changes its sign")
        return target.quadrature.low, target.quadrature.high

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system, a = self.dynamics, self.step_size
        force = system.drift(x, t)
        size = force.abs() if system.target.dim == 1 else torch.linalg.vector_norm(force, dim=-1, keepdim=True)
        return system.transport(a, x, t) + system.respond(a, force / (1 + a * size), t), system.noise(a, t)
