"""A random Poisson midpoint step of many particles: the forces at all midpoints of all particles are one call."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pmmtheory.schemes.layout import add, normals, put, taken
from pmmtheory.schemes.midpoints import Midpoints

if TYPE_CHECKING:
    from pmmtheory.schemes.poisson_midpoint import PoissonMidpoint

_WHOLE = 2**16
"""The largest K whose midpoints are found from exponentials in float32: the next gap then has its probabilities to 1e-7."""

Round = tuple[Tensor, Tensor, Tensor]
"""The numbers of the particles that have one more midpoint, their places among those of the round before, and the times in (0, 1)."""


def random_poisson_step(scheme: PoissonMidpoint, midpoints: Midpoints, x: Tensor, t: float, generator: torch.Generator) -> Tensor:
    """One step of states (n, *state_shape), of the law that `step` has under its draws, by the pieces of the scheme itself, as it has them.

    A force at a midpoint depends on the state, on b0 and on the noise up to it, and on no other midpoint: only the noise is built in rounds, the first
    midpoints of all, the second of those that have one, and so on. The cost does not depend on K.
    """
    system, a, ones = scheme.dynamics, scheme.step_size, (1,) * (x.ndim - 1)
    b0 = system.drift(x, t)
    mean = system.transport(a, x, t) + system.respond(a, b0, t)
    now, path = torch.zeros((len(x), *ones), dtype=x.dtype, device=x.device), torch.zeros_like(x)
    if rounds := midpoint_rounds(midpoints, len(x), generator, x.dtype):
        index, here = torch.cat([found[0] for found in rounds]), torch.cat([found[2] for found in rounds]).reshape(-1, *ones)
        last = torch.cat([torch.zeros_like(rounds[0][2]), *(old[2][new[1]] for old, new in zip(rounds, rounds[1:], strict=False))]).reshape(-1, *ones)
        start, force, at, gap, before = taken(x, index), taken(b0, index), a * here, a * (here - last), t + a * last
        walked = system.noise(gap, before) * normals(start, generator)
        parts = [slice(end - len(found[0]), end) for found, end in zip(rounds, _ends(rounds), strict=True)]
        for number, ((own, within, _), part) in enumerate(zip(rounds, parts, strict=True)):
            if number:
                walked[part] += system.transport(gap[part], taken(walked[parts[number - 1]], within), before[part])
            put(path, own, walked[part])
            now.index_copy_(0, own, here[part])
        state = system.transport(at, start, t) + system.respond(at, force, t) + walked
        change = scheme.midpoint_force(state, t, at) - force
        pushed = system.transport(a - at - scheme.substep, scheme.push(change, t + at), t + at + scheme.substep)
        for (own, _, _), part in zip(rounds, parts, strict=True):
            add(mean, own, pushed[part])
    rest, since = a * (1 - now), t + a * now
    found: Tensor = mean + system.transport(rest, path, since) + system.noise(rest, since) * normals(x, generator)
    return found


def midpoint_rounds(midpoints: Midpoints, n: int, generator: torch.Generator, dtype: torch.dtype) -> list[Round]:
    """The first midpoints of n particles, the second, ..., as far as there are any.

    A midpoint at time 0 changes nothing and is left out; otherwise the law is that of Midpoints.sample.
    """
    if not midpoints.several:
        times = midpoints.sample((n,), generator, dtype)[0][0]
        index = times.nonzero()[:, 0]
        return [(index, index, times.index_select(0, index))] if len(index) else []
    k, p, rounds = midpoints.substeps, min(1.0, midpoints.intensity / midpoints.substeps), []
    end, scale = (1.0, 1 / midpoints.intensity) if k == math.inf else (k, -1 / math.log1p(-p) if p < 1 else 0.0)
    exact = torch.float64 if dtype == torch.float64 or _WHOLE < k < math.inf else torch.float32
    index, now = torch.arange(n, device=generator.device), torch.zeros(n, dtype=exact, device=generator.device)
    while len(index):
        gap = torch.empty_like(now).exponential_(generator=generator).mul_(scale)
        now = now + (gap if k == math.inf else gap.floor_().add_(1))  # trials at substeps 1, 2, ...
        within = (now < end).nonzero()[:, 0]
        index, now = index.index_select(0, within), now.index_select(0, within)
        if len(index):
            rounds.append((index, within, (now / end).to(dtype)))
    return rounds


def _ends(rounds: list[Round]) -> list[int]:
    """Where each round ends among all midpoints."""
    ends = [len(rounds[0][0])]
    for found in rounds[1:]:
        ends.append(ends[-1] + len(found[0]))
    return ends
