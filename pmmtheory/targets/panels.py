"""Panels on the line, fine where a density changes fast and wide where it does not."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pmmtheory.targets.region import Region

_WIDTHS = 1.6
_NEAR = 9.2


def graded(region: Region, splits: Sequence[float] = (), grain: float = math.inf) -> np.ndarray:
    """Edges over the region: near a landmark panels are at most 1.6 of its widths wide, and grow with the distance from it.

    splits : places where an edge has to be; grain : the widest panel that is allowed. Returns (n + 1,) edges in order.
    """
    named = [p for p, width in region.landmarks if width == 0]
    edges = np.unique([region.low, region.high, *(p for p in (*named, *splits) if region.low < p < region.high)])
    places, widths = (np.array(column) for column in zip(*region.landmarks, strict=True))
    resolved = np.spacing(np.abs(edges).max())
    widths = np.maximum(widths, np.maximum(4096 * np.spacing(np.abs(places)), 1e-12 * (region.high - region.low)))
    fits = np.zeros(0, dtype=bool)
    for _ in range(80):
        left, right = edges[:-1], edges[1:]
        distance = np.maximum(np.maximum(places - right[:, None], left[:, None] - places), 0)
        allowed = np.minimum((_WIDTHS * widths + np.maximum(distance - _NEAR * widths, 0) / 2).min(1), grain)
        fits = (right - left <= allowed) | (right - left <= 8 * resolved)
        if fits.all():
            break
        edges = np.sort(np.concatenate([edges, ((left + right) / 2)[~fits]]))
    return edges
