"""Images in blocks, and the two products with them that an exact predictor is made of: scores, and means by weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.images.supports import grouped

_TOGETHER = 2048
"""Images multiplied at once on a CPU: their scores stay in cache."""

_MANY = 1 << 22
"""Numbers in a set of images from which on it is worth while to look for what they have in common."""

_FAINT = -80.0
"""The logarithm of a weight beside which a larger one alone counts, in single precision too."""


@dataclass(frozen=True)
class Block:
    """Images that are the same but in some pixels, less the mean of all images, which costs scores fewer digits.

    Attributes
    ----------
    place : slice
        Where they are in the order of a table.
    rows : Tensor of shape (n, p + 2)
        The pixels in which they differ, half of their squared norms, and 1: products with it give what these add to scores, and sums of weights.
    pixels : Tensor of shape (p,)
    rest : Tensor of shape (d,)
        What is the same in all, in double precision; 0 at those pixels.
    """

    place: slice
    rows: Tensor
    pixels: Tensor
    rest: Tensor

    @classmethod
    def of(cls, images: Tensor, pixels: Tensor, middle: Tensor, first: int, dtype: torch.dtype) -> Block:
        centred = images - middle
        rest = centred[0].clone()
        rest[pixels] = 0.0
        halves = centred.square().sum(1, keepdim=True) / 2
        return cls(slice(first, first + len(images)), torch.cat([centred[:, pixels], halves, torch.ones_like(halves)], 1).to(dtype), pixels, rest)


@dataclass(frozen=True)
class Table:
    """Images in blocks: `order` are their numbers, (n,), in the order of these; `reach` is the largest norm."""

    blocks: list[Block]
    order: Tensor
    reach: float

    @classmethod
    def of(cls, rows: Tensor, middle: Tensor, dtype: torch.dtype) -> Table:
        groups, every = [(torch.arange(len(rows), device=rows.device), torch.arange(rows.shape[1], device=rows.device))], rows.numel()
        if rows.device.type == "cpu" and every >= _MANY:
            groups = grouped(rows)
        size = _TOGETHER if rows.device.type == "cpu" else 16 * _TOGETHER
        parts = [(some, pixels) for images, pixels in groups for some in images.split(size)]
        blocks, first = list[Block](), 0
        for some, pixels in parts:
            blocks.append(Block.of(rows[some].double(), pixels, middle, first, dtype))
            first += len(some)
        reach = max(math.sqrt(2 * float(block.rows[:, -2].max())) for block in blocks)
        return cls(blocks, torch.cat([some for some, _ in parts]), reach)

    def scores(self, slope: Tensor, curve: Tensor) -> Tensor:
        """slope . y - curve |y|^2/2 of all images y and points, whose slopes are (m, d) and curves (m,) in double precision: (n, m)."""
        found = torch.empty((len(self.order), len(slope)), dtype=self.blocks[0].rows.dtype, device=slope.device)
        same = slope @ torch.stack([block.rest for block in self.blocks]).T
        slope, curve, same = (part.to(found.dtype) for part in (slope, curve, same))
        for k, block in enumerate(self.blocks):
            factors = torch.cat([slope[:, block.pixels], -curve[:, None], same[:, k : k + 1]], 1)
            torch.mm(block.rows, factors.T, out=found[block.place])
        return found

    def mean(self, scores: Tensor, near: Tensor, count: int) -> Tensor:
        """The mean of images with weights exp(scores), of which `count` are near and no others count, in double precision; scores are overwritten."""
        points, sparse = scores.shape[1], count < near.numel() // 4
        mean = torch.zeros((points, len(self.blocks[0].rest)), dtype=torch.float64, device=scores.device)
        shares = torch.zeros((points, len(self.blocks)), dtype=torch.float64, device=scores.device)
        for k, block in enumerate(self.blocks):
            some, rows = scores[block.place], block.rows
            if sparse:
                needed = near[block.place].any(1).nonzero()[:, 0]
                if 2 * len(needed) < len(rows):
                    some, rows = some[needed], rows[needed]
            # a weight that does not count is kept, but off the numbers that are nearly 0 without being it, which make products many times slower
            sums = (some.clamp_min_(_FAINT).exp_().T @ rows).double()
            mean.index_add_(1, block.pixels, sums[:, :-2])
            shares[:, k] = sums[:, -1]
        mean += shares @ torch.stack([block.rest for block in self.blocks])
        return mean / shares.sum(1, keepdim=True)
