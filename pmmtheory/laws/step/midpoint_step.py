"""One Poisson midpoint step on the line or in the plane, seen from the noise of its trajectory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import PoissonStructure, Scheme

SOON = 1e-30
"""Just after the step began: a midpoint at time 0 itself is none."""

_TOGETHER = 20_000
"""Numbers computed together: they stay in the cache."""


@dataclass(frozen=True)
class MidpointStep:
    """A step that begins at time t, with times s in [0, 1] inside it; the noise of the trajectory up to s is W_s."""

    pmm: PoissonStructure
    t: float
    _widths: dict[float, float] = field(default_factory=dict, repr=False, compare=False)

    def width(self, s: float) -> float:
        """The standard deviation of the noise up to s, carried to the end of the step."""
        if s not in self._widths:
            self._widths[s] = self._carried(s, 1.0) * float(self.pmm.dynamics.noise(self.pmm.step_size * s, self.t))
        return self._widths[s]

    def left(self, s: float) -> float:
        """The standard deviation of the noise from s on."""
        a = self.pmm.step_size
        return float(self.pmm.dynamics.noise(a - a * s, self.t + a * s))

    def push(self, s: float, x: Tensor, nodes: Tensor) -> Tensor:
        """What a midpoint at s adds to the next state, at every (node of W_s over its deviation, start point): shape (q, n), in the plane (q, n, 2).

        Nothing at s = 0, where the interpolant is x itself.
        """
        (found,) = self.pushes([s], x, nodes)
        return found

    def pushes(self, times: Sequence[float], x: Tensor, nodes: Tensor) -> Iterator[Tensor]:
        """The same for each of several times."""
        for block in self.blocks(times, x, nodes):
            yield from block

    def blocks(self, times: Sequence[float], x: Tensor, nodes: Tensor) -> Iterator[Tensor]:
        """The same for several times, many of which are computed together: blocks (s, q, n), in the plane (s, q, n, 2)."""
        pmm, t, system = self.pmm, self.t, self.pmm.dynamics
        b0, every = system.drift(x, t), torch.tensor(times, dtype=x.dtype, device=x.device)
        for some in every.split(max(1, _TOGETHER // max(1, x.numel() * len(nodes)))):
            now = (pmm.step_size * some)[(..., *(None,) * (x.ndim + 1))]
            state = system.transport(now, x, t) + system.respond(now, b0, t) + system.noise(now, t) * nodes[:, None]
            pushed = pmm.push(pmm.midpoint_force(state, t, now) - b0, t + now)
            pushed = system.transport(pmm.step_size - now - pmm.substep, pushed, t + now + pmm.substep)
            yield torch.where(now > 0, pushed, 0.0)

    def _carried(self, start: float, end: float) -> float:
        a = self.pmm.step_size
        return float(self.pmm.dynamics.transport(a * (end - start), torch.ones((), dtype=torch.float64), self.t + a * start))


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
