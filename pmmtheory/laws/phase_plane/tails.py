"""How far a law in the phase plane is told, how it is continued beyond, and what that is worth."""

from __future__ import annotations

import torch
from torch import Tensor

_UNLIKE = 0.3
"""A law is told where its modes change by less than this share of c_0 from the lower resolution."""

_ARITHMETIC = 1e-12
"""A share of the largest c_0 that is no rounding of the arithmetic."""

_RUN = 2.0
"""Spacings of the coarser grid over which rounding does not agree by chance."""

_AROUND = 6
"""Places to each side: two spacings of the computation."""

_DIGITS = 1e-9
"""What log p may be off by where it is continued, however slowly it grows."""

Reach = tuple[int, int]


def above(floor: float, *densities: Tensor) -> Reach:
    """The first and the last place where any of these is above this share of its maximum."""
    return _ends(torch.stack([density > floor * density.max() for density in densities]).any(0))


def around(modes: Tensor, coarse: Tensor, known: Reach) -> Reach:
    """The run around the largest c_0 on which a law and a coarser one, both (n, m), say the same, within the places above the floor."""
    same, top = _like(modes, coarse), int(torch.argmax(modes[:, 0]))
    before, after = torch.nonzero(~same[:top]).flatten(), torch.nonzero(~same[top:]).flatten()
    first = max(known[0], int(before[-1]) + 1 if len(before) else 0)
    return first, max(first, min(known[1], top + int(after[0]) - 1 if len(after) else len(same) - 1))


def farther(modes: Tensor, coarse: Tensor, continued: Tensor, spacings: float) -> Reach:
    """The first and the last place of runs on which both say the same, above the rounding of the arithmetic, and not what a law is continued as: far
    modes of little mass, or tails that fall otherwise; the last and the first where there are none.

    spacings : how many of these are one of the coarser grid.
    """
    far = _like(modes, coarse) & ~_like(modes, continued) & (modes[:, 0] > _ARITHMETIC * modes[:, 0].max())
    length = min(1 + round(_RUN * spacings), len(far))
    runs = far.unfold(0, length, 1).all(1)
    if not bool(runs.any()):
        return len(far) - 1, 0
    first, last = _ends(runs)
    return first, last + length - 1


def nearby(values: Tensor) -> Tensor:
    """The largest of the values around each, (n,): noise is as large where it happens to vanish."""
    pooled: Tensor = torch.nn.functional.max_pool1d(values[None], 2 * _AROUND + 1, 1, _AROUND)[0]
    return pooled


def doubt(grid: Tensor, modes: Tensor, density: Tensor, u: Tensor) -> Tensor:
    """How far log p would be, beyond a grid on which it is told, from a constant ratio to the target's density there, if log c_0/pi went on as a parabola
    and the mean velocity as a line."""
    low, high = float(grid[0]), float(grid[-1])
    inside = u.clamp(low, high)
    if bool((u == inside).all()):
        return torch.zeros_like(u)
    middle, scale = (low + high) / 2, (high - low) / 2
    c = modes[:, 0].clamp_min(0.0)
    weight = torch.sqrt(density / density.max() + c / c.max())[:, None]
    z = (grid - middle) / scale
    basis = torch.stack([torch.ones_like(z), z, z**2], -1)
    log_ratio, velocity = torch.log((c / density).clamp(1e-30, 1e300)), modes[:, 1] / c.clamp_min(1e-300)
    fit, line = (torch.linalg.lstsq(weight * b, weight * y[:, None]).solution[:, 0] for b, y in ((basis, log_ratio), (basis[:, :2], velocity)))

    def grown(u: Tensor) -> tuple[Tensor, Tensor]:
        z = (u - middle) / scale
        return fit[0] + fit[1] * z + fit[2] * z * z, line[0] + line[1] * z

    (far, moved), (near, kept) = grown(u), grown(inside)
    return (far - near).abs() + (moved - kept).abs() * (1 + moved.abs() + kept.abs()) + _DIGITS * (u != inside)


def _like(modes: Tensor, others: Tensor) -> Tensor:
    return (modes - others).square().sum(1).sqrt() < _UNLIKE * modes[:, 0]


def _ends(places: Tensor) -> Reach:
    found = torch.nonzero(places).flatten()
    return int(found[0]), int(found[-1])
