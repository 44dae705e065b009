"""The chi-squared divergence."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.measured import measured
from pmmtheory.estimate import Estimate


def chi2(law: Any, other: Any) -> Estimate:
    """chi2(law || other) = int (p - q)^2 / q; arguments as for kl.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> import math
    >>> round(float(chi2(Gaussian(1.0, 1.0), Gaussian(0.0, 1.0))), 9) == round(math.e - 1, 9)
    True
    """
    return measured(Chi2(), law, other)


class Chi2(Generator):
    """(t - 1)^2."""

    name = "chi2"
    order = 2.0
    power = 1.0
    steep = True

    def near(self, r: Tensor, log: Tensor) -> Tensor:
        return r * r

    def far(self, p: Tensor, q: Tensor, log: Tensor) -> Tensor:
        return torch.exp((torch.log(p) + log).clamp(max=705))

    def slope(self, r: Tensor, log: Tensor) -> Tensor:
        return 2 * r

    def curvature(self, log: Tensor) -> Tensor:
        return 2 * torch.exp(log.clamp(max=600))

    def pull(self, r: Tensor, log: Tensor) -> Tensor:
        return -r * (r + 2)
