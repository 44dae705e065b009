"""One step of every scheme, averaged over all its draws, against second moments in 80 digits."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.schemes import EulerMaruyama, Midpoints, Normal, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian
from tests.oracles.linear_chain import covariance_after

SCHEMES: dict[str, tuple[type[Scheme], dict[str, Any]]] = {
    "lmc": (EulerMaruyama, {}),
    "rmm": (RandomizedMidpoint, {}),
    "bernoulli 1": (PoissonMidpoint, {"substeps": 1}),
    "bernoulli 2": (PoissonMidpoint, {"substeps": 2}),
    "bernoulli 4": (PoissonMidpoint, {"substeps": 4}),
    "single 3": (PoissonMidpoint, {"substeps": 3, "midpoints": "single"}),
    "single 20": (PoissonMidpoint, {"substeps": 20, "midpoints": "single"}),
    "single inf": (PoissonMidpoint, {"midpoints": "single"}),
}
Configuration = tuple[float, dict[str, Any]]


def configurations(scheme: Scheme) -> list[Configuration]:
    """The draws that are no normals, each with its probability or quadrature weight: {"u": time} or {"midpoints": times}."""
    if isinstance(scheme, RandomizedMidpoint):
        return [(weight, {"u": time}) for time, weight in zip(*legendre(), strict=True)]
    if not isinstance(scheme, PoissonMidpoint):
        return [(1.0, {})]
    if scheme.substeps == math.inf:
        return [(weight, {"midpoints": [time]}) for time, weight in zip(*legendre(), strict=True)]
    k = int(scheme.substeps)
    if scheme.midpoints.kind == "single":
        return [(1 / k, {"midpoints": [i / k]}) for i in range(k)]
    sets = [chosen for size in range(k + 1) for chosen in combinations(range(k), size)]
    return [((1 / k) ** len(chosen) * (1 - 1 / k) ** (k - len(chosen)), {"midpoints": [i / k for i in chosen]}) for chosen in sets]


def legendre() -> tuple[np.ndarray, np.ndarray]:
    """On [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    return (1 + nodes) / 2, weights / 2


def second_moments(scheme: Scheme) -> tuple[np.ndarray, np.ndarray]:
    """E[M (x) M] and E[N N^T] of a step X' = M X + N, by unit vectors in place of x and of every normal."""
    size = scheme.dynamics.blocks
    growth, noise = np.zeros((size**2, size**2)), np.zeros((size, size))
    for weight, shared in configurations(scheme):
        layers = max(1, len(shared.get("midpoints", [])))
        normals = sum(layers for draw in scheme.draws.values() if isinstance(draw, Normal))
        inputs = torch.eye((normals + 2) * size, dtype=torch.float64).reshape(-1, normals + 2, *scheme.dynamics.state_shape)
        x, last = inputs[:, 0], inputs[:, 1]
        stack, each = inputs[:, 2:].movedim(1, 0), (len(x), *[1] * len(scheme.dynamics.state_shape))
        draws: dict[str, Any] = {}
        for name, draw in scheme.draws.items():
            if isinstance(draw, Midpoints):
                times = torch.tensor(shared[name] or [0.0], dtype=torch.float64).reshape(-1, *[1] * len(each)).expand(-1, *each)
                draws[name] = times, torch.full_like(times, bool(shared[name]), dtype=torch.bool)
            elif isinstance(draw, Normal):
                draws[name] = stack if isinstance(scheme, PoissonMidpoint) else stack[0]
            else:
                draws[name] = torch.full(each, shared[name], dtype=torch.float64)
        mean, factor = scheme.step(x, 0.0, draws)
        columns = (mean + factor * last).reshape(len(x), size).T.numpy()
        matrix, random = columns[:, :size], columns[:, size:]
        growth, noise = growth + weight * np.kron(matrix, matrix), noise + weight * random @ random.T
    return growth, noise


def differences(scheme: Scheme, lam: float, friction: float | None, substeps: int | None = None) -> list[np.ndarray]:
    """From the exact moments, in units of their tolerance of 1e-12, for centred starts that span all covariances."""
    kind = "bernoulli"
    if isinstance(scheme, PoissonMidpoint):
        kind, own = scheme.midpoints.kind, None if scheme.substeps == math.inf else int(scheme.substeps)
        substeps = substeps or own
    (growth, noise), size = second_moments(scheme), scheme.dynamics.blocks
    found = []
    for start in [0, 1] if size == 1 else [np.zeros((2, 2)), np.diag([1.0, 0.0]), np.diag([0.0, 1.0]), np.ones((2, 2))]:
        exact = covariance_after(type(scheme).__name__, scheme.step_size, lam, friction, 1, start, substeps, kind)
        seen = (growth @ np.ravel(start)).reshape(size, size) + noise
        found.append(np.abs(seen - exact) / (1e-12 * np.abs(exact) + 1e-14))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", SCHEMES)
@settings(max_examples=7)
@given(lam=st.floats(0.1, 4), step_size=st.floats(0.01, 0.9), friction=st.floats(-1, 1).map(lambda power: 10**power))
def test_underdamped(name: str, lam: float, step_size: float, friction: float) -> None:
    cls, options = SCHEMES[name]
    assert np.max(differences(cls(Underdamped(Gaussian(0.0, 1 / lam), friction), step_size, **options), lam, friction)) < 1


@pytest.mark.slow
@pytest.mark.parametrize("name", SCHEMES)
@settings(max_examples=7)
@given(lam=st.floats(0.1, 4), step_size=st.floats(0.01, 0.9))
def test_overdamped(name: str, lam: float, step_size: float) -> None:
    cls, options = SCHEMES[name]
    assert np.max(differences(cls(Overdamped(Gaussian(0.0, 1 / lam)), step_size, **options), lam, None)) < 1


@pytest.mark.parametrize("kind", ["bernoulli", "single"])
def test_another_number_of_substeps_is_told_apart(kind: str) -> None:
    scheme = PoissonMidpoint(Underdamped(Gaussian(), 1.3), 0.5, substeps=4, midpoints=kind)
    assert np.max(differences(scheme, 1.0, 1.3, substeps=5)) > 1e6
