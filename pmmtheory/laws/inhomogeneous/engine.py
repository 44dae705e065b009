"""The law of a chain whose steps depend on time: one operator a step, on a grid that moves and narrows with the law.

Steps without noise are a map of the line; a run of them is composed, and the law before it is pushed forward once. Where there are draws yet
no noise, each step is one of many maps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.errors import NotConverged
from pmmtheory.laws.engine import Engine, Refusal, homogeneous, smooth
from pmmtheory.laws.inhomogeneous.mixed import mixed
from pmmtheory.laws.inhomogeneous.pushforward import IncreasingMap, pushed
from pmmtheory.laws.inhomogeneous.resolution import MOST, Masses, Move, Resolution, kernel_band
from pmmtheory.laws.inhomogeneous.same_grid import stay
from pmmtheory.laws.inhomogeneous.step import advance
from pmmtheory.laws.inhomogeneous.still import mapped, noiseless
from pmmtheory.laws.line.far import FarTails
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.line.loss import NOTHING
from pmmtheory.laws.line.shown import ROUNDING, line_law
from pmmtheory.laws.line.start import Start, begins_on_line, begun_on_line, on_line, start_on_line
from pmmtheory.laws.line.unseen import TOLD, Unseen
from pmmtheory.laws.refinement import refined_path
from pmmtheory.laws.scales import SHORTEST, roughness
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget, on_the_line


class InhomogeneousEngine(Engine):
    """Chains on the line whose steps depend on time."""

    name, rank, default_rtol = "inhomogeneous", 1, 2e-8
    most_steps = 1_000_000

    def supports(self, chain: Chain, stationary: bool) -> Refusal | None:
        system = chain.scheme.dynamics
        if system.autonomous:
            return Refusal("dynamics", type(system).__name__, "dynamics that depend on time on the line")
        refused = on_line(chain.scheme) or smooth(chain.scheme)
        return refused or (homogeneous(chain.scheme) if stationary else None) or begins_on_line(chain)

    def evolved(self, scheme: Scheme, start: Any, steps: Sequence[int], rtol: float, device: str) -> list[LineLaw]:
        """The laws after each of the given numbers of steps (ascending), starting at time 0."""
        begun = begun_on_line(start, steps)
        rough = Resolution(scheme, 0, 1e-3 * rtol, device)
        silent = noiseless(rough, steps[-1])

        def at_level(level: int) -> list[LineLaw]:
            return list(_evolve(replace(rough, level=level), begun, steps, silent))

        laws = refined_path(at_level, rtol, scheme.name, steps)
        told = max(TOLD, _LEFT * rough.tolerance)
        astray = begun.modes_below(told)
        for n, law in zip(steps, laws, strict=True):
            process, times = rough.target(n * scheme.step_size), [k * scheme.step_size for k in range(n)]
            unseen = replace(Unseen.on_line(process, process, told), astray=astray, left_out=told)
            law.accuracy = replace(law.accuracy, unseen=unseen, far=FarTails(scheme, begun.far, times))
        return laws


_DOUBT = 1e-10
"""What the density after steps without noise may be in doubt by, relative to itself, where a pass through all of them more would tell."""

_LEFT = 0.1
"""Densities of so many times the tolerance, relative to the largest, may be left out of a law."""

_AHEAD = 31
"""How many steps more are tried on one grid."""

_TABLED = 0.01
"""The share of the accuracy asked for that interpolation may use up where a grid may be as fine as one likes."""


def _evolve(chain: Resolution, begun: Start, steps: Sequence[int], silent: Sequence[bool]) -> Iterator[LineLaw]:
    """The laws after these numbers of steps; silent says of each step whether it has no noise."""
    a, still, done = chain.scheme.step_size, list[float](), 0
    now: Masses | None = None  # after steps with noise
    for n in steps:
        for none, run in groupby(range(done, n), silent.__getitem__):
            times = [k * a for k in run]
            if none and chain.scheme.draws:
                for t in times:
                    begun, now = start_on_line(_one_of_many(chain, _settled(chain, begun, now, t), t)), None
                continue
            if none:
                still += times
                continue
            if still:
                begun, now, still = start_on_line(_flowed(chain, _settled(chain, begun, now, still[0]), tuple(still))), None, []
            now = _moved(chain, now or _spread(chain, begun, times[0]), times)
        done = n
        settled = _settled(chain, begun, now, still[0] if still else n * a)
        yield _flowed(chain, settled, tuple(still)) if still else settled.law or _tabulated(chain, settled)


def _moved(chain: Resolution, law: Masses, times: Sequence[float]) -> Masses:
    """The law after the steps at these times, that of the last to be shown: without draws, several steps on one grid."""
    done, ahead = 0, 0 if chain.scheme.draws else _AHEAD
    while done < len(times):
        others = times[done + 1 : -1][:ahead]
        law = advance(chain, law, Move(times[done], shown=done + 1 == len(times), ahead=len(others)))
        done += 1
        if law.ahead:
            law, made = stay(chain, law, others[: law.ahead])
            done, ahead = done + made, min(_AHEAD, 2 * made + 1)
    return law


def _spread(chain: Resolution, start: Start, t: float) -> Masses:
    """A law as masses on a grid that is fit for the step at time t."""
    if start.density is None:
        return Masses(torch.tensor([start.point], dtype=torch.float64, device=chain.device), torch.ones(1, dtype=torch.float64, device=chain.device))
    low, high = start.ends
    own = roughness(start.target, low, high) if start.target is not None else 2 * math.pi / start.finest / chain.depth
    grid = chain.grid(low, high, own, kernel_band(chain, low, high, t))
    masses = start.density(grid) * (grid[1] - grid[0])
    return Masses(grid, masses, start.loss.beside(masses))


def _settled(chain: Resolution, begun: Start, now: Masses | None, t: float) -> Start:
    """The law by now, as one whose density can be asked for anywhere."""
    if now is not None:
        rounded = ROUNDING * max(1, round(t / chain.scheme.step_size))
        return start_on_line(line_law(now.points, now.masses, chain.target(t), now.loss, rounded))
    return begun


def _flowed(chain: Resolution, start: Start, times: tuple[float, ...]) -> LineLaw:
    """The law after steps without noise."""
    scheme, end = chain.scheme, times[-1] + chain.scheme.step_size
    target, least = chain.target(end), math.ceil(100 * 1.2**chain.level)

    def move(x: Tensor) -> Tensor:
        state = scheme.dynamics.lift(x, torch.Generator())
        for t in times:
            state = mapped(scheme, state, t, {})
        return scheme.dynamics.position(state)

    def on(spacing: float) -> LineLaw:
        grid, density, doubt = pushed(start, flow, spacing, least, min(_DOUBT, 0.01 * chain.rtol))
        masses = density * (grid[1] - grid[0])
        shift = ROUNDING * before + moved / float(grid.abs().max())
        reach = float((flow.images(outer) - Masses(grid, masses).mean).abs().max()) if chain.level else 0.0
        return line_law(grid, masses, target, start.loss.carried(reach).beside(masses), shift, amplified + doubt)

    outer = start.point + torch.tensor([-1.0, 1.0], dtype=torch.float64, device=chain.device) * start.loss.reach
    flow = chain.runs.setdefault(times, IncreasingMap(move, scheme.name, chain.device, also=outer))
    amplified, moved = flow.rounding(start) if chain.level else (0.0, 0.0)  # the lowest is never shown
    before = round(times[0] / scheme.step_size)
    return _fine(chain, on, _spacing(chain, target))


def _one_of_many(chain: Resolution, start: Start, t: float) -> LineLaw:
    """The law after a step that is a map drawn at random."""
    return _fine(chain, mixed(chain, start, t, min(_DOUBT, 0.01 * chain.rtol)), _spacing(chain, chain.target(t + chain.scheme.step_size)))


def _tabulated(chain: Resolution, start: Start) -> LineLaw:
    """The law of a target to start from."""
    (low, high), target = start.ends, on_the_line(start.target, "initial")

    def on(spacing: float) -> LineLaw:
        grid = torch.linspace(low, high, math.ceil((high - low) / spacing) + 2, dtype=torch.float64, device=chain.device)
        masses = target.density(grid) * (grid[1] - grid[0])
        return line_law(grid, masses, target, NOTHING.beside(masses))

    return _fine(chain, on, _spacing(chain, target))


def _fine(chain: Resolution, on: Callable[[float], LineLaw], spacing: float) -> LineLaw:
    """The law on a grid so fine that it is known between the points too."""
    while True:
        law = on(spacing)
        if law.errors["interpolation"] <= _TABLED * chain.rtol:
            return law
        if len(law.grid) > MOST:
            raise NotConverged(f"a law on a grid of {len(law.grid)} points", law.errors["interpolation"], chain.rtol)
        spacing = 0.6 * law.spacing


def _spacing(chain: Resolution, target: LineTarget) -> float:
    """One at which a law like the target is interpolated well."""
    return SHORTEST / roughness(target, target.quadrature.low, target.quadrature.high) / (1.12 * 1.2**chain.level)
