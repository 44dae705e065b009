"""What a chain may have started with that is too little for the arithmetic of its law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.targets.line import LineTarget

_TOLD = 1e-11
"""The share of its largest value down to which the density of a start is in the law of the chain."""

_POINTS, _FARTHER = 8001, 0.25
"""Where the density of a start is looked at, and beyond its support, relative to its length: powers of it may fall more slowly."""


@dataclass(frozen=True)
class Unseen:
    """The density h of a start beyond where the law of a chain has its digits: far modes of next to no mass, and tails.

    points, log_density : (n,) tensors
        Uniform positions over all of the start, and log h, -inf where it is told.
    """

    points: Tensor
    log_density: Tensor

    @classmethod
    def of(cls, start: LineTarget) -> Unseen:
        low, high, more = start.quadrature.low, start.quadrature.high, _FARTHER * (start.quadrature.high - start.quadrature.low)
        points = torch.linspace(low - more, high + more, _POINTS, dtype=torch.float64)
        log = start.log_density(points)
        told = torch.nonzero(log > log.max() + torch.log(log.new_tensor(_TOLD))).flatten()
        log[int(told[0]) : int(told[-1]) + 1] = -torch.inf
        return cls(points, log)

    def power(self, order: float, log_reference: Callable[[Tensor], Tensor]) -> float:
        """int h^a q^(1 - a) for the order a > 1, given log q.

        Steps of a chain take it down, by Jensen's inequality, if they keep q: about that much of the power of its law may be missing.
        """
        far = self.log_density > -torch.inf
        log = order * self.log_density[far] + (1 - order) * log_reference(self.points[far])
        return float(torch.exp(log.clamp_max(600.0)).sum() * (self.points[1] - self.points[0]))
