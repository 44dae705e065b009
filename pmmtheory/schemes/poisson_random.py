"""A random Poisson midpoint step of many particles, in which each midpoint costs only the particles that have it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pmmtheory.schemes.layout import normals, put, taken
from pmmtheory.schemes.midpoints import Midpoints
from pmmtheory.schemes.structure import PoissonStructure

_WHOLE = 2**16
"""The largest K whose midpoints are found from exponentials in float32: the next gap then has its probabilities to 1e-7."""


def random_poisson_step(structure: PoissonStructure, x: Tensor, t: float, generator: torch.Generator) -> Tensor:
    """One step of states (n, *state_shape) with the law of `step` under its draws: the first midpoint of all, the second of those that have one, ...

    Noise is drawn up to the midpoints that there are, so that the cost does not depend on K.
    """
    system, a, ones = structure.dynamics, structure.step_size, (1,) * (x.ndim - 1)
    b0 = system.drift(x, t)
    path, pushed = torch.zeros_like(x), torch.zeros_like(x)
    now = torch.zeros((len(x), *ones), dtype=x.dtype, device=x.device)
    for index, times in midpoint_rounds(structure.midpoints, len(x), generator, x.dtype):
        here, last = times.reshape(-1, *ones), now.index_select(0, index)
        start, force, walked, before = taken(x, index), taken(b0, index), taken(path, index), t + a * last
        at, gap = a * here, a * (here - last)
        walked = system.transport(gap, walked, before) + system.noise(gap, before) * normals(start, generator)
        state = system.transport(at, start, t) + system.respond(at, force, t) + walked
        change = structure.midpoint_force(state, t, at) - force
        put(path, index, walked)
        put(pushed, index, system.transport(gap, taken(pushed, index), before + structure.substep) + structure.push(change, t + at))
        now.index_copy_(0, index, here)
    rest, since = a * (1 - now), t + a * now
    moved = system.transport(rest, path, since) + system.transport(rest - structure.substep, pushed, since + structure.substep)
    mean = system.transport(a, x, t) + system.respond(a, b0, t) + moved
    found: Tensor = mean + system.noise(rest, since) * normals(x, generator)
    return found


def midpoint_rounds(midpoints: Midpoints, n: int, generator: torch.Generator, dtype: torch.dtype) -> Iterator[tuple[Tensor, Tensor]]:
    """The first midpoints of n particles, the second, ...: the numbers of the particles that have one, and its times in (0, 1) in dtype.

    A midpoint at time 0, which changes nothing, is left out. The law is that of Midpoints.sample.
    """
    if not midpoints.several:
        times = midpoints.sample((n,), generator, dtype)[0][0]
        index = times.nonzero()[:, 0]
        if len(index):
            yield index, times.index_select(0, index)
        return
    k, p = midpoints.substeps, min(1.0, midpoints.intensity / midpoints.substeps)
    exact = dtype if dtype == torch.float64 or k == math.inf or k <= _WHOLE else torch.float64
    index = torch.arange(n, device=generator.device)
    now = torch.full((n,), -1.0 if k < math.inf else 0.0, dtype=exact, device=generator.device)
    end: Any = 1.0 if k == math.inf else k
    while len(index):
        gap = torch.empty_like(now).exponential_(generator=generator)
        if k == math.inf:
            now = now + gap / midpoints.intensity
        else:
            now = now + 1 + (torch.floor(gap.div_(-math.log1p(-p))) if p < 1 else 0.0)
        inside = (now < end).nonzero()[:, 0]
        index, now = index.index_select(0, inside), now.index_select(0, inside)
        later = now > 0
        if bool(later.all()):
            some, times = index, now
        else:
            some, times = index[later], now[later]
        if len(some):
            yield some, (times / end).to(dtype)
