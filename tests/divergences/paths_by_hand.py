"""Pairs of chains whose paths are compared, and one step written out."""

from __future__ import annotations

import itertools
import math

import numpy as np

from pmmtheory.dynamics import Overdamped
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, Scheme
from pmmtheory.targets import GaussianMixture, Target

TWO = GaussianMixture([0.3, 0.7], [-1.2, 1.0], [0.7, 1.1])


def pair(target: Target, step: float, substeps: int, midpoints: str = "bernoulli", kind: type[PoissonMidpoint] = PoissonMidpoint) -> tuple[Scheme, Scheme]:
    dynamics = Overdamped(target)
    return kind(dynamics, step, substeps, midpoints), EulerMaruyama(dynamics, step / substeps)


def sets(substeps: int, midpoints: str) -> list[tuple[float, set[int]]]:
    """Sets of midpoints with their probabilities."""
    if midpoints == "single":
        return [(1 / substeps, {i}) for i in range(substeps)]
    p, every = 1 / substeps, range(1, substeps)
    chosen = [set(some) for n in range(substeps) for some in itertools.combinations(every, n)]
    return [(p ** len(some) * (1 - p) ** (substeps - 1 - len(some)), some) for some in chosen]


def parts_of_step(step: float, substeps: int, midpoints: str, lam: float = 1.0) -> list[tuple[float, float, float]]:
    """Weight, slope and variance given each set, by the substeps written out: coefficients of x and of the normals."""
    found, h = [], step / substeps
    for weight, chosen in sets(substeps, midpoints):
        state, middle = np.zeros(substeps + 1), np.zeros(substeps + 1)
        state[-1] = middle[-1] = 1.0
        first = state.copy()
        for i in range(substeps):
            force = -lam * (first + (substeps if i in chosen else 0) * (middle - first))
            state, middle = state + h * force, middle - h * lam * first
            state[i] += math.sqrt(2 * h)
            middle[i] += math.sqrt(2 * h)
        found.append((weight, state[-1], float((state[:-1] ** 2).sum())))
    return found
