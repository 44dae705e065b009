"""A walk over the midpoints of a step in the plane: what functions of all pushes are on average, given the noise of the step.

E[f(S) | W_1] of the sum S of all pushes, for f that is a product over midpoints, is found as in laws.step.feynman_kac: at every time the function is multiplied
by what a midpoint there makes of it, and between two times the noise that is known is carried over by Mehler's formula. The walk takes few symmetric steps,
from which any number K is extrapolated; few K are walked one by one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.laws.step.midpoint_step import SOON, MidpointStep
from pmmtheory.numerics.interpolation import lagrange
from pmmtheory.numerics.mehler import mehler
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.schemes import PoissonStructure

_DIRECT = 4
"""The largest K whose substeps are walked one by one, where the dynamics has times between them."""

_LADDERS = ((1, 2, 3), (1, 2, 3, 4), (1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6))
"""The numbers of steps of walks from which larger K are extrapolated, by level."""


@dataclass(frozen=True)
class Time:
    """A time of a walk of so many steps: one of the substeps themselves where it is `exact`, else inside the step, or half a one at its ends."""

    pmm: PoissonStructure
    steps: int
    exact: bool
    inner: bool


class Functions(ABC):
    """Functions of the sum of pushes, over the deviation of the noise of a step, at every node and start: real numbers (k, nodes^2, m)."""

    @abstractmethod
    def one(self, push: Tensor) -> Tensor:
        """Those of no push; push: (nodes^2, n, 2)."""

    @abstractmethod
    def prepared(self, push: Tensor) -> Any:
        """What `times` needs of pushes, for all walks at once."""

    @abstractmethod
    def times(self, u: Tensor | None, prepared: Any, time: Time) -> Tensor:
        """u, or one, times what a midpoint at this time makes of them; u itself may be overwritten."""


def walked(step: MidpointStep, x: Tensor, nodes: int, level: int, functions: Functions) -> Tensor:
    """E[f(S / width) | W_1] at the product of two Gauss-Hermite rules, (k, nodes^2, m)."""
    pmm, width, k = step.pmm, step.width(1.0), step.pmm.substeps
    exact = k <= _DIRECT or pmm.dynamics.grain > 0
    ladder = (int(k),) if exact else _LADDERS[min(level, len(_LADDERS) - 1)]
    places = torch.as_tensor(gauss_hermite(nodes)[0], device=x.device)
    grid = torch.cartesian_prod(places, places)
    if k == 1:
        return functions.one(x.new_zeros((len(grid), *x.shape)))
    u: dict[int, Tensor] = {}
    times = sorted({j / n for n in ladder for j in range(1, n + (not exact))})
    first = None if exact else next(step.pushes([SOON], x, grid))
    if first is not None and float(first.abs().max()) > 1e-12 * width:
        times = [SOON, *times]
    for s, push in zip(times, step.pushes(times, x, grid), strict=True):
        prepared = functions.prepared(push / width)
        for n in ladder:
            now = round(s * n)
            if s != SOON and now / n != s:
                continue
            u[n] = functions.times(u.get(n), prepared, Time(pmm, n, exact, 0 < now < n))
            if 0 < now < n - exact:
                u[n] = _carried(u[n], nodes, (step.width(s) / step.width((now + 1) / n)) ** 2)
    if exact:
        return _carried(u[int(k)], nodes, (step.width(1 - 1 / k) / width) ** 2)
    shares = lagrange([1 / n**2 for n in ladder], 1 / k**2)
    total = u[ladder[0]].mul_(float(shares[0]))
    for share, n in zip(shares[1:], ladder[1:], strict=True):
        total.add_(u[n], alpha=float(share))
    return total


def on_both_axes(matrix: np.ndarray, u: Tensor) -> Tensor:
    """A matrix applied to both axes of values at the product of two rules, (k, nodes^2, m): (k, nodes, nodes, m)."""
    one, nodes = torch.as_tensor(matrix, device=u.device), len(matrix)
    return torch.matmul(one, (one @ u.reshape(len(u), nodes, -1)).reshape(len(u), nodes, nodes, -1))


def _carried(u: Tensor, nodes: int, kept: float) -> Tensor:
    return on_both_axes(mehler(nodes, kept), u).reshape(u.shape)
