"""Coarse paths on smooth targets on the line, by the transition densities on one uniform grid.

The K fine steps are a power of their transition matrix, whose trapezoid rule is spectrally accurate; the large step comes from its characteristic function
(laws.step.kernel). Where the density of the fine steps is below a share of its maximum a ratio is no number any more: what the divergence gains there
is told by what it gains over the last decades.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.generators.kl import entropy
from pmmtheory.divergences.paths.gaussian import WORST
from pmmtheory.divergences.paths.paths import PathComparison, Paths
from pmmtheory.errors import NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws.engine import Refusal, refused
from pmmtheory.laws.line.grids import finer, steepest, stretched, widening
from pmmtheory.laws.line.start import Start, on_line, start_on_line
from pmmtheory.laws.scales import SHORTEST
from pmmtheory.laws.step.kernel import transition_matrix
from pmmtheory.targets.line import on_the_line

_SPACING = 0.5
"""Of the grid, over the noise of a fine step: the product of two of its densities is seen."""

_MOST = 2500
"""Points of a grid: powers of a matrix of them take seconds."""

_CUTS = 1e-10, 1e-11, 1e-12, 1e-13
"""Shares of the largest density of the fine steps below which a ratio is left out: the last is what is used."""

_LEFT = 1e-13
"""What a characteristic function may have left at the highest frequency."""

_NOISE = 2e-14
"""What both densities may be off by, over the largest, beyond what two resolutions see."""

_STILL = 1e-14
"""A change of a law, in total variation, below which it has become stationary."""

_STEEP, _FAINT = 0.8, 1e-4
"""By how much what is gained must fall from decade to decade, and below which share of the whole it need not."""


_UNSURE = 0.4
"""The share of what lies beyond the last cut that is in doubt, however it falls."""


class LinePaths(PathComparison):
    """Overdamped chains on smooth targets of at most quadratic growth, from any smooth start."""

    rank, hidden = 1, False

    def supports(self, paths: Paths) -> Refusal | None:
        return smooth_on_line(paths)

    def kl(self, paths: Paths) -> Estimate:
        low, high = (_at_level(paths, level) for level in (0, 1))
        change, value = abs(high.value - low.value), high.value
        if not change + high.tails <= WORST * value + high.rounding:
            raise NotConverged(f"the path KL of {paths.scheme.name} on {paths.scheme.dynamics.target.name}", (change + high.tails) / value, WORST)
        return Estimate.of(max(value, 0.0), "chain rule, transition densities on a grid", resolution=2 * change, tails=high.tails, rounding=high.rounding)


@dataclass(frozen=True)
class _Found:
    """A sum over the steps, what the tails may add, and what the noise of the densities does."""

    value: float
    tails: float
    rounding: float


def _at_level(paths: Paths, level: int) -> _Found:
    x, dx = grid_of(paths, level)
    step = transition_matrix(paths.scheme, x, 0.0, level, left=_LEFT)
    p, q = step / dx, _of_fine_steps(paths, x, level) / dx
    lost, masses = masses_on(paths, x, dx, step)
    gained, noise = [], 0.0
    for cut in _CUTS:
        found, noise = (float(masses @ part) * dx for part in _each(p, q, cut))
        gained.append(found)
    value, last = gained[-1], abs(gained[-1] - gained[-2])
    expected, tails, falls = _tails(gained)
    if falls > _STEEP and last > _FAINT * value + noise:
        raise NotConverged(f"the path KL of {paths.scheme.name} on {paths.scheme.dynamics.target.name}, of which the tails have a share,", falls, _STEEP)
    beyond = float(masses @ _beyond(p, q)) * dx
    if beyond > expected + tails + noise:
        far = "of whose large steps a part goes where the finer chain has next to none,"
        raise NotConverged(f"the path KL of {paths.scheme.name} on {paths.scheme.dynamics.target.name}, {far}", beyond / value, WORST)
    return _Found(value + expected, tails + lost * value, noise)


def grid_of(paths: Paths, level: int) -> tuple[Tensor, float]:
    """A uniform grid that sees the noise of a fine step, the law and the start, and holds both."""
    target, begun = on_the_line(paths.scheme.dynamics.target), start_on_line(paths.start)
    own = stretched(target, widening(paths.scheme, target))
    low, high = min(own[0], begun.ends[0]), max(own[1], begun.ends[1])
    noise = float(paths.fine.dynamics.noise(paths.fine.step_size))
    steep = steepest(target, (low, high))
    dx = min(_SPACING * noise / (1 + paths.fine.step_size * steep), SHORTEST / math.sqrt(steep), begun.finest) / finer(level)
    n = math.ceil((high - low) / dx) + 1
    if n > _MOST:
        raise NotConverged(f"the path KL of {paths.scheme.name} on {target.name}, which takes a grid of {n} points,", math.nan, WORST)
    return (low + high) / 2 + dx * (torch.arange(n, dtype=torch.float64) - (n - 1) / 2), dx


def _of_fine_steps(paths: Paths, x: Tensor, level: int) -> Tensor:
    """The transition matrix of all fine steps in a large one."""
    target, noise = on_the_line(paths.scheme.dynamics.target), float(paths.fine.dynamics.noise(paths.fine.step_size))
    pull = float(torch.abs(target.drift(x)).max()) * paths.fine.step_size / noise
    one = transition_matrix(paths.fine, x, 0.0, level, depth=torch.full_like(x, min(9.5 + 2 * pull, 36.0)))
    whole: Tensor = torch.linalg.matrix_power(one, paths.many)
    return whole


def masses_on(paths: Paths, x: Tensor, dx: float, step: Tensor) -> tuple[float, Tensor]:
    """sum_t of the law of X_t, as masses on the grid, and what share of it is missing."""
    now = start_on_line(paths.start).spread(x) * dx
    total = now.clone()
    for done in range(1, paths.steps):
        before, now = now, now @ step
        total += now
        if float(torch.abs(now - before).sum()) < _STILL:  # it stays what it is
            total += (paths.steps - 1 - done) * now
            break
    return abs(float(total.sum()) / paths.steps - 1), total


def _each(p: Tensor, q: Tensor, cut: float) -> tuple[Tensor, Tensor]:
    """int q ((1 + u) log(1 + u) - u) from every start, u = p/q - 1, where q is not too small, over dx; and what noise of p and q does to it."""
    highest = q.amax(1, keepdim=True)
    seen = q > cut * highest
    u = torch.where(seen, (p - q) / torch.where(seen, q, 1.0), 0.0).clamp_min(-1.0)
    noise = _NOISE * highest
    first = noise * (torch.abs(torch.log1p(u.clamp_min(-0.999))) + torch.abs(u))  # of the derivatives log(p/q) and -u
    second = torch.where(seen, noise**2 / torch.where(seen, q, 1.0), 0.0)
    return (torch.where(seen, q, 0.0) * entropy(u)).sum(1), (first + 2 * second).sum(1)


def _tails(gained: list[float]) -> tuple[float, float, float]:
    """What is gained beyond the last cut, what that may be off by, and by how much it falls from decade to decade; from what is gained up to each cut.

    It is a geometric sum. A fall that becomes less steep from decade to decade may do so twice more: starts and steps may have a narrow part and a wide one.
    """
    first, before, last = (abs(more - less) for less, more in pairwise(gained))
    ratio, former = (after / of if of > 0 else 0.0 for after, of in ((last, before), (before, first)))
    falls = ratio * max(1.0, ratio / former if former > 0 else 1.0) ** 2
    expected, most = (last * share / (1 - share) for share in (min(ratio, _STEEP), min(falls, _STEEP)))
    return expected, _UNSURE * (last + expected) + most - expected, falls


def _beyond(p: Tensor, q: Tensor) -> Tensor:
    """int p log(p/q) - p from every start, over dx, where q is too small and p above the largest that q may have there: a part of what is missing."""
    most = _CUTS[-1] * q.amax(1, keepdim=True)
    least = torch.where((q <= most) & (p > most), p * (torch.log((p / most).clamp_min(1.0)) - 1), 0.0)
    return least.clamp_min(0.0).sum(1)


def smooth_on_line(paths: Paths) -> Refusal | None:
    """Refused unless the target is on the line and smooth, and so is the start, and steps of the finer chain are Gaussians."""
    target: Any = paths.scheme.dynamics.target
    if on_line(paths.scheme) or target.kinks or target.superlinear or not paths.scheme.smooth:
        return Refusal("target", target.name, "an isotropic Gaussian in any dimension, or a smooth target on the line, whose force grows at most linearly")
    if paths.fine.draws:
        return Refusal("fine", paths.fine.name, "a scheme whose step is one Gaussian: EulerMaruyama")
    return refused(lambda: start_on_line(paths.start)) or _smooth(start_on_line(paths.start))


def _smooth(begun: Start) -> Refusal | None:
    """Refused where the start is a point, or its density has kinks."""
    if begun.density is None:
        return Refusal("start", begun.point, "a target or a law, which has a density")
    return Refusal("start", begun.target.name if begun.target else "a law", "a smooth density") if begun.kinks else None
