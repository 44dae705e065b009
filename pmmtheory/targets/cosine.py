"""A quadratic potential with a cosine ripple."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, real, scale
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.region import DEPTH, Region
from pmmtheory.targets.target import Constant


class Cosine(LineTarget):
    """F(x) = x^2/2 + amplitude cos(frequency x + phase); not log-concave when |amplitude| frequency^2 > 1.

    Its drift is entire, and every derivative of it is bounded.
    """

    _smooth = True

    def __init__(self, amplitude: float = 0.5, frequency: float = 1.0, phase: float = 0.0):
        self.amplitude, self.frequency, self.phase = real("amplitude", amplitude), scale("frequency", frequency), real("phase", phase)
        if abs(self.amplitude) > 1e9:
            raise InvalidParameter("amplitude", amplitude, "a number from -1e9 to 1e9")
        bend = abs(self.amplitude) * self.frequency**2
        self.smoothness = Constant(1 + bend, "F'' = 1 - amplitude frequency^2 cos(frequency x + phase)")
        self.strong_convexity = 1 - bend
        self.tail_curvature = (1.0, 1.0)

    @property
    def _region(self) -> Region:
        end = math.sqrt(2 * DEPTH + 4 * abs(self.amplitude)) + 1e-3
        x = torch.linspace(-end, end, min(1001 + math.ceil(20 * end * self.frequency), 200_001), dtype=torch.float64)
        f = self.potential(x)
        least = int(torch.argmin(f))
        inside = torch.nonzero(f - f[least] < DEPTH).flatten()
        width = 1 / math.sqrt(1 + abs(self.amplitude) * self.frequency**2)
        return Region(float(x[inside[0] - 1]), float(x[inside[-1] + 1]), float(f[least]), ((float(x[least]), width),))

    @property
    def _grain(self) -> float:  # type: ignore[override]
        return 2 * math.pi / self.frequency

    @property
    def _quadratic_tails(self) -> bool:
        return True

    @property
    def name(self) -> str:
        return f"Cosine({self.amplitude:g}, {self.frequency:g}, {self.phase:g})"

    def potential(self, x: Tensor) -> Tensor:
        return x * x / 2 + self.amplitude * torch.cos(self.frequency * x + self.phase)

    def drift(self, x: Tensor) -> Tensor:
        return -x + self.amplitude * self.frequency * torch.sin(self.frequency * x + self.phase)

    def curvature(self, x: Tensor) -> Tensor:
        return 1 - self.amplitude * self.frequency**2 * torch.cos(self.frequency * x + self.phase)
