"""Weak errors in the plane against closed forms: smooth functions, jumps, narrow bumps, and references with mass far from the law."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from torch import Tensor

from pmmtheory.divergences import weak
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import PlanarLaw, stationary_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import GaussianMixture

STEP, VARIANCES = 0.2, np.array([1.0, 1 / 3])
OWN = VARIANCES / (1 - STEP / (2 * VARIANCES))
TARGET = GaussianMixture([1.0], [[0.0, 0.0]], covariances=[np.diag(VARIANCES)])


@pytest.fixture(scope="module")
def law() -> PlanarLaw:
    found = stationary_law(EulerMaruyama(Overdamped(TARGET), STEP), engine="potential_plane")
    assert isinstance(found, PlanarLaw)
    return found


def holds(law: PlanarLaw, other: GaussianMixture, f: Callable[[Tensor], Tensor], true: float) -> float:
    found = weak(law, other, f)
    assert abs(found.value - true) <= found.error
    return found.error


def test_smooth_functions_keep_their_digits(law: PlanarLaw) -> None:
    assert holds(law, TARGET, lambda x: x[..., 0] ** 2, OWN[0] - 1) < 1e-8
    assert holds(law, TARGET, lambda x: torch.exp(x[..., 0]), math.exp(OWN[0] / 2) - math.exp(0.5)) < 1e-6


@pytest.mark.slow
@settings(max_examples=10)
@given(st.floats(-2.5, 2.5), st.floats(0, math.pi))
def test_jumps_across_the_grid(law: PlanarLaw, place: float, angle: float) -> None:
    u = np.array([math.cos(angle), math.sin(angle)])
    chances = [norm.sf(place / math.sqrt(u**2 @ variances)) for variances in (OWN, VARIANCES)]
    holds(law, TARGET, lambda x: ((x @ torch.tensor(u)) > place).double(), abs(chances[0] - chances[1]))


@pytest.mark.slow
@settings(max_examples=10)
@given(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
def test_boxes_between_the_points_of_the_grid(law: PlanarLaw, first: tuple[float, float], second: tuple[float, float]) -> None:
    (a, b), (c, d) = sorted(first), sorted(second)

    def chance(variances: np.ndarray) -> float:
        return float(np.diff(norm.cdf(np.array([a, b]) / math.sqrt(variances[0])))[0] * np.diff(norm.cdf(np.array([c, d]) / math.sqrt(variances[1])))[0])

    def inside(x: Tensor) -> Tensor:
        return ((x[..., 0] > a) & (x[..., 0] < b) & (x[..., 1] > c) & (x[..., 1] < d)).double()

    if min(b - a, d - c) > 0.03:
        holds(law, TARGET, inside, abs(chance(OWN) - chance(VARIANCES)))


@pytest.mark.slow
@settings(max_examples=10)
@given(st.floats(-1, 1), st.floats(-1, 1), st.sampled_from([0.3, 0.1, 0.05, 0.02, 0.01]))
def test_narrow_bumps(law: PlanarLaw, u: float, v: float, width: float) -> None:
    def mean(variances: np.ndarray) -> float:
        return float(2 * math.pi * width**2 * np.prod(norm.pdf([u, v], 0.0, np.sqrt(variances + width**2))))

    centre = torch.tensor([u, v], dtype=torch.float64)
    error = holds(law, TARGET, lambda x: torch.exp(-((x - centre) ** 2).sum(-1) / (2 * width**2)), abs(mean(OWN) - mean(VARIANCES)))
    assert width < 0.3 or error < 1e-9


@pytest.mark.parametrize("place", [9.0, 18.0])
@pytest.mark.parametrize("weight", [0.3, 1e-6])
def test_a_mode_of_the_reference_beyond_the_grid(law: PlanarLaw, place: float, weight: float) -> None:
    other = GaussianMixture([1 - weight, weight], [[0.0, 0.0], [place, place / 2]], covariances=[np.eye(2)] * 2)
    assert holds(law, other, lambda x: x[..., 0], weight * place) < 1e-4
    assert holds(law, other, lambda x: x[..., 0] ** 2, abs(weight * place**2 + 1 - OWN[0])) < 1e-2


def test_a_reference_that_is_wider_than_the_grid(law: PlanarLaw) -> None:
    other = GaussianMixture([1.0], [[0.0, 0.0]], covariances=[25 * np.eye(2)])
    assert holds(law, other, lambda x: x[..., 0] ** 4, 1875 - 3 * OWN[0] ** 2) < 1e-2


def test_what_no_grid_holds_is_refused(law: PlanarLaw) -> None:
    other = GaussianMixture([0.7, 0.3], [[0.0, 0.0], [1000.0, 500.0]], covariances=[np.eye(2)] * 2)
    with pytest.raises(NotConverged, match="no grid holds both"):
        weak(law, other, lambda x: x[..., 0])


@pytest.mark.parametrize("growth", [0.46, 0.6])
def test_an_infinite_mean_is_refused(law: PlanarLaw, growth: float) -> None:
    with pytest.raises(InvalidParameter, match="grows fast"):
        weak(law, TARGET, lambda x: torch.exp(growth * x[..., 0] ** 2))
