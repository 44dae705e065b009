"""The factor of a noise on states of two blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import overload

import torch
from torch import Tensor

Entry = float | Tensor


@dataclass(frozen=True)
class BlockFactor:
    """The lower triangular matrix [[uu, 0], [vu, vv]] on the two blocks of a state; `factor * z` applies it, and a number scales it.

    Attributes
    ----------
    uu, vu, vv : number or tensor
        Broadcast against one block.
    axis : int
        The axis of the blocks: -1 for d = 1, -2 beyond.
    """

    uu: Entry
    vu: Entry
    vv: Entry
    axis: int

    @overload
    def __mul__(self, z: Tensor) -> Tensor: ...

    @overload
    def __mul__(self, z: float) -> BlockFactor: ...

    def __mul__(self, z: Tensor | float) -> Tensor | BlockFactor:
        if not isinstance(z, Tensor):
            return BlockFactor(self.uu * z, self.vu * z, self.vv * z, self.axis)
        first, second = z.unbind(self.axis)
        return join(self.uu * first, self.vu * first + self.vv * second, self.axis)

    def solve(self, noise: Tensor) -> Tensor:
        """The z with `factor * z` = noise; 0 where a block has no noise."""
        first, second = noise.unbind(self.axis)
        u = over(first, self.uu)
        return join(u, over(second - self.vu * u, self.vv), self.axis)

    def __truediv__(self, number: float) -> BlockFactor:
        return self * (1 / number)

    @property
    def covariance(self) -> tuple[Entry, Entry, Entry]:
        """The entries uu, uv and vv of the covariance."""
        return self.uu * self.uu, self.uu * self.vu, self.vu * self.vu + self.vv * self.vv

    @staticmethod
    def of(uu: float, uv: float, vv: float, axis: int) -> BlockFactor:
        """A factor of a covariance, which may be singular."""
        first = math.sqrt(uu)
        cross = uv / first if first else 0.0
        rest = vv - cross * cross
        return BlockFactor(first, cross, math.sqrt(rest) if rest > 1e-15 * vv else 0.0, axis)


def join(u: Entry, v: Entry, axis: int) -> Tensor:
    """A state from its two blocks."""
    first, second = torch.broadcast_tensors(torch.as_tensor(u), torch.as_tensor(v))
    return torch.stack([first, second], axis)


def over(noise: Tensor, width: Entry) -> Tensor:
    """noise/width, and 0 where the width is 0."""
    width = torch.as_tensor(width, dtype=noise.dtype, device=noise.device)
    return torch.where(width > 0, noise / torch.where(width > 0, width, 1.0), 0.0)


def root(value: Entry) -> Entry:
    """The square root, of a rounding below zero too."""
    return torch.sqrt(value.clamp_min(0)) if isinstance(value, Tensor) else math.sqrt(max(value, 0.0))
