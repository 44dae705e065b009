"""One noise path for several chains, read at the times of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from pmmtheory.dynamics import BlockFactor, Dynamics
from pmmtheory.dynamics.block_factor import over
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.drawn import drawn


class NoisePath:
    """N_t = int_0^t A_{t-s} Gamma'(s) dB_s, the noise of a state from time 0 on, at given times of each particle.

    Between two times N moves on by A and by a Gaussian of its own, so that the path is exact at whatever times it is read: nothing is
    interpolated. On the overdamped dynamics N_t = sqrt(2) B_t.

    Parameters
    ----------
    system : Dynamics
    times : tensor (M, n)
        In any order.
    generator : torch.Generator
    """

    def __init__(self, system: Dynamics, times: Tensor, generator: torch.Generator):
        self.system, self.times, shape = system, times, system.state_shape
        ordered, order = torch.sort(times, dim=0)
        z = torch.randn((*times.shape, *shape), generator=generator, dtype=times.dtype, device=times.device)
        gaps = torch.diff(ordered, dim=0, prepend=torch.zeros_like(times[:1])).reshape(*times.shape, *[1] * len(shape))
        if system.linear == ((0.0,),):
            path = torch.cumsum(system.noise(gaps) * z, 0)
        else:
            now, path = torch.zeros_like(z[0]), torch.empty_like(z)
            for k, gap in enumerate(gaps):
                now = system.transport(gap, now) + system.noise(gap) * z[k]
                path[k] = now
        places = order.argsort(0).reshape(*times.shape, *[1] * len(shape)).expand(path.shape)
        self.values = torch.gather(path, 0, places)

    def normal(self, first: int | None, last: int) -> Tensor:
        """The standard normal that carries a particle from its time number `first` (None: from 0) to that number `last`."""
        start = self.times[first] if first is not None else torch.zeros_like(self.times[last])
        gap = self._wide(self.times[last] - start)
        noise = self.values[last] if first is None else self.values[last] - self.system.transport(gap, self.values[first])
        factor = self.system.noise(gap)
        return factor.solve(noise) if isinstance(factor, BlockFactor) else over(noise, factor)

    def _wide(self, times: Tensor) -> Tensor:
        """Times (n,) that broadcast against states."""
        return times.reshape(-1, *[1] * len(self.system.state_shape))


def advance(schemes: Sequence[Scheme], states: Sequence[Tensor], generator: torch.Generator) -> list[Tensor]:
    """Every chain by the length of the longest step, all on one noise path: each has the law of its own scheme, whatever the others do.

    Parameters
    ----------
    schemes : sequence of Scheme
        On the same dynamics; their steps divide the longest.
    states : sequence of tensors (..., n, *state_shape)
        Those that differ in the leading axes share all that is random.
    generator : torch.Generator
    """
    system, counts = schemes[0].dynamics, parts(schemes)
    length, axes = max(scheme.step_size for scheme in schemes), len(system.state_shape)
    rows: list[Tensor] = []
    ends: dict[Fraction, int] = {}
    plans = []
    for scheme, count, state in zip(schemes, counts, states, strict=True):
        lead = state.ndim - axes - 1
        one = state[(slice(0, 1),) * lead]
        particles = state.shape[lead]
        for j in range(count):
            draws = drawn(scheme, one, generator, but="z")  # those of the path, where its times are known
            shares = scheme.noise_times(draws)
            if shares is None:
                draws = drawn(scheme, one, generator)
            inner = one.new_empty((0, particles)) if shares is None else shares.reshape(len(shares), particles).to(one.dtype)
            if bool((torch.diff(inner, dim=0) < 0).any()) or bool(((inner < 0) | (inner > 1)).any()):
                raise InvalidParameter("noise_times", scheme.name, "a scheme whose times ascend from 0 to 1")
            inside = range(len(rows), len(rows) + len(inner))
            rows += [length * (j + share) / count for share in inner]
            end = Fraction(j + 1, count)
            if end not in ends:  # where steps of several chains end at once, the path is read once
                ends[end] = len(rows)
                rows.append(one.new_full((particles,), length * (j + 1) / count))
            plans.append((draws, shares is not None, [*inside, ends[end]]))
    path = NoisePath(system, torch.stack(rows), generator)
    moved, queue = [], iter(plans)
    for scheme, count, state in zip(schemes, counts, states, strict=True):
        before = None
        for _ in range(count):
            draws, known, reads = next(queue)
            state = _driven(scheme, state, draws, path, [before, *reads], known)
            before = reads[-1]
        moved.append(state)
    return moved


def _driven(scheme: Scheme, state: Tensor, draws: dict[str, object], path: NoisePath, reads: list[int | None], known: bool) -> Tensor:
    """One step whose normals are those of the path between its reads."""
    normals = [path.normal(first, last) for first, last in zip(reads[:-1], reads[1:], strict=True) if last is not None]
    if known:
        layered = any(draw.layered for draw in scheme.draws.values())
        lead = (1,) * (state.ndim - normals[-1].ndim)
        inner = [normal.reshape(*lead, *normal.shape) for normal in normals[:-1]]
        draws = {**draws, "z": torch.stack(inner) if layered else inner[0]}
    mean, factor = scheme.step(state, 0.0, draws)
    moved: Tensor = mean + factor * normals[-1]
    return moved


def parts(schemes: Sequence[Scheme]) -> list[int]:
    """How many steps of each scheme make the longest; raises InvalidParameter unless they are whole numbers, on one autonomous dynamics."""
    system, longest = schemes[0].dynamics, max(scheme.step_size for scheme in schemes)
    counts = [round(longest / scheme.step_size) for scheme in schemes]
    for scheme, count in zip(schemes, counts, strict=True):
        if scheme.dynamics is not system and (type(scheme.dynamics), scheme.dynamics.target) != (type(system), system.target):
            raise InvalidParameter("other", scheme.name, "a scheme on the same dynamics and the same target")
        if abs(count * scheme.step_size - longest) > 1e-9 * longest:
            raise InvalidParameter("step_size", scheme.step_size, f"a whole part of the longest step, {longest:g}, for chains on one noise path")
    if not system.autonomous:
        raise InvalidParameter("dynamics", type(system).__name__, "dynamics whose law does not depend on time, for a stationary law")
    return counts
