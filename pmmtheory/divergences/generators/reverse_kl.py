"""The Kullback-Leibler divergence the other way round."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.measured import measured
from pmmtheory.estimate import Estimate


def reverse_kl(law: Any, other: Any) -> Estimate:
    """KL(other || law) = int q log(q/p), in nats; arguments as for kl, so that a target may be what is measured.

    Examples
    --------
    >>> from pmmtheory.divergences import kl
    >>> from pmmtheory.targets import Gaussian
    >>> float(reverse_kl(Gaussian(0.0, 2.0), Gaussian(1.0, 1.0))) == float(kl(Gaussian(1.0, 1.0), Gaussian(0.0, 2.0)))
    True
    """
    return measured(ReverseKL(), law, other)


class ReverseKL(Generator):
    """t - 1 - log t."""

    name = "reverse_kl"
    order = 0.0
    deep = True

    def near(self, r: Tensor, log: Tensor) -> Tensor:
        series = r * r * (1 / 2 - r * (1 / 3 - r * (1 / 4 - r * (1 / 5 - r * (1 / 6 - r / 7)))))
        return torch.where(torch.abs(r) < 1e-2, series, r - log)

    def far(self, p: Tensor, q: Tensor, log: Tensor) -> Tensor:
        return p - q * (1 + log)

    def slope(self, r: Tensor, log: Tensor) -> Tensor:
        return -torch.expm1(-log)

    def curvature(self, log: Tensor) -> Tensor:
        return torch.exp(-log)

    def pull(self, r: Tensor, log: Tensor) -> Tensor:
        return -log
