"""Pairs of laws in the phase plane, or of such a law and the invariant law of a target there.

Integrals over the position go over panels fit for both laws, where both live; integrals over the velocity have closed forms between sign changes
(total variation) or are sums that converge faster than any power (f-divergences).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmmtheory.divergences.comparison import Comparison
from pmmtheory.divergences.generator import Generator, too_wide
from pmmtheory.divergences.pair import Pair
from pmmtheory.divergences.phase_plane_integrals import moved, smooth
from pmmtheory.divergences.phase_plane_panels import ROUGHLY
from pmmtheory.divergences.phase_plane_tv import tv_phase_plane
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlaneLaw
from pmmtheory.laws.line.far import of_target
from pmmtheory.laws.phase_plane.side import DOUBTED, Side
from pmmtheory.targets.line import LineTarget

_FAR = 1e-2
"""An f-divergence above which its root is no metric: then what it changes by at the coarser resolution counts too."""

_CAUTION = 2.0
"""How many times its change between two resolutions such a divergence may be off: it may hang on tails of which neither has the digits."""

_TOLD, _LARGE = 0.02, 0.25
"""The largest relative error of a chi2, or of a power like it, above 0.25: where it is larger, tails that are not known decide."""

_UNSURE = 0.1
"""The largest part of an f-divergence that may hang on how a law is continued in its tails."""


@dataclass(frozen=True)
class PhasePlanePair(Pair):
    """The joint laws of position and velocity; a target stands for pi(u) N(v; 0, 1).

    The error bounds what a law and its coarser resolution can differ by, as on the line, and carries the other errors e of a law: a change of
    its density by 2 e relative to it is within e of it in total variation, and has a chi2 of 4 e^2.
    """

    law: Side
    other: Side
    words = "a law in the phase plane"
    gives = "f-divergences or tv there; law.position and law.velocity have every distance"

    def integrate(self, f: Generator) -> Estimate:
        if f.steep:
            self._finite(f)
        value, quadrature, tails = smooth(self.law, self.other, f)
        if f.steep:
            tails += 2 * self.law.unseen(self.other.target, f.order or 2.0)
        resolution, carried, bend = 0.0, 0.0, max(1.0, f.bend / 2)
        for place, part in enumerate((self.law, self.other)):
            if (coarse := part.coarse) is not None:
                near = _within(value, sum(smooth(part, coarse, f, ROUGHLY, DOUBTED)[:2]))
                if value > _FAR:
                    near = max(near, (_CAUTION if f.steep or f.deep else 1.0) * moved(f, self.law, self.other, coarse, place))
                resolution += near
            carried += _within(value, 4 * bend * part.carried**2)
        if tails > _UNSURE * max(value, 1e-3):
            raise NotConverged(
                f"the {f.name} of laws in the phase plane, most of which lies where a law is continued without being known,",
                tails / value if value else math.inf,
                _UNSURE,
            )
        if f.steep and value > _LARGE and resolution + carried + quadrature + tails > _TOLD * value:
            raise NotConverged(f"a {f.name} of {value:.3g} in the phase plane, decided by tails that are not known there,", math.nan, _TOLD)
        return _estimate(value, resolution, carried, (quadrature, tails))

    def tv(self) -> Estimate:
        value, quadrature = tv_phase_plane(self.law, self.other)
        parts = (self.law, self.other)
        resolution = sum((sum(tv_phase_plane(part, part.coarse, ROUGHLY)) for part in parts if part.coarse is not None), 0.0)
        return _estimate(value, resolution, sum(part.carried for part in parts), (quadrature, 0.0))

    def _finite(self, f: Generator) -> None:
        """Raises InvalidParameter unless p^a q^(1 - a) falls on both sides, a the order of f."""
        far = None if self.law.law is None or self.other.law is not None else self.law.law.far
        if far is not None and far.wider(f.order or 2.0, np.diag([max(of_target(self.other.target).variances), 1.0])):
            raise too_wide(f)
        if self.law.target is self.other.target:
            return  # both are continued as constants times it
        a = 2.0 if f.order is None else f.order
        for own, reference in zip(self.law.target.tail_curvature, self.other.target.tail_curvature, strict=True):
            if not a * own > (a - 1) * reference:
                raise InvalidParameter("law", "a law with wide tails against one with narrow tails", f"laws whose {f.name} is finite")


def _estimate(value: float, resolution: float, carried: float, rest: tuple[float, float]) -> Estimate:
    quadrature, tails = rest
    return Estimate.of(
        value, "exact law in the phase plane", resolution=resolution, carried=carried, quadrature=quadrature, tails=tails, rounding=1e-15 * abs(value)
    )


def _within(value: float, change: float) -> float:
    """By how much an f-divergence can move where a law moves by `change` in it."""
    return 2 * math.sqrt(abs(value * change)) + abs(change)


class InPhasePlane(Comparison):
    """Laws in the phase plane, or such a law and a target on the line."""

    laws = {PlaneLaw: Side.of_law}
    targets = {LineTarget: Side.of_target}

    def pair(self, first: Any, second: Any) -> Pair | None:
        return PhasePlanePair(first, second)
