"""Pairs of Gaussian targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pmmtheory.divergences.comparison import Comparison
from pmmtheory.divergences.gaussian import chi2_gaussian, kl_gaussian, log_power_gaussian, tv_gaussian, w1_gaussian, w2_gaussian
from pmmtheory.divergences.generator import Generator, from_log
from pmmtheory.divergences.line_weak import weak_targets
from pmmtheory.divergences.pair import Function, Pair
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.targets import Gaussian

OF_ORDER: dict[float, Callable[[Gaussian, Gaussian], Estimate]] = {0.0: lambda p, q: kl_gaussian(q, p), 1.0: kl_gaussian, 2.0: chi2_gaussian}
"""Orders with closed forms of their own."""


@dataclass(frozen=True)
class GaussianPair(Pair):
    """Two Gaussians of one dimension."""

    law: Gaussian
    other: Gaussian
    words = "a Gaussian in several dimensions"
    gives = "kl, reverse_kl, chi2, renyi, hellinger or w2 there; on the line every divergence"

    def integrate(self, f: Generator) -> Estimate:
        if f.order is None:
            raise InvalidParameter("law", f"a Gaussian for {f.name}", "a divergence of powers of p/q: kl, reverse_kl, chi2, renyi, hellinger")
        if f.order in OF_ORDER:
            return OF_ORDER[f.order](self.law, self.other)
        return from_log(f, self.log_power(f), self.law.name)

    def log_power(self, f: Generator) -> Estimate:
        assert f.order is not None
        return log_power_gaussian(self.law, self.other, f.order)

    def tv(self) -> Estimate:
        self._line("tv")
        return tv_gaussian(self.law, self.other)

    def w1(self) -> Estimate:
        self._line("w1")
        return w1_gaussian(self.law, self.other)

    def w2(self) -> Estimate:
        return w2_gaussian(self.law, self.other)

    def weak(self, f: Function) -> Estimate:
        self._line("weak")
        return weak_targets(self.law, self.other, f)

    def _line(self, name: str) -> None:
        if self.law.dim > 1:
            raise self.refused(name)


def itself(target: Gaussian) -> Gaussian:
    """A Gaussian needs nothing else to be a side."""
    return target


class OfGaussians(Comparison):
    """Two Gaussian targets."""

    laws = {Gaussian: itself}

    def pair(self, first: Any, second: Any) -> Pair | None:
        return GaussianPair(first, second) if first.dim == second.dim else None
