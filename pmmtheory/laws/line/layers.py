"""What of a start is below the digits of a law that starts there, carried along by itself, with digits of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pmmtheory.laws.line.start import Start
from pmmtheory.laws.line.unseen import TOLD, End, Unseen, has_modes
from pmmtheory.numerics.powers import Powers
from pmmtheory.targets.line import LineTarget

_LAYERS = 5
"""How many there are: each is told to as many digits as the one above it."""

_NOISE, _DIGITS = 1e-14, 1e-13
"""Shares of its largest value below which a layer is not told from none, and below which the law itself is not."""


@dataclass(frozen=True)
class Layers:
    """Masses (k, n) on points, each below the digits of all before; and whether they began as more than tails."""

    masses: Tensor
    apart: bool

    @classmethod
    def of(cls, begun: Start, masses: Tensor, weights: Tensor) -> Layers | None:
        """Those of a target that a chain starts from."""
        if begun.target is None:
            return None
        density = masses / weights
        level = torch.floor(torch.log(density / density.max()) / math.log(TOLD))
        some = [torch.where(level == k, masses, 0.0) for k in range(1, _LAYERS + 1) if bool((level == k).any())]
        return cls(torch.stack(some), has_modes(torch.log(density))) if some else None

    def moved(self, powers: Powers, steps: int) -> Layers:
        """After so many steps."""
        return replace(self, masses=powers.apply(self.masses, steps))

    def unseen(self, points: Tensor, values: Tensor, weights: Tensor, kept: LineTarget) -> Unseen:
        """What there is where a law with these values has no digits, and how each goes on beyond its own."""
        told = torch.where(self.masses > _NOISE * self.masses.amax(1, keepdim=True), self.masses, 0.0) / weights
        x, logs = points.cpu(), torch.log(told).cpu()
        ends = tuple((End.of(x.flip(0), log.flip(0)), End.of(x, log)) for log in logs)
        hidden = torch.where((values < _DIGITS * values.max()).cpu(), torch.log(told.sum(0)).cpu(), -math.inf)
        return Unseen(x, hidden, weights.cpu(), kept.log_density(x), apart=self.apart, carried=True, ends=ends)
