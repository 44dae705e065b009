"""One step of a law whose steps depend on time, on a grid that moves and narrows with the law."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from pmmtheory.dynamics.factors import covariance
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws.inhomogeneous.pushforward import IncreasingMap
from pmmtheory.laws.line.shown import INTERPOLATED
from pmmtheory.laws.scales import interpolation_error, roughness
from pmmtheory.laws.step.characteristic import centre, mean_square
from pmmtheory.laws.step.cubature import enumerable
from pmmtheory.laws.step.kernel import transition_matrix
from pmmtheory.laws.step.parts import Parts, step_parts
from pmmtheory.laws.step.slopes import slopes
from pmmtheory.numerics.nufft import blurred
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget, on_the_line

MOST = 40_000
"""Points of a grid beyond which a law is out of reach."""


@dataclass(frozen=True)
class Masses:
    """Masses on points: a uniform grid, or one point; what mass was left out on the way, and how far from the mean it may be by now, in root mean square.

    missed : by how much the second moment was seen to be off for mass that was left out, or put elsewhere.
    """

    points: Tensor
    masses: Tensor
    lost: float = 0.0
    reach: float = 0.0
    missed: float = 0.0

    @property
    def mean(self) -> float:
        """The mean."""
        return float(self.masses @ self.points / self.masses.sum())

    @property
    def outer(self) -> Tensor:
        """Two points so far from the mean."""
        return self.mean + self.points.new_tensor([-self.reach, self.reach])


Scale = Callable[["Resolution", float, float, float], float]


@dataclass(frozen=True)
class Resolution:
    """A scheme, and how finely its law is computed: the level refines the grids, the tolerance is the mass a step may leave out.

    All levels have in common the maps that runs of steps without noise are, by their times; and the scales of the law and of the kernel,
    with the range in which they were seen.
    """

    scheme: Scheme
    level: int
    tolerance: float
    device: str
    runs: dict[tuple[float, ...], IncreasingMap] = field(default_factory=dict)
    scales: dict[tuple[Scale, float], tuple[float, float, float]] = field(default_factory=dict)

    @property
    def rtol(self) -> float:
        """The accuracy asked for."""
        return 1e3 * self.tolerance

    @property
    def balanced(self) -> bool:
        """Whether second moments are compared before and after a step: midpoints throw single points far, and the lowest level is never shown.

        Without midpoints there is no need: the noise is seen to its depth.
        """
        return bool(self.scheme.draws) and self.level > 0

    @property
    def depth(self) -> float:
        """How many standard deviations of the kernel matter."""
        return max(3.0, math.sqrt(2 * math.log1p(1 / self.tolerance)))

    def depths(self, share: Tensor) -> Tensor:
        """How many matter from points that hold this share of the mass."""
        return torch.sqrt(2 * torch.log1p(share / self.tolerance)).clamp_min(3.0)

    def target(self, t: float) -> LineTarget:
        """The law of the process itself at time t."""
        return on_the_line(self.scheme.dynamics.law_at(t))

    def noiseless(self, steps: int) -> list[bool]:
        """Whether each of the first steps has no noise, seen from where the process is first and last."""
        if self.scheme.draws or steps == 0:
            return [False] * steps
        times, share = [k * self.scheme.step_size for k in range(steps)], torch.linspace(-2.1, 1.9, 5, dtype=torch.float64, device=self.device)
        ends = [self.target(t) for t in {times[0], times[-1]}]
        places = torch.cat([torch.zeros_like(share[:1]), *(target.mean + math.sqrt(target.covariance) * share for target in ends)])
        state = self.scheme.dynamics.lift(places, torch.Generator())
        return [self._still(state, t) for t in times]

    def _still(self, state: Tensor, t: float) -> bool:
        none = covariance(self.scheme.step(state, t, {})[1], self.scheme.dynamics, state) == 0
        if bool(none.any()) and not bool(none.all()):
            raise InvalidParameter("scheme", self.scheme.name, "a step whose noise does not depend on the state, where steps depend on time")
        return bool(none.any())

    def noise(self, t: float) -> float:
        """The standard deviation of the noise of the step at time t."""
        return float(self.scheme.dynamics.noise(self.scheme.step_size, t))

    def scale(self, of: Scale, low: float, high: float, t: float) -> float:
        """How fast the law at time t varies between two points, or the kernel of the step from there; seen anew where they are beyond those of before."""
        first, last, found = self.scales.get((of, t), (math.inf, -math.inf, 0.0))
        if not first <= low < high <= last:
            more = 0.05 * (high - low)
            first, last = low - more, high + more
            found = of(self, first, last, t)
            self.scales[of, t] = first, last, found
        return found

    def grid(self, low: float, high: float, own: float, kernel: float) -> Tensor:
        """A uniform grid on which the trapezoid rule sees the product of a law and a kernel of these bands, in units of a Gaussian's depth."""
        spacing = 2 * math.pi / (self.depth * math.hypot(own, kernel)) / (1.3 * 1.15**self.level)
        n = max(24 + 3 * self.level, math.ceil((high - low) / spacing) + 1)
        if n > MOST:
            raise NotConverged(f"a law on a grid of {n} points", math.nan, self.rtol)
        return torch.linspace(low, high, n, dtype=torch.float64, device=self.device)


