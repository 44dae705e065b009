"""How laws and targets in the plane fall far out, where they do so like a Gaussian."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pmmtheory.laws.step.far_plane import FarPlane
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Target

_FAR, _DIRECTIONS, _ALIKE = 1e9, 8, 1e-6
"""How far that is, in lengths of the support; in how many directions it is seen; and by how much they may differ, relatively."""


def far_covariance(target: Target, length: float) -> np.ndarray:
    """The covariance of a Gaussian that a target falls like, (2, 2); infinite where it falls like none."""
    units = _units()
    falls = (-2 * target.log_density(_FAR * length * units) / (_FAR * length) ** 2).numpy()  # u' C^-1 u
    if not np.isfinite(falls).all():
        return np.full((2, 2), math.inf)
    both = (falls[0] + falls[2]) / 2
    inverse = np.array([[falls[0], falls[1] - both], [falls[1] - both, falls[2]]])
    told = np.einsum("ni,ij,nj->n", units.numpy(), inverse, units.numpy())
    if not (np.allclose(falls, told, rtol=_ALIKE, atol=0) and np.linalg.eigvalsh(inverse)[0] > 0):
        return np.full((2, 2), math.inf)
    found: np.ndarray = np.linalg.inv(inverse)
    return found


def far_out(scheme: Scheme, length: float, start: Sequence[np.ndarray] | None = None, steps: int = 0) -> FarPlane:
    """How a law falls, where the force is linear far out."""
    units = _units()
    force = scheme.dynamics.drift(_FAR * length * units, 0.0) / (_FAR * length)
    off = force - units @ torch.stack([force[0], force[2]])
    linear = bool((off.abs() <= _ALIKE * force.abs().max()).all())  # not where it is no number
    return FarPlane(scheme, length, start, steps, linear)


def _units() -> Tensor:
    """All around, the first along the first axis and the third along the second."""
    angles = 2 * math.pi * torch.arange(_DIRECTIONS, dtype=torch.float64) / _DIRECTIONS
    return torch.stack([torch.cos(angles), torch.sin(angles)], -1)
