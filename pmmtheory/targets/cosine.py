"""A quadratic potential with a cosine ripple."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.errors import positive, real
from pmmtheory.targets.line import LineTarget


class Cosine(LineTarget):
    """F(x) = x^2/2 + amplitude cos(frequency x + phase); not log-concave when |amplitude| frequency^2 > 1.

    Its drift is entire, and every derivative of it is bounded.
    """

    _smooth = True

    def __init__(self, amplitude: float = 0.5, frequency: float = 1.0, phase: float = 0.0):
        self.amplitude, self.frequency, self.phase = real("amplitude", amplitude), positive("frequency", frequency), real("phase", phase)

    @property
    def _grain(self) -> float:  # type: ignore[override]
        return 2 * math.pi / self.frequency

    @property
    def name(self) -> str:
        return f"Cosine({self.amplitude:g}, {self.frequency:g}, {self.phase:g})"

    def potential(self, x: Tensor) -> Tensor:
        return x * x / 2 + self.amplitude * torch.cos(self.frequency * x + self.phase)

    def drift(self, x: Tensor) -> Tensor:
        return -x + self.amplitude * self.frequency * torch.sin(self.frequency * x + self.phase)

    def curvature(self, x: Tensor) -> Tensor:
        return 1 - self.amplitude * self.frequency**2 * torch.cos(self.frequency * x + self.phase)
