"""The transition operator of a chain on a uniform grid of the line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws.step.characteristic import centre, characteristic, one_step_moments
from pmmtheory.laws.step.leaving import landings
from pmmtheory.laws.step.midpoint_step import own_step
from pmmtheory.laws.step.reflection import midpoints_reflect, reflects
from pmmtheory.laws.step.slopes import slopes
from pmmtheory.numerics.polar import polar
from pmmtheory.schemes import Scheme

_RINGS = 3.0
"""How many times a window must be wider where frequencies are cut off, whose density rings: with fewer times the frequencies none need be."""

_STRAY, _WIDEST = 1e-15, 1e3
"""The probability with which a step may end outside its window, where it is put elsewhere at every resolution; and how many times wider one may get."""

FULL_DEPTH = 8.4
"""Standard deviations of a Gaussian beyond which nothing is left in double precision: exp(-8.4^2/2) = 5e-16."""

DEEPEST = 36.0
"""Those beyond which its density is no number: exp(-36^2/2) = 4e-282."""

_ROWS = 32
"""Rows of like needs that are computed together."""


def noise_scale(scheme: Scheme, x: float) -> float:
    """The standard deviation of one step from x."""
    mean, square = one_step_moments(scheme, torch.tensor([x], dtype=torch.float64), 0.0)
    variance = float(square - mean**2)
    if not variance > 0:
        raise InvalidParameter("scheme", scheme.name, "a step with Gaussian noise: this one is deterministic")
    return math.sqrt(variance)


def transition_matrix(
    scheme: Scheme,
    grid: Tensor,
    t: float,
    level: int,
    starts: Tensor | None = None,
    depth: Tensor | None = None,
    band: float = math.inf,
    left: float = 1e-8,
    weights: Tensor | None = None,
) -> Tensor:
    """P[i, j] = weights[j] times the density of a step from starts[i] (grid[i] unless given) to grid[j]; grid (n,) ascending.

    The weights are the spacing of a uniform grid unless given.

    A step without draws is a Gaussian. Else its law is a bump around A_a x + G_a b(x) of about the width of the noise: a few
    dozen frequencies of its characteristic function give its density on a window of the grid. Where midpoints feel a force
    that varies it has narrower parts, which need higher frequencies, and wider tails, which need a wider window: rows with
    like needs are computed together. depth, shape (n,), says how many standard deviations of a Gaussian each row is worth
    (8.4, all digits, unless given). Frequencies above `band` are left out, smoothly and alike in all rows: none need be known
    beyond those of the law that the rows add up to; nor those beyond which a characteristic function is below `left`. Entries
    outside the window are zero: their true values are below that.
    """
    return transition_matrices(scheme, [(grid, weights)], t, level, starts, depth, band, left)[0]


def transition_matrices(
    scheme: Scheme,
    grids: Sequence[tuple[Tensor, Tensor | None]],
    t: float,
    level: int,
    starts: Tensor | None = None,
    depth: Tensor | None = None,
    band: float = math.inf,
    left: float = 1e-8,
) -> list[Tensor]:
    """The same on each of several grids, with their weights, from the points of the first unless starts are given: a step is computed once for all."""
    grid = grids[0][0]
    starts = grid if starts is None else starts
    depth = torch.full_like(starts, FULL_DEPTH) if depth is None else depth
    matrices = [torch.zeros((len(starts), len(points)), dtype=torch.float64, device=grid.device) for points, _ in grids]
    if not scheme.draws:
        mean, factor = scheme.step(starts, t, {})
        factor = _per_start(factor, starts)
        for matrix, (points, _) in zip(matrices, grids, strict=True):
            _fill(matrix, torch.arange(len(starts), device=grid.device), points, mean, depth * factor[:, 0], lambda offset: _bump(offset / factor) / factor)
        return _weighted(matrices, grids)
    width = float(scheme.dynamics.noise(scheme.step_size, t))
    narrows, widens = slopes(scheme, starts, t)
    depth = depth * (1 + 0.05 * level)
    highest = depth / (1 - 2 * narrows).clamp_min(0.6) / width
    reach = depth * (1.15 + 0.5 * widens + 1.2 * narrows**2).clamp_max(6.0) * width
    reach = reach * _far(scheme, starts, t, reach)
    half = starts is grid and len(grids) == 1 and (midpoints_reflect if own_step(scheme) else reflects)(scheme, grid, t)
    needs = (highest * reach)[: (len(grid) + 1) // 2] if half else highest * reach
    for rows in torch.argsort(needs).split(_ROWS):
        density, wide = _fourier(scheme, starts[rows], t, level, float(highest[rows].max()), float(reach[rows].max()), float(depth[rows].max()), band, left)
        middle = centre(scheme, starts[rows], t)
        for matrix, (points, _) in zip(matrices, grids, strict=True):
            _fill(matrix, rows, points, middle, torch.full_like(middle, wide), density)
    if half:
        matrices[0][(len(grid) + 1) // 2 :] = matrices[0][: len(grid) // 2].flip(0, 1)
    return _weighted(matrices, grids)


def _far(scheme: Scheme, x: Tensor, t: float, reach: Tensor) -> Tensor:
    """How many times wider the window of each start must be for a step to stay in it, (n,)."""
    times = torch.ones_like(reach)
    for rows, mean, spread, weights in landings(scheme, x, t):
        offset = torch.abs(mean - centre(scheme, x[rows], t)[:, None])
        while True:
            inside = (reach[rows] * times[rows])[:, None]
            outside = (weights * torch.special.ndtr((offset - inside) / spread)).sum(1) > _STRAY
            if not bool(outside.any()) or float(times[rows].max()) > _WIDEST:
                break
            times[rows] = torch.where(outside, 1.4 * times[rows], times[rows])
    return times


def _weighted(matrices: Sequence[Tensor], grids: Sequence[tuple[Tensor, Tensor | None]]) -> list[Tensor]:
    spacings = [(grid[-1] - grid[0]) / (len(grid) - 1) if weights is None else weights for grid, weights in grids]
    return [matrix.mul_(spacing) for matrix, spacing in zip(matrices, spacings, strict=True)]


def _per_start(factor: Any, starts: Tensor) -> Tensor:
    """The factor of a step without draws from each start, (n, 1)."""
    return torch.as_tensor(factor, dtype=starts.dtype, device=starts.device).abs().expand(starts.shape)[:, None]


def _fourier(
    scheme: Scheme, x: Tensor, t: float, level: int, highest: float, reach: float, depth: float, band: float, allowed: float
) -> tuple[Callable[[Tensor], Tensor], float]:
    """The density of a step from each start at offsets from its centre, (n, m), and the offset beyond which it is left out."""
    allowed, finer, wider = max(allowed * 0.1**level, 30 * math.exp(-(depth**2) / 2)), 0, 0
    if highest < _RINGS * band:
        band = math.inf
    while True:
        frequency = math.pi / reach
        phi = characteristic(scheme, x, t, frequency, math.ceil(min(highest, band) / frequency) + 1, level, depth)
        if highest > band:
            k = torch.arange(phi.shape[1], dtype=torch.float64, device=phi.device)
            phi = phi * torch.exp(-36 * (k * frequency / band) ** 32)
        left = float(torch.abs(phi[:, -1]).max())
        around = float(torch.abs(phi[:, 1::2].real.sum(1) - phi[:, 2::2].real.sum(1) - 0.5).max())  # the density at the ends, times reach
        if left >= allowed and finer < 2:  # where the step folds the line, its law has parts as narrow as the noise left after the last midpoint
            highest, finer = 1.4 * highest, finer + 1
        elif around > 3 * max(allowed, left) and wider < 6:  # what is beyond one end comes in at the other
            reach, wider = 1.5 * reach, wider + 1
        else:
            break
    if left > max(0.1, allowed):
        raise NotConverged(f"the characteristic function of one step of {scheme.name}, where it should have decayed,", left, 1e-3)

    def density(offset: Tensor) -> Tensor:
        wave = polar(None, -frequency * offset)
        total = phi[:, -1:].repeat(1, offset.shape[1])
        for k in range(phi.shape[1] - 2, 0, -1):
            total.mul_(wave).add_(phi[:, k : k + 1])
        return (total.mul_(wave).real + 0.5) / reach

    return density, reach


def _fill(matrix: Tensor, rows: Tensor, grid: Tensor, middle: Tensor, reach: Tensor, density: Callable[[Tensor], Tensor]) -> None:
    """Set the entries within reach of the middle of each row to the density at their offset from it."""
    first = torch.searchsorted(grid, (middle - reach).contiguous())
    last = torch.searchsorted(grid, (middle + reach).contiguous(), right=True)
    columns = first[:, None] + torch.arange(int((last - first).max()), device=grid.device)
    inside = columns < last[:, None]
    values = density(grid[columns.clamp_max(len(grid) - 1)] - middle[:, None])
    matrix[rows[:, None].expand_as(columns)[inside], columns[inside]] = values[inside]


def _bump(z: Tensor) -> Tensor:
    return torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
