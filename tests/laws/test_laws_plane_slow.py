"""Stationary laws in the plane of chains that hardly ever change between two modes: how much is in each is decided by the slowest mode, which must be seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pmmtheory.divergences import weak
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import NotConverged
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


FAINT = [
    (0.0137, 11.1, (0.118, 0.844), 0.899, 0.283, 0.0808, 1e-4),
    (8.95e-10, 8.07, (0.29, 0.119), 0.559, 1.05, 0.0766, 1e-2),
    (8.95e-10, 8.07, (0.29, 0.119), 0.559, 1.05, 0.0766, 1e-3),
]


@pytest.mark.parametrize(("weight", "far", "variances", "across", "angle", "share", "rtol"), FAINT)
def test_a_faint_mode_is_no_less_slow(
    weight: float, far: float, variances: tuple[float, float], across: float, angle: float, share: float, rtol: float
) -> None:
    """What it has is next to nothing in the norm of a search: weak errors were off by 2 to 40 errors, at two resolutions of which one starts at the other."""
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
    covariances = torch.stack([turn @ torch.diag(torch.tensor([v, across], dtype=torch.float64)) @ turn.T for v in variances])
    target = GaussianMixture([1 - weight, weight], [[0.0, 0.0], (far * turn[:, 0]).tolist()], covariances=covariances)
    with pytest.raises(NotConverged, match="steps to mix|out of reach"):
        stationary_law(EulerMaruyama(Overdamped(target), share * min(*variances, across)), rtol=rtol)


@pytest.mark.parametrize("weight", [0.3, 1e-3, 1e-6])
def test_the_weight_of_a_faint_mode_as_on_the_line(weight: float) -> None:
    """Nearer modes: along the axis on which they lie it is a chain on the line, of which the law comes by elimination."""
    variances, far, step = (0.5, 0.3), 4.5, 0.03
    covariances = torch.stack([torch.as_tensor(TURN @ np.diag([v, 0.4]) @ TURN.T) for v in variances])
    target = GaussianMixture([1 - weight, weight], [[0.0, 0.0], (far * TURN[:, 0]).tolist()], covariances=covariances)
    law = stationary_law(EulerMaruyama(Overdamped(target), step), rtol=1e-5)
    line = GaussianMixture([1 - weight, weight], [0.0, far], list(variances))
    exact = weak(stationary_law(EulerMaruyama(Overdamped(line), step), rtol=1e-10), line, lambda x: side(x - 2.5))
    for found in (weak(law, target, lambda x: side(x @ UNIT - 2.5)), weak(law.along(UNIT), target.along(UNIT), lambda x: side(x - 2.5))):
        assert abs(found.value - exact.value) <= found.error + exact.error
        assert found.error < 0.1 * exact.value + 1e-9
