"""One underdamped Poisson midpoint step on the line as a finite sum of Gaussians of the plane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.dynamics import Underdamped
from pmmtheory.dynamics.block_factor import join
from pmmtheory.dynamics.underdamped import underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.phase_plane.nodes import Gaussians, Part, states_on
from pmmtheory.laws.step.poisson_pieces import require_pieces
from pmmtheory.numerics.interpolation import lagrange
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.schemes import Midpoints, PoissonStructure
from pmmtheory.schemes.midpoint_sets import simplex_rule


@dataclass(frozen=True)
class _Times:
    """Sets of n times in units of the step, (sets, n), with their weights: those of Bernoulli midpoints include p^n."""

    times: Tensor
    weights: Tensor


def parts_by_midpoints(pmm: PoissonStructure, t: float, level: int, grid: Tensor) -> list[Part]:
    """Bernoulli midpoints by the expansion prod_i (1 + p (e_i - 1)) = sum over sets I of p^|I| prod_I (e_i - 1).

    e_i puts in the push of midpoint i, which is of order step^2, so that sets of n midpoints matter like step^(2n)/n! and
    fewer nodes do for more of them. Given the positions of the noise at the midpoints, what is left is Gaussian.
    """
    _require_force_of_position(pmm, t, grid)
    device = grid.device
    if not pmm.midpoints.several:
        return [_pushed(pmm, t, _one(pmm.midpoints, level, 1.0), 7 + 2 * level, [(True,)], device)]
    parts = [_pushed(pmm, t, _joined([(1.0, (np.zeros((1, 0)), np.ones(1)))]), 1, [()], device)]
    for n, nodes in _together(pmm, t, level).items():
        if n < pmm.substeps:
            parts.append(_pushed(pmm, t, _sets(pmm.midpoints, n, level), nodes, list(product((True, False), repeat=n)), device))
    return parts


def sets_left_out(pmm: PoissonStructure, t: float, level: int) -> float:
    """What sets of more midpoints than are taken may change of a density in one step, in total variation: |kick/2|^n / sqrt(n!) for the first n left out.

    n kicks move the velocity by n derivatives of a normal density, whose absolute integral is below sqrt(n!), with probability c^n/n!.
    """
    if not pmm.midpoints.several:
        return 0.0
    n = max(_together(pmm, t, level)) + 1
    return 0.0 if n >= pmm.substeps else (pmm.intensity * _kick(pmm, t) / 2) ** n / math.sqrt(math.factorial(n))


def _together(pmm: PoissonStructure, t: float, level: int) -> dict[int, int]:
    together = _NODES[min(level, len(_NODES) - 1)]
    return {4: 2} | together if level and not _kick(pmm, t) < _LARGE else together


def _kick(pmm: PoissonStructure, t: float) -> float:
    """The size of a midpoint's push late in a step, from states on the scale of the target with a velocity of 1: step^2 L for a plain midpoint."""
    system, a = pmm.dynamics, pmm.step_size
    target: Any = system.target
    scale = 1 / math.sqrt(float(target.smoothness))
    u = float(target.mean) + scale * torch.linspace(-2.0, 2.0, 9, dtype=torch.float64)
    x = torch.stack([u, torch.ones_like(u)], -1)
    late = torch.full((len(u), 1), a * (1 - 1e-9 if pmm.substeps == math.inf else 1 - 1 / pmm.substeps), dtype=torch.float64)
    b0 = system.drift(x, t)
    change = pmm.midpoint_force(system.transport(late, x) + system.respond(late, b0), t, late) - b0
    plain = a * a * float(target.smoothness)
    return max(float(torch.linalg.vector_norm(pmm.push(change, t), dim=-1).square().mean().sqrt()), min(plain, 1.0))


_LARGE = 0.05
"""Where kicks are larger, sets of four midpoints are taken beyond the coarsest level, so that the error tells what is left out."""

_NODES: tuple[dict[int, int], ...] = ({1: 6, 2: 3, 3: 2}, {1: 7, 2: 4, 3: 2}, {1: 8, 2: 4, 3: 2, 4: 1}, {1: 9, 2: 5, 3: 3, 4: 2})
"""How many midpoints are taken together, and the nodes for each of their noises, by level."""


def _one(midpoints: Midpoints, level: int, weight: float) -> _Times:
    """One uniform midpoint."""
    s, w = midpoints.one(level - 4)
    return _joined([(weight, (s[:, None], w))])


def _sets(midpoints: Midpoints, n: int, level: int) -> _Times:
    """All sets of n midpoints: listed for small K, Gauss rules for K = inf, in between by interpolation in 1/K."""
    k = midpoints.substeps
    if n == 1:
        return _one(midpoints, level, midpoints.intensity)
    if k <= 5:
        return _joined([(1.0, _subsets(int(k), n, midpoints.intensity))])
    nodes = 2 + (n == 2) + (level > 2)
    if k == math.inf:
        return _joined([(1.0, _simplex(n, nodes, midpoints.intensity))])
    numbers = [m for m in (3, 4, 5, 6, 7)[: 2 + level] if m > n]  # fewer at a lower level, so that the error tells what interpolation costs
    places = [0.0, *(1 / m for m in numbers)]
    parts = [_simplex(n, nodes, midpoints.intensity), *(_subsets(m, n, midpoints.intensity) for m in numbers)]
    shares = lagrange(places, 1 / k)
    return _joined(list(zip(shares, parts, strict=True)))


