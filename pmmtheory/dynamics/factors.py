"""What the factor of a noise is on states, whatever it is made of: a number, a tensor or a BlockFactor."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics.dynamics import Dynamics


def covariance(factor: Any, system: Dynamics, like: Tensor) -> Tensor:
    """The covariance of factor * Z between the blocks of a state, on each axis of the target by itself.

    Parameters
    ----------
    factor : number, tensor or BlockFactor
        What multiplies standard normals of the shape of states, each axis for itself.
    system : Dynamics
    like : tensor of states, (..., *state_shape)

    Returns
    -------
    Tensor (..., d, s, s) with s blocks, without the axis of length d where the target is on the line.
    """
    columns = []
    for block in range(system.blocks):
        unit = torch.zeros_like(like)
        (unit if system.blocks == 1 else unit.select(_axis(system), block)).fill_(1.0)
        columns.append(blocks_last(factor * unit, system))
    root = torch.stack(columns, -1)
    square: Tensor = (root[..., :, None, :] * root[..., None, :, :]).sum(-1)
    return square


def without_noise(factor: Any, system: Dynamics, like: Tensor) -> Tensor:
    """Where a factor is zero, for each of the states (...)."""
    if isinstance(factor, int | float):
        return torch.full((len(like),), factor == 0)
    return (covariance(factor, system, like) == 0).reshape(len(like), -1).all(1)


def blocks_last(state: Tensor, system: Dynamics) -> Tensor:
    """States with their blocks as the last axis, (..., d, s) or (..., s)."""
    return state[..., None] if system.blocks == 1 else state.movedim(_axis(system), -1)


def _axis(system: Dynamics) -> int:
    """The axis of a state that tells its blocks apart."""
    return -len(system.state_shape)
