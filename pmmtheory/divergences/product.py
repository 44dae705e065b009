"""Pairs of laws of independent coordinates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from pmmtheory.divergences.comparison import Comparison, pair_of
from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.pair import Function, Pair
from pmmtheory.divergences.product_tv import tv_product
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.laws.product.law import ProductLaw
from pmmtheory.targets.product import Product

METHOD = "product of exact laws"

_LEAST = 1e-280
"""For the integral of the roots of densities that do not overlap."""


@dataclass(frozen=True)
class ProductPair(Pair):
    """Laws of independent coordinates, or such a law and a Product of targets.

    The error has the parts of those of the coordinates; that of tv what the laws are off by, summed, and "frequencies", of the inversion.
    """

    law: ProductLaw
    other: ProductLaw | Product
    words = "a law of several coordinates"
    gives = "kl, reverse_kl, chi2, renyi, hellinger, tv or w2 there, or the laws of law.coordinate(j)"

    @cached_property
    def coordinates(self) -> list[tuple[Pair, int]]:
        """The pairs of the coordinates, and how many are alike."""
        return list(_pairs(self.law, self.other))

    def integrate(self, f: Generator) -> Estimate:
        """Divergences of orders 0 and 1 add up; 1 + m D is multiplied, m the power of f."""
        if f.order is None and self.law.dim == 1:
            return self._only(f.name).integrate(f)
        if f.order is None:
            raise InvalidParameter("law", f"{self.words} for {f.name}", "divergences of powers of p/q there, or the laws of law.coordinate(j)")
        found = [(pair.integrate(f), n) for pair, n in self.coordinates]
        m = f.power
        if m == 0.0:
            return self._summed(found, sum(n * estimate.value for estimate, n in found), [float(n) for _, n in found])
        return self._multiplied(f, found)

    def log_power(self, f: Generator) -> Estimate:
        found = [(pair.log_power(f), n) for pair, n in self.coordinates]
        return self._summed(found, sum(n * estimate.value for estimate, n in found), [float(n) for _, n in found])

    def tv(self) -> Estimate:
        return tv_product(self.coordinates, METHOD)

    def w1(self) -> Estimate:
        return self._only("w1").w1()

    def w2(self) -> Estimate:
        """W2^2 adds up."""
        found = [(pair.w2(), n) for pair, n in self.coordinates]
        value = math.sqrt(sum(n * estimate.value**2 for estimate, n in found))
        scales = [n * (estimate.value / value if value > 0 else 1.0) for estimate, n in found]
        if value <= sum(n * estimate.error for estimate, n in found):  # where the root turns
            scales = [math.sqrt(n) for _, n in found]
        return self._summed(found, value, scales)

    def weak(self, f: Function) -> Estimate:
        return self._only("weak").weak(f)

    def _only(self, name: str) -> Pair:
        """The pair of the only coordinate."""
        if self.law.dim > 1:
            raise self.refused(name)
        return self.coordinates[0][0]

    def _multiplied(self, f: Generator, found: list[tuple[Estimate, int]]) -> Estimate:
        """m (prod (1 + m D)^n - 1), which errors e of the D move by at most prod (1 + m D + e)^n - prod (1 + m D)^n.

        Raises
        ------
        InvalidParameter
            Where that is beyond double precision.
        """
        m = f.power
        factors = [max(1 + m * estimate.value, _LEAST) for estimate, _ in found]
        log = sum(n * (math.log1p(m * estimate.value) if factor > _LEAST else math.log(factor)) for (estimate, n), factor in zip(found, factors, strict=True))
        shares = [estimate.error / factor for (estimate, _), factor in zip(found, factors, strict=True)]
        rise = sum(n * math.log1p(share) for (_, n), share in zip(found, shares, strict=True))
        if log + rise > 700:
            allowed = f"laws whose {f.name} is below 1e308, which is what double precision holds: `renyi` of order {f.order:g} has the logarithm"
            raise InvalidParameter("law", f"{self.law.dim} coordinates with a {f.name} of exp({log:.6g})", allowed)
        first = sum(n * share for (_, n), share in zip(found, shares, strict=True))
        scale = math.exp(log + rise) * -math.expm1(-rise) / first if first > 0 else 0.0
        return self._summed(found, m * math.expm1(log), [n * scale / factor for (_, n), factor in zip(found, factors, strict=True)])

    def _summed(self, found: list[tuple[Estimate, int]], value: float, scales: list[float]) -> Estimate:
        names = dict.fromkeys(part for estimate, _ in found for part in estimate.parts)
        parts = {part: sum(scale * estimate.parts.get(part, 0.0) for (estimate, _), scale in zip(found, scales, strict=True)) for part in names}
        return Estimate.of(value, METHOD, **parts, sum=4e-16 * len(found) * abs(value))


def _pairs(law: ProductLaw, other: ProductLaw | Product) -> Iterator[tuple[Pair, int]]:
    for one, places in law.distinct:
        for two, theirs in other.distinct:
            n = int(torch.isin(places, theirs).sum())
            if n:
                yield pair_of(one, two, "a product"), n


def itself(part: Any) -> Any:
    """A product needs nothing else to be a side."""
    return part


class OfProducts(Comparison):
    """Laws of independent coordinates, or such a law and a Product of targets."""

    laws = {ProductLaw: itself}
    targets = {Product: itself}

    def pair(self, first: Any, second: Any) -> Pair | None:
        return ProductPair(first, second) if first.dim == second.dim else None
