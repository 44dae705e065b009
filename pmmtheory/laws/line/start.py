"""What chains on the line start from, a target, a law or a point: told apart here, once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.errors import InvalidParameter, count, real
from pmmtheory.laws.engine import Refusal, refused
from pmmtheory.laws.law import side_of
from pmmtheory.laws.line.far import Held, of_target
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.line.loss import Loss
from pmmtheory.laws.line.unseen import Unseen, has_modes
from pmmtheory.laws.scales import SHORTEST
from pmmtheory.laws.step.far_maps import Far
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget, on_the_line


@dataclass(frozen=True)
class Start:
    """Where a chain on the line starts: a target, a law, or neither for a point.

    Attributes
    ----------
    point : float
        The mean, or the point itself.
    target : LineTarget or None
    law : LineLaw or None
    ends : pair of floats
        The interval that its mass lives on.
    """

    point: float
    target: LineTarget | None = None
    law: LineLaw | None = None
    ends: tuple[float, float] = (math.nan, math.nan)

    @property
    def density(self) -> Callable[[Tensor], Tensor] | None:
        """None for a point."""
        source = self.target or self.law
        return None if source is None else source.density

    def spread(self, x: Tensor) -> Tensor:
        """The density of a start that is no point; raises InvalidParameter for one."""
        if self.density is None:
            raise InvalidParameter("initial", self.point, "a target or a law on the line, for steps without noise")
        return self.density(x)

    @property
    def finest(self) -> float:
        """The spacing of a grid that sees its density."""
        if self.law is not None:
            return self.law.spacing
        return math.inf if self.target is None else SHORTEST / math.sqrt(self.target._extreme_curvature(1.0))

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where the density has no derivative."""
        return () if self.target is None else self.target.kinks

    @property
    def far(self) -> Far:
        """How it falls far out."""
        if self.target is not None:
            return of_target(self.target)
        return (self.law and self.law.accuracy.far) or Held()

    @property
    def unseen(self) -> Unseen | None:
        """What a law was not told of, from where steps take it on."""
        unseen = None if self.law is None else self.law.accuracy.unseen
        return unseen and replace(unseen, carried=False)

    def modes_below(self, told: float) -> bool:
        """Whether it has more than tails where its density is below this share of the largest, or may have."""
        if self.law is not None:
            return has_modes(torch.log(self.law.values.clamp_min(1e-300)), told) or (self.unseen is not None and (self.unseen.astray or self.unseen.apart))
        return self.target is not None and Unseen.on_line(self.target, self.target, told).apart

    @property
    def loss(self) -> Loss:
        """What it has left out: of mass, what a law of this run has; what one of another run is off by is told apart."""
        law, ends = self.law, max(self.point - self.ends[0], self.ends[1] - self.point)
        if law is None:
            return Loss(reach=ends)
        accuracy, lost = law.accuracy, law.errors["ends"] if law.coarse is None else 0.0
        return Loss(lost, max(ends, accuracy.reach), accuracy.missed, accuracy.cut, accuracy.apart)


def start_on_line(start: Any) -> Start:
    """A target, a law or a number as a Start; raises InvalidParameter, naming `initial`, for anything else."""
    begun: Start | None = side_of(start, {LineLaw: _from_law, LineTarget: _from_target})
    return begun or Start(real("initial", start, "a target or a law on the line, or a number"))


def begun_on_line(start: Any, steps: Sequence[int]) -> Start:
    """The same of a chain; raises InvalidParameter, naming `steps`, where a point is to have a law after none."""
    begun = start_on_line(start)
    if begun.density is None:
        count("steps", steps[0], 1)
    return begun


def begins_on_line(chain: Chain) -> Refusal | None:
    """Refused where the start is given, and is no such thing."""
    return None if chain.start is None else refused(lambda: start_on_line(chain.start))


def _from_law(law: LineLaw) -> Start:
    return Start(law.mean, law=law, ends=law.ends)


def _from_target(target: LineTarget) -> Start | None:
    """None off the line."""
    return Start(target.mean, target=target, ends=(target.quadrature.low, target.quadrature.high)) if target.dim == 1 else None


def on_line(scheme: Scheme) -> Refusal | None:
    """Refused unless the target is on the line."""
    return refused(lambda: on_the_line(scheme.dynamics.target))
