"""Exact laws of underdamped chains in the phase plane of a target on the line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws.linear import growth_at, stationary_at
from pmmtheory.laws.plane_law import PlaneLaw, plane_target
from pmmtheory.laws.plane_operator import Plane, transition
from pmmtheory.laws.refinement import refined, refined_path
from pmmtheory.laws.stability import require_stable, superlinear
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget

_LEVELS = 4
_LARGEST = 8000
"""Unknowns of a law: its matrix has the square of them."""


def _tolerance(level: int) -> float:
    """The part of the Fourier transform of a density that a grid leaves out."""
    return 1e-9 * 0.05**level


def stationary(scheme: Scheme, rtol: float, device: str) -> PlaneLaw:
    """The stationary law, refined until two resolutions agree to rtol in total variation."""
    target = _checked(scheme)
    require_stable(scheme, tail_growth)

    def at_level(level: int) -> PlaneLaw:
        plane = _plane(scheme, target, level, device)
        return PlaneLaw(plane, _invariant(scheme, target, plane, level), target, 30 * _tolerance(level))

    return refined(at_level, rtol, f"the stationary law of {scheme.name} in the phase plane", _LEVELS)


def transients(scheme: Scheme, initial: Any, steps: Sequence[int], rtol: float, device: str) -> list[PlaneLaw]:
    """The laws after the given numbers of steps, from a target for the position and N(0, 1) for the velocity, or from a law."""
    target = _checked(scheme)
    if not isinstance(initial, PlaneLaw):
        initial = plane_target(initial)

    def at_level(level: int) -> list[PlaneLaw]:
        return _evolved(scheme, target, initial, steps, level, device)

    laws = refined_path(at_level, rtol, f"{scheme.name} in the phase plane", steps, _LEVELS)
    if isinstance(initial, PlaneLaw):  # a step does not enlarge a total variation distance
        for law in laws:
            law.errors["start"] = initial.numerical_error
    return laws


def tail_growth(scheme: Scheme) -> float:
    """The growth of the second moment on a Gaussian with the curvature of the tails; infinite for super-linear drifts."""
    target = scheme.dynamics.target
    assert isinstance(target, LineTarget)
    if superlinear(target):
        return math.inf
    return max(growth_at(scheme, 1 / _tail(curvature)) for curvature in target.tail_curvature)


def _tail(curvature: float) -> Tensor:
    return torch.tensor([max(curvature, 1e-8)], dtype=torch.float64)


def _checked(scheme: Scheme) -> LineTarget:
    if not isinstance(scheme.dynamics, Underdamped):
        raise InvalidParameter("dynamics", type(scheme.dynamics).__name__, "Underdamped, for a law in the phase plane")
    return plane_target(scheme.dynamics.target)


def _plane(scheme: Scheme, target: LineTarget, level: int, device: str, initial: LineTarget | PlaneLaw | None = None) -> Plane:
    """A grid with the band of the target and room for a law that is wider, as on a Gaussian with the curvature of its tails; both with the initial law."""
    curvature = max(target.tail_curvature)
    wider = max(1.0, float(stationary_at(scheme, 1 / _tail(curvature))[0, 0, 0]) * curvature) if 0 < curvature < math.inf else 1.0
    low, high = (target.mean + (1.02 + 0.03 * level) * math.sqrt(wider) * (end - target.mean) for end in (target.quadrature.low, target.quadrature.high))
    highest = 1.1 * band(target, _tolerance(level))
    if isinstance(initial, PlaneLaw):
        low, high, highest = min(low, float(initial.grid[0])), max(high, float(initial.grid[-1])), max(highest, math.pi / initial.coarse_spacing)
    elif initial is not None:
        low, high = min(low, initial.quadrature.low), max(high, initial.quadrature.high)
        highest = max(highest, 1.1 * band(initial, _tolerance(level)))
    spacing = math.pi / highest
    n = math.ceil((high - low) / spacing) | 1
    modes = 11 + 4 * level
    if n * modes > _LARGEST:
        what = f"the law of {scheme.name} in the phase plane of {target.name}, which takes {n} positions times {modes} modes of the velocity,"
        raise NotConverged(what, math.nan, _tolerance(level))
    grid = low + spacing * torch.arange(n, dtype=torch.float64, device=device)
    return Plane(grid, modes)


def band(target: LineTarget, tolerance: float) -> float:
    """The frequency beyond which the Fourier transforms of pi and of pi F'' are below the tolerance.

    The second has the singularities of the drift, as the error of a chain has them.

    Raises
    ------
    NotConverged
        For a target that is not smooth, whose transforms do not decay.
    """
    low, high = target.quadrature.low, target.quadrature.high
    n = 4096
    x = torch.linspace(low, high, n + 1, dtype=torch.float64)[:-1]
    density = target.density(x)
    kept = max(_kept(density, tolerance), _kept(density * target.curvature(x), tolerance))
    if kept >= n // 8:
        raise NotConverged(f"a law in the phase plane of {target.name}, whose Fourier transform does not decay,", math.nan, tolerance)
    return 2 * math.pi * kept / (high - low)


def _kept(values: Tensor, tolerance: float) -> int:
    """The number of frequencies up to the last whose amplitude is above the tolerance."""
    size = torch.abs(torch.fft.rfft(values))
    above = torch.nonzero(size > tolerance * size.max())
    return int(above.max()) + 1 if len(above) else 0


def _scale(target: LineTarget, grid: Tensor) -> Tensor:
    """Close to the root of the density, so that rounding errors are small in L2(1/pi)."""
    log_density = target.log_density(grid)
    return torch.sqrt(torch.exp(log_density - log_density.max()) + 1e-24)


def _invariant(scheme: Scheme, target: LineTarget, plane: Plane, level: int) -> Tensor:
    """The modes of the invariant density, (n, m): the null vector of matrix - 1, with the normalisation in one row."""
    system = transition(scheme, plane, 0.0, level)
    scale = _scale(target, plane.grid).repeat_interleave(plane.modes)
    system *= scale[None, :] / scale[:, None]
    system.diagonal().sub_(1.0)
    row = int(torch.argmax(target.log_density(plane.grid))) * plane.modes
    mass = torch.zeros_like(scale)
    mass[:: plane.modes] = scale[:: plane.modes]
    system[row] = mass
    right = torch.zeros_like(scale)
    right[row] = 1 / plane.spacing
    solved: Tensor = torch.linalg.solve(system, right) * scale
    return solved.reshape(-1, plane.modes)


def _evolved(scheme: Scheme, target: LineTarget, initial: LineTarget | PlaneLaw, steps: Sequence[int], level: int, device: str) -> list[PlaneLaw]:
    plane = _plane(scheme, target, level, device, initial)
    modes = torch.zeros((len(plane.grid), plane.modes), dtype=torch.float64, device=device)
    if isinstance(initial, PlaneLaw):
        count = min(plane.modes, initial.modes.shape[1])
        modes[:, :count] = initial._modes_at(plane.grid)[:, :count]
    else:
        modes[:, 0] = initial.density(plane.grid)
    matrix = transition(scheme, plane, 0.0, level)
    now, done, laws = modes.flatten(), 0, []
    for n in steps:
        for _ in range(n - done):
            now = matrix @ now
        done = n
        laws.append(PlaneLaw(plane, now.reshape(-1, plane.modes), target, 30 * _tolerance(level)))
    return laws
