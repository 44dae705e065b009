"""The law on the line of one direction of a target in the plane, by quadrature across it."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.plane import PlaneQuadrature

_CHUNK = 2_000_000
"""Values of F at once."""


class Marginal(LineTarget):
    """u . X, where X has the density exp(-F) in the plane: exp(-F_u(s)) = int exp(-F(s u + t v)) dt, v across u, by the trapezoid rule.

    Parameters
    ----------
    potential : callable
        F, from points (..., 2) to values (...).
    quadrature : PlaneQuadrature
        Where exp(-F) lives, and the spacing that sees it.
    unit : (2,) tensor
        u, of length one.
    """

    _smooth = True  # or the rule across it would not have converged

    def __init__(self, potential: Callable[[Tensor], Tensor], quadrature: PlaneQuadrature, unit: Tensor, name: str):
        self._function, self._unit, self._own = potential, unit, f"{name} along ({float(unit[0]):.6g}, {float(unit[1]):.6g})"
        self._least = quadrature.least
        self._across = torch.stack([-unit[1], unit[0]])
        corners = torch.cartesian_prod(*quadrature.box) @ self._across
        low, high = float(corners.min()), float(corners.max())
        count = math.ceil((high - low) / min(quadrature.spacings) * 1.25) + 1
        self._places = torch.linspace(low, high, count, dtype=torch.float64)
        self._spacing = (high - low) / (count - 1)
        middle = float(quadrature.mean @ unit)
        self.points = (middle, *(float(x @ unit) for x in quadrature.minima))

    @property
    def name(self) -> str:
        return self._own

    def potential(self, x: Tensor) -> Tensor:
        flat = x.reshape(-1)
        parts = [self._some(part) for part in flat.split(max(1, _CHUNK // len(self._places)))] or [flat]
        return torch.cat(parts).reshape(x.shape)

    def _some(self, x: Tensor) -> Tensor:
        points = x[:, None, None] * self._unit.to(x) + (self._places[:, None] * self._across).to(x)
        return -torch.logsumexp(self._least - self._function(points), -1) - math.log(self._spacing)


def marginal(potential: Callable[[Tensor], Tensor], quadrature: PlaneQuadrature, unit: Tensor, name: str) -> Marginal:
    """The law of u . X, computed once for each direction."""
    key = tuple(unit.tolist())
    if key not in quadrature.marginals:
        quadrature.marginals[key] = Marginal(potential, quadrature, unit, name)
    found: Marginal = quadrature.marginals[key]
    return found
