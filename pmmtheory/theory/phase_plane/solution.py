"""phi of the leading error in the phase plane, in orthonormal polynomials, and the constants that it gives."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
import torch
from numpy.polynomial import hermite_e
from torch import Tensor

from pmmtheory.numerics.hermite import hermite
from pmmtheory.numerics.panels import nodes_of, weights_of
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory.panels import Panels, refined
from pmmtheory.theory.phase_plane import polynomials
from pmmtheory.theory.phase_plane.expansion import PhaseExpansion
from pmmtheory.theory.phase_plane.poisson import Basis, orthonormal, solved

GOAL = 1e-9
"""The relative change of the constants at which more polynomials are not asked for."""

NOTHING = {"kl": 1e-18, "tv": 1e-9, "w2": 1e-9}
"""What of phi counts as none."""

_PANELS, _DEEP = 400, 600.0
"""Panels beyond those of the density on each side at most, and the fall of its logarithm at their end."""

_REACH, _CELLS = 9.0, 40
"""The velocities that integrals over |phi| take, and in how many panels."""


class Solution:
    """phi by so many polynomials of position and velocity; each constant is a pair of its value and what quadrature may miss."""

    def __init__(self, found: PhaseExpansion, rule: Panels, friction: float, positions: int, velocities: int):
        self._rule, self._basis = rule, _polynomials(rule, positions)
        self.phi = solved(self._basis.slope, friction, _source(found, rule, friction, self._basis, velocities))

    def away(self, other: Solution) -> float:
        """The largest relative change of a constant that is a sum of squares."""
        pairs = [(getattr(self, name)[0], getattr(other, name)[0]) for name in ("position_kl", "velocity_kl", "joint_kl")]
        changes = [abs(one - two) / max(one, NOTHING["kl"] * self.joint_kl[0] / GOAL) for one, two in pairs]
        return float(max(changes))

    @property
    def position_kl(self) -> tuple[float, float]:
        return float(self.phi[0] @ self.phi[0]) / 2, 0.0

    @property
    def velocity_kl(self) -> tuple[float, float]:
        return float(self.phi[:, 0] @ self.phi[:, 0]) / 2, 0.0

    @property
    def joint_kl(self) -> tuple[float, float]:
        return float((self.phi**2).sum()) / 2, 0.0

    @cached_property
    def position_w2(self) -> tuple[float, float]:
        form = (self._basis.slope.T @ self._basis.slope)[1:, 1:]
        return math.sqrt(max(float(self.phi[0, 1:] @ np.linalg.solve(form, self.phi[0, 1:])), 0.0)), 0.0

    @cached_property
    def position_tv(self) -> tuple[float, float]:
        """On panels that are cut where phi changes its sign."""
        along = self._basis.values @ self.phi[0]
        cut = Panels(self._rule.target, refined(self._rule.edges, _sign_changes(self._rule.x.reshape(-1).numpy(), along)), 16)
        value = float(cut.mass.reshape(-1).numpy() @ np.abs(_polynomials(cut, self.phi.shape[1]).values @ self.phi[0])) / 2
        return value, abs(value - float(self._rule.mass.reshape(-1).numpy() @ np.abs(along)) / 2) / 10

    @cached_property
    def velocity_tv(self) -> tuple[float, float]:
        """On panels that are cut so, too."""
        edges = np.linspace(-_REACH, _REACH, _CELLS + 1)
        v, weights = _velocities(edges)
        along = self._along(v)
        cut, shares = _velocities(np.union1d(edges, _sign_changes(v, along)))
        value = float(shares @ np.abs(self._along(cut))) / 2
        return value, abs(value - float(weights @ np.abs(along)) / 2) / 10

    @cached_property
    def joint_tv(self) -> tuple[float, float]:
        position = self._basis.values @ self.phi.T
        masses = self._rule.mass.reshape(-1).numpy()
        values = []
        for cells in (_CELLS, 2 * _CELLS):
            v, weights = _velocities(np.linspace(-_REACH, _REACH, cells + 1))
            values.append(float(masses @ np.abs(position @ hermite(v, len(self.phi))) @ weights) / 2)
        return values[1], abs(values[1] - values[0])

    def _along(self, v: np.ndarray) -> np.ndarray:
        """phi of the velocity alone."""
        values: np.ndarray = self.phi[:, 0] @ hermite(v, len(self.phi))
        return values


def _polynomials(rule: Panels, count: int) -> Basis:
    return orthonormal(rule.x.reshape(-1).numpy(), rule.mass.reshape(-1).numpy(), count)


def _source(found: PhaseExpansion, rule: Panels, friction: float, basis: Basis, velocities: int) -> np.ndarray:
    """A*1 in coefficients (velocity, position): what is derived by position is derived of the polynomials."""
    masses = rule.mass.reshape(-1).numpy()
    result = np.zeros((velocities, len(basis.slope)))
    for (positions, times), coefficient in found.leading.items():
        coefficient = polynomials.on_gaussians(coefficient) if found.gaussian else coefficient
        for power, terms in polynomials.by_velocity(polynomials.adjoint(coefficient, 0, times)).items():
            part = basis.values.T @ (masses * _at(terms, rule, friction))
            for _ in range(positions):
                part = basis.slope.T @ part
            for n, share in enumerate(hermite_e.poly2herme([0.0] * power + [1.0])):
                result[n] += share * math.sqrt(math.factorial(n)) * part
    result[0, 0] = 0.0
    return result


def _at(terms: dict[tuple[int, ...], object], rule: Panels, friction: float) -> np.ndarray:
    """A polynomial in the friction and F', F'', ... at the points of a rule."""
    total = torch.zeros_like(rule.x)
    for (power, *powers), c in terms.items():
        term = torch.full_like(rule.x, float(c) * friction**power)  # type: ignore[arg-type]
        for n, exponent in enumerate(powers, 1):
            if exponent:
                term = term * rule.derivative(n) ** exponent
        total = total + term
    values: np.ndarray = total.reshape(-1).numpy()
    return values


def _sign_changes(x: np.ndarray, values: np.ndarray) -> list[float]:
    """Where straight lines between neighbours cross zero."""
    at = np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) < 0)
    found: list[float] = (x[at] - values[at] * (x[at + 1] - x[at]) / (values[at + 1] - values[at])).tolist()
    return found


def _velocities(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gauss rules in panels, with the standard normal density in the weights."""
    v, weights = (rule(torch.as_tensor(edges)).flatten().numpy() for rule in (nodes_of, weights_of))
    return v, weights * np.exp(-(v**2) / 2) / math.sqrt(2 * math.pi)


def far_out(target: LineTarget, edges: Tensor) -> Tensor:
    """Panels as far as the density has a logarithm that exponentials know: high powers of the position live there."""
    width = float(edges[-1] - edges[0]) / len(edges)
    highest = float(target.log_density(edges).max())
    ends = []
    for start, step in ((float(edges[0]), -width), (float(edges[-1]), width)):
        beyond = start + step * torch.arange(1, _PANELS + 1, dtype=torch.float64)
        log = target.log_density(beyond).detach()
        ends.append(beyond[log > highest - _DEEP])
    every: Tensor = torch.unique(torch.cat([edges, *ends]))
    return every
