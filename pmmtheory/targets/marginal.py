"""The law on the line of one direction of a target in the plane, by quadrature across it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from pmmtheory.numerics.interpolation import interpolate
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.plane import PlaneQuadrature

_CHUNK = 2_000_000
"""Values of F at once."""

_FEW = 30
"""Points that are not worth a table."""

_ROUNDING = 2e-14


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
        count = math.ceil((high - low) / min(quadrature.spacings) * 1.5) + 1
        self._places = torch.linspace(low, high, count, dtype=torch.float64)
        self._spacing = (high - low) / (count - 1)
        along = torch.cartesian_prod(*quadrature.box) @ unit
        self._ends = float(along.min()), float(along.max())
        middle = float(quadrature.mean @ unit)
        self.points = (middle, *(float(x @ unit) for x in quadrature.minima))

    @property
    def name(self) -> str:
        return self._own

    def potential(self, x: Tensor) -> Tensor:
        """F_u; from a table, within its digits, where no derivative is asked for and the table reaches."""
        if x.requires_grad or x.dtype != torch.float64 or x.device.type != "cpu" or x.numel() < _FEW or self._table is None:
            return self._direct(x)
        start, spacing, values = self._table
        told = (x >= start) & (x <= start + (len(values) - 1) * spacing)
        result = interpolate(values, start, spacing, x)
        if not bool(told.all()):
            result[~told] = self._direct(x[~told])
        return result

    @cached_property
    def _table(self) -> tuple[float, float, Tensor] | None:
        """Start, spacing and values of F_u on a grid that interpolates it to rounding, seen halfway between its points; None where none does."""
        low, high = self._ends
        for count in (400, 800, 1600, 3200):
            x = torch.linspace(low, high, count, dtype=torch.float64)
            values, spacing = self._direct(x), (high - low) / (count - 1)
            if not bool(torch.isfinite(values).all()):
                return None
            between = x[:-1] + 0.41 * spacing
            off = torch.abs(interpolate(values, low, spacing, between) - self._direct(between))
            if bool((off <= _ROUNDING * (1 + torch.abs(values[1:]) + torch.abs(values[1:] - values[:-1]) * 1e2)).all()):
                return low, spacing, values
        return None

    def _direct(self, x: Tensor) -> Tensor:
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
