"""Images in groups of which most pixels are the same in all: background, which need not be multiplied image by image."""

from __future__ import annotations

import warnings

import torch
from scipy.cluster.vq import kmeans2
from torch import Tensor

_SEEN = 10_000
"""Images from which the groups are made."""

_GROUPED = 2000
"""Images a group has on average."""

_ROUNDS = 8

_RARE = 0.02
"""A pixel that fewer of the images of a group have is left to another group, with these images."""


def grouped(rows: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Indices of images (n, d), each in one group, and the pixels, (p,), outside of which all images of that group are the same.

    Background is at each pixel what most images have there. Images are clustered by where they differ from it; each is then in the group of the
    fewest pixels that have all of its own.

    Examples
    --------
    >>> rows = torch.zeros(6, 4)
    >>> rows[:3, 0], rows[3:, 1] = 1 + torch.arange(3.0), 1 + torch.arange(3.0)
    >>> [(images.tolist(), pixels.tolist()) for images, pixels in grouped(rows)]
    [([0, 1, 2, 3, 4, 5], [0, 1])]
    """
    draw = torch.Generator().manual_seed(0)
    some = torch.randperm(len(rows), generator=draw)[:_SEEN].to(rows.device)
    common = rows[some[: _SEEN // 5]].mode(0).values
    own = (rows != common).to(torch.float32)
    begun = own[some[: max(1, len(rows) // _GROUPED)]].unique(dim=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of groups that end up empty
        centres = torch.as_tensor(kmeans2(own[some].cpu().numpy(), begun.cpu().numpy(), iter=_ROUNDS, minit="matrix")[0], device=rows.device)
    supports = torch.cat([(centres > _RARE).to(own), torch.ones_like(own[:1])])
    beyond = own @ (1 - supports).T
    group = torch.where(beyond < 0.5, supports.sum(1), torch.inf).argmin(1)
    found = [(group == k).nonzero()[:, 0] for k in range(len(supports))]
    return [(images, own[images].any(0).nonzero()[:, 0]) for images in found if len(images)]
