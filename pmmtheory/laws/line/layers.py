"""What of a start is below the digits of a law that starts there, carried along by itself, with digits of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pmmtheory.laws.line.start import Start
from pmmtheory.laws.line.unseen import TOLD, End, Unseen, has_modes, top_of
from pmmtheory.numerics.powers import Powers
from pmmtheory.targets.line import LineTarget

_LAYERS = 5
"""How many there are: each is told to as many digits as the one above it."""

_NOISE, _DIGITS = 1e-14, 1e-13
"""Shares of its largest value below which a layer is not told from none, and below which the law itself is not."""

_AWAY, _PLACES = 12.0, 4001
"""In so many lengths of the points, and at so many places on either side, it is looked for what a start has beyond them."""


@dataclass(frozen=True)
class Layers:
    """Masses (k, n) on points, each below the digits of all before; whether they began as more than tails; and what the start was."""

    masses: Tensor
    apart: bool
    start: LineTarget

    @classmethod
    def of(cls, begun: Start, masses: Tensor, weights: Tensor) -> Layers | None:
        """Those of a target that a chain starts from."""
        if begun.target is None:
            return None
        density = masses / weights
        level = torch.floor(torch.log(density / density.max()) / math.log(TOLD))
        some = [torch.where(level == k, masses, 0.0) for k in range(1, _LAYERS + 1) if bool((level == k).any())]
        return cls(torch.stack(some), has_modes(torch.log(density)), begun.target) if some else None

    def moved(self, powers: Powers, steps: int) -> Layers:
        """After so many steps."""
        return replace(self, masses=powers.apply(self.masses, steps))

    def unseen(self, points: Tensor, values: Tensor, weights: Tensor, kept: LineTarget) -> Unseen:
        """What there is where a law with these values has no digits, how each goes on beyond its own, and what the start has beyond the points."""
        told = torch.where(self.masses > _NOISE * self.masses.amax(1, keepdim=True), self.masses, 0.0) / weights
        x, logs, few = points.cpu(), torch.log(told).cpu(), (values < _DIGITS * values.max()).cpu()
        whole = torch.log(torch.where(few, told.sum(0).cpu(), values.cpu()))
        tops = [top_of(*side) for side in ((x.flip(0), whole.flip(0)), (x, whole))]
        ends = tuple((End.of(x.flip(0), log.flip(0), tops[0]), End.of(x, log, tops[1])) for log in logs)
        hidden = torch.where(few, whole, -math.inf)
        away = _AWAY * float(x[-1] - x[0]) * torch.linspace(0.0, 1.0, _PLACES, dtype=x.dtype)[1:] ** 2
        beyond = torch.cat([x[0] - away, x[-1] + away])
        log, cells = (torch.cat(pair) for pair in ((hidden, self.start.log_density(beyond)), (weights.cpu(), torch.gradient(away)[0].repeat(2))))
        x = torch.cat([x, beyond])
        return Unseen(x, log, cells, kept.log_density(x), apart=self.apart, carried=True, ends=ends)
