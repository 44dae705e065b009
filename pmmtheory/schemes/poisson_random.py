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
"""The largest K whose midpoints are found from uniform numbers in float32: the next gap then has its probabilities to 1e-7."""

_DIGITS = {torch.float64: 36}
"""Binary digits of the times of a Poisson process, 24 unless of this dtype: of whole numbers of substeps, sums are the same on every device."""


def random_poisson_step(scheme: PoissonMidpoint, midpoints: Midpoints, x: Tensor, t: float, generator: torch.Generator) -> Tensor:
    """One step of states (n, *state_shape), of the law that `step` has under its draws, by the pieces of the scheme itself, as it has them.

    A force at a midpoint depends on the state, on b0 and on the noise up to it, and on no other midpoint: only the noise is built in rounds, the second
    midpoints of those particles that have one, the third, and so on. The cost does not depend on K.
    """
    system, a, ones = scheme.dynamics, scheme.step_size, (1,) * (x.ndim - 1)
    b0 = system.drift(x, t)
    mean = system.transport(a, x, t) + system.respond(a, b0, t)
    now, path = torch.zeros((len(x), *ones), dtype=x.dtype, device=x.device), torch.zeros_like(x)
    index, times = all_midpoints(midpoints, len(x), generator, x.dtype)
    if len(index):
        ends, rounds, first = _rounds(index)
        here, last = times.reshape(-1, *ones), torch.where(first, 0.0, times.roll(1)).reshape(-1, *ones)
        start, force, at, gap, before = taken(x, index), taken(b0, index), a * here, a * (here - last), t + a * last
        walked = system.noise(gap, before) * normals(start, generator)
        for own in rounds:
            add(walked, own, system.transport(taken(gap, own), taken(walked, own - 1), taken(before, own)))
        state = system.transport(at, start, t) + system.respond(at, force, t) + walked
        change = scheme.midpoint_force(state, t, at) - force
        pushed = system.transport(a - at - scheme.substep, scheme.push(change, t + at), t + at + scheme.substep)
        for own in rounds:
            add(pushed, own, taken(pushed, own - 1))
        whose = index.index_select(0, ends)
        add(mean, whose, taken(pushed, ends))
        put(path, whose, taken(walked, ends))
        put(now, whose, taken(here, ends))
    rest, since = a * (1 - now), t + a * now
    found: Tensor = system.noise(rest, since) * normals(x, generator)
    return found.add_(mean).add_(system.transport(rest, path, since))


def all_midpoints(midpoints: Midpoints, n: int, generator: torch.Generator, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """The midpoints of n particles, those of the first, of the second, ..., of each in ascending order: whose they are, and their times in (0, 1).

    A midpoint at time 0 changes nothing and is left out; otherwise the law is that of Midpoints.sample: one run of trials serves all particles.
    """
    if not midpoints.several:
        times = midpoints.sample((n,), generator, dtype)[0][0]
        index = times.nonzero()[:, 0]
        return index, times.index_select(0, index)
    digits = min(_DIGITS.get(dtype, 24), 62 - n.bit_length())  # what all trials are counted by is a whole number of 64 bits
    k = int(min(midpoints.substeps, 2**digits))
    p, trials = min(1.0, midpoints.intensity / k), n * (k - 1)
    exact = torch.float64 if dtype == torch.float64 or _WHOLE < midpoints.substeps < math.inf else torch.float32
    scale, found, done = 1 / math.log1p(-p) if p < 1 else 0.0, [torch.zeros(0, dtype=torch.int64, device=generator.device)], 0
    while done < trials:
        expected = (trials - done) * p
        u = torch.rand(math.ceil(expected + 6 * math.sqrt(expected)) + 8, generator=generator, dtype=exact, device=generator.device)
        ends = torch.cumsum(u.neg_().add_(1).log_().mul_(scale).long().add_(1), 0).add_(done)
        found.append(ends)
        done = int(ends[-1])
    place = torch.cat(found).sub_(1)
    place = place[: int(torch.searchsorted(place, trials))]
    index = torch.div(place, max(k - 1, 1), rounding_mode="floor")
    return index, (place.sub_(index * (k - 1)).add_(1).double() / k).to(dtype)


def _rounds(index: Tensor) -> tuple[Tensor, list[Tensor], Tensor]:
    """The places of the last midpoint of each particle that has any; of second midpoints, of third ones, ...; and of each whether it is a first one."""
    new = torch.cat([index[1:] != index[:-1], torch.ones(1, dtype=torch.bool, device=index.device)])
    ends = new.nonzero()[:, 0]
    places = torch.cat([ends.new_zeros(1), ends[:-1] + 1])
    left, rounds = ends - places, []
    while len(more := (left > 0).nonzero()[:, 0]):
        places, left = places.index_select(0, more) + 1, left.index_select(0, more) - 1
        rounds.append(places)
    return ends, rounds, new.roll(1)
