"""Targets on the line whose force is known by its derivatives at one place alone: as series, or as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from pmmtheory.targets.line import LineTarget
from pmmtheory.theory.jets.jet import Jet, jet
from pmmtheory.theory.jets.series import KEPT, NoSeries, Rows, force, plus, times


class AnyForce(LineTarget):
    """b(y) = sum_n b_n y^n/n!, with the b_n left open."""

    @property
    def name(self) -> str:
        return "any target"

    def potential(self, x: Tensor) -> Tensor:
        raise NoSeries("it asks for more of the target than its force")

    def drift(self, x: Tensor) -> Tensor:
        return _taylor(x, 0)

    def curvature(self, x: Tensor) -> Tensor:
        return -_taylor(x, 1)


class KnownForce(LineTarget):
    """The same polynomial with numbers for b_n, about a place."""

    def __init__(self, derivatives: Sequence[float], place: float):
        self.derivatives, self.place = derivatives, place

    def potential(self, x: Tensor) -> Tensor:
        return -self._sum(x, -1)

    def drift(self, x: Tensor) -> Tensor:
        return self._sum(x, 0)

    def curvature(self, x: Tensor) -> Tensor:
        return -self._sum(x, 1)

    def _sum(self, x: Tensor, times_: int) -> Tensor:
        y, total = x - self.place, torch.zeros_like(x)
        for n, value in enumerate(self.derivatives):
            if n >= times_:
                total = total + value * y ** (n - times_) / math.factorial(n - times_)
        return total


def _taylor(x: Tensor, first: int) -> Jet:
    """The `first`-th derivative of the force at a displacement x."""
    y = jet(x)
    one = torch.ones(y.shape, dtype=torch.float64)
    power: Rows = jet(one).rows
    total: Rows = {}
    for n in range(first, KEPT.weight):
        total = plus(total, times({force(n): one}, power))
        power = {m: row / (n - first + 1) for m, row in times(power, y.rows).items()}
    return Jet(total, y.shape, y.known)
