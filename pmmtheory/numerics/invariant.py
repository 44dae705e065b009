"""The invariant law of a transition matrix by one linear solve, with what rounding may cost."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged

_EPS = 2.3e-16
_SAFETY = 4.0
"""Measured errors of the weights of two modes are at most 1.1 eps/gap."""

_SOLVES = 40
"""Inverse iterations, at most."""


def invariant_by_solve(matrix: Tensor, scale: Tensor, what: str, rtol: float, kept: float = 1.0) -> tuple[Tensor, float, float]:
    """p with p = p P / kept, the total variation distance that rounding may cost, 4 eps/gap, and the gap.

    matrix : (n, n); scale : (n,), close to the square root of the density of p, with whose ratio to p the
    system is solved. The gap, 1 less the second eigenvalue, is that of inverse iterations with the factors at hand.

    Raises
    ------
    NotConverged
        Where the chain mixes more slowly than double precision can resolve.
    """
    n, peak = len(scale), int(torch.argmax(scale))
    system = matrix.T * (scale[None, :] / scale[:, None])
    system.diagonal().sub_(kept)
    system[peak] = scale
    factors, pivots = torch.linalg.lu_factor(system)

    def solved(right: Tensor) -> Tensor:
        result: Tensor = torch.linalg.lu_solve(factors, pivots, right[:, None])
        return result[:, 0]

    right = torch.zeros(n, dtype=torch.float64, device=matrix.device)
    right[peak] = 1.0
    p = solved(right) * scale
    places = torch.arange(n, dtype=torch.float64, device=matrix.device)
    gap = slowest(solved, torch.cos(1.0 + 2.5 * places**2 / n) + torch.linspace(-1, 1, n, dtype=torch.float64, device=matrix.device), peak)
    rounding = _SAFETY * _EPS / gap if gap > 0 else math.inf
    if gap < 30 * _EPS or rounding > rtol:
        steps = f"{1 / gap:.1g}" if gap > _EPS else "1e15 or more"
        raise NotConverged(f"{what}, which takes {steps} steps to mix, more than double precision resolves,", rounding, rtol)
    return p / p.sum(), rounding, gap


def quasi_invariant(matrix: Tensor, scale: Tensor, what: str, rtol: float) -> tuple[Tensor, float, float]:
    """The same for a matrix that loses mass: p with kept p = p P, the law of those that are left after many steps, where a share `kept` is left by each."""
    kept = 1.0
    for _ in range(_SOLVES):
        masses, rounding, gap = invariant_by_solve(matrix, scale, what, rtol, kept)
        before, kept = kept, float((masses @ matrix).sum())
        if abs(kept - before) < 4 * _EPS:
            return masses, rounding, gap
    raise NotConverged(f"{what}, of a chain that loses {1 - kept:.2g} of its mass in a step,", math.nan, rtol)


def slowest(solved: Callable[[Tensor], Tensor], start: Tensor, peak: int) -> float:
    """The distance of the second eigenvalue from 1, by inverse iterations with the factors of a system whose row `peak` is the normalisation.

    |r| / |S^-1 r|, from when it has settled to 1%: the first solves may be of what is steep at the ends, not of what is slow. Where
    eigenvalues come in pairs it goes round: then the least of the last six.
    """
    v, seen = start, list[float]()
    for _ in range(_SOLVES):
        v = v / torch.linalg.vector_norm(v)
        v[peak] = 0.0
        after = solved(v)
        seen.append(float(torch.linalg.vector_norm(v) / torch.linalg.vector_norm(after)))
        v = after
        if not math.isfinite(seen[-1]):
            return 0.0
        if len(seen) > 3 and abs(seen[-1] - seen[-2]) < 0.01 * seen[-1]:
            return seen[-1]
    return min(seen[-6:])
