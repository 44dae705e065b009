"""One Poisson midpoint step on the line, seen from the noise of its trajectory."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import PoissonStructure, Scheme

_NODES, _TIMES = (-3.1, -1.7, -0.6, 0.2, 0.9, 2.4), (0.17, 0.62, 0.94)
"""Values of the noise, over its deviation, and times at which a reflection is seen."""

_ROUNDING = 1e-14
"""What rounding may make of a mirrored step, relative to the length of the grid."""


@dataclass(frozen=True)
class MidpointStep:
    """A step that begins at time t, with times s in [0, 1] inside it; the noise of the trajectory up to s is W_s."""

    pmm: PoissonStructure
    t: float

    def width(self, s: float) -> float:
        """The standard deviation of the noise up to s, carried to the end of the step."""
        a = self.pmm.step_size
        return self._carried(s, 1.0) * float(self.pmm.dynamics.noise(a * s, self.t))

    def left(self, s: float) -> float:
        """The standard deviation of the noise from s on."""
        a = self.pmm.step_size
        return float(self.pmm.dynamics.noise(a - a * s, self.t + a * s))

    def push(self, s: float, x: Tensor, nodes: Tensor) -> Tensor:
        """What a midpoint at s adds to the next state, at every (node of W_s over its deviation, start point): shape (q, n).

        Nothing at s = 0, where the interpolant is x itself.
        """
        pmm, t, system = self.pmm, self.t, self.pmm.dynamics
        if s == 0:
            return torch.zeros((len(nodes), len(x)), dtype=x.dtype, device=x.device)
        now = pmm.step_size * s
        b0 = system.drift(x, t)
        state = system.transport(now, x, t) + system.respond(now, b0, t) + float(system.noise(now, t)) * nodes[:, None]
        pushed = pmm.push(pmm.midpoint_force(state, t, now) - b0, t + now)
        return system.transport(pmm.step_size - now - pmm.substep, pushed, t + now + pmm.substep)

    def _carried(self, start: float, end: float) -> float:
        a = self.pmm.step_size
        return float(self.pmm.dynamics.transport(a * (end - start), torch.ones((), dtype=torch.float64), self.t + a * start))


def midpoints_reflect(scheme: Scheme, grid: Tensor, t: float) -> bool:
    """Whether x -> 2c - x, c the middle of the grid (n,), takes the pieces of a step that a scheme declares to themselves: seen at every point of the grid."""
    step, system, a = MidpointStep(checked(scheme), t), scheme.dynamics, scheme.step_size
    length, middle = float(grid[-1] - grid[0]), (grid[0] + grid[-1]) / 2
    other, substeps = 2 * middle - grid, step.pmm.substeps
    if float((grid.flip(0) - other).abs().max()) > _ROUNDING * length:
        return False
    centres = [system.transport(a, x, t) + system.respond(a, system.drift(x, t), t) for x in (grid, other)]
    nodes = torch.tensor(_NODES, dtype=grid.dtype, device=grid.device)
    times = [s if substeps == math.inf else math.ceil(s * (substeps - 1)) / substeps for s in _TIMES]
    odd = [centres[0] + centres[1] - 2 * middle, *(step.push(s, grid, nodes) + step.push(s, other, -nodes) for s in times)]
    return all(float(part.abs().max()) <= _ROUNDING * length for part in odd)


def own_step(scheme: Scheme) -> bool:
    """Whether a scheme on the line declares the structure of a step with random midpoints."""
    return scheme.dynamics.blocks == 1 and scheme.structure is not None


def checked(scheme: Scheme) -> PoissonStructure:
    """The structure that a scheme on the line declares."""
    structure = scheme.structure if scheme.dynamics.blocks == 1 else None
    if structure is None:
        raise InvalidParameter(
            "scheme", scheme.name, "one on the line that declares its structure (PoissonMidpoint with its own step), for the law of random midpoints"
        )
    return structure
