"""What the tests of reverse diffusions share: data on the line and in space, and processes of every clock and integrator."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from hypothesis import strategies as st

from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.targets import GaussianMixture, Target

DATA = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])
SPACE = GaussianMixture([0.3, 0.7], [[0.0, 1.0], [2.0, -1.0]], [0.2, 1.5])
HORIZON, STOP = 2.0, 0.02
GRIDS, INTEGRATORS = ("uniform", "quadratic", "log-snr", "vp"), ("euler", "exponential")
EACH = pytest.mark.parametrize(("integrator", "grid"), list(product(INTEGRATORS, GRIDS)))
EVERY_GRID = pytest.mark.parametrize("grid", GRIDS)
ONE = torch.ones((), dtype=torch.float64)
fractions = st.floats(0, 1)


def process(integrator: str = "euler", grid: str = "uniform", target: Target = DATA) -> ReverseDiffusion:
    return ReverseDiffusion(target, HORIZON, STOP, integrator, grid)
