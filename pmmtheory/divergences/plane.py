"""Pairs of laws in the plane, or of such a law and a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pmmtheory.divergences.comparison import Comparison
from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.pair import Function, Pair
from pmmtheory.divergences.plane_integrals import METHOD, integrated
from pmmtheory.divergences.plane_sides import PlanarLawSide, PlanarTargetSide, PlaneSide
from pmmtheory.divergences.plane_transport import w2_plane
from pmmtheory.divergences.plane_tv import tv_plane
from pmmtheory.divergences.plane_weak import weak_plane
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlanarLaw
from pmmtheory.targets import Target


@dataclass(frozen=True)
class PlanePair(Pair):
    """A law in the plane and a reference."""

    law: PlanarLaw
    other: PlaneSide
    words = "a law in the plane"
    gives = "f-divergences, tv, w2 and weak errors there; sliced_w2, or the laws on the line of law.along(direction)"

    def integrate(self, f: Generator) -> Estimate:
        return integrated(self.law, self.other, f)

    def tv(self) -> Estimate:
        """With the errors of both laws as "resolution" and "reference"; "kinks" is that of the quadrature of |p - q|."""
        value, kinks = tv_plane(self.law, self.other)
        return Estimate.of(value, METHOD, resolution=self.law.numerical_error, reference=self.other.off, kinks=kinks, rounding=1e-15)

    def w2(self) -> Estimate:
        return w2_plane(self.law, self.other)

    def weak(self, f: Function) -> Estimate:
        return weak_plane(self.law, self.other, f)


class InPlane(Comparison):
    """Laws in R^2, or such a law and a target."""

    laws = {PlanarLaw: PlanarLawSide}
    targets = {Target: PlanarTargetSide}

    def pair(self, first: Any, second: Any) -> Pair | None:
        return PlanePair(first.law, second) if second.dim == 2 else None
