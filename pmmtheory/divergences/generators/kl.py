"""The Kullback-Leibler divergence."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.measured import measured
from pmmtheory.estimate import Estimate


def kl(law: Any, other: Any) -> Estimate:
    """KL(law || other) = int p log(p/q), in nats.

    Parameters
    ----------
    law : LineLaw, LinearLaw, PlanarLaw, PlaneLaw, ProductLaw or Gaussian
    other : a target, or a law of the same kind
        A target stands for its invariant law: with velocities where the law has them.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> import math
    >>> round(float(kl(Gaussian(0.0, 2.0), Gaussian(0.0, 1.0))), 9) == round((1 - math.log(2)) / 2, 9)
    True
    """
    return measured(KL(), law, other)


class KL(Generator):
    """t log t - t + 1: no cancellation between p log p and p log q."""

    name = "kl"
    order = 1.0

    def near(self, r: Tensor, log: Tensor) -> Tensor:
        return entropy(r)

    def far(self, p: Tensor, q: Tensor, log: Tensor) -> Tensor:
        return p * log.clamp_min(0) - p + q

    def slope(self, r: Tensor, log: Tensor) -> Tensor:
        return log

    def curvature(self, log: Tensor) -> Tensor:
        return torch.ones_like(log)

    def pull(self, r: Tensor, log: Tensor) -> Tensor:
        return -r


def entropy(r: Tensor) -> Tensor:
    """(1 + r) log(1 + r) - r, by its series near 0."""
    series = r * r * (1 / 2 - r * (1 / 6 - r * (1 / 12 - r * (1 / 20 - r / 30))))
    exact = torch.special.xlogy(1 + r, 1 + r) - r
    return torch.where(torch.abs(r) < 1e-3, series, exact)
