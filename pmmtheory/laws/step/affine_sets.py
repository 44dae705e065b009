"""Affine steps for every one of many sets of midpoints: the noise by a recursion over the midpoints of a set, from the last to the first.

A step ends with X' = ... + A path + A pushed; at a midpoint path' = A path + Gamma Z, then pushed' = A pushed + push(force(path')). With Y_k what X' owes
to the path after the k-th midpoint, and W_k what it owes to what has been pushed there,

    W_k = W_{k+1} A,   Y_k = Y_{k+1} A + W_k push force',   Q = sum_k Y_k Gamma_k^2 Y_k' + that of the rest.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.dynamics.factors import blocks_last, covariance
from pmmtheory.laws.step.affine import AffineSteps, affine_steps, unit_states
from pmmtheory.laws.step.cubature import Cubature
from pmmtheory.schemes import PoissonStructure, Scheme

_SEEN = 12
"""So many sets of every size are compared with what unit vectors say of the step itself."""

_FEW = 500
"""Up to so many sets all are seen by unit vectors."""

_AGREES = 1e-10


def listed_steps(chain: Scheme, variances: Tensor, at: Cubature, t: float) -> AffineSteps | None:
    """The steps at all sets of midpoints; None where these are few, or the step declares no structure, or is another than its pieces say.

    Raises
    ------
    InvalidParameter
        Where the step is not affine in the state and its normals, or its noise depends on the state.
    """
    structure = chain.structure
    if structure is None or len(at) <= _FEW:
        return None
    some = _of_every_size(at)
    told, found = affine_steps(chain, variances, _part(at, some), t), _steps(chain, structure, at, t)
    pairs = ((told.matrix, found.matrix), (told.offset, found.offset), (told.noise, found.noise))
    agrees = all(bool(((seen - whole[some]).abs() <= _AGREES * seen.abs().amax(0)).all()) for seen, whole in pairs)
    return found if agrees else None


def _steps(chain: Scheme, pmm: PoissonStructure, at: Cubature, t: float) -> AffineSteps:
    """The mean by steps without noise, from zero and unit vectors, and the noise by the recursion."""
    system = chain.dynamics
    zero = at.weights.new_zeros((len(at), *system.state_shape))
    starts = torch.stack([zero, *unit_states(zero, system.blocks)])
    mean, factor = chain.step(starts, t, at.draws | {"z": zero.new_zeros((at.layers, *(1,) * starts.ndim))})
    mean = blocks_last(mean, system)
    rest = covariance(factor, system, zero)
    return AffineSteps(torch.stack([*(mean[1:] - mean[0])], -1), mean[0], rest + _noise(pmm, at, t, zero), at.weights)


def _noise(pmm: PoissonStructure, at: Cubature, t: float, zero: Tensor) -> Tensor:
    """Of all but the rest of the step after the last midpoint, (q, axes, s, s)."""
    system, a, h = pmm.dynamics, pmm.step_size, pmm.substep
    times, marks = (part[:, 0] for part in at.draws["midpoints"])
    now, stops = torch.zeros_like(times[0]), []
    for time, mark in zip(times, marks, strict=True):
        needed = mark & (time > 0)  # at time 0 the interpolant is the state itself
        some = needed.flatten().nonzero().flatten()
        stops.append((some, time[some], now[some]))
        now = torch.where(needed, time, now)
    path, pushed = _transport(system, a * (1 - now), t + a * now, zero), _transport(system, a * (1 - now) - h, t + a * now + h, zero)
    total = torch.zeros_like(path)
    for some, time, last in reversed(stops):
        gap, before, like = a * (time - last), t + a * last, zero[some]
        ours, theirs = path[some] + _times(pushed[some], _kick(pmm, t, a * time, like)), pushed[some]
        total[some] += _times(_times(ours, covariance(system.noise(gap, before), system, like)), ours.mT)
        path[some] = _times(ours, _transport(system, gap, before, like))
        pushed[some] = _times(theirs, _transport(system, gap, before + h, like))
    return total


def _kick(pmm: PoissonStructure, t: float, delay: Tensor, like: Tensor) -> Tensor:
    """What a midpoint pushes, as a matrix that acts on the path there, (m, axes, s, s)."""

    def force(state: Tensor) -> Tensor:
        return pmm.midpoint_force(state, t, delay)

    def push(change: Tensor) -> Tensor:
        return pmm.push(change, t + delay)

    none = force(like)
    rows = torch.stack([force(unit) - none for unit in unit_states(like, pmm.dynamics.blocks)], -1)
    column = blocks_last(push(torch.ones_like(none)) - push(torch.zeros_like(none)), pmm.dynamics)
    return column[..., None] * rows[..., None, :]


def _transport(system: Dynamics, h: Tensor, t: Tensor, like: Tensor) -> Tensor:
    """A_h as matrices, (m, axes, s, s)."""
    return torch.stack([blocks_last(system.transport(h, unit, t), system) for unit in unit_states(like, system.blocks)], -1)


def _times(a: Tensor, b: Tensor) -> Tensor:
    """The products of many small matrices."""
    return (a[..., :, :, None] * b[..., None, :, :]).sum(-2) if a.shape[-1] > 1 else a * b


def _of_every_size(at: Cubature) -> Tensor:
    """Where some of the sets of every size are."""
    sizes = at.draws["midpoints"][1].sum(0).flatten()
    places = [torch.nonzero(sizes == size).flatten() for size in torch.unique(sizes)]
    return torch.cat([place[:: -(-len(place) // _SEEN)] for place in places])


def _part(at: Cubature, some: Tensor) -> Cubature:
    """At some of the nodes."""
    draws: dict[str, Any] = {name: tuple(part[:, :, some] for part in value) for name, value in at.draws.items()}
    return Cubature(draws, at.weights[some], at.layers)
