"""Exact laws of chains on the line."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.errors import NotConverged
from pmmtheory.laws.engine import Engine, Refusal, homogeneous, moves, overdamped
from pmmtheory.laws.line.accuracy import Accuracy
from pmmtheory.laws.line.far import FarTails
from pmmtheory.laws.line.grids import finer, law_mesh, output_grid, reference, scale, steepest, stretched, widening, width
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.line.layers import Layers
from pmmtheory.laws.line.mesh import Mesh
from pmmtheory.laws.line.shown import best_told, wide_too
from pmmtheory.laws.line.start import Start, begins_on_line, begun_on_line, on_line
from pmmtheory.laws.line.tail_index import tail_index
from pmmtheory.laws.line.thrown import leaves_grid, thrown, thrown_far, unbalanced
from pmmtheory.laws.refinement import refined, refined_path
from pmmtheory.laws.stability import explodes, require_stable, superlinear, tail_growth
from pmmtheory.laws.step.bends import bends
from pmmtheory.laws.step.characteristic import mean_square
from pmmtheory.laws.step.kernel import FULL_DEPTH, noise_scale, transition_matrices, transition_matrix
from pmmtheory.laws.step.leaving import leaving
from pmmtheory.laws.wide_enough import above_noise, wide_enough
from pmmtheory.numerics import elimination
from pmmtheory.numerics.invariant import invariant_by_solve, quasi_invariant
from pmmtheory.numerics.powers import Powers
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget, on_the_line

_EDGE = 1e-14
"""Largest density at the ends of a grid, relative to its maximum, at which the grid is wide enough."""

_WIDER = 0.08
"""The grid of the finest resolution is wider by this share, that of the next to lowest by half as much: two resolutions then see what the ends cost."""

_EPS = 2.3e-16

_FAINT = 1e-200
"""The least mass that a law is told from, of a chain that is killed outside a grid."""

_UNPLACED = 4.0
"""The same of a step that is said not to be smooth, at places that neither it nor a search tells: what is left falls like the square of the spacing."""

_SLOW, _CAUTION = 0.02, 10.0
"""A chain is slow whose gap is below this share of the rate in the tails: two resolutions then agree by luck more often than they tell."""


class LineEngine(Engine):
    """Chains of positions on the line whose steps do not depend on time."""

    name, rank, default_rtol = "line", 0, 1e-8

    def supports(self, chain: Chain, stationary: bool) -> Refusal | None:
        return on_line(chain.scheme) or moves(chain.scheme) or overdamped(chain.scheme) or homogeneous(chain.scheme) or begins_on_line(chain)

    def stationary(self, scheme: Scheme, rtol: float, device: str) -> LineLaw:
        """The stationary law, refined until two resolutions agree to rtol in total variation."""
        target = on_the_line(scheme.dynamics.target)
        truncated = explodes(scheme)
        if not superlinear(target):
            require_stable(scheme, tail_growth)
        width = widening(scheme, target)
        index = math.inf if truncated else tail_index(scheme)

        def over(low: float, high: float, level: int) -> LineLaw:
            return _stationary_on(scheme, target, level, (low, high), truncated, device, rtol, index)

        factors = [width]  # of the last level: wide enough for the next one, too

        def at_ends(law: LineLaw) -> float:
            edge = float(above_noise(law.values)[[0, -1]].max() / law.values.max())
            return 0.0 if truncated else edge / max(_EDGE, 1e-4 * rtol)

        def at_level(level: int) -> LineLaw:
            reach = 1.0 if truncated else 1 + _WIDER * (1 - 0.5**level)
            at, far = lambda factor: over(*stretched(target, reach * factor), level), lambda law: thrown_far(scheme, law)
            best = wide_enough(at, leaves_grid, factors, scheme, rtol, at_ends, far)
            if best.accuracy.floor == 0:
                best.wider = lambda low, high: _covering(over, best, low, high, level)
            return best

        return refined(at_level, rtol, f"the stationary law of {scheme.name}")

    def evolved(self, scheme: Scheme, start: Any, steps: Sequence[int], rtol: float, device: str) -> list[LineLaw]:
        """The laws after each of the given numbers of steps (ascending)."""
        target, begun, factors = on_the_line(scheme.dynamics.target), begun_on_line(start, steps), [1.0]

        def at_level(level: int) -> list[LineLaw]:
            def over(factor: float) -> list[LineLaw]:
                return list(_evolve(scheme, target, begun, steps, level, device, rtol, factor))

            return wide_enough(
                over, lambda laws: max(map(leaves_grid, laws)), factors, scheme, rtol, far=lambda laws: max(thrown_far(scheme, law) for law in laws)
            )

        return refined_path(at_level, rtol, scheme.name, steps)


def _covering(over: Callable[[float, float, int], LineLaw], law: LineLaw, low: float, high: float, level: int) -> LineLaw:
    """The law on an interval that holds its own and [low, high], with an error against a lower resolution."""
    ends = min(low, law.ends[0]), max(high, law.ends[1])
    wide = over(*ends, level)
    return wide if law.coarse is None else wide.resolved_by(over(*ends, level - 1))


def _stationary_on(
    scheme: Scheme, target: LineTarget, level: int, ends: tuple[float, float], truncated: bool, device: str, rtol: float, index: float
) -> LineLaw:
    points = law_mesh(scheme, target, level, ends, device)
    direct, rough = not scheme.draws and not truncated, _rough(scheme, target, ends, points)
    grid = points.points if points.uniform else output_grid(scheme, target, level, ends, device)
    matrix, seen = _operators(scheme, target, points, grid, level, rtol, ends)
    if direct:
        masses, accuracy = elimination.invariant(matrix), Accuracy(0.0, 1e-13, rounding=1e-13, tail_index=index, caution=rough)
    else:
        gained = torch.where((matrix[:, [0, -1]] == 0).all(1), matrix.sum(1) - 1, 0.0)
        leaves = 0.0
        invariant = quasi_invariant if truncated else invariant_by_solve
        masses, rounding, gap = invariant(matrix, scale(scheme, target, points), f"the stationary law of {scheme.name}", rtol)
        if not truncated:
            rounding += unbalanced(gained * masses, gap)
        if not truncated and index == math.inf:  # a tail that is a power is told by its points
            leave = leaving(scheme, points.points, ends)
            leaves = thrown(points, masses, leave)
            rounding += 4 * float(masses.abs() @ leave) / gap
        slow = _SLOW * scheme.step_size * min(max(target.tail_curvature), 1 / scheme.step_size) / gap
        accuracy = Accuracy(rounding=rounding, tail_index=index, leaves=leaves, caution=max(min(max(1.0, slow), _CAUTION), rough))
    shift = 4 * _EPS * max(map(abs, ends))
    accuracy = replace(accuracy, rounding=accuracy.rounding + shift / width(target, ends), shift=shift, far=FarTails(scheme))
    values = masses / points.weights if seen is None else masses @ seen
    return LineLaw(grid, values, None if direct else reference(scheme, target), truncated, accuracy=accuracy)


def _evolve(scheme: Scheme, target: LineTarget, begun: Start, steps: Sequence[int], level: int, device: str, rtol: float, factor: float) -> Iterator[LineLaw]:
    """The laws after each number of steps, on a grid this factor as wide as the target and the start ask for."""
    finest, wide = (begun.finest, begun.ends) if begun.density is not None else _seen_from(scheme, begun.point)
    truncated = explodes(scheme)
    own = stretched(target, widening(scheme, target))
    middle, half = (min(own[0], wide[0]) + max(own[1], wide[1])) / 2, factor * (max(own[1], wide[1]) - min(own[0], wide[0])) / 2
    ends = middle - half, middle + half
    points = law_mesh(scheme, target, level, ends, device, finest / finer(level), begun.kinks, begun.target)
    grid = points.points if points.uniform else output_grid(scheme, target, level, ends, device)
    matrix, seen = _operators(scheme, target, points, grid, level, rtol, ends)
    powers = Powers(matrix)
    if begun.density is None:
        start = torch.tensor([begun.point], dtype=torch.float64, device=device)
        masses, done = transition_matrix(scheme, points.points, 0.0, level, start, weights=points.weights)[0], 1
    else:
        masses, done = begun.density(points.points) * points.weights, 0
    before, missed, leaves, rough = None, 0.0, 0.0, _rough(scheme, target, ends, points)
    below = Layers.of(begun, masses, points.weights) if level > 0 else None
    balanced = bool(scheme.draws) and not truncated and level > 0  # the noise of a step is seen to its depth, and the lowest level is never shown
    misses = _missing(scheme, target, points.points) if balanced else None
    leave = torch.zeros_like(points.points) if truncated else leaving(scheme, points.points, ends)
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
            values = transition_matrix(scheme, grid, 0.0, level, start, weights=torch.ones_like(grid))[0]
        else:
            values = begun.density(grid)
        last = masses if before is None else before
        leaves = max(leaves, thrown(points, last, leave))
        lost, shift = 0.0 if truncated else abs(float(masses.sum()) - 1), 4 * _EPS * max(map(abs, ends))
        rounding = _EPS * done + shift / width(target, ends)
        references = wide_too(grid, values, reference(scheme, target), target.covariance) if not target.kinks else [reference(scheme, target)]
        far, unseen = FarTails(scheme, begun.far, [0.0] * n), begun.unseen
        if below is not None:
            unseen = below.unseen(points.points, masses / points.weights, points.weights, target)
        accuracy = Accuracy(rounding=rounding, caution=rough, shift=shift, missed=missed, leaves=leaves, unseen=unseen, far=far)
        yield best_told(grid, values, references, truncated=truncated, lost=lost, accuracy=accuracy)


def _missing(scheme: Scheme, target: LineTarget, x: Tensor) -> Callable[[float, Tensor, Tensor], float]:
    """What the second moment lost to mass that midpoints threw off the points, from what it had lost, and the masses before and after a step."""
    told, now = mean_square(scheme, x, 0.0, target.mean), (x - target.mean) ** 2
    growth = float((told / now)[[0, -1]].max())
    return lambda missed, before, after: growth * missed + abs(float(before @ told - after @ now))


def _rough(scheme: Scheme, target: LineTarget, ends: tuple[float, float], points: Mesh) -> float:
    """How many times the change between two resolutions the error may be: rules converge slowly across kinks, those of the draws and those not followed."""
    if not scheme.draws:
        return 1.0 if points.followed else _UNPLACED
    seen = bends(scheme, *ends)
    if target.kinks or seen.moving or seen.places:
        return 20.0
    return 1.0 if scheme.smooth or scheme.kinks else _UNPLACED


def _operators(
    scheme: Scheme, target: LineTarget, points: Mesh, grid: Tensor, level: int, rtol: float, ends: tuple[float, float]
) -> tuple[Tensor, Tensor | None]:
    """The transition matrix, and the density of a step from the points on the grid, if it has others.

    Up to a frequency that neither the law nor the noise of a step reaches: parts of a step that are narrower, where midpoints fold the line, are
    smoothed by the rest of the law.
    """
    grids: list[tuple[Tensor, Tensor | None]] = [(points.points, points.weights)]
    if grid is not points.points:
        grids.append((grid, torch.ones_like(grid)))
    width = float(scheme.dynamics.noise(scheme.step_size))
    if not scheme.draws:
        pull = float(torch.abs(target.drift(torch.linspace(*ends, 501, dtype=torch.float64))).max()) * scheme.step_size / width
        depth = torch.full_like(points.points, min(9 + level + 2 * pull, 36.0))
        found = transition_matrices(scheme, grids, 0.0, level, depth=depth)
    else:
        band = (1 + 0.2 * level) * FULL_DEPTH * max(3.5 * math.sqrt(steepest(target, ends)), 1.1 / width)
        found = transition_matrices(scheme, grids, 0.0, level, band=band, left=max(1e-8, 1e3 * rtol))
    return found[0], found[1] if len(found) > 1 else None


def _seen_from(scheme: Scheme, point: float) -> tuple[float, tuple[float, float]]:
    """The spacing that a step from a point needs, and the interval it reaches."""
    sigma = noise_scale(scheme, point)
    return 0.25 * sigma, (point - 12 * sigma, point + 12 * sigma)
