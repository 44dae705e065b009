"""The quartic double well."""

from __future__ import annotations

import math

from torch import Tensor

from pmmtheory.errors import scale
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.region import DEPTH, Region
from pmmtheory.targets.target import Constant


class DoubleWell(LineTarget):
    """F(x) = barrier (x^2/separation^2 - 1)^2, with minima at +-separation and height `barrier` between them.

    The drift is super-linear, so explicit schemes have no stationary law on R for it: their laws on a grid are those
    of the chain killed outside it, and are labelled `truncated`.

    Examples
    --------
    >>> DoubleWell(barrier=1.0).smoothness.value
    inf
    """

    _smooth = True

    def __init__(self, barrier: float = 1.0, separation: float = 1.0):
        self.barrier, self.separation = scale("barrier", barrier), scale("separation", separation)
        self.smoothness = Constant(math.inf, "F'' grows like x^2")
        self.tail_curvature = (math.inf, math.inf)

    @property
    def name(self) -> str:
        return f"DoubleWell({self.barrier:g}, {self.separation:g})"

    @property
    def _region(self) -> Region:
        end = self.separation * math.sqrt(1 + math.sqrt(DEPTH / self.barrier))
        width = self.separation * min(1 / math.sqrt(8 * self.barrier), self.barrier**-0.25)
        return Region(-end, end, 0.0, ((-self.separation, width), (self.separation, width)))

    def potential(self, x: Tensor) -> Tensor:
        return self.barrier * ((x / self.separation) ** 2 - 1) ** 2

    def drift(self, x: Tensor) -> Tensor:
        y = x / self.separation
        return -4 * self.barrier / self.separation * y * (y * y - 1)

    def curvature(self, x: Tensor) -> Tensor:
        return 4 * self.barrier / self.separation**2 * (3 * (x / self.separation) ** 2 - 1)