def advance(chain: Resolution, law: Masses, t: float, shown: bool) -> Masses:
    """The law after the step at time t, on a grid fit for the next step, or for being interpolated."""
    share = law.masses.abs() * len(law.points)
    kept = share > 1e-2 * chain.tolerance
    now = Masses(law.points[kept], law.masses[kept], reach=law.reach)
    step, finer = _by_gaussians if enumerable(chain.scheme) else _by_frequencies, 1.0
    moved, expected, square = step(chain, now, t, shown, finer)
    while not _resolved(chain, moved, expected, shown):
        finer *= 1.4
        moved, expected, square = step(chain, now, t, shown, finer)
    inside = torch.nonzero(moved.masses.abs() > 1e-3 * chain.tolerance * moved.masses.max()).flatten()
    first, last = max(0, int(inside[0]) - 12), int(inside[-1]) + 13
    points, masses, mean = moved.points[first:last], moved.masses[first:last], moved.mean
    left = float(law.masses[~kept].abs().sum()) + abs(float(moved.masses.sum() - now.masses.sum()))
    lost = law.lost + left + float(moved.masses.abs().sum() - masses.abs().sum())
    reach, missed = max(moved.reach, mean - float(points[0]), float(points[-1]) - mean), 0.0
    if chain.balanced:
        square += float(law.masses[~kept] @ mean_square(chain.scheme, law.points[~kept], t, mean)) if not bool(kept.all()) else 0.0
        grown = law.missed * (moved.reach / law.reach) ** 2 if law.missed else 0.0
        missed = grown + abs(square - float(masses @ (points - mean) ** 2))
    return Masses(points, masses, lost, reach, missed)


def _resolved(chain: Resolution, law: Masses, expected: float, shown: bool) -> bool:
    """Whether the grid is fine enough: for a law to be shown, to tell what is between its points; else for waves as fast as were expected."""
    if shown:
        return interpolation_error(law.masses, law.masses, lambda value, _: value).share <= INTERPOLATED * chain.rtol
    waves = torch.fft.rfft(law.masses).abs()
    fastest = float(waves[int(0.9 * len(waves)) :].max() / waves[0])
    return fastest <= 100 * (math.exp(-((0.9 * _nyquist(law.points) / expected) ** 2) / 2) + chain.tolerance)


def _by_gaussians(chain: Resolution, law: Masses, t: float, shown: bool, finer: float) -> tuple[Masses, float, float]:
    """The law, how fast it is expected to vary, and its second moment as told by the step; where the step is a Gaussian given draws whose
    nodes can be listed: all starts and nodes at once."""
    scheme, x, depth = chain.scheme, law.points, chain.depth
    highest = seen = 0.0
    if scheme.draws:  # how high the waves are that their nodes must see is known once the grid is, and that once the nodes are: a guess
        middle, reach = centre(scheme, x, t), depth * chain.noise(t) * (1.05 + torch.maximum(*slopes(scheme, x, t)))
        highest = _nyquist(_next_grid(chain, float((middle - reach).min()), float((middle + reach).max()), t, shown, finer)[0])
    while highest >= seen:
        every, seen = step_parts(scheme, torch.cat([x, law.outer]), t, highest, depth, chain.level), 1.1 * highest if scheme.draws else math.inf
        parts = Parts(every.mean[:, :-2], every.deviation, every.weight)
        grid, expected = _next_grid(chain, *_range(chain, law, parts), t, shown, finer)
        highest = _nyquist(grid)
    masses = law.masses[:, None] * parts.weight[:, None]
    matters = masses.abs().sum(0) * masses.shape[1] * masses.shape[2] > 1e-2 * chain.tolerance
    values = blurred(parts.mean[:, matters], masses[:, matters], parts.deviation, grid, math.ceil(-math.log10(chain.tolerance)))
    moved = Masses(grid, values)
    squares = every.mean_square(moved.mean)
    return replace(moved, reach=math.sqrt(float(squares[-2:].max()))), expected, float(law.masses @ squares[:-2])


