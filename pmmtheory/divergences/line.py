"""Pairs of laws on the line, or of such a law and a target: every divergence there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pmmtheory.divergences.comparison import Comparison
from pmmtheory.divergences.generator import Generator
from pmmtheory.divergences.line_densities import OnGrid
from pmmtheory.divergences.line_integrals import integrated
from pmmtheory.divergences.line_sides import LawSide
from pmmtheory.divergences.line_target_side import TargetSide
from pmmtheory.divergences.line_tv import tv_line
from pmmtheory.divergences.line_w1 import w1_line
from pmmtheory.divergences.line_weak import weak_line
from pmmtheory.divergences.pair import Function, Pair
from pmmtheory.divergences.transport import w2_line
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LineLaw
from pmmtheory.targets.line import LineTarget


@dataclass(frozen=True)
class LinePair(Pair):
    """A law on the line and a reference, each to the accuracy of the law."""

    on_line: OnGrid
    words = "a law on the line"
    gives = "every divergence"

    def integrate(self, f: Generator) -> Estimate:
        return integrated(self.on_line, f)

    def tv(self) -> Estimate:
        return tv_line(self.on_line)

    def w1(self) -> Estimate:
        return w1_line(self.on_line)

    def w2(self) -> Estimate:
        return w2_line(self.on_line)

    def weak(self, f: Function) -> Estimate:
        return weak_line(self.on_line, f)


class OnLine(Comparison):
    """Laws on the line, or such a law and a target."""

    laws = {LineLaw: LawSide}
    targets = {LineTarget: TargetSide}

    def pair(self, first: Any, second: Any) -> Pair | None:
        return LinePair(OnGrid(first.law, second)) if second.dim == 1 else None
