"""The law of a chain whose steps depend on time: one operator a step, on a grid that moves and narrows with the law.

Steps without noise are a map of the line; a run of them is composed, and the law before it is pushed forward once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, real
from pmmtheory.laws.line_law import LineLaw
from pmmtheory.laws.moving_step import Chain, Masses, advance, kernel_band
from pmmtheory.laws.pushforward import pushed
from pmmtheory.laws.refinement import refined_path
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget


def stationary(scheme: Scheme, rtol: float, device: str) -> NoReturn:
    """There is none."""
    raise InvalidParameter("scheme", scheme.name, "a chain whose steps do not depend on time, for a stationary law")


def transients(scheme: Scheme, initial: Any, steps: Sequence[int], rtol: float, device: str) -> list[LineLaw]:
    """The laws after each of the given numbers of steps (ascending), starting at time 0."""
    on_line = isinstance(initial, LineLaw) or (isinstance(initial, LineTarget) and initial.dim == 1)
    start = initial if on_line else real("initial", initial, "a target or a law on the line, or a number")

    def at_level(level: int) -> list[LineLaw]:
        return list(_evolve(Chain(scheme, level, 1e-3 * rtol, device), start, steps))

    return refined_path(at_level, rtol, scheme.name, steps)


Start = LineTarget | LineLaw | float


def _evolve(chain: Chain, start: Start, steps: Sequence[int]) -> Iterator[LineLaw]:
    a, still, done = chain.scheme.step_size, list[float](), 0
    current: Start | Masses = start
    noiseless = [*(chain.still(k * a) for k in range(steps[-1])), False]
    for n in steps:
        for k in range(done, n):
            t = k * a
            if noiseless[k]:
                still.append(t)
                continue
            if still:
                current, still = _flowed(chain, _settled(chain, current, still[0]), still), []
            if not isinstance(current, Masses):
                current = _spread(chain, current, t)
            current = advance(chain, current, t, shown=k + 1 == n or noiseless[k + 1])
        done = n
        settled = _settled(chain, current, still[0] if still else n * a)
        yield _flowed(chain, settled, still) if still else _law(chain, settled, n * a)


def _spread(chain: Chain, start: Start, t: float) -> Masses:
    """A law as masses on a grid that is fit for the step at time t."""
    if isinstance(start, float):
        return Masses(torch.tensor([start], dtype=torch.float64, device=chain.device), torch.ones(1, dtype=torch.float64, device=chain.device))
    if isinstance(start, LineTarget):
        low, high, own = start.quadrature.low, start.quadrature.high, math.sqrt(start._extreme_curvature(1.0))
    else:
        low, high, own = float(start.grid[0]), float(start.grid[-1]), 2 * math.pi / start.spacing / float(chain.depth())
    grid = chain.grid(low, high, own, kernel_band(chain, low, high, t))
    return Masses(grid, start.density(grid) * (grid[1] - grid[0]))


def _settled(chain: Chain, current: Start | Masses, t: float) -> LineTarget | LineLaw:
    """A law whose density can be asked for anywhere."""
    if isinstance(current, float):
        raise InvalidParameter("initial", current, "a target or a law on the line, for steps without noise")
    return _law(chain, current, t) if isinstance(current, Masses) else current


def _flowed(chain: Chain, start: LineTarget | LineLaw, times: Sequence[float]) -> LineLaw:
    """The law after steps without noise."""
    scheme, end = chain.scheme, times[-1] + chain.scheme.step_size

    def move(x: Tensor) -> Tensor:
        state = scheme.dynamics.lift(x, torch.Generator())
        for t in times:
            state = scheme.step(state, t, {})[0]
        return scheme.dynamics.position(state)

    spacing = 0.16 / math.sqrt(chain.target(end)._extreme_curvature(1.0)) / (1.12 * 1.2**chain.level)
    grid, density = pushed(start, move, spacing, scheme.name)
    return _law(chain, Masses(grid, density * (grid[1] - grid[0])), end)


def _law(chain: Chain, law: Masses | LineTarget | LineLaw, t: float) -> LineLaw:
    if isinstance(law, LineLaw):
        return law
    if isinstance(law, LineTarget):
        spacing = 0.16 / math.sqrt(law._extreme_curvature(1.0)) / (1.12 * 1.2**chain.level)
        grid = torch.arange(law.quadrature.low, law.quadrature.high, spacing, dtype=torch.float64, device=chain.device)
        return LineLaw(grid, law.density(grid), law.density)
    return LineLaw(law.points, law.masses, _near(law, chain.target(t)), lost=abs(float(law.masses.sum()) - 1))


def _near(law: Masses, target: LineTarget) -> Callable[[Tensor], Tensor]:
    """A density whose ratio to the law can be interpolated: that of the target, with wide tails where the law is much wider."""
    mean = float(law.masses @ law.points)
    variance = float(law.masses @ (law.points - mean) ** 2)
    if variance < 1.5 * target.covariance:
        return target.density
    wide = Gaussian(mean, 4 * variance)
    return lambda x: (target.density(x) + wide.density(x)) / 2
