"""Pairs of chains whose paths are compared."""

from __future__ import annotations

from experiments.measures import _written_out
from pmmtheory.dynamics import Overdamped
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, Scheme
from pmmtheory.targets import GaussianMixture, Target

TWO = GaussianMixture([0.3, 0.7], [-1.2, 1.0], [0.7, 1.1])


def pair(target: Target, step: float, substeps: int, midpoints: str = "bernoulli", kind: type[PoissonMidpoint] = PoissonMidpoint) -> tuple[Scheme, Scheme]:
    dynamics = Overdamped(target)
    return kind(dynamics, step, substeps, midpoints), EulerMaruyama(dynamics, step / substeps)


def parts_of_step(step: float, substeps: int, midpoints: str) -> list[tuple[float, float, float]]:
    """Weight, slope and variance given each set, by the substeps written out, at curvature one."""
    return list(zip(*_written_out.parts_of_step(step, substeps, midpoints, 1.0), strict=True))
