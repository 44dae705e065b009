"""The law of a chain whose steps depend on time: one operator a step, on a grid that moves and narrows with the law.

Steps without noise are a map of the line; a run of them is composed, and the law before it is pushed forward once.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, NotConverged, real
from pmmtheory.laws.engine import Engine, Refusal, homogeneous, on_line
from pmmtheory.laws.inhomogeneous.pushforward import IncreasingMap, pushed
from pmmtheory.laws.inhomogeneous.step import MOST, Chain, Masses, advance, kernel_band
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.line.shown import ROUNDING, line_law
from pmmtheory.laws.refinement import refined_path
from pmmtheory.laws.scales import roughness
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget


class InhomogeneousEngine(Engine):
    """Chains on the line whose steps depend on time."""

    name, rank, default_rtol = "inhomogeneous", 1, 2e-8

    def supports(self, scheme: Scheme, stationary: bool) -> Refusal | None:
        if scheme.dynamics.autonomous:
            return Refusal("dynamics", type(scheme.dynamics).__name__, "dynamics that depend on time on the line")
        return on_line(scheme) or (homogeneous(scheme) if stationary else None)

    def transients(self, scheme: Scheme, initial: Any, steps: Sequence[int], rtol: float, device: str) -> list[LineLaw]:
        """The laws after each of the given numbers of steps (ascending), starting at time 0."""
        density = isinstance(initial, LineLaw) or (isinstance(initial, LineTarget) and initial.dim == 1)
        start = initial if density else real("initial", initial, "a target or a law on the line, or a number")
        same = list(steps).count(0) if isinstance(start, LineLaw) else 0
        later = steps[same:]

        rough = Chain(scheme, 0, 1e-3 * rtol, device)
        noiseless = [rough.still(k * scheme.step_size) for k in range(later[-1])] if later else []

        def at_level(level: int) -> list[LineLaw]:
            return list(_evolve(replace(rough, level=level), start, later, [*noiseless, False]))

        laws = refined_path(at_level, rtol, scheme.name, later) if later else []
        if isinstance(start, LineLaw):  # a step brings two laws nearer in total variation, never further apart
            for law in laws:
                law.errors["start"] = start.numerical_error
        return [*(copy.copy(start) for _ in range(same) if isinstance(start, LineLaw)), *laws]


_TABLED = 0.01
"""The share of the accuracy asked for that interpolation may use up where a grid may be as fine as one likes."""

Start = LineTarget | LineLaw | float


def _evolve(chain: Chain, start: Start, steps: Sequence[int], noiseless: Sequence[bool]) -> Iterator[LineLaw]:
    """The laws after these numbers of steps; noiseless says of each step whether it has no noise, and False at the end."""
    a, still, done = chain.scheme.step_size, list[float](), 0
    current: Start | Masses = start
    for n in steps:
        for k in range(done, n):
            t = k * a
            if noiseless[k]:
                still.append(t)
                continue
            if still:
                current, still = _flowed(chain, _settled(chain, current, still[0]), tuple(still)), []
            if not isinstance(current, Masses):
                current = _spread(chain, current, t)
            current = advance(chain, current, t, shown=k + 1 == n or noiseless[k + 1])
        done = n
        settled = _settled(chain, current, still[0] if still else n * a)
        yield _flowed(chain, settled, tuple(still)) if still else _law(chain, settled, n * a)


def _spread(chain: Chain, start: Start, t: float) -> Masses:
    """A law as masses on a grid that is fit for the step at time t."""
    if isinstance(start, float):
        return Masses(torch.tensor([start], dtype=torch.float64, device=chain.device), torch.ones(1, dtype=torch.float64, device=chain.device))
    if isinstance(start, LineTarget):
        low, high, own = start.quadrature.low, start.quadrature.high, roughness(start, start.quadrature.low, start.quadrature.high)
    else:
        low, high, own = float(start.grid[0]), float(start.grid[-1]), 2 * math.pi / start.spacing / chain.depth
    grid = chain.grid(low, high, own, kernel_band(chain, low, high, t))
    masses = start.density(grid) * (grid[1] - grid[0])
    return Masses(grid, masses, abs(float(masses.sum()) - 1) + _lost(start), _reach(start))


def _settled(chain: Chain, current: Start | Masses, t: float) -> LineTarget | LineLaw:
    """A law whose density can be asked for anywhere."""
    if isinstance(current, float):
        raise InvalidParameter("initial", current, "a target or a law on the line, for steps without noise")
    return _law(chain, current, t) if isinstance(current, Masses) else current


def _flowed(chain: Chain, start: LineTarget | LineLaw, times: tuple[float, ...]) -> LineLaw:
    """The law after steps without noise."""
    scheme, end = chain.scheme, times[-1] + chain.scheme.step_size
    target, least = chain.target(end), math.ceil(100 * 1.2**chain.level)

    def move(x: Tensor) -> Tensor:
        state = scheme.dynamics.lift(x, torch.Generator())
        for t in times:
            state = scheme.step(state, t, {})[0]
        return scheme.dynamics.position(state)

    def on(spacing: float) -> LineLaw:
        grid, density = pushed(start, flow, spacing, least)
        masses = density * (grid[1] - grid[0])
        shift = ROUNDING * before + moved / float(grid.abs().max())
        reach = 0.0 if outer is None else float((outer - Masses(grid, masses).mean).abs().max())
        return line_law(grid, masses, target, abs(float(masses.sum()) - 1) + _lost(start), shift, amplified, reach)

    flow = chain.runs.setdefault(times, IncreasingMap(move, scheme.name))
    (amplified, moved), outer = (0.0, 0.0), None
    if chain.level:  # the lowest is never shown
        amplified, moved = flow.rounding(start)
        outer = move(start.mean + torch.tensor([-1.0, 1.0], dtype=torch.float64, device=chain.device) * _reach(start))
    before = round(times[0] / scheme.step_size)
    return _fine(chain, on, _spacing(chain, target))


def _law(chain: Chain, law: Masses | LineTarget | LineLaw, t: float) -> LineLaw:
    if isinstance(law, LineLaw):
        return law
    if isinstance(law, Masses):
        rounded = ROUNDING * max(1, round(t / chain.scheme.step_size))
        return line_law(law.points, law.masses, chain.target(t), law.lost, rounded, reach=law.reach)
    low, high, density = law.quadrature.low, law.quadrature.high, law.density

    def on(spacing: float) -> LineLaw:
        grid = torch.linspace(low, high, math.ceil((high - low) / spacing) + 2, dtype=torch.float64, device=chain.device)
        masses = density(grid) * (grid[1] - grid[0])
        return line_law(grid, masses, law, abs(float(masses.sum()) - 1))

    return _fine(chain, on, _spacing(chain, law))


def _lost(start: Start) -> float:
    """The mass that a law of this run had lost; what one of another run is off by is told apart."""
    return start.errors["ends"] if isinstance(start, LineLaw) and start.coarse is None else 0.0


def _reach(start: LineTarget | LineLaw) -> float:
    """How far from the mean mass may be that was left out."""
    low, high = (start.quadrature.low, start.quadrature.high) if isinstance(start, LineTarget) else start.ends
    return max(start.mean - low, high - start.mean, start.accuracy.reach if isinstance(start, LineLaw) else 0.0)


def _fine(chain: Chain, on: Callable[[float], LineLaw], spacing: float) -> LineLaw:
    """The law on a grid so fine that it is known between the points too."""
    while True:
        law = on(spacing)
        if law.errors["interpolation"] <= _TABLED * chain.rtol:
            return law
        if len(law.grid) > MOST:
            raise NotConverged(f"a law on a grid of {len(law.grid)} points", law.errors["interpolation"], chain.rtol)
        spacing = 0.6 * law.spacing


def _spacing(chain: Chain, target: LineTarget) -> float:
    """One at which a law like the target is interpolated well."""
    return 0.16 / roughness(target, target.quadrature.low, target.quadrature.high) / (1.12 * 1.2**chain.level)
