"""Total variation between laws of independent coordinates, by the law of log(p/q) on a grid: where it has singularities, and waves do not tell it."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.divergences.product_ratio import LogRatio

_LEVEL, _POINTS = 8, 1 << 20
"""How often the panels of a coordinate are halved, and points of the grid."""

_FEW, _COARSER = 8, 2
"""With more kinds of coordinates both are halved so often: each takes as long as the first."""


def convolved(ratios: list[tuple[LogRatio, int]], half: float) -> tuple[float, float]:
    """p(L > 0) - q(L > 0) for L the sum of all, modulo 2 half, and what it may be off by: four times the change from coarser panels, and that from a coarser
    grid, of which a third is extrapolated.

    A coordinate's masses are shared between the two points next to their logarithms. As p - q vanishes where L = 0, what that does is of second order in the
    spacing, and so is what the places of the nodes do.
    """
    less = 0 if len(ratios) <= _FEW else _COARSER
    level, points = _LEVEL - less, _POINTS >> less
    value, rough, coarse = (_on(ratios, half, *of) for of in ((level, points), (level - 1, points), (level, points // 2)))
    return min(1.0, abs(value + (value - coarse) / 3)), 4 * abs(value - rough) + abs(value - coarse) + 1e-13


def _on(ratios: list[tuple[LogRatio, int]], half: float, level: int, points: int) -> float:
    spacing, waves = 2 * half / points, torch.ones((2, points // 2 + 1), dtype=torch.complex128)
    for ratio, n in ratios:
        p, q, log = ratio.rule(level)
        one = torch.fft.rfft(torch.stack([_shared(part, log / spacing, points) for part in (p, q)]))
        waves *= one if n == 1 else one**n
    law, other = torch.fft.irfft(waves, points)
    gap = law - other
    return float(gap[1 : points // 2].sum() + (gap[0] + gap[points // 2]) / 2)


def _shared(masses: Tensor, place: Tensor, points: int) -> Tensor:
    """Masses at places, in spacings from 0, on a circle of so many points."""
    first = torch.floor(place)
    share, index = place - first, first.to(torch.long)
    both = torch.cat([index, index + 1]) % points
    return torch.bincount(both, torch.cat([masses * (1 - share), masses * share]), points)
