"""The Poisson midpoint method as its paper writes it: one substep after another, on given H and Z.

Xhat_i = X + i h b0 + sqrt(2h) sum_{j<i} Z_j  and  X_{i+1} = X_i + h (b0 + K H_i (b(Xhat_i) - b0)) + sqrt(2h) Z_i,

and the same with the matrices A_{ih}, G_{ih} and Gamma_h of underdamped dynamics.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from tests.oracles.kinetic import matrices

Standardise = Callable[[Tensor], Tensor]


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


def substep_underdamped(
    drift: Callable[[Tensor], Tensor], x: Tensor, friction: float, step_size: float, chosen: Tensor, z: Tensor, interpolant_z: Tensor | None = None
) -> Tensor:
    """The next state, underdamped; with `interpolant_z` the interpolants have noises of their own, which is wrong.

    x : (2,) or (2, d);  chosen : (K,) of 0 and 1;  z : (K, *x.shape).
    """
    substeps, h = len(chosen), step_size / len(chosen)
    linear, push, factor = matrices(friction, h)
    noises, own = ((factor @ each.numpy().reshape(substeps, 2, -1)).reshape(each.shape) for each in (z, z if interpolant_z is None else interpolant_z))
    start = x.numpy()

    def force(state: np.ndarray) -> np.ndarray:
        return drift(torch.as_tensor(state[0])).numpy()

    b0, state = force(start), start
    for i in range(substeps):
        change = np.zeros_like(b0)
        if i and chosen[i]:
            jump, response, _ = matrices(friction, i * h)
            path = sum(np.linalg.matrix_power(linear, i - 1 - j) @ own[j] for j in range(i))
            change = substeps * (force(jump @ start + np.multiply.outer(response, b0) + path) - b0)
        state = linear @ state + np.multiply.outer(push, b0 + change) + noises[i]
    return torch.as_tensor(state)


def standardised_underdamped(friction: float, h: float) -> Standardise:
    """The standard normal that stands for the noises of n substeps of size h: Gamma_{nh}^{-1} sum_j A_{(n-1-j)h} Gamma_h z_j."""

    def standardised(z: Tensor) -> Tensor:
        if not len(z):
            return torch.zeros_like(z.sum(0))
        linear, _, factor = matrices(friction, h)
        path = np.zeros(z.shape[1:])
        for each in z.numpy():
            path = linear @ path + factor @ each
        return torch.as_tensor(np.linalg.solve(matrices(friction, len(z) * h)[2], path))

    return standardised


def collapsed_draws(chosen: Tensor, z: Tensor, standardised: Standardise | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The same H and Z in the form that PoissonMidpoint.step takes: times (N, 1), marks (N, 1), normals (N, d), last normal (d,).

    A normal of the collapsed form is the sum of those of the substeps since the last midpoint, standardised.
    """
    standard = standardised or _standardised
    substeps = len(chosen)
    places = [i for i in range(substeps) if chosen[i]] or [0]
    marks = [bool(chosen[i]) for i in places]
    ends = [0, *places, substeps]
    normals = [standard(z[low:high]) for low, high in zip(ends, ends[1:], strict=False)]
    times = torch.tensor(places, dtype=z.dtype)[:, None] / substeps
    return times, torch.tensor(marks)[:, None], torch.stack(normals[:-1]), normals[-1]


def _standardised(z: Tensor) -> Tensor:
    return z.sum(0) / math.sqrt(len(z)) if len(z) else torch.zeros_like(z.sum(0))