def _by_frequencies(chain: Resolution, law: Masses, t: float, shown: bool, finer: float) -> tuple[Masses, float, float]:
    """The same by the characteristic functions of the step, from every start."""
    scheme, x, t1 = chain.scheme, law.points, t + chain.scheme.step_size
    depth = chain.depths(law.masses.abs() * len(x))
    middle, reach = centre(scheme, x, t), depth * _deviation(chain, x, t)
    grid, expected = _next_grid(chain, float((middle - reach).min()), float((middle + reach).max()), t, shown, finer)
    band = chain.depth * 3.5 * finer * chain.scale(law_band, float(grid[0]), float(grid[-1]), t1) * (1 + 0.2 * chain.level)
    moved = Masses(grid, law.masses @ transition_matrix(scheme, grid, t, chain.level, x, depth, band, max(1e-8, 1e3 * chain.tolerance)))
    squares = mean_square(scheme, torch.cat([x, law.outer]) if chain.balanced else law.outer, t, moved.mean)
    told = float(law.masses @ squares[:-2]) if chain.balanced else 0.0
    return replace(moved, reach=math.sqrt(float(squares[-2:].max()))), expected, told


def _deviation(chain: Resolution, x: Tensor, t: float) -> Tensor:
    """A bound on the standard deviation of a step from x, with what midpoints add to it."""
    narrows, widens = slopes(chain.scheme, x, t)
    return chain.noise(t) * (1.15 + 0.5 * widens + 1.2 * narrows**2)


def _nyquist(grid: Tensor) -> float:
    return math.pi / float(grid[1] - grid[0])


def _range(chain: Resolution, law: Masses, parts: Parts) -> tuple[float, float]:
    """Between which points all mass is that matters."""
    share = law.masses.abs()[:, None] * (parts.weight[:, None] * (parts.mean.numel() / chain.tolerance))
    nothing = share <= 1e-2
    reach = share.log1p_().mul_(2).sqrt_().mul_(parts.deviation[:, None, None]).masked_fill_(nothing, -math.inf)
    return float((parts.mean - reach).min()), float((parts.mean + reach).max())


def _next_grid(chain: Resolution, low: float, high: float, t: float, shown: bool, finer: float) -> tuple[Tensor, float]:
    """The grid for the law after the step at time t, and how fast the law is expected to vary: like that of the process, if the noise of the
    step is not wider."""
    after, noise = t + chain.scheme.step_size, chain.noise(t)
    rough = finer * chain.scale(law_band, low, high, after)
    band = min(1.3 * rough, finer / noise) if noise > 0 else 1.3 * rough
    return chain.grid(low, high, max(band, 5 * rough), 0.0) if shown else chain.grid(low, high, band, chain.scale(kernel_band, low, high, after)), band


def law_band(chain: Resolution, low: float, high: float, t: float) -> float:
    """How fast the law of the process itself at time t varies."""
    return roughness(chain.target(t), low, high)


def kernel_band(chain: Resolution, low: float, high: float, t: float) -> float:
    """How fast the kernel of the step at time t varies with its start x: |c'|/noise, c(x) being its centre, and faster where midpoints add to it."""
    x = torch.linspace(low, high, 801, dtype=torch.float64)
    slope = (torch.diff(centre(chain.scheme, x, t)) / (x[1] - x[0])).abs()
    if chain.scheme.draws:
        narrows, widens = slopes(chain.scheme, x[1:], t)
        slope = slope * (1 + 0.5 * widens) * (1 + narrows.clamp_max(1.0))
    return float(slope.max()) / chain.noise(t)
