"""Exact laws of chains on the line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, real
from pmmtheory.laws.kernel import FULL_DEPTH, Resolution, grid_spacing, noise_scale, stepper, transition_matrix
from pmmtheory.laws.line_law import LineLaw
from pmmtheory.laws.refinement import refined, refined_path
from pmmtheory.laws.stability import require_stable, superlinear, tail_growth
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget

_EDGE = 1e-14
"""Largest density at the ends of a grid, relative to its maximum, at which the grid is wide enough."""


def line_target(scheme: Scheme) -> LineTarget:
    """The target of a scheme, which must be on the line."""
    target = scheme.dynamics.target
    if target.dim != 1 or not isinstance(target, LineTarget):
        raise InvalidParameter("target", target.name, "a target in dimension 1, for a law on the line")
    return target


def stationary(scheme: Scheme, rtol: float, device: str) -> LineLaw:
    """The stationary law, refined until two resolutions agree to rtol in total variation."""
    target = line_target(scheme)
    truncated = superlinear(target)
    if not truncated:
        require_stable(scheme, tail_growth)
    width = _widening(scheme, target, truncated)

    def at_level(level: int) -> LineLaw:
        best, factor = _stationary_on(scheme, target, level, width, truncated, device, rtol), width
        for _ in range(8):
            if truncated or best.edge < max(_EDGE, 1e-3 * rtol):
                break
            factor *= 1.3
            wider = _stationary_on(scheme, target, level, factor, truncated, device, rtol)
            if wider.edge > 0.3 * best.edge:  # what is left at the ends is no tail but the error of this level
                break
            best = wider
        return best

    return refined(at_level, rtol, f"the stationary law of {scheme.name}")


def _stationary_on(scheme: Scheme, target: LineTarget, level: int, factor: float, truncated: bool, device: str, rtol: float) -> LineLaw:
    grid = _resolution(scheme, target, level, factor).grid(device)
    return LineLaw(grid, _invariant(scheme, target, grid, level, rtol), target.density, truncated)


def transients(scheme: Scheme, initial: Any, steps: Sequence[int], rtol: float, device: str) -> list[LineLaw]:
    """The laws after each of the given numbers of steps (ascending)."""
    target = line_target(scheme)
    on_line = isinstance(initial, LineLaw) or (isinstance(initial, LineTarget) and initial.dim == 1)
    start = initial if on_line else real("initial", initial, "a target or a law on the line, or a number")

    def at_level(level: int) -> list[LineLaw]:
        return list(_evolve(scheme, target, start, steps, level, device, rtol))

    return refined_path(at_level, rtol, scheme.name, steps)


def _resolution(
    scheme: Scheme, target: LineTarget, level: int, factor: float, smallest: float = math.inf, also: tuple[float, float] | None = None
) -> Resolution:
    middle = target.mean
    low, high = (middle + factor * (end - middle) for end in (target.quadrature.low, target.quadrature.high))
    if also is not None:
        low, high = min(low, also[0]), max(high, also[1])
    return Resolution(low, high, grid_spacing(scheme, low, high, level, smallest))


def _widening(scheme: Scheme, target: LineTarget, truncated: bool) -> float:
    """By how much a law of step a is wider than the target: 1/(1 - a lam/2) is the variance of LMC on a Gaussian."""
    return 1.0 if truncated else 1 / math.sqrt(1 - min(scheme.step_size * max(target.tail_curvature) / 2, 0.97))


def _invariant(scheme: Scheme, target: LineTarget, grid: Tensor, level: int, rtol: float = 0.0) -> Tensor:
    """The invariant density on the grid.

    Solved for p/s with s close to the square root of the density, so that rounding errors are small in L2(1/pi), the
    norm of chi2, and the tails keep their digits.
    """
    matrix = _operator(scheme, target, grid, level, rtol)
    n = grid.shape[0]
    flat = 1 - min(scheme.step_size * min(max(target.tail_curvature), 1e3) / 2, 0.97)
    log_density = flat * target.log_density(grid)
    peak = int(torch.argmax(log_density))
    scale = torch.sqrt(torch.exp(log_density - log_density[peak]) + 1e-24)
    system = matrix.T * (scale[None, :] / scale[:, None])
    system.diagonal().sub_(1.0)
    system[peak] = scale
    right = torch.zeros(n, dtype=torch.float64, device=grid.device)
    right[peak] = 1.0
    ratio: Tensor = torch.linalg.solve(system, right)
    return ratio * scale


def _evolve(
    scheme: Scheme, target: LineTarget, initial: LineTarget | LineLaw | float, steps: Sequence[int], level: int, device: str, rtol: float
) -> Iterator[LineLaw]:
    finest, ends = _extent(scheme, initial)
    truncated = superlinear(target)
    resolution = _resolution(scheme, target, level, _widening(scheme, target, truncated), finest, ends)
    grid = resolution.grid(device)
    matrix = _operator(scheme, target, grid, level, rtol)
    advance = stepper(matrix)
    if isinstance(initial, float):
        start = torch.tensor([initial], dtype=torch.float64, device=device)
        values, done = transition_matrix(scheme, grid, 0.0, level, start)[0], 1
    else:
        values, done = initial.density(grid) * resolution.spacing, 0
    for n in steps:
        while done < n:
            values, done = advance(values), done + 1
        yield LineLaw(grid, values, target.density, truncated, lost=0.0 if truncated else abs(float(values.sum()) - 1))


def _operator(scheme: Scheme, target: LineTarget, grid: Tensor, level: int, rtol: float) -> Tensor:
    """The transition matrix, up to a frequency that neither the law nor the noise of a step reaches: parts of a step that are narrower, where
    midpoints fold the line, are smoothed by the rest of the law."""
    width = float(scheme.dynamics.noise(scheme.step_size))
    rough = math.sqrt(float(torch.abs(target.curvature(grid)).max()))
    band = (1 + 0.2 * level) * FULL_DEPTH * max(3.5 * rough, 1.1 / width)
    return transition_matrix(scheme, grid, 0.0, level, band=band, left=max(1e-8, 1e3 * rtol))


def _extent(scheme: Scheme, initial: LineTarget | LineLaw | float) -> tuple[float, tuple[float, float]]:
    """The spacing that an initial law needs, and the interval it lives on."""
    if isinstance(initial, LineLaw):
        return initial.spacing, (float(initial.grid[0]), float(initial.grid[-1]))
    if isinstance(initial, LineTarget):
        ends = (initial.quadrature.low, initial.quadrature.high)
        return 0.16 / math.sqrt(initial._extreme_curvature(1.0)), ends
    sigma = noise_scale(scheme, initial)
    return 0.25 * sigma, (initial - 12 * sigma, initial + 12 * sigma)
