"""The invariant law of a transition matrix by one linear solve, with what rounding may cost."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged

_EPS = 2.3e-16
_SAFETY = 4.0
"""Measured errors of the weights of two modes are at most 1.1 eps/gap."""


def invariant_by_solve(matrix: Tensor, scale: Tensor, what: str, rtol: float) -> tuple[Tensor, float, float]:
    """p with p = p P, the total variation distance that rounding may cost, 4 eps/gap, and the gap.

    matrix : (n, n), is overwritten; scale : (n,), close to the square root of the density of p, with whose ratio to p the
    system is solved. The gap, 1 less the second eigenvalue, is that of inverse iterations with the factors at hand.

    Raises
    ------
    NotConverged
        Where the chain mixes more slowly than double precision can resolve.
    """
    n, peak = len(scale), int(torch.argmax(scale))
    system = matrix.T * (scale[None, :] / scale[:, None])
    system.diagonal().sub_(1.0)
    system[peak] = scale
    factors, pivots = torch.linalg.lu_factor(system)

    def solved(right: Tensor) -> Tensor:
        result: Tensor = torch.linalg.lu_solve(factors, pivots, right[:, None])
        return result[:, 0]

    right = torch.zeros(n, dtype=torch.float64, device=matrix.device)
    right[peak] = 1.0
    p = solved(right) * scale
    gap = _gap(solved, n, peak, matrix.device)
    rounding = _SAFETY * _EPS / gap if gap > 0 else math.inf
    if gap < 30 * _EPS or rounding > rtol:
        steps = f"{1 / gap:.1g}" if gap > _EPS else "1e15 or more"
        raise NotConverged(f"{what}, which takes {steps} steps to mix, more than double precision resolves,", rounding, rtol)
    return p / p.sum(), rounding, gap


def _gap(solved: object, n: int, peak: int, device: torch.device) -> float:
    """|r| / |S^-1 r| after three solves, from a start that is orthogonal to nothing."""
    assert callable(solved)
    v = torch.cos(1.0 + 2.5 * torch.arange(n, dtype=torch.float64, device=device) ** 2 / n) + torch.linspace(-1, 1, n, dtype=torch.float64, device=device)
    size = 1.0
    for _ in range(3):
        v = v / torch.linalg.vector_norm(v)
        v[peak] = 0.0
        after = solved(v)
        size = float(torch.linalg.vector_norm(after) / torch.linalg.vector_norm(v))
        v = after
    return 1 / size if size > 0 else math.inf
