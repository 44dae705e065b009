"""The Poisson midpoint method as its paper writes it: one substep after another, on given H and Z.

Xhat_i = X + i h b0 + sqrt(2h) sum_{j<i} Z_j  and  X_{i+1} = X_i + h (b0 + K H_i (b(Xhat_i) - b0)) + sqrt(2h) Z_i.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def substep_pmm(drift: Callable[[Tensor], Tensor], x: Tensor, step_size: float, chosen: Tensor, z: Tensor) -> Tensor:
    """The next state, overdamped.

    x : (d,);  chosen : (K,) of 0 and 1;  z : (K, d).
    """
    substeps = len(chosen)
    h = step_size / substeps
    b0 = drift(x)
    state = x
    for i in range(substeps):
        interpolant = x + i * h * b0 + math.sqrt(2 * h) * z[:i].sum(0)
        state = state + h * (b0 + substeps * chosen[i] * (drift(interpolant) - b0)) + math.sqrt(2 * h) * z[i]
    return state


def collapsed_draws(chosen: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The same H and Z in the form that PoissonMidpoint.step takes: times (N, 1), marks (N, 1), normals (N, d), last normal (d,).

    A normal of the collapsed form is the sum of those of the substeps since the last midpoint, standardised.
    """
    substeps = len(chosen)
    places = [i for i in range(substeps) if chosen[i]] or [0]
    marks = [bool(chosen[i]) for i in places]
    ends = [0, *places, substeps]
    normals = [_standardised(z[low:high]) for low, high in zip(ends, ends[1:], strict=False)]
    times = torch.tensor(places, dtype=z.dtype)[:, None] / substeps
    return times, torch.tensor(marks)[:, None], torch.stack(normals[:-1]), normals[-1]


def _standardised(z: Tensor) -> Tensor:
    return z.sum(0) / math.sqrt(len(z)) if len(z) else torch.zeros_like(z.sum(0))
