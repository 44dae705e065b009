"""GMRES for the invariant law of a transition operator that is only applied."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

_STALLED, _NEAR = 12, 10.0
"""Applications without gain after which no more is to be had, where so many times the tolerance is left: farther from it a slow mode may not be seen yet."""


def gmres(operator: Callable[[Tensor], Tensor], right: Tensor, tolerance: float, most: int) -> tuple[Tensor, float, float]:
    """x with |right - A x| below the tolerance, or as small as it gets in `most` applications; that norm; and the smallest eigenvalue of A seen, in modulus.

    The eigenvalues are those of A on the Krylov space (Ritz values): of 1 - P on masses that sum to zero the smallest is the spectral gap of P, seen once the
    residual is small, as far as `right` has a share of the slowest mode.

    Source: Saad & Schultz 1986 (SIAM J. Sci. Stat. Comput. 7, 856).
    """
    size = float(torch.linalg.norm(right))
    if not size > 0:
        return torch.zeros_like(right), 0.0, math.inf
    basis, hessenberg = right.new_empty((most + 1, len(right))), np.zeros((most + 1, most))
    basis[0] = right / size
    seen: list[float] = []
    y, k = np.zeros(0), 0
    while k < most:
        w, space = operator(basis[k]), basis[: k + 1]
        for _ in range(2):
            share = space @ w
            w = w - share @ space
            hessenberg[: k + 1, k] += share.cpu().numpy()
        hessenberg[k + 1, k] = height = float(torch.linalg.norm(w))
        k += 1
        y, left = _least(hessenberg[: k + 1, :k], size)
        seen.append(left)
        if left <= tolerance or height < 1e-300 or (k > 2 * _STALLED and left > 0.7 * seen[-_STALLED] and left < _NEAR * tolerance):
            break
        basis[k] = w / height
    gap = float(np.abs(np.linalg.eigvals(hessenberg[:k, :k])).min())
    return torch.as_tensor(y, device=right.device) @ basis[:k], seen[-1], gap


def _least(hessenberg: np.ndarray, size: float) -> tuple[np.ndarray, float]:
    """Least squares with `size` times the first unit vector on the right: the solution, and the norm of the residual."""
    right = np.zeros(len(hessenberg))
    right[0] = size
    y: np.ndarray = np.linalg.lstsq(hessenberg, right, rcond=None)[0]
    return y, float(np.linalg.norm(right - hessenberg @ y))
