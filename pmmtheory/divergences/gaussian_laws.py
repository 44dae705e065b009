"""Pairs of laws on Gaussian targets in any dimension, axis by axis or along the radius."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from pmmtheory.divergences.comparison import Comparison
from pmmtheory.divergences.gaussian_blocks import kl_blocks, log_power_blocks, tv_line_blocks, w1_line_blocks, w2_blocks, w2_given
from pmmtheory.divergences.generator import Generator, from_log
from pmmtheory.divergences.pair import Pair
from pmmtheory.divergences.scale_mixtures import Sought, along_radius, sought_chi2, sought_distance, sought_integral, sought_kl, unit_of
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LinearLaw
from pmmtheory.targets import Gaussian

_BLOCKS: dict[float | None, Callable[[LinearLaw, LinearLaw], Estimate]] = {0.0: lambda p, q: kl_blocks(q, p), 1.0: kl_blocks}
_RADIAL: dict[float | None, Callable[[LinearLaw], Sought]] = {1.0: sought_kl, 2.0: sought_chi2}
"""Orders with forms of their own."""


@dataclass(frozen=True)
class GaussianLawPair(Pair):
    """A law by moments and its target (times N(0, I) for the velocity), or another such law on the same axes."""

    law: LinearLaw
    other: LinearLaw
    words = "a law in any dimension"
    gives = 'f-divergences, tv or w2 there, w1 of Gaussian laws on the line; the laws of the engine "line" have every divergence'

    def integrate(self, f: Generator) -> Estimate:
        if self._gaussian and f.order in _BLOCKS:
            return _BLOCKS[f.order](self.law, self.other)
        if self._gaussian and f.order is not None and not (f.order in _RADIAL and self._radial):
            return from_log(f, self.log_power(f), self.law.words)
        variance = self._variance(f.name)
        return along_radius(_RADIAL[f.order](self.law) if f.order in _RADIAL else sought_integral(self.law, f), self.law, variance)

    def log_power(self, f: Generator) -> Estimate:
        if self._gaussian and f.order is not None:
            return log_power_blocks(self.law, self.other, f.order)
        return super().log_power(f)

    def tv(self) -> Estimate:
        if self._gaussian and self._line:
            return tv_line_blocks(self.law, self.other)
        variance = self._variance("tv")
        return along_radius(sought_distance(self.law, "tv", lambda radial: radial.tv, 1.0), self.law, variance)

    def w1(self) -> Estimate:
        if not (self._gaussian and self._line):
            raise self.refused("w1")
        return w1_line_blocks(self.law, self.other)

    def w2(self) -> Estimate:
        if self._gaussian:
            return w2_blocks(self.law, self.other)
        variance = self._variance("w2")
        return along_radius(sought_distance(self.law, "w2", lambda radial: radial.w2, unit_of(self.law)), self.law, variance)

    def frechet(self) -> Estimate:
        return w2_blocks(self.law, self.other)

    def w2_bounds(self) -> tuple[Estimate, Estimate]:
        if self._gaussian:
            return super().w2_bounds()
        if self.law.given is None or not self.other.gaussian:
            allowed = "a transient law over times that run down, of single midpoints or among at most 12 substeps, and a Gaussian"
            raise InvalidParameter("law", f"{self.law.words} for bounds on w2", allowed)
        low = self.frechet()
        return low, w2_given(low, self.other, *self.law.given())

    @property
    def _gaussian(self) -> bool:
        return self.law.gaussian and self.other.gaussian

    @property
    def _line(self) -> bool:
        return self.law.size == self.law.dim == 1

    @property
    def _radial(self) -> bool:
        """Whether both laws are functions of the distance from one centre, the other a Gaussian."""
        other = self.other
        return self.law.size == 1 and other.gaussian and other.isotropic and torch.equal(self.law.centre, other.centre)

    def _variance(self, name: str) -> float:
        """Of the reference, for an integral along the radius."""
        if self.law.size > 1:
            raise InvalidParameter("law", self.law.words, f"a law of one block, such as .position, for the {name} of a mixture or in total variation")
        if not self._radial:
            raise InvalidParameter("other", f"a law for the {name} of a mixture or in total variation", "an isotropic Gaussian with the same mean")
        return float(self.other.blocks[0])


class OfGaussianLaws(Comparison):
    """Laws by moments, or such a law and a Gaussian."""

    laws = {LinearLaw: lambda law: lambda size: law.on("cpu")}
    targets = {Gaussian: lambda target: lambda size: LinearLaw.of(target, size, target.axes)}

    def pair(self, first: Any, second: Any) -> Pair | None:
        law: LinearLaw = first(None)
        reference = second(law.size)
        if reference.dim != law.dim or reference.size != law.size or not _same_axes(law, reference):
            allowed = f"a law or target in {law.dim} dimensions with the axes of the law and its blocks"
            raise InvalidParameter("other", f"{reference.dim} dimensions", allowed)
        return GaussianLawPair(law, reference)


def _same_axes(one: LinearLaw, other: LinearLaw) -> bool:
    if one.axes is None or other.axes is None:
        isotropic = one.size == 1 and (one.isotropic and one.axes is None or other.isotropic and other.axes is None)
        return one.axes is other.axes or isotropic
    return bool(torch.allclose(one.axes, other.axes, atol=1e-12))
