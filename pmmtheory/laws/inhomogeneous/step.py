"""One step of a law whose steps depend on time, on a grid that moves and narrows with the law."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pmmtheory.laws.inhomogeneous.left_out import LeftOut, apart
from pmmtheory.laws.inhomogeneous.resolution import Masses, Move, Resolution, law_band, next_grid
from pmmtheory.laws.line.loss import Loss
from pmmtheory.laws.line.shown import INTERPOLATED
from pmmtheory.laws.scales import interpolation_error
from pmmtheory.laws.step.characteristic import centre, mean_square
from pmmtheory.laws.step.cubature import enumerable
from pmmtheory.laws.step.kernel import transition_matrix
from pmmtheory.laws.step.parts import Parts, step_parts
from pmmtheory.laws.step.slopes import slopes
from pmmtheory.numerics.nufft import blurred


@dataclass(frozen=True)
class Told:
    """What a step itself says of the law after it: the second moment about the mean, (m,) mean squares of what it would throw from the points from which
    none was made, what it put beyond its grid, and how much mass apart from the rest."""

    square: float
    rest: Tensor
    beyond: LeftOut | None = None
    apart: float = 0.0

    @classmethod
    def by(cls, squares: Tensor, now: Masses, rest: Masses, beyond: LeftOut | None = None, apart: float = 0.0) -> Told:
        """Of mean squares about the mean from the points of both."""
        from_now, from_rest = squares[: len(now.points)], squares[len(now.points) :]
        return cls(float(now.masses @ from_now + rest.masses @ from_rest), from_rest, beyond, apart)


def advance(chain: Resolution, law: Masses, move: Move) -> Masses:
    """The law after a step, on a grid fit for the next ones, or for being interpolated."""
    share = law.masses.abs() * len(law.points)
    kept = share > 1e-2 * chain.tolerance
    now, rest = Masses(law.points[kept], law.masses[kept], loss=law.loss), Masses(law.points[~kept], law.masses[~kept])
    step = _by_gaussians if enumerable(chain.scheme) else _by_frequencies
    moved, told = step(chain, now, rest, move)
    while not _resolved(chain, moved, move.shown):
        move = replace(move, finer=1.4 * move.finer)
        moved, told = step(chain, now, rest, move)
    inside = torch.nonzero(moved.masses.abs() > 1e-3 * chain.tolerance * moved.masses.max()).flatten()
    part = slice(max(0, int(inside[0]) - 12), int(inside[-1]) + 13)
    loss = _lost(chain, moved, part, move.t, told, rest, abs(float(moved.masses.sum() - now.masses.sum())))
    return Masses(moved.points[part], moved.masses[part], loss, moved.band, moved.ahead)


def _lost(chain: Resolution, moved: Masses, part: slice, t: float, told: Told, rest: Masses, lost: float) -> Loss:
    """What a law has lost after a step at time t of which a part of the grid is kept: with what no step was made from, and mass that the step lost."""
    points, masses, mean, loss = moved.points[part], moved.masses[part], moved.mean, moved.loss
    missed, cut = loss.missed, loss.cut
    if chain.balanced:
        missed += abs(told.square - float(masses @ (points - mean) ** 2))
        x, m = (torch.cat([values[: part.start], values[part.stop :]]) for values in (moved.points, moved.masses))
        left = LeftOut.joined(LeftOut(m, (x - mean) ** 2, x - mean), LeftOut(rest.masses, told.rest, rest.points - mean), told.beyond)
        cut += left.unlike(chain.target(t + chain.scheme.step_size), points, mean)
    lost += float(rest.masses.abs().sum()) + float(moved.masses.abs().sum() - masses.abs().sum())
    reach = max(loss.reach, mean - float(points[0]), float(points[-1]) - mean)
    return Loss(loss.mass + lost, reach, missed, cut, loss.apart + told.apart)


def _resolved(chain: Resolution, law: Masses, shown: bool) -> bool:
    """Whether the grid is fine enough: for a law to be shown, to tell what is between its points; else for waves as fast as were expected."""
    if shown:
        return interpolation_error(law.masses, law.masses, lambda value, _: value).share <= INTERPOLATED * chain.rtol
    return bool(as_expected(chain, law, law.masses))


def as_expected(chain: Resolution, law: Masses, masses: Tensor) -> Tensor:
    """Whether masses (..., n) on the grid of the law have no faster waves than it was made for."""
    waves: Tensor = torch.fft.rfft(masses).abs()
    fastest = waves[..., int(0.9 * waves.shape[-1]) :].amax(-1) / waves[..., 0]
    return fastest <= 100 * (math.exp(-((0.9 * _nyquist(law.points) / law.band) ** 2) / 2) + chain.tolerance)


def _by_gaussians(chain: Resolution, law: Masses, rest: Masses, move: Move) -> tuple[Masses, Told]:
    """The law, and what is told of it; `rest` is what no step is made from.

    Where the step is a Gaussian given draws whose nodes can be listed: all starts and nodes at once.
    """
    scheme, x, t, depth = chain.scheme, law.points, move.t, chain.depth
    highest = seen = 0.0
    if scheme.draws:  # how high the waves are that their nodes must see is known once the grid is, and that once the nodes are: a guess
        middle, reach = centre(scheme, x, t), depth * chain.noise(t) * (1.05 + torch.maximum(*slopes(scheme, x, t)))
        highest = _nyquist(next_grid(chain, float((middle - reach).min()), float((middle + reach).max()), move)[0])
    starts = torch.cat([x, rest.points, law.outer])
    while highest >= seen:
        every, seen = step_parts(scheme, starts, t, highest, depth, chain.level), 1.1 * highest if scheme.draws else math.inf
        parts = Parts(every.mean[:, : len(x)], every.deviation, every.weight)
        grid, band, ahead = next_grid(chain, *_range(chain, law, parts), move)
        highest = _nyquist(grid)
    masses = law.masses[:, None] * parts.weight[:, None]
    matters = masses.abs().sum(0) * masses.shape[1] * masses.shape[2] > 1e-2 * chain.tolerance
    values = blurred(parts.mean[:, matters], masses[:, matters], parts.deviation, grid, math.ceil(-math.log10(chain.tolerance)))
    moved = Masses(grid, values, band=band, ahead=ahead)
    squares = every.mean_square(moved.mean)
    loss = law.loss.carried(math.sqrt(float(squares[-2:].max())))
    if not chain.balanced:
        return replace(moved, loss=loss), Told.by(squares[:-2], law, rest)
    beyond = LeftOut.of_parts(parts, masses, matters, (float(grid[0]), float(grid[-1])), moved.mean)
    return replace(moved, loss=loss), Told.by(squares[:-2], law, rest, beyond, apart(parts, masses, chain.tolerance))


def _by_frequencies(chain: Resolution, law: Masses, rest: Masses, move: Move) -> tuple[Masses, Told]:
    """The same by the characteristic functions of the step, from every start."""
    scheme, x, t = chain.scheme, law.points, move.t
    depth = chain.depths(law.masses.abs() * len(x))
    middle, reach = centre(scheme, x, t), depth * _deviation(chain, x, t)
    grid, band, ahead = next_grid(chain, float((middle - reach).min()), float((middle + reach).max()), move)
    rough = chain.scale(law_band, float(grid[0]), float(grid[-1]), t + scheme.step_size)
    highest = chain.depth * 3.5 * move.finer * rough * (1 + 0.2 * chain.level)
    kernel = transition_matrix(scheme, grid, t, chain.level, x, depth, highest, max(1e-8, 1e3 * chain.tolerance))
    moved = Masses(grid, law.masses @ kernel, band=band, ahead=ahead)
    asked = torch.cat([x, rest.points, law.outer]) if chain.balanced else law.outer
    squares = mean_square(scheme, asked, t, moved.mean)
    told = Told.by(squares[:-2], law, rest) if chain.balanced else Told(0.0, squares[:0])
    return replace(moved, loss=law.loss.carried(math.sqrt(float(squares[-2:].max())))), told


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
