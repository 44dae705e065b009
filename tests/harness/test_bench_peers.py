"""Other libraries run the chain that they are timed on: their particles have its moments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from pmmtheory.dynamics import Overdamped
from pmmtheory.harness import bench_peers
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import GaussianMixture

MEANS = np.array([[1.0, 0.0], [-0.5, 1.0], [0.0, -1.5]])
N, STEPS, STEP, VARIANCE = 20_000, 10, 0.05, 0.5
LIBRARIES = {"jax": "JAX, jit of a scan", "diffrax": "diffrax, Euler", "blackjax": "blackjax, SGLD", "torchsde": "torchsde, Euler"}


def as_points(found: Any) -> torch.Tensor:
    """(n, 2), of what a run gives: a path, or states one after another or coordinate after coordinate."""
    x = torch.as_tensor(np.array(found, dtype=np.float64))
    x = x[-1] if x.ndim == 3 else x
    return x if x.shape[-1] == 2 else x.T


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("library", LIBRARIES)
def test_particles_have_the_moments_of_the_chain(library: str) -> None:
    pytest.importorskip(library, reason=f"{library} is not installed (extra peers)")
    found = as_points(bench_peers.peer_runs(MEANS, VARIANCE, STEP, N, STEPS)[LIBRARIES[library]]())
    ours = simulate(EulerMaruyama(Overdamped(GaussianMixture([1 / 3] * 3, MEANS, [VARIANCE] * 3)), STEP), N, STEPS, initial=[0.0, 0.0], dtype=torch.float64)
    assert found.shape == ours.shape
    for power in (1, 2):
        error = torch.sqrt((found**power).var(0) + (ours**power).var(0)) / math.sqrt(N)
        assert bool(((found**power).mean(0) - (ours**power).mean(0)).abs().lt(5 * error).all())
    assert abs(float((found**2).mean()) - 2 * float((ours**2).mean())) > 0.1


def test_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert bench_peers.peer_runs(MEANS, VARIANCE, STEP, N, STEPS) == {}
