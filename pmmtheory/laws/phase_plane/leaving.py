"""What a step throws off the positions of a phase plane: it would come in again on the other side."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.laws.phase_plane.nodes import parts_by_draws
from pmmtheory.laws.phase_plane.operator import Plane
from pmmtheory.laws.step.leaving import outside
from pmmtheory.laws.wide_enough import LEAVES
from pmmtheory.numerics.hermite import hermite
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.schemes import Scheme

_VELOCITIES = 7
"""From how many velocities a step is seen."""


class Leaving:
    """The probability with which a step from a position and a velocity ends beyond the grid; none for draws in layers, whose midpoints do not throw far.

    Parameters
    ----------
    scheme : Scheme
    plane : Plane
    level : int
        Of the rules for the draws.
    floor : float
        The share of the largest density of positions below which a law is not told.
    """

    def __init__(self, scheme: Scheme, plane: Plane, level: int, floor: float):
        self._scheme, self._floor = scheme, floor
        self._probability: Tensor | None = None
        if not scheme.draws or any(draw.layered for draw in scheme.draws.values()):
            return
        grid = plane.grid
        self._v, self._weights = (torch.as_tensor(part, device=grid.device) for part in gauss_hermite(_VELOCITIES))
        parts = parts_by_draws(scheme, 0.0, level, grid)[1](torch.cartesian_prod(grid, self._v))
        beyond = outside(parts.mean_u, torch.sqrt(parts.uu).clamp_min(1e-300), (float(grid[0]), float(grid[-1])))
        self._probability = (beyond @ parts.weights.abs()).reshape(len(grid), _VELOCITIES)

    def require_none(self, modes: Tensor, rtol: float) -> None:
        """Raise NotConverged where a step throws mass of a law, of these modes (n, m), beyond the grid."""
        if self._probability is None:
            return
        told = modes[:, :1].abs() > self._floor * modes[:, 0].abs().max()
        masses = (modes @ hermite(self._v, modes.shape[1])).abs() * self._weights * told
        leaves = float((masses * self._probability).sum() / masses.sum())
        if leaves >= LEAVES:
            what = f"the law of {self._scheme.name} in the phase plane, of whose mass a step throws {leaves:.2g} beyond the positions near its target,"
            raise NotConverged(what, math.nan, rtol)
