"""One large step of the Poisson midpoint method on a Gaussian, written out substep by substep."""

from __future__ import annotations

import itertools
import math

import numpy as np

from pmmtheory.noise.levels import Numbers


def midpoint_sets(substeps: int, midpoints: str) -> list[tuple[float, tuple[int, ...]]]:
    """All sets of midpoints with their probabilities; one at the start changes nothing."""
    if midpoints == "single":
        return [(1 / substeps, (i,)) for i in range(substeps)]
    p, every = 1 / substeps, range(1, substeps)
    chosen = [some for n in range(substeps) for some in itertools.combinations(every, n)]
    return [(p ** len(some) * (1 - p) ** (substeps - 1 - len(some)), some) for some in chosen]


def parts_of_step(step: float, substeps: int, midpoints: str, curvature: float) -> tuple[Numbers, Numbers, Numbers]:
    """Weights, slopes and variances given each set: coefficients of x and of the normals, carried along."""
    found, h = [], step / substeps
    for weight, chosen in midpoint_sets(substeps, midpoints):
        state, middle = np.zeros(substeps + 1), np.zeros(substeps + 1)
        state[-1] = middle[-1] = 1.0
        first = state.copy()
        for i in range(substeps):
            force = -curvature * (first + (substeps if i in chosen else 0) * (middle - first))
            state, middle = state + h * force, middle - h * curvature * first
            state[i] += math.sqrt(2 * h)
            middle[i] += math.sqrt(2 * h)
        found.append((weight, state[-1], float((state[:-1] ** 2).sum())))
    weights, slopes, variances = np.array(found).T
    return weights, slopes, variances


def fine_steps(step: float, substeps: int, curvature: float) -> tuple[float, float]:
    """The slope and the variance of all Euler steps together."""
    h = step / substeps
    keeps = 1 - h * curvature
    return keeps**substeps, 2 * h * sum(keeps ** (2 * i) for i in range(substeps))
