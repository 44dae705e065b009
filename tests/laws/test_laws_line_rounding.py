"""Laws on the line far from 0: a place is rounded at every step, and many small steps add it up."""

import math

import pytest
import torch

from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.laws.line.accuracy import piled, shift_of
from pmmtheory.laws.line.mesh import uniform
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, Scheme
from pmmtheory.targets import GaussianMixture

_PLACES = torch.linspace(-3, 3, 61, dtype=torch.float64)


def _two(offset: float) -> GaussianMixture:
    return GaussianMixture([0.5, 0.5], [offset - 0.5, offset + 0.5], [1.0, 1.0])


def _scheme(offset: float, step: float, substeps: int) -> Scheme:
    dynamics = Overdamped(_two(offset))
    return PoissonMidpoint(dynamics, step, substeps) if substeps > 1 else EulerMaruyama(dynamics, step)


@pytest.mark.parametrize("offset", [-317.3, 1000.0, 1e5])
@pytest.mark.parametrize(("step", "substeps"), [(0.1, 1), (0.001, 1), (0.001, 2)])
def test_a_stationary_law_moves_with_its_target(offset, step, substeps):
    here, there = (stationary_law(_scheme(place, step, substeps)) for place in (0.0, offset))
    p, q = here.density(_PLACES), there.density(_PLACES + offset)
    assert ((p - q).abs() <= here.uncertainty(_PLACES, p) + there.uncertainty(_PLACES + offset, q)).all()
    assert abs(there.mean - offset - here.mean) <= 2 * there.accuracy.shift


@pytest.mark.parametrize("steps", [30, 3000])
def test_a_gaussian_far_out_after_many_small_steps(steps):
    target, step, offset = GaussianMixture([1.0], [1000.0], [1.0]), 0.001, 1000.0
    law = transient_law(EulerMaruyama(Overdamped(target), step), GaussianMixture([1.0], [offset + 0.5], [1.5]), steps)
    a = 1 - step
    mean, variance = 0.5 * a**steps, a ** (2 * steps) * 1.5 + 2 * step * (1 - a ** (2 * steps)) / (1 - a * a)
    p, truth = law.density(_PLACES + offset), torch.exp(-((_PLACES - mean) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
    assert ((p - truth).abs() <= law.uncertainty(_PLACES + offset, p)).all()
    assert abs(law.mean - offset - mean) <= 2 * law.accuracy.shift


def test_one_rounding_of_a_place_is_not_what_many_steps_add_up():
    """The control: with the rounding of one step alone, the error of a density would be false."""
    offset, step = 1000.0, 0.001
    here, there = (stationary_law(_scheme(place, step, 1)) for place in (0.0, offset))
    p, q = here.density(_PLACES), there.density(_PLACES + offset)
    assert float(((p - q).abs() / p).max()) > 3 * shift_of(there.ends)


def test_what_piles_up_grows_with_the_steps_to_that_of_a_drift():
    one, many, always = (piled((990.0, 1010.0), 400, 0.05, steps) for steps in (1, 1e9, math.inf))
    assert one < many == always


def test_points_far_from_zero_are_equally_far_apart():
    points = uniform(1e5 - 8.1, 1e5 + 7.3, 0.0123, "cpu").points
    assert len(torch.diff(points).unique()) == 1
