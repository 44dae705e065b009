"""Masses anywhere in the plane on a periodic grid, as a sparse matrix: what a nonuniform FFT does first, once for places that stay.

Each start has a cloud of places with weights, the same for all starts. The matrix spreads a mass at the start over all places of its cloud at once, by a narrow
kernel on a grid twice as fine as needed, whose transform is divided out where the waves are: its size does not grow with the number of places.

Source: Barnett, Magland & af Klinteberg 2019 (SIAM J. Sci. Comput. 41, C479).
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csc_matrix
from torch import Tensor

from pmmtheory.errors import room_for
from pmmtheory.numerics.nufft import kernel_transform, steepness

WIDTH = 14
"""Points that the kernel covers on each axis: thirteen digits."""

_CHUNK = 200_000
"""Values of the kernel computed at once."""


def spreading(first: np.ndarray, second: np.ndarray, weights: np.ndarray, shape: tuple[int, int]) -> csc_matrix:
    """The matrix (2 n * 2 m, starts) that spreads a mass at each start over its places.

    first, second : (starts, q) places, in units of the fine grid (2 n, 2 m), of which they are taken modulo the size; weights : (q,); shape : n, m.
    """
    starts, nodes = first.shape
    rows, wide = _windows(first)
    columns, high = _windows(second)
    room_for("the transition operator of a chain in the plane", 1.5 * starts * wide * high)
    data = np.empty((starts, wide, high))
    chunk = max(1, _CHUNK // (nodes * max(wide, high)))
    for begin in range(0, starts, chunk):
        some = slice(begin, begin + chunk)
        left = _kernel(torch.as_tensor(first[some]), rows[some], wide).mul_(torch.as_tensor(weights)[:, None])
        data[some] = torch.bmm(left.transpose(1, 2), _kernel(torch.as_tensor(second[some]), columns[some], high)).numpy()
    across = (rows[:, None] + np.arange(wide)) % (2 * shape[0])
    along = (columns[:, None] + np.arange(high)) % (2 * shape[1])
    places = (across[:, :, None] * (2 * shape[1]) + along[:, None, :]).astype(np.int32)
    ends = np.arange(starts + 1, dtype=np.int64) * (wide * high)
    return csc_matrix((data.reshape(-1), places.reshape(-1), ends), shape=(4 * shape[0] * shape[1], starts))


def spread_transform(n: int) -> np.ndarray:
    """The transform of the kernel on the fine grid of an axis of n points, at the waves 0, 1, ..., n // 2."""
    return kernel_transform(WIDTH, n)


def _windows(places: np.ndarray) -> tuple[np.ndarray, int]:
    """The first point that the kernels of each start reach, (starts,), and how many points those of any start cover."""
    low = np.ceil(places.min(1) - WIDTH / 2).astype(np.int64)
    high = np.ceil(places.max(1) - WIDTH / 2).astype(np.int64) + WIDTH
    return low, int((high - low).max())


def _kernel(places: Tensor, low: np.ndarray, wide: int) -> Tensor:
    """The kernel around each place at the points of the window of its start, (starts, q, wide)."""
    own = torch.ceil(places - WIDTH / 2)
    offsets = torch.arange(WIDTH)
    z = ((own - places) * (2 / WIDTH))[..., None] + offsets.to(torch.float64) * (2 / WIDTH)
    values = z.square_().neg_().add_(1).clamp_min_(0).sqrt_().sub_(1).mul_(steepness(WIDTH)).exp_()
    if wide == WIDTH:
        return values
    columns = (own - torch.as_tensor(low)[:, None]).to(torch.long)[..., None] + offsets
    return torch.zeros((*places.shape, wide), dtype=torch.float64).scatter_(-1, columns, values)
