"""Two laws of one kind, with the integrals and distances that their kind can give."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from torch import Tensor

from pmmtheory.divergences.generator import Generator, carried
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate

if TYPE_CHECKING:
    from pmmtheory.divergences.line_densities import OnGrid

MOMENTS = 'frechet takes a law by moments, as engine="gaussian" gives, and another on its axes or a Gaussian'

Function = Callable[[Tensor], Tensor]


class Pair(ABC):
    """The law that is measured, p, and the reference, q.

    Attributes
    ----------
    words : str
        What kind of laws these are, for messages.
    gives : str
        What of them can be computed, or where else to look, for messages.
    on_line : OnGrid or None
        Both densities, for laws on the line.
    """

    words: str
    gives: str
    on_line: OnGrid | None = None

    @abstractmethod
    def integrate(self, f: Generator) -> Estimate:
        """int q f(p/q), with an error in named parts; raises InvalidParameter where it is infinite."""

    def log_power(self, f: Generator) -> Estimate:
        """log int p^a q^(1 - a) for the order a of f; raises InvalidParameter where that integral is not told from 0."""
        found = self.integrate(f)
        least = max(1 + f.power * found.value - found.error, f.power)
        if not least > 0:
            raise InvalidParameter("law", f"{self.words} whose overlap with the other is not told from none", f"laws near enough for a {f.name} that is known")
        return carried(found, math.log1p(f.power * found.value), 1 / least)

    def tv(self) -> Estimate:
        """int |p - q| / 2."""
        raise self.refused("tv")

    def w1(self) -> Estimate:
        """The least mean distance of two variables with these laws."""
        raise self.refused("w1")

    def w2(self) -> Estimate:
        """The least root mean square distance of two variables with these laws."""
        raise self.refused("w2")

    def frechet(self) -> Estimate:
        """W2 of Gaussians with these means and covariances."""
        raise InvalidParameter("law", f"{self.words} for frechet", MOMENTS)

    def w2_bounds(self) -> tuple[Estimate, Estimate]:
        """Numbers below and above w2: w2 itself, twice, where it is known."""
        found = self.w2()
        return found, found

    def weak(self, f: Function) -> Estimate:
        """|int f (p - q)|."""
        raise self.refused("weak")

    def refused(self, name: str) -> InvalidParameter:
        """That this kind of pair does not give it."""
        return InvalidParameter("law", f"{self.words} for {name}", self.gives)
