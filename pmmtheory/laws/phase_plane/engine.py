"""Exact laws of underdamped chains in the phase plane of a target on the line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.dynamics.underdamped import underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws.engine import Engine, Refusal, refused, smooth, starts_from
from pmmtheory.laws.gaussian.engine import growth_at
from pmmtheory.laws.law import side_of
from pmmtheory.laws.line.start import on_line
from pmmtheory.laws.phase_plane.growth import Growing, grown
from pmmtheory.laws.phase_plane.law import PlaneLaw, variation
from pmmtheory.laws.phase_plane.leaving import require_held
from pmmtheory.laws.phase_plane.midpoints import sets_left_out
from pmmtheory.laws.phase_plane.operator import Plane, transition
from pmmtheory.laws.phase_plane.planes import Planes, Start, far_out, on_plane, tail_variance
from pmmtheory.laws.refinement import refined, refined_path
from pmmtheory.laws.stability import require_stable, superlinear
from pmmtheory.laws.step.far_plane import moved
from pmmtheory.numerics.invariant import slowest
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget, on_the_line

_EPS = 2.3e-16

_DEFECT = 0.25
"""The part of a change of the step between two levels that the finer one may still lack."""

_SLOW = 1e-3
"""A gap below which two levels may agree by luck: a change of the step is amplified along one direction, which it may happen to miss."""

_LEVELS = 4


class PhasePlaneEngine(Engine):
    """Underdamped chains on the line."""

    name, rank, default_rtol = "phase_plane", 2, 1e-5
    most_steps = 1_000_000

    def supports(self, chain: Chain, stationary: bool) -> Refusal | None:
        scheme = chain.scheme
        return (
            refused(lambda: underdamped(scheme.dynamics))
            or on_line(scheme)
            or smooth(scheme)
            or starts_from(chain, (LineTarget, PlaneLaw), "a target on the line, or a law in the phase plane")
        )

    def stationary(self, scheme: Scheme, rtol: float, device: str) -> PlaneLaw:
        """The stationary law, refined until two resolutions agree to rtol in total variation."""
        target = on_the_line(scheme.dynamics.target)
        require_stable(scheme, tail_growth)
        planes = Planes(scheme, target, rtol)
        seen: list[PlaneLaw] = []

        def at_level(level: int) -> PlaneLaw:
            plane, left_out = planes.at(level, device)
            seen.append(_stationary_on(plane, left_out, scheme, target, level, rtol, seen[-1] if seen else None))
            return seen[-1]

        return refined(at_level, rtol, f"the stationary law of {scheme.name} at step {scheme.step_size:g} in the phase plane", _LEVELS)

    def evolved(self, scheme: Scheme, start: Any, steps: Sequence[int], rtol: float, device: str) -> list[PlaneLaw]:
        """The laws after the given numbers of steps, from a target for the position and N(0, 1) for the velocity, or from a law."""
        target = on_the_line(scheme.dynamics.target)
        begun: Start = side_of(start, {PlaneLaw: Start.of_law, LineTarget: lambda source: Start.of_target(source, rtol, target)})
        planes = Planes(scheme, target, rtol, begun)

        def at_level(level: int) -> list[PlaneLaw]:
            return _evolved(scheme, begun, *planes.at(level, device), steps, level, rtol)

        return refined_path(at_level, rtol, f"{scheme.name} at step {scheme.step_size:g} in the phase plane", steps, _LEVELS)


def tail_growth(scheme: Scheme) -> float:
    """The growth of the second moment on a Gaussian with the curvature of the tails; infinite for super-linear drifts."""
    target = on_the_line(scheme.dynamics.target)
    if superlinear(target):
        return math.inf
    try:
        return max(growth_at(scheme, tail_variance(target, curvature), swept=False, around=float(target.mean)) for curvature in set(target.tail_curvature))
    except InvalidParameter as error:
        raise InvalidParameter("scheme", scheme.name, "a step that is affine where its target is Gaussian, for a law in the phase plane") from error


def _turn(scheme: Scheme, target: LineTarget) -> float:
    """See PlaneLaw.turn."""
    return scheme.step_size**2 * target._extreme_curvature(1.0)


def _scale(target: LineTarget, grid: Tensor) -> Tensor:
    """Close to the root of the density, so that rounding errors are small in L2(1/pi)."""
    log_density = target.log_density(grid)
    return torch.sqrt(torch.exp(log_density - log_density.max()) + 1e-24)


def _stationary_on(plane: Plane, left_out: float, scheme: Scheme, target: LineTarget, level: int, rtol: float, coarse: PlaneLaw | None) -> PlaneLaw:
    """The law on a grid, with the errors that do not show in a comparison of two levels."""
    require_held(scheme, target, plane, level, rtol)
    step = transition(scheme, plane, 0.0, level)
    matrix, defect = step.matrix, 0.0
    if coarse is not None:
        before = on_plane(plane, coarse)
        defect = float((matrix @ before - before).abs().sum()) * plane.spacing / 2
    modes, gap = _invariant(matrix, target, plane)
    if gap < 30 * _EPS or (gap < _SLOW and 4 * _EPS / gap > rtol):
        what = f"the stationary law of {scheme.name} in the phase plane of {target.name}, whose mixing time of {1 / gap:.1g} steps float64 cannot resolve,"
        raise NotConverged(what, 4 * _EPS / gap, rtol)
    law = PlaneLaw(plane, modes, target, left_out, _turn(scheme, target), far=far_out(scheme, target))
    structure = scheme.structure
    slow = _DEFECT * defect / gap if gap < _SLOW else 0.0
    law.errors["rounding"] = (law.errors["rounding"] + 4 * _EPS) / gap
    midpoints = sets_left_out(structure, 0.0, level) if structure is not None else 0.0
    law.errors |= {"mixing": slow, "midpoints": midpoints / gap, "kicks": step.cut(modes, plane.spacing) / gap}
    return law


def _invariant(matrix: Tensor, target: LineTarget, plane: Plane) -> tuple[Tensor, float]:
    """The modes of the invariant density, (n, m), and the distance of the next eigenvalue from 1.

    The null vector of matrix - 1, with the normalisation in one row. Where kicks are large, entries from far out are too, and their rounding in the
    factors reaches the high modes of the middle: the solution is refined by what the matrix itself says of it.
    """
    scale = _scale(target, plane.grid).repeat_interleave(plane.modes)
    row = int(torch.argmax(target.log_density(plane.grid))) * plane.modes
    mass = torch.zeros_like(scale)
    mass[:: plane.modes] = plane.spacing
    system = matrix * scale
    system.div_(scale[:, None]).diagonal().sub_(1.0)
    system[row] = mass * scale
    factors, pivots = torch.linalg.lu_factor(system)
    del system

    def solved(right: Tensor) -> Tensor:
        result: Tensor = torch.linalg.lu_solve(factors, pivots, right[:, None])
        return result[:, 0]

    found = torch.zeros_like(scale)
    for _ in range(2):
        lacking = found - matrix @ found
        lacking[row] = 1 - mass @ found
        lacking[:row] /= scale[:row]
        lacking[row + 1 :] /= scale[row + 1 :]
        found = found + solved(lacking) * scale
    probe = torch.where(mass != 0, torch.sign(plane.grid - target.mean).repeat_interleave(plane.modes), 0.3) * scale
    return found.reshape(-1, plane.modes), min(slowest(solved, probe, row), 1.0)


def _evolved(scheme: Scheme, begun: Start, plane: Plane, left_out: float, steps: Sequence[int], level: int, rtol: float) -> list[PlaneLaw]:
    target = on_the_line(scheme.dynamics.target)
    require_held(scheme, target, plane, level, rtol)
    step, structure = transition(scheme, plane, 0.0, level), scheme.structure
    omitted = sets_left_out(structure, 0.0, level) if structure is not None else 0.0
    first = grown(step.matrix, max(steps, default=0))
    laws = []
    for some in ([n for n in steps if n < first], [n for n in steps if n >= first]):
        now, growing, left, cut, done, centres = begun.on(plane), None, 0.0, 0.0, 0, begun.centres
        if some and some[0] >= first:
            growing = Growing.of(step.matrix)
            taken = growing.part(now)
            left, now = variation(taken.reshape(-1, plane.modes), plane.spacing), now - taken
        for n in some:
            for _ in range(n - done):
                centres = None if centres is None else moved(scheme, centres)
                cut += step.cut(now.reshape(-1, plane.modes), plane.spacing)
                now = step.matrix @ now
                now = now if growing is None else now - growing.part(now)
            done, far = n, far_out(scheme, target, begun, n, centres)
            laws.append(PlaneLaw(plane, now.reshape(-1, plane.modes), target, left_out, _turn(scheme, target), begun.unseen, far))
            laws[-1].errors["rounding"] = (laws[-1].errors["rounding"] + 4 * _EPS) * (n + 1)
            laws[-1].errors |= {"midpoints": n * omitted, "kicks": cut, "growth": left}
    return laws
