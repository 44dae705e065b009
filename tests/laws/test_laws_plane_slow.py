"""Stationary laws in the plane of chains that hardly ever change between two modes: how much is in each is decided by the slowest mode, which must be seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pmmtheory.divergences import weak
from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import PlanarLaw, stationary_law
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, Scheme
from pmmtheory.targets import GaussianMixture

ANGLE = 0.3
TURN = np.array([[math.cos(ANGLE), -math.sin(ANGLE)], [math.sin(ANGLE), math.cos(ANGLE)]])
UNIT = torch.tensor(TURN[:, 0])


def two_modes(apart: float) -> GaussianMixture:
    places = [(end * apart / 2 * TURN[:, 0]).tolist() for end in (-1, 1)]
    return GaussianMixture([0.5, 0.5], places, covariances=[(TURN @ np.diag([1.0, 0.4]) @ TURN.T).tolist()] * 2)


def side(x: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(8 * x)


@pytest.mark.parametrize(
    ("scheme", "rtol"),
    [
        (EulerMaruyama(Overdamped(two_modes(8.0)), 0.05 / 15), 0.1),
        (EulerMaruyama(Overdamped(two_modes(9.0)), 0.01), 1e-5),
        (PoissonMidpoint(Overdamped(two_modes(8.0)), 0.01, 2, "single"), 1e-2),
    ],
    ids=["8", "9", "single"],
)
def test_both_sides_of_a_symmetric_target_have_one_half(scheme: Scheme, rtol: float) -> None:
    """Where the search for the law stopped before the slowest mode was seen, one side had .508 +- 1e-5."""
    law, target = stationary_law(scheme, rtol=rtol), scheme.dynamics.target
    assert isinstance(law, PlanarLaw)
    for found in (weak(law, target, lambda x: side(x @ UNIT)), weak(law.along(UNIT), target.along(UNIT), side)):
        assert found.value <= found.error < 3e-3
