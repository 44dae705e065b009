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

_SHARED = 4
"""Points for which an image counts, on average, from which on it is not worth while to look for images that count for none."""

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
    """

    place: slice
    rows: Tensor
    pixels: Tensor


Groups = list[tuple[Tensor, Tensor]]
"""Numbers of images, and the pixels in which these differ."""


def groups_of(rows: Tensor) -> Groups:
    """Images (n, d) in groups with a background of their own, where that saves more than it costs; each few enough to be multiplied at once."""
    found, size = [(torch.arange(len(rows), device=rows.device), torch.arange(rows.shape[1], device=rows.device))], 16 * _TOGETHER
    if rows.device.type == "cpu":
        found, size = grouped(rows) if rows.numel() >= _MANY else found, _TOGETHER
    return [(some, pixels) for images, pixels in found for some in images.split(size)]


@dataclass(frozen=True)
class Table:
    """Images in blocks.

    Attributes
    ----------
    blocks : list of Block
    rests : Tensor of shape (blocks, d)
        What is the same in all of a block, less the mean of all images, in double precision; 0 at its pixels.
    order : Tensor of shape (n,)
        The numbers of the images in the order of the blocks.
    reach : float
        The largest norm.
    """

    blocks: list[Block]
    rests: Tensor
    order: Tensor
    reach: float

    @classmethod
    def of(cls, rows: Tensor, groups: Groups, middle: Tensor, dtype: torch.dtype) -> Table:
        """Of images (n, d) in groups, and their mean."""
        blocks, rests, first = list[Block](), list[Tensor](), 0
        for images, pixels in groups:
            centred = rows[images].double() - middle
            halves = centred.square().sum(1, keepdim=True) / 2
            own = torch.cat([centred[:, pixels], halves, torch.ones_like(halves)], 1).to(dtype)
            blocks.append(Block(slice(first, first + len(images)), own, pixels))
            rests.append(centred[0].index_fill(0, pixels, 0.0))
            first += len(images)
        reach = max(math.sqrt(2 * float(block.rows[:, -2].max())) for block in blocks)
        return cls(blocks, torch.stack(rests), torch.cat([images for images, _ in groups]), reach)

    def scores(self, slope: Tensor, curve: Tensor) -> Tensor:
        """slope . y - curve |y|^2/2 of all images y and points, whose slopes are (m, d) and curves (m,) in double precision: (m, n)."""
        found = torch.empty((len(slope), len(self.order)), dtype=self.blocks[0].rows.dtype, device=slope.device)
        same = slope @ self.rests.T
        slope, curve, same = (part.to(found.dtype) for part in (slope, curve, same))
        for k, block in enumerate(self.blocks):
            factors = torch.cat([slope.index_select(1, block.pixels), -curve[:, None], same[:, k : k + 1]], 1)
            torch.mm(factors, block.rows.T, out=found[:, block.place])
        return found

    def mean(self, scores: Tensor, near: Tensor, count: int) -> Tensor:
        """The mean of images with weights exp(scores), of which `count` are near and no others count, in double precision; scores are overwritten."""
        points, sparse = len(scores), count < min(_SHARED * len(self.order), near.numel() // 4)
        mean = torch.zeros((points, self.rests.shape[1]), dtype=torch.float64, device=scores.device)
        shares = torch.zeros((points, len(self.blocks)), dtype=torch.float64, device=scores.device)
        for k, block in enumerate(self.blocks):
            some, rows = scores[:, block.place], block.rows
            if sparse:
                needed = near[:, block.place].any(0).nonzero()[:, 0]
                if 2 * len(needed) < len(rows):
                    some, rows = some[:, needed], rows[needed]
            # a weight that does not count is kept, but off the numbers that are nearly 0 without being it, which make products many times slower
            sums = (some.clamp_min_(_FAINT).exp_() @ rows).double()
            mean.index_add_(1, block.pixels, sums[:, :-2])
            shares[:, k] = sums[:, -1]
        mean += shares @ self.rests
        return mean / shares.sum(1, keepdim=True)
