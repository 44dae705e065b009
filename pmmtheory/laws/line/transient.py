"""The laws of a chain on the line after numbers of steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.laws.line.accuracy import Accuracy, piled, shift_of
from pmmtheory.laws.line.far import FarTails
from pmmtheory.laws.line.grids import finer, law_mesh, output_grid, reference, stretched, widening, width
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.line.layers import Layers
from pmmtheory.laws.line.operators import operators, rough
from pmmtheory.laws.line.shown import Density, best_told, wide_too
from pmmtheory.laws.line.start import Start
from pmmtheory.laws.line.thrown import thrown
from pmmtheory.laws.stability import explodes
from pmmtheory.laws.step.characteristic import mean_square
from pmmtheory.laws.step.kernel import DEEPEST, noise_scale, transition_matrix
from pmmtheory.laws.step.leaving import leaving
from pmmtheory.numerics.powers import Powers
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget

_EPS = 2.3e-16

_DEEP = 2e-13
"""What a density of no fewer than these digits may be off by, relative to itself: the exponent of the least of them is 650, and has a rounding."""

_SUMMED = 4 * _EPS
"""What a sum of all masses loses to rounding in a step: nothing that got lost where densities have digits however small they are."""

_FAINT = 1e-200
"""The least mass that a law is told from, of a chain that is killed outside a grid."""


def to_all_depths(scheme: Scheme, begun: Start) -> bool:
    """Whether the law of a chain from there is a sum of products of densities, none of which has to be cut: then it has digits however small it is.

    From a point alone: what a start has beyond a grid decides how small densities are within.
    """
    return not scheme.draws and begun.density is None and not explodes(scheme)


def interval(scheme: Scheme, target: LineTarget, begun: Start, factor: float) -> tuple[float, float]:
    """That of a grid this factor as wide as the target and the start ask for."""
    (low, high), (first, last) = stretched(target, widening(scheme, target)), _seen(scheme, begun)[1]
    middle, half = (min(low, first) + max(high, last)) / 2, factor * (max(high, last) - min(low, first)) / 2
    return middle - half, middle + half


def evolve(
    scheme: Scheme, target: LineTarget, begun: Start, steps: Sequence[int], level: int, device: str, rtol: float, ends: tuple[float, float]
) -> Iterator[LineLaw]:
    """The laws after each number of steps, on an interval."""
    finest, truncated, direct = _seen(scheme, begun)[0], explodes(scheme), to_all_depths(scheme, begun)
    points = law_mesh(scheme, target, level, ends, device, finest / finer(level), begun.kinks, begun.target)
    grid = points.points if points.uniform else output_grid(scheme, target, level, ends, device)
    matrix, seen = operators(scheme, target, points, grid, level, rtol, ends, DEEPEST if direct else 0.0)
    powers = Powers(matrix, 0.0) if direct else Powers(matrix)
    if begun.density is None:
        start = torch.tensor([begun.point], dtype=torch.float64, device=device)
        deep = torch.full_like(start, DEEPEST) if direct else None
        masses, done = transition_matrix(scheme, points.points, 0.0, level, start, deep, weights=points.weights)[0], 1
    else:
        masses, done = begun.density(points.points) * points.weights, 0
    before, missed, leaves, times = None, 0.0, 0.0, rough(scheme, target, ends, points)
    below = Layers.of(begun, masses, points.weights) if level > 0 else None
    balanced = bool(scheme.draws) and not truncated and level > 0  # the noise of a step is seen to its depth, and the lowest level is never shown
    misses = _missing(scheme, target, points.points) if balanced else None
    leave, noise = torch.zeros_like(points.points) if truncated else leaving(scheme, points.points, ends), noise_scale(scheme, target.mean)
    for n in steps:
        while done < n:
            many = 1 if misses is not None else max(1, n - 1 - done)
            before, masses, done = masses, powers.apply(masses, many), done + many
            missed = misses(missed, before, masses) if misses is not None else 0.0
            below = below and below.moved(powers, many)
        if not float(masses.sum()) > _FAINT:
            raise NotConverged(f"the law of {scheme.name} after {n} steps, of which no mass is left on the grid,", math.nan, rtol)
        if seen is None:
            values = masses / points.weights
        elif before is not None:
            values = before @ seen
        elif begun.density is None:
            values = transition_matrix(scheme, grid, 0.0, level, start, deep, weights=torch.ones_like(grid))[0]
        else:
            values = begun.density(grid)
        last = masses if before is None else before
        leaves = max(leaves, thrown(points, last, leave))
        lost, shift = 0.0 if truncated else abs(float(masses.sum()) - 1), shift_of(ends)
        rounding = _EPS * done + shift / width(target, ends) + piled(ends, len(points.points), noise, done)
        far, unseen = FarTails(scheme, begun.far, [0.0] * n), begun.unseen
        if below is not None:
            unseen = below.unseen(points.points, masses / points.weights, points.weights, target)
        accuracy = Accuracy(rounding=rounding, caution=times, shift=shift, missed=missed, leaves=leaves, unseen=unseen, far=far)
        references: list[Density | None] = [None if direct else reference(scheme, target)]
        if direct:
            lost, accuracy = max(0.0, lost - _SUMMED * (done + 1)), replace(accuracy, floor=0.0, relative=_DEEP)
        elif not target.kinks:
            references = [*wide_too(grid, values, reference(scheme, target), target.covariance)]
        yield best_told(grid, values, references, truncated=truncated, lost=lost, accuracy=accuracy)


def _missing(scheme: Scheme, target: LineTarget, x: Tensor) -> Callable[[float, Tensor, Tensor], float]:
    """What the second moment lost to mass that midpoints threw off the points, from what it had lost, and the masses before and after a step."""
    told, now = mean_square(scheme, x, 0.0, target.mean), (x - target.mean) ** 2
    growth = float((told / now)[[0, -1]].max())
    return lambda missed, before, after: growth * missed + abs(float(before @ told - after @ now))


def _seen(scheme: Scheme, begun: Start) -> tuple[float, tuple[float, float]]:
    """The spacing that a start needs, or a step from a point, and the interval it reaches."""
    if begun.density is not None:
        return begun.finest, begun.ends
    sigma = noise_scale(scheme, begun.point)
    return 0.25 * sigma, (begun.point - 12 * sigma, begun.point + 12 * sigma)
