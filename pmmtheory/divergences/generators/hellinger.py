"""The Hellinger distance."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.generator import Generator, carried
from pmmtheory.divergences.measured import measured
from pmmtheory.divergences.pair import Pair
from pmmtheory.estimate import Estimate


def hellinger(law: Any, other: Any) -> Estimate:
    """The Hellinger distance H with H^2 = 1 - int sqrt(p q), between 0 and 1 and symmetric; arguments as for kl.

    Examples
    --------
    >>> import math
    >>> from pmmtheory.targets import Gaussian
    >>> round(float(hellinger(Gaussian(2.0, 1.0), Gaussian(0.0, 1.0))), 9) == round(math.sqrt(1 - math.exp(-1 / 2)), 9)
    True
    """
    return measured(Hellinger(), law, other)


class Hellinger(Generator):
    """(1 - sqrt(t))^2 / 2, whose integral is H^2."""

    name = "hellinger"
    order = 0.5
    power = -1.0
    deep = True

    def near(self, r: Tensor, log: Tensor) -> Tensor:
        return (r / (1 + torch.exp(log / 2))) ** 2 / 2

    def far(self, p: Tensor, q: Tensor, log: Tensor) -> Tensor:
        return p * (1 - torch.exp(-log / 2)) ** 2 / 2

    def slope(self, r: Tensor, log: Tensor) -> Tensor:
        return -torch.expm1(-log / 2) / 2

    def curvature(self, log: Tensor) -> Tensor:
        return torch.exp(-log / 2) / 4

    def pull(self, r: Tensor, log: Tensor) -> Tensor:
        return -torch.expm1(log.clamp(max=600.0) / 2) / 2

    def of(self, pair: Pair) -> Estimate:
        """The root of the integral, which an error e moves by e/(H + sqrt(H^2 - e)), or by sqrt(e) where it may be 0."""
        found = pair.integrate(self)
        square = min(max(found.value, 0.0), 1.0)
        value, error = math.sqrt(square), found.error
        moved = error / (value + math.sqrt(square - error)) if error < square else math.sqrt(error)
        return carried(found, value, moved / error if error else 0.0)
