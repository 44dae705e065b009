"""Schemes that jump: accept or reject, and gradients of a random part of the data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.schemes import Draw, Index, Normal, Scheme, Uniform


class MALA(Scheme):
    """y = x + a b(x) + sqrt(2a) Z, accepted with probability min(1, pi(y) q(y, x) / (pi(x) q(x, y)))."""

    draws: Mapping[str, Draw] = {"z": Normal(), "u": Uniform()}
    drift_calls = 1.0
    back = 1.0
    """Which share of log q(y, x) / q(x, y) counts."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        a, system = self.step_size, self.dynamics
        force = system.drift(x, t)
        y = x + a * force + math.sqrt(2 * a) * draws["z"]
        proposal = (self.squared(y - x - a * force) - self.squared(x - y - a * system.drift(y, t))) / (4 * a)
        ratio = self.potential(x) - self.potential(y) + self.back * proposal
        return torch.where(self.accepts(torch.log(draws["u"]), ratio), y, x), 0.0

    def accepts(self, u: Tensor, ratio: Tensor) -> Tensor:
        return u < ratio

    def squared(self, x: Tensor) -> Tensor:
        return x**2 if self.dynamics.target.dim == 1 else (x**2).sum(-1, keepdim=True)

    def potential(self, x: Tensor) -> Tensor:
        value = self.dynamics.target.potential(x)
        return value if self.dynamics.target.dim == 1 else value[..., None]


class NoProposalRatio(MALA):
    """The ratio of the target alone decides."""

    back = 0.0


class ShortProposalRatio(MALA):
    back = 0.8


class Barker(MALA):
    """Accepted with probability r / (1 + r): right too, but with half the steps taken, the time of a step is half as long."""

    def accepts(self, u: Tensor, ratio: Tensor) -> Tensor:
        return u < torch.nn.functional.logsigmoid(ratio)


class AcceptsMore(MALA):
    """The root of the ratio decides: about half of what should be rejected is taken all the same."""

    def accepts(self, u: Tensor, ratio: Tensor) -> Tensor:
        return u < ratio / 2


class Minibatch(Scheme):
    """X' = x + a (b(x) + e_i) + sqrt(2a) Z with i uniform: the gradient of one of n parts of the data, whose errors e_i add up to 0."""

    drift_calls = 1.0
    size = 1000
    orders: Mapping[type[Dynamics], float] = {Overdamped: 1}

    def __init__(self, dynamics: Dynamics, step_size: float):
        super().__init__(dynamics, step_size)
        self.draws = {"i": Index(self.size)}

    def errors(self) -> Tensor:
        errors = torch.cos(37.0 * torch.arange(self.size, dtype=torch.float64) ** 2)
        return errors - errors.mean()

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        chosen = torch.round(draws["i"] * self.size).long()
        error = self.errors().to(x)[chosen]
        return x + self.step_size * (self.dynamics.drift(x, t) + error), math.sqrt(2 * self.step_size)


class SmallMinibatch(Minibatch):
    size = 4


class BiasedMinibatch(Minibatch):
    """The errors add up to something."""

    def errors(self) -> Tensor:
        return super().errors() + 0.1


class LargeMinibatch(Minibatch):
    """The errors grow as the step falls, like step^-1/2: a variance of order a."""

    def errors(self) -> Tensor:
        return super().errors() / math.sqrt(self.step_size)
