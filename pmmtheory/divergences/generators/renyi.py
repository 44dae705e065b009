"""Renyi divergences."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.generator import Generator, carried
from pmmtheory.divergences.measured import measured
from pmmtheory.divergences.pair import Pair
from pmmtheory.errors import InvalidParameter, positive
from pmmtheory.estimate import Estimate

_NEXT_TO_ONE = 0.1
"""How near to 1 an order is of which powers differ too little to be told apart by their difference."""


def renyi(law: Any, other: Any, order: float) -> Estimate:
    """The Renyi divergence log(int p^order q^(1-order)) / (order - 1), order > 0 and not 1; arguments as for kl.

    Examples
    --------
    Of order 2 it is log(1 + chi2):

    >>> from pmmtheory.targets import Gaussian
    >>> import math
    >>> from pmmtheory.divergences import chi2
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.laws import stationary_law
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> law = stationary_law(EulerMaruyama(Overdamped(Gaussian()), step_size=0.1))
    >>> abs(float(renyi(law, Gaussian(), order=2.0)) - math.log1p(float(chi2(law, Gaussian())))) < 1e-12
    True
    """
    if positive("order", order) == 1.0:
        raise InvalidParameter("order", order, "a positive number other than 1 (use kl for 1)")
    return measured(Renyi(float(order)), law, other)


class Renyi(Generator):
    """s (t^a - 1 - a (t - 1)), s = 1 for orders a above 1 and -1 below."""

    name = "renyi"
    order: float

    def __init__(self, order: float = 0.3):
        self.order, self.power = order, 1.0 if order > 1 else -1.0
        self.deep, self.steep = order < 1, order > 1

    def near(self, r: Tensor, log: Tensor) -> Tensor:
        a = self.order
        if abs(a - 1) < _NEXT_TO_ONE:  # both terms are of the size of a - 1
            exact = torch.exp(log.clamp(-700, 600)) * torch.expm1((a - 1) * log) - (a - 1) * r
        else:
            exact = torch.expm1((a * log).clamp(-700, 600)) - a * r
        series = a * (a - 1) * r * r * (1 / 2 + r * (a - 2) / 6 * (1 + r * (a - 3) / 4))
        return self.power * torch.where(torch.abs(r) < 1e-3, series, exact)

    def far(self, p: Tensor, q: Tensor, log: Tensor) -> Tensor:
        more = self.order - 1
        if abs(more) < _NEXT_TO_ONE:
            return self.power * p * (torch.expm1(more * log) - more)
        return self.power * (torch.exp((torch.log(p) + more * log).clamp(max=705)) - self.order * p)

    def slope(self, r: Tensor, log: Tensor) -> Tensor:
        return self.power * self.order * torch.expm1(((self.order - 1) * log).clamp(-600, 600))

    def curvature(self, log: Tensor) -> Tensor:
        return self.order * abs(self.order - 1) * torch.exp(((self.order - 1) * log).clamp(-600, 600))

    def pull(self, r: Tensor, log: Tensor) -> Tensor:
        return self.power * (1 - self.order) * torch.expm1((self.order * log).clamp(-700, 600))

    def of(self, pair: Pair) -> Estimate:
        found = pair.log_power(self)
        return carried(found, found.value / (self.order - 1), 1 / abs(self.order - 1))
