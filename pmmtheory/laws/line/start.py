"""What chains on the line start from, a target, a law or a point: told apart here, once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from pmmtheory.chain import Chain
from pmmtheory.errors import InvalidParameter, real
from pmmtheory.laws.engine import Refusal
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget


@dataclass(frozen=True)
class Start:
    """Where a chain on the line starts.

    Attributes
    ----------
    point : float
        The mean, or the point itself.
    density : callable or None
        None for a point.
    ends : pair of floats
        The interval that its mass lives on.
    finest : float
        The spacing of a grid that sees its density.
    kinks : tuple of floats
        Where the density has no derivative.
    """

    point: float
    density: Callable[[Tensor], Tensor] | None = None
    ends: tuple[float, float] = (math.nan, math.nan)
    finest: float = math.inf
    kinks: tuple[float, ...] = ()


def start_on_line(start: Any) -> Start:
    """A target, a law or a number as a Start; raises InvalidParameter, naming `initial`, for anything else."""
    if isinstance(start, LineLaw):
        return Start(start.mean, start.density, start.ends, start.spacing)
    if isinstance(start, LineTarget) and start.dim == 1:
        ends = start.quadrature.low, start.quadrature.high
        return Start(start.mean, start.density, ends, 0.16 / math.sqrt(start._extreme_curvature(1.0)), start.kinks)
    return Start(real("initial", start, "a target or a law on the line, or a number"))


def begins_on_line(chain: Chain) -> Refusal | None:
    """Refused where the start is given, and is no such thing."""
    if chain.start is None or isinstance(chain.start, LineLaw) or (isinstance(chain.start, LineTarget) and chain.start.dim == 1):
        return None
    try:
        real("initial", chain.start, "a target or a law on the line, or a number")
    except InvalidParameter as error:
        return Refusal(error.name, error.value, error.allowed)
    return None


def line_target(scheme: Scheme) -> LineTarget:
    """The target of a scheme; raises InvalidParameter unless it is on the line."""
    target = scheme.dynamics.target
    if isinstance(target, LineTarget) and target.dim == 1:
        return target
    raise InvalidParameter("target", getattr(target, "name", target), "a target on the line")


def on_line(scheme: Scheme) -> Refusal | None:
    """Refused unless the target is on the line."""
    try:
        line_target(scheme)
    except InvalidParameter as error:
        return Refusal(error.name, error.value, error.allowed)
    return None
