"""Masses anywhere in the plane on a periodic grid, as a sparse matrix: what a nonuniform FFT does first, once for places that stay.

Each start has a cloud of places with weights, the same for all starts. The matrix spreads a mass at the start over all places of its cloud at once, by a narrow
kernel on a grid twice as fine as needed, whose transform is divided out where the waves are: its size does not grow with the number of places.

Source: Barnett, Magland & af Klinteberg 2019 (SIAM J. Sci. Comput. 41, C479).
"""

from __future__ import annotations

import warnings

import numpy as np
import torch
from scipy.sparse import csc_matrix
from torch import Tensor

from pmmtheory.errors import room_for
from pmmtheory.numerics.nufft import kernel_transform, steepness

WIDTH = 14
"""Points that the kernel covers on each axis: thirteen digits."""

_CHUNK = {"cpu": 200_000, "cuda": 100_000_000}
"""Values of the kernel computed at once: few enough for the cache of a processor, enough to fill a GPU."""

Block = tuple[Tensor, Tensor]
"""The entries of the columns of some starts, (starts, k), and their rows."""


class Spreading:
    """The matrix (2 n * 2 m, starts) that spreads a mass at each start over its places, of the blocks of starts one after another.

    blocks : see spread_block; shape : n, m.
    """

    def __init__(self, blocks: list[Block], shape: tuple[int, int]):
        rows = 4 * shape[0] * shape[1]
        counts = torch.cat([torch.full((len(values),), values.shape[1]) for values, _ in blocks])
        values, places = (torch.cat([block[k].reshape(-1) for block in blocks]) for k in (0, 1))
        if values.device.type == "cpu":
            self._columns = csc_matrix((values.numpy(), places.numpy(), np.append(0, counts.cumsum(0).numpy())), shape=(rows, len(counts)))
            return
        # products with columns add in any order and, on a GPU, slowly: there the rows are gathered first
        order = torch.argsort(places, stable=True)
        starts = torch.repeat_interleave(torch.arange(len(counts), dtype=torch.int32, device=values.device), counts.to(values.device))
        ends = torch.cat([counts.new_zeros(1).to(values.device), torch.bincount(places, minlength=rows).cumsum(0)]).to(torch.int32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that such matrices are new in torch
            self._rows = torch.sparse_csr_tensor(ends, starts[order], values[order], size=(rows, len(counts)))

    def __call__(self, masses: Tensor) -> Tensor:
        """The masses (starts,) on the fine grid, (2 n * 2 m,)."""
        if masses.device.type == "cpu":
            return torch.as_tensor(self._columns @ masses.numpy())
        spread: Tensor = self._rows @ masses
        return spread


def spread_block(first: Tensor, second: Tensor, weights: Tensor, shape: tuple[int, int]) -> Block:
    """What Spreading holds of some starts; each column adds up to the sum of the weights.

    first, second : (starts, q) places, in units of the fine grid (2 n, 2 m), of which they are taken modulo the size; weights : (q,); shape : n, m.
    """
    starts, nodes = first.shape
    rows, wide = _windows(first)
    columns, high = _windows(second)
    room_for("the transition operator of a chain in the plane", 1.5 * starts * wide * high)
    values = first.new_empty((starts, wide, high))
    chunk = max(1, _CHUNK[first.device.type] // (nodes * max(wide, high)))
    for begin in range(0, starts, chunk):
        some = slice(begin, begin + chunk)
        left = _kernel(first[some], rows[some], wide).mul_(weights[:, None])
        torch.bmm(left.transpose(1, 2), _kernel(second[some], columns[some], high), out=values[some])
    values *= (weights.sum() / values.sum((1, 2)))[:, None, None]  # so that no mass is lost to the digits of the kernel
    across = (rows[:, None] + torch.arange(wide, device=first.device)) % (2 * shape[0])
    along = (columns[:, None] + torch.arange(high, device=first.device)) % (2 * shape[1])
    places = (across * (2 * shape[1]))[:, :, None] + along[:, None, :]
    return values.reshape(starts, -1), places.to(torch.int32).reshape(starts, -1)


def spread_transform(n: int) -> np.ndarray:
    """The transform of the kernel on the fine grid of an axis of n points, at the waves 0, 1, ..., n // 2."""
    return kernel_transform(WIDTH, n)


def _windows(places: Tensor) -> tuple[Tensor, int]:
    """The first point that the kernels of each start reach, (starts,), and how many points those of any start cover."""
    low = torch.ceil(places.amin(1) - WIDTH / 2).to(torch.long)
    high = torch.ceil(places.amax(1) - WIDTH / 2).to(torch.long) + WIDTH
    return low, int((high - low).max())


def _kernel(places: Tensor, low: Tensor, wide: int) -> Tensor:
    """The kernel around each place at the points of the window of its start, (starts, q, wide)."""
    own = torch.ceil(places - WIDTH / 2)
    offsets = torch.arange(WIDTH, device=places.device)
    z = ((own - places) * (2 / WIDTH))[..., None] + offsets.to(torch.float64) * (2 / WIDTH)
    values = z.square_().neg_().add_(1).clamp_min_(0).sqrt_().sub_(1).mul_(steepness(WIDTH)).exp_()
    if wide == WIDTH:
        return values
    columns = (own - low[:, None]).to(torch.long)[..., None] + offsets
    return values.new_zeros((*places.shape, wide)).scatter_(-1, columns, values)
