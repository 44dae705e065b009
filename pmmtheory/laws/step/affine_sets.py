"""Affine steps for every one of many sets of midpoints, by a recursion over the midpoints of a set, from the last to the first.

A step ends with X' = ... + A path + A pushed; at a midpoint path' = A path + Gamma Z, then pushed' = A pushed + push(force(path')). With Y_k what X' owes
to the path after the k-th midpoint, and W_k what it owes to what has been pushed there,

    W_k = W_{k+1} A,   Y_k = Y_{k+1} A + W_k push force',   Q = sum_k Y_k Gamma_k^2 Y_k' + that of the rest,

and the mean is A_a x + G_a b0 + sum_k W_k push(force(A x + G b0) - b0).
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
    told, found = affine_steps(chain, variances, _part(at, some), t), _steps(structure, at, t)
    pairs = ((told.matrix, found.matrix), (told.offset, found.offset), (told.noise, found.noise))
    agrees = all(bool(((seen - whole[some]).abs() <= _AGREES * seen.abs().amax(0)).all()) for seen, whole in pairs)
    return found if agrees else None


def _steps(pmm: PoissonStructure, at: Cubature, t: float) -> AffineSteps:
    """From the last midpoint to the first: what X' owes to the path and to pushes, the mean from zero and unit vectors, and the noise."""
    system, a, h = pmm.dynamics, pmm.step_size, pmm.substep
    times, marks = (part[:, 0] for part in at.draws["midpoints"])
    now, stops = torch.zeros_like(times[0]), []
    for time, mark in zip(times, marks, strict=True):
        needed = mark & (time > 0)  # at time 0 the interpolant is the state itself
        some = needed.flatten().nonzero().flatten()
        stops.append((some, time[some], now[some]))
        now = torch.where(needed, time, now)
    zero = at.weights.new_zeros((len(at), *system.state_shape))
    rest, since = a * (1 - now), t + a * now
    path, pushed, noise = (
        _transport(system, rest, since, zero),
        _transport(system, rest - h, since + h, zero),
        covariance(system.noise(rest, since), system, zero),
    )
    starts = torch.stack([zero[:1], *unit_states(zero[:1], system.blocks)])
    force = system.drift(starts, t)
    mean = _columns(system.transport(a, starts, t) + system.respond(a, force, t), system).repeat(len(at), 1, 1, 1)
    for some, time, last in reversed(stops):
        delay, gap, before, like = a * time, a * (time - last), t + a * last, zero[some]
        ours, theirs = path[some] + _times(pushed[some], _kick(pmm, t, delay, like)), pushed[some]
        there = system.transport(delay, starts, t) + system.respond(delay, force, t)
        change = pmm.midpoint_force(there, t, delay) - force
        mean[some] += _times(theirs, _columns(pmm.push(change, t + delay), system))
        noise[some] += _times(_times(ours, covariance(system.noise(gap, before), system, like)), ours.mT)
        path[some] = _times(ours, _transport(system, gap, before, like))
        pushed[some] = _times(theirs, _transport(system, gap, before + h, like))
    return AffineSteps(mean[..., 1:] - mean[..., :1], mean[..., 0], noise, at.weights)


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
    return _columns(system.transport(h, torch.stack(unit_states(like, system.blocks)), t), system)


def _columns(states: Tensor, system: Dynamics) -> Tensor:
    """States (n, m, *state_shape) as the columns of matrices, (m, axes, s, n)."""
    return blocks_last(states, system).movedim(0, -1)


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
