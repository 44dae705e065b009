"""States of many particles in memory: one after another, or one number of the state after another."""

from __future__ import annotations

import torch
from torch import Tensor


def coordinates_first(x: Tensor) -> Tensor:
    """The same states (n, *state_shape), each number of the state contiguous for all particles."""
    return x.movedim(0, -1).contiguous().movedim(-1, 0)


def is_coordinates_first(x: Tensor) -> bool:
    """Whether states lie in memory so, or are some of those that do."""
    return x.ndim > 1 and len(x) > 1 and x.stride(0) == 1


def normals(x: Tensor, generator: torch.Generator, layers: tuple[int, ...] = ()) -> Tensor:
    """Independent standard normals of shape (*layers, *x.shape), each layer in memory as x is."""
    if is_coordinates_first(x):
        z = torch.randn((*layers, *x.shape[1:], len(x)), generator=generator, dtype=x.dtype, device=x.device)
        return z.movedim(-1, len(layers))
    return torch.randn((*layers, *x.shape), generator=generator, dtype=x.dtype, device=x.device)


def taken(x: Tensor, index: Tensor) -> Tensor:
    """x[index], in memory as x is."""
    if is_coordinates_first(x):
        return x.movedim(0, -1).index_select(-1, index).movedim(-1, 0)
    return x.index_select(0, index)


def put(x: Tensor, index: Tensor, values: Tensor) -> None:
    """x[index] = values."""
    if is_coordinates_first(x):
        turned, new = x.movedim(0, -1), values.movedim(0, -1)
        turned.scatter_(-1, index.expand(new.shape), new)  # a third of the time of index_copy_ on a CPU
    else:
        x.index_copy_(0, index, values)


def add(x: Tensor, index: Tensor, values: Tensor) -> None:
    """x[index] += values, for numbers that differ: the same on every device, in any order."""
    turned, added = x.movedim(0, -1), values.movedim(0, -1)
    turned.scatter_add_(-1, index.expand(added.shape), added)
