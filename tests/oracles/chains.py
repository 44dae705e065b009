"""Chains for the batteries, by name, on a given target and step."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import LineLaw, stationary_law
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Target
from tests.oracles.lines import LINES

CHAINS = ("lmc", "rmm", "bernoulli 3", "bernoulli 40", "bernoulli inf", "single 5", "single inf")


def chain(name: str, target: Target, step_size: float) -> Scheme:
    """E.g. "bernoulli 3" is the Poisson midpoint method with K = 3 and independent midpoints."""
    dynamics = Overdamped(target)
    if name == "lmc":
        return EulerMaruyama(dynamics, step_size)
    if name == "rmm":
        return RandomizedMidpoint(dynamics, step_size)
    midpoints, substeps = name.split()
    return PoissonMidpoint(dynamics, step_size, substeps=math.inf if substeps == "inf" else int(substeps), midpoints=midpoints)


@cache
def stationary(name: str, target: str, step_size: float) -> LineLaw:
    """The stationary law of a chain on one of LINES, computed once."""
    return stationary_law(chain(name, LINES[target], step_size))


def lmc(target: Target, step: float, **options: Any) -> Any:
    """The stationary law of LMC."""
    return stationary_law(EulerMaruyama(Overdamped(target), step), **options)
