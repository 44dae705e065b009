"""What a chain may have started with that is too little for the arithmetic of its law."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.target import Target

TOLD = 1e-11
"""The share of its largest value down to which the density of a start is in the law of the chain."""

_FAINTER = 1e3
"""How many times more has few digits."""

_SMALLEST = -700.0
"""The logarithm of a density below which it is none."""

_WIDE = 3.0
"""Cells in one of a marginal."""

_ALIKE, _DEEPEST = 1e-2, -100.0
"""By how much two references may differ, relative to their logarithms, to be the same, where the logarithm of h is above the second."""

_POINTS, _A_SIDE, _FARTHER = 8001, 401, 0.25
"""Where the density of a start is looked at, and beyond its support, relative to its length: powers of it may fall more slowly."""


_RIM = 20
"""The share of points at an end, one over this, where mass is missing that comes in from beyond."""

_FITTED = 12
"""At so many points before its end it is seen how a logarithm goes on."""


@dataclass(frozen=True)
class End:
    """Where a logarithm is told last, outwards, and the parabola that is nearest to it before: its value, slope and curvature there; top: where the
    whole, of which it is a part, is largest last before that."""

    place: float
    value: float
    slope: float
    curvature: float
    top: float

    @classmethod
    def of(cls, x: Tensor, log: Tensor, top: float) -> End | None:
        """From values at points, going outwards; None where too few are finite before the last. At the last of all points mass is missing."""
        x, log = x[: len(x) - len(x) // _RIM], log[: len(x) - len(x) // _RIM]
        told = torch.nonzero(torch.isfinite(log)).flatten()
        last = int(told[-1]) + 1 if len(told) else 0
        near, values = x[max(0, last - _FITTED) : last], log[max(0, last - _FITTED) : last]
        if len(near) < _FITTED or not bool(torch.isfinite(values).all()):
            return None
        z = (near - near[-1]).abs()
        value, slope, curvature = torch.linalg.lstsq(torch.stack([torch.ones_like(z), -z, z**2 / 2], -1), values[:, None]).solution[:, 0].tolist()
        return cls(float(near[-1]), value, min(slope, 0.0), min(curvature, 0.0), top)


def top_of(x: Tensor, log: Tensor) -> float:
    """The last local maximum of a logarithm, going outwards."""
    grows = torch.nonzero(torch.diff(log) > 0).flatten()
    return float(x[int(grows[-1]) + 1 if len(grows) else 0])


def maxima(x: Tensor, log: Tensor) -> Tensor:
    """The local maxima of the logarithm of a density at points, (n,), but where it is none."""
    inner = log[1:-1]
    return x[1:-1][(inner > _SMALLEST) & (inner > log[:-2]) & (inner >= log[2:])]


@dataclass(frozen=True)
class Unseen:
    """The density h of a start where the law of a chain has no digits of it: far modes of next to no mass, and tails.

    points, log_density : (n,) or (n, d) tensor, and (n,)
        Points of a uniform grid over all of the start, and log h, -inf where it is told.
    cell : float or (n,) tensor
        The volume of a cell of the grid.
    log_kept : (n,) tensor
        log q there, for the q that the chain is to keep.
    moves : bool
        Whether that q moves with time, and the reference with it.
    apart : bool
        Whether there is more than tails, of that or of what has few digits.
    carried : bool
        Whether h is what steps made of it.
    astray : bool
        Whether a start had more there of which it is not known where steps took it.
    ends : pairs of Ends or None
        How the logarithms of its parts go on beyond the first and the last point where each is told.
    modes : (k,) or (k, d) tensor or None
        Where what the chain is to have has maxima: there is mass between them on its way.
    left_out : float
        The share of its largest value below which a law may be anything between modes, as steps leave out masses there; 0 where they leave out none.
    """

    points: Tensor
    log_density: Tensor
    cell: float | Tensor
    log_kept: Tensor
    moves: bool = False
    apart: bool = True
    carried: bool = False
    astray: bool = False
    ends: tuple[tuple[End | None, End | None], ...] = ()
    modes: Tensor | None = None
    left_out: float = 0.0

    @classmethod
    def on_line(cls, start: LineTarget, kept: LineTarget, told: float = TOLD) -> Unseen:
        """Of a start on the line, that is told above this share of its largest value."""
        low, high = start.quadrature.low, start.quadrature.high
        more = _FARTHER * (high - low)
        points = torch.linspace(low - more, high + more, _POINTS, dtype=torch.float64)
        density = start.log_density(points)
        log, _ = _far(density, told)
        modes, apart = maxima(points, density), has_modes(density, told)
        return cls(points, log, float(points[1] - points[0]), kept.log_density(points), apart=apart, modes=modes)

    @classmethod
    def in_plane(cls, start: Target, box: Tensor, kept: Target, told: float = TOLD, moves: bool = False) -> Unseen:
        """Of a start whose support is this box, low and high on both axes, (2, 2)."""
        more = _FARTHER * (box[:, 1] - box[:, 0])
        axes = [torch.linspace(float(low), float(high), _A_SIDE, dtype=torch.float64) for low, high in zip(box[:, 0] - more, box[:, 1] + more, strict=True)]
        points = torch.cartesian_prod(*axes)
        density = start.log_density(points)
        log, _ = _far(density, told)
        cell, apart = math.prod(float(axis[1] - axis[0]) for axis in axes), _has_modes(density.reshape(_A_SIDE, _A_SIDE), _FAINTER * told)
        return cls(points, log, cell, kept.log_density(points), moves, apart)

    def along(self, direction: Tensor) -> Unseen:
        """What its marginal along a unit vector is not told of."""
        if self.moves:
            return self  # marginals have no larger powers
        place, width = self.points @ direction.to(self.points), _WIDE * math.sqrt(float(self.cell))
        number = (place - place.min()) / width
        first = number.to(torch.long)
        count = int(first.max()) + 2

        def summed(log: Tensor) -> Tensor:
            mass, share = torch.exp(log) * self.cell / width, number - first
            return torch.log(torch.zeros(count, dtype=torch.float64).index_add(0, first, mass * (1 - share)).index_add(0, first + 1, mass * share))

        points = place.min() + width * torch.arange(count, dtype=torch.float64)
        return Unseen(points, summed(self.log_density), width, summed(self.log_kept), apart=self.apart)

    def power(self, order: float, log_reference: Callable[[Tensor], Tensor]) -> float:
        """int h^a q^(1 - a) for the order a > 1, given log q.

        Steps of a chain take it down, by Jensen's inequality, if they keep q: about that much of the power of its law may be missing. Infinite where
        they do not, and there are modes that may move to where q has less.
        """
        if self.astray:
            return math.inf
        if self.apart and not self.carried and not self.keeps(log_reference, self.log_density):
            return math.inf
        far = self.log_density > -math.inf
        log = self.log_kept[far] if self.moves else log_reference(self.points[far])
        largest = order * self.log_density[far] + (1 - order) * log
        return float((torch.exp(largest.clamp_max(600.0)) * self._cells(far)).sum())

    def keeps(self, log_reference: Callable[[Tensor], Tensor], where: Tensor) -> bool:
        """Whether that is the q that the chain is to keep, as far as a logarithm, (n,), tells where it matters."""
        there = where > _DEEPEST
        kept = self.log_kept[there]
        return self.moves or not bool(((log_reference(self.points[there]) - kept).abs() > _ALIKE * (1 + kept.abs())).any())

    def weighed(self, weight: Callable[[Tensor], Tensor], log_reference: Callable[[Tensor], Tensor]) -> float:
        """int h w(log h/q), given log q, of a start that has modes there."""
        if not self.apart:
            return 0.0
        far = self.log_density > _SMALLEST
        log = self.log_density[far]
        return float((torch.exp(log) * weight(log - log_reference(self.points[far])) * self._cells(far)).sum())

    def _cells(self, some: Tensor) -> Tensor:
        return torch.as_tensor(self.cell).expand(some.shape)[some]


def has_modes(log: Tensor, told: float = TOLD) -> bool:
    """Whether a density on a grid, (n,), grows outwards where it has few digits."""
    faint, clear = _far(log, _FAINTER * told)
    left, right = faint[: int(clear[0])], faint[int(clear[-1]) + 1 :]
    return bool((torch.diff(left) < 0).any()) or bool((torch.diff(right) > 0).any())


def _has_modes(log: Tensor, faint: float) -> bool:
    """Whether a density on a product of grids, (n, m), has local maxima where it has few digits."""
    far = (log < log.max() + math.log(faint)) & (log > _SMALLEST)
    return bool((far & (log >= torch.nn.functional.max_pool2d(log[None], 3, 1, 1)[0])).any())


def _far(log: Tensor, told: float) -> tuple[Tensor, Tensor]:
    """log h without what is above this share of the largest, and where that is."""
    seen = log > log.max() + math.log(told)
    return torch.where(seen, -math.inf, log), torch.nonzero(seen).flatten()
