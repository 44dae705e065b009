"""Exact laws of chains on the line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import torch

from pmmtheory.chain import Chain
from pmmtheory.laws.engine import Engine, Refusal, homogeneous, moves, overdamped
from pmmtheory.laws.line.accuracy import Accuracy, piled, shift_of
from pmmtheory.laws.line.far import FarTails
from pmmtheory.laws.line.grids import law_mesh, output_grid, reference, scale, stretched, widening, width
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.line.operators import operators, rough
from pmmtheory.laws.line.start import begins_on_line, begun_on_line, on_line
from pmmtheory.laws.line.tail_index import tail_index
from pmmtheory.laws.line.thrown import leaves_grid, thrown, thrown_far, unbalanced
from pmmtheory.laws.line.transient import evolve, interval, to_all_depths
from pmmtheory.laws.refinement import refined, refined_path
from pmmtheory.laws.stability import explodes, require_stable, superlinear, tail_growth
from pmmtheory.laws.step.kernel import noise_scale
from pmmtheory.laws.step.leaving import leaving
from pmmtheory.laws.wide_enough import above_noise, wide_enough
from pmmtheory.numerics import elimination
from pmmtheory.numerics.invariant import invariant_by_solve, quasi_invariant
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget, on_the_line

_EDGE = 1e-14
"""Largest density at the ends of a grid, relative to its maximum, at which the grid is wide enough."""

_WIDER = 0.08
"""The grid of the finest resolution is wider by this share, that of the next to lowest by half as much: two resolutions then see what the ends cost."""

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
                best.wider = cache(lambda low, high: _covering(over, best, low, high, level))
            return best

        return refined(at_level, rtol, f"the stationary law of {scheme.name}")

    def evolved(self, scheme: Scheme, start: Any, steps: Sequence[int], rtol: float, device: str) -> list[LineLaw]:
        """The laws after each of the given numbers of steps (ascending)."""
        target, begun, factors = on_the_line(scheme.dynamics.target), begun_on_line(start, steps), [1.0]
        direct = to_all_depths(scheme, begun)

        def over(ends: tuple[float, float], level: int) -> list[LineLaw]:
            return list(evolve(scheme, target, begun, steps, level, device, rtol, ends))

        def at_level(level: int) -> list[LineLaw]:
            reach = 1 + _WIDER * (1 - 0.5**level) if direct else 1.0

            def at(factor: float) -> list[LineLaw]:
                return over(interval(scheme, target, begun, reach * factor), level)

            best = wide_enough(
                at, lambda laws: max(map(leaves_grid, laws)), factors, scheme, rtol, far=lambda laws: max(thrown_far(scheme, law) for law in laws)
            )
            for i, law in enumerate(best if direct else []):
                law.wider = cache(lambda low, high, i=i, law=law: _covering(lambda low, high, level: over((low, high), level)[i], law, low, high, level))
            return best

        return refined_path(at_level, rtol, scheme.name, steps)


def _covering(over: Callable[[float, float, int], LineLaw], law: LineLaw, low: float, high: float, level: int) -> LineLaw:
    """The law on an interval that holds its own and [low, high], with an error against a lower resolution on a narrower one: it sees what the ends cost."""
    first, last = min(low, law.ends[0]), max(high, law.ends[1])
    more = _WIDER / 2 * (last - first)
    wide = over(first - more, last + more, level)
    return wide if law.coarse is None else wide.resolved_by(over(first, last, level - 1))


def _stationary_on(
    scheme: Scheme, target: LineTarget, level: int, ends: tuple[float, float], truncated: bool, device: str, rtol: float, index: float
) -> LineLaw:
    points = law_mesh(scheme, target, level, ends, device)
    direct, times = not scheme.draws and not truncated, rough(scheme, target, ends, points)
    grid = points.points if points.uniform else output_grid(scheme, target, level, ends, device)
    matrix, seen = operators(scheme, target, points, grid, level, rtol, ends)
    if direct:
        masses, accuracy = elimination.invariant(matrix), Accuracy(0.0, 1e-13, rounding=1e-13, tail_index=index, caution=times)
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
        accuracy = Accuracy(rounding=rounding, tail_index=index, leaves=leaves, caution=max(min(max(1.0, slow), _CAUTION), times))
    shift = shift_of(ends)
    rounding = accuracy.rounding + shift / width(target, ends) + piled(ends, len(points.points), noise_scale(scheme, target.mean))
    accuracy = replace(accuracy, rounding=rounding, shift=shift, far=FarTails(scheme))
    values = masses / points.weights if seen is None else masses @ seen
    return LineLaw(grid, values, None if direct else reference(scheme, target), truncated, accuracy=accuracy)
