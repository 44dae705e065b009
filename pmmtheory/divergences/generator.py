"""What an f-divergence is: int q f(p/q) for a convex f, written once and given to every kind of pair."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate

if TYPE_CHECKING:
    from pmmtheory.divergences.pair import Pair

LARGE = 30.0
"""Logarithms of p/q above this leave nothing of q beside p."""

SMALLEST = -700.0
"""The logarithm of the least density that is told from none."""


class Generator(ABC):
    """f, convex on (0, inf), with f(1) = f'(1) = 0: a multiple of t - 1 changes no divergence, and without it near laws keep their digits.

    A subclass in a file of `generators` is found there. Functions are elementwise on tensors r = t - 1 and log t, which is no less than -700.

    Attributes
    ----------
    name : str
        What the divergence is called.
    order : float or None
        Of the power that f is made of: 1 for t log t, 0 for -log t, a for t^a; None for others, which have no closed forms between Gaussians.
    power : float
        The m with 1 + m int q f(p/q) = int p^order q^(1 - order), which multiplies over independent coordinates: 1 or -1, and 0 for orders 0 and 1,
        where the divergences themselves add up.
    deep : bool
        Whether f falls from t = 0 as steeply as a root or a logarithm: then all of the reference counts, however small the law is there.
    steep : bool
        Whether f(t)/t grows like a power of t: then the tails of the reference count, however far out.
    """

    name: str
    order: float | None = None
    power: float = 0.0
    deep: bool = False
    steep: bool = False

    @abstractmethod
    def near(self, r: Tensor, log: Tensor) -> Tensor:
        """f(t) for log t up to 30, to relative accuracy near t = 1."""

    @abstractmethod
    def far(self, p: Tensor, q: Tensor, log: Tensor) -> Tensor:
        """q f(p/q) where log(p/q) is above 30: q, and p/q, may be out of range."""

    @abstractmethod
    def slope(self, r: Tensor, log: Tensor) -> Tensor:
        """f'(t)."""

    @abstractmethod
    def curvature(self, log: Tensor) -> Tensor:
        """t f''(t)."""

    def between(self, p: Tensor, q: Tensor, log: Tensor, excess: Tensor) -> Tensor:
        """q f(p/q), from log(p/q) and p/q - 1, which is read where the logarithm is below 30 only."""
        return torch.where(log < LARGE, q * self.near(excess, log), self.far(p, q, log))

    def pull(self, r: Tensor, log: Tensor) -> Tensor:
        """f(t) - t f'(t), what a change of the reference does; here within t f'(t) where t is large."""
        large = torch.exp(log.clamp(max=600.0)) * self.slope(r, log)
        return torch.where(log < LARGE, self.near(r, log) - (1 + r) * self.slope(r, log), large)

    @property
    def bend(self) -> float:
        """f''(1): near p = q the divergence is that times half of chi2."""
        return float(self.curvature(torch.zeros((), dtype=torch.float64)))

    def at_none(self, log: float = SMALLEST) -> float:
        """f where t is next to nothing: as small as a number can tell from 0, or of this logarithm."""
        t = torch.tensor(log, dtype=torch.float64)
        return float(self.near(-torch.ones_like(t), t))

    def per_mass(self, log: float) -> float:
        """f(t)/t: what mass of p counts where log(p/q) is so large."""
        ratio = torch.tensor(log, dtype=torch.float64)
        return float(self.between(torch.ones_like(ratio), torch.exp(-ratio), ratio, torch.expm1(ratio.clamp_max(LARGE))))

    def of(self, pair: Pair) -> Estimate:
        """The divergence of a pair, from the integral."""
        return pair.integrate(self)


def too_wide(f: Generator) -> InvalidParameter:
    """That it is infinite, or may be, for how laws fall far out."""
    why = "far out it is wider than the other, though its density may be no number there"
    return InvalidParameter("law", "tails too heavy for the other", f"laws whose {f.name} is finite: {why}")


def seems_infinite(f: Generator, why: str) -> InvalidParameter:
    """What is raised where an integral does not decay as far as it is known, which is no proof."""
    return InvalidParameter("law", "tails that seem too heavy for the other", f"laws whose {f.name} is seen to be finite: {why}")


def from_log(f: Generator, found: Estimate, words: str) -> Estimate:
    """int q f(p/q) from log int p^a q^(1 - a), a the order of f; raises InvalidParameter, naming the law by `words`, beyond double precision."""
    if found.value + found.error > 700:
        raise InvalidParameter("law", words, f"laws whose {f.name} is finite in double precision: below 1e308")
    return carried(found, f.power * math.expm1(found.value), math.exp(found.value + found.error))


def carried(found: Estimate, value: float, scale: float) -> Estimate:
    """A function of a number that was found: its error is that of the number times the slope of the function, and "digits", its own rounding."""
    parts = {part: scale * error for part, error in found.parts.items()}
    parts["digits"] = parts.get("digits", 0.0) + 4e-16 * abs(value)
    return Estimate.of(value, found.method, **parts)