def _subsets(k: int, n: int, intensity: float) -> tuple[np.ndarray, np.ndarray]:
    sets = np.array(list(combinations(range(1, k), n)), dtype=float).reshape(math.comb(k - 1, n), n) / k
    return sets, np.full(len(sets), (intensity / k) ** n)


def _simplex(n: int, nodes: int, intensity: float) -> tuple[np.ndarray, np.ndarray]:
    times, weights = simplex_rule(n, nodes)
    return times, weights * intensity**n / math.factorial(n)


def _joined(parts: list[tuple[float, tuple[np.ndarray, np.ndarray]]]) -> _Times:
    times = np.concatenate([times for _, (times, _) in parts])
    return _Times(torch.as_tensor(times), torch.as_tensor(np.concatenate([share * weights for share, (_, weights) in parts])))


def _pushed(pmm: PoissonStructure, t: float, sets: _Times, nodes: int, signs: list[tuple[bool, ...]], device: torch.device) -> Part:
    """The step with midpoints at every set of times, pushes only where a sign is True and the others with a minus."""
    system, a = underdamped(pmm.dynamics), pmm.step_size
    s = sets.times.to(device).clamp_min(1e-9)  # at time 0 there is no noise to divide by, and no midpoint: the interpolant is the state itself
    later = (sets.times.to(device) > 0)[..., None]
    n = s.shape[1]
    points, shares = (np.array(list(product(values, repeat=n))).reshape(len(values) ** n, n) for values in gauss_hermite(nodes))
    z, share = torch.as_tensor(points, device=device), torch.as_tensor(shares.prod(1), device=device)
    root, carried, left = _conditional(system, a, s)
    noise, moved = torch.einsum("sij,gj->sgi", carried, z), torch.einsum("sij,gj->sgi", root, z)
    h = (a * s)[..., None]
    push = later * system.transport(a - h - pmm.substep, pmm.push(torch.ones_like(s), t + h[..., 0])) if n else s[..., None].expand(-1, -1, 2)  # (sets, n, 2)
    chosen = torch.tensor(signs, dtype=s.dtype, device=device).reshape(len(signs), n)
    pushes = torch.einsum("snb,cn->bscn", push, chosen)
    sign = torch.tensor([(-1.0) ** (n - sum(kept)) for kept in signs], dtype=s.dtype, device=device)
    weights = (sets.weights.to(device)[:, None, None] * share[:, None] * sign).reshape(-1)
    uu, uv, vv = (left[:, i, j, None].expand(-1, len(z) * len(signs)).reshape(-1) for i, j in ((0, 0), (0, 1), (1, 1)))

    def at(x: Tensor) -> Gaussians:
        b0 = system.drift(x, t)
        base = system.transport(a, x) + system.respond(a, b0)
        means = [(base[:, None, None, block] + noise[..., block])[..., None].expand(-1, -1, -1, len(signs)) for block in (0, 1)]
        if n:
            middle = system.transport(h, x[:, None, None]) + system.respond(h, b0[:, None, None])  # (starts, sets, n, 2)
            noisy = join(system.position(middle)[:, :, None] + moved, system.velocity(middle)[:, :, None], -1)
            change = pmm.midpoint_force(noisy, t, h[:, None]) - b0[:, None, None, None]
            means = [mean + torch.matmul(change, by.mT) for mean, by in zip(means, pushes, strict=True)]
        u, v = (mean.reshape(x.shape[0], -1) for mean in means)
        return Gaussians(u, v, uu, uv, vv, weights, len(z) * len(signs))

    return len(weights), at


def _conditional(system: Underdamped, a: float, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For the noise W of the trajectory: a root of the covariance of its positions w at the times, B with E(W_a | w = root z) = B z,
    and the covariance of W_a that is left. Shapes (sets, n, n), (sets, 2, n) and (sets, 2, 2).
    """
    uu, uv, vv = (torch.as_tensor(entry, dtype=s.dtype, device=s.device) for entry in system.noise(a).covariance)
    whole = torch.stack([torch.stack([uu, uv]), torch.stack([uv, vv])]).expand(s.shape[0], 2, 2)
    if s.shape[1] == 0:
        empty = s.new_zeros((s.shape[0], 0, 0))
        return empty, s.new_zeros((s.shape[0], 2, 0)), whole
    h = (a * s)[..., None]
    first, cross, _ = system.noise(h).covariance
    column = torch.stack([torch.as_tensor(first), torch.as_tensor(cross)], -1)  # Cov(W_s, w_s)
    gaps = h[:, None, :] - h[:, :, None]
    later = system.position(system.transport(gaps.clamp_min(0), column[:, :, None].expand(-1, -1, s.shape[1], -1)))
    covariance = torch.triu(later) + torch.triu(later, 1).mT
    root = torch.linalg.cholesky(covariance)
    ends = system.transport(a - h, column).mT
    carried = torch.linalg.solve_triangular(root, ends.mT, upper=False).mT
    return root, carried, whole - carried @ carried.mT


def _require_force_of_position(pmm: PoissonStructure, t: float, grid: Tensor) -> None:
    """The noise of the velocity at a midpoint is not resolved: raise InvalidParameter where a force feels it, at some position of a grid."""
    require_pieces(pmm, t)
    moving, delays = states_on(grid), pmm.step_size * grid.new_tensor([0.07, 0.4, 0.93])[:, None, None]
    still = moving * moving.new_tensor([1.0, 0.0])
    one, other = (pmm.midpoint_force(states.expand(3, -1, -1), t, delays) for states in (moving, still))
    if not torch.equal(one, other):
        raise InvalidParameter("scheme", pmm.name, "one whose force at a midpoint depends on the position only, for a law in the phase plane")
