"""How finely a law in the plane is computed, and the grids that follow from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.schemes import Scheme

_MOST = 700
"""Points of an axis beyond which a law is out of reach."""

Axes = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Resolution:
    """A scheme, and how finely its law is computed."""

    scheme: Scheme
    level: int
    tolerance: float
    device: str

    @property
    def rtol(self) -> float:
        """The accuracy asked for."""
        return 1e2 * 10.0**self.level * self.tolerance

    @property
    def depth(self) -> float:
        """How many standard deviations of a Gaussian matter."""
        return math.sqrt(2 * math.log1p(1 / self.tolerance))

    def roughness(self, t: float) -> float:
        """The inverse of the shortest scale of the law of the process at time t."""
        return roughness_of(self.scheme.dynamics.law_at(t))

    def noise(self, t: float) -> float:
        """The deviation of the noise of the step at time t."""
        return float(self.scheme.dynamics.noise(self.scheme.step_size, t))

    def axes(self, ends: Tensor, band: float) -> Axes:
        """Grids between ends (2, 2), low and high for each axis, on which the trapezoid rule sees what varies up to this band."""
        spacing = 2 * math.pi / (self.depth * band) / (1.25 * 1.15**self.level)
        counts = [max(24 + 3 * self.level, math.ceil(float(high - low) / spacing) + 1) for low, high in ends]
        if max(counts) > _MOST:
            raise NotConverged(f"a law on a grid of {counts[0]} x {counts[1]} points", math.nan, self.rtol)
        first, second = (
            torch.linspace(float(low), float(high), n, dtype=torch.float64, device=self.device) for (low, high), n in zip(ends, counts, strict=True)
        )
        return first, second


def roughness_of(target: Any) -> float:
    """The inverse of its shortest scale."""
    return 1 / math.sqrt(float(target.variances.min()))
