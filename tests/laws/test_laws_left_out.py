"""Where mass is that a step leaves out, and what of it the process does not have there."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from pmmtheory.laws.inhomogeneous.left_out import LeftOut, apart
from pmmtheory.laws.step.leaving import square_outside
from pmmtheory.laws.step.parts import Parts
from pmmtheory.targets import Gaussian

POINTS = torch.linspace(-6, 6, 121, dtype=torch.float64)


@given(st.floats(-5, 5), st.floats(0.1, 3), st.floats(-3, 0), st.floats(0.5, 4), st.floats(-1, 1))
def test_second_moments_beyond_an_interval_are_integrals(mean: float, spread: float, low: float, length: float, middle: float) -> None:
    def integrand(x: float) -> float:
        return (x - middle) ** 2 * math.exp(-(((x - mean) / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi))

    at, reach = torch.tensor([mean], dtype=torch.float64), 40 * spread
    found = float(square_outside(at, torch.full_like(at, spread), (low, low + length), middle))
    true = sum(
        quad(integrand, first, last, points=[mean] if first < mean < last else None, limit=200)[0]
        for first, last in ((min(low, mean - reach), low), (low + length, max(low + length, mean + reach)))
    )
    assert found == pytest.approx(true, rel=1e-7, abs=1e-12)


def one(mass: float, place: float) -> LeftOut:
    return LeftOut(*(torch.tensor([part], dtype=torch.float64) for part in (mass, place**2, place)))


@pytest.mark.parametrize("place", [-40.0, -9.0, 8.0, 300.0])
def test_mass_far_from_the_process_counts_by_its_second_moment(place: float) -> None:
    assert one(1e-9, place).unlike(Gaussian(), POINTS, 0.0) == pytest.approx(1e-9 * place**2, rel=1e-3)


def test_mass_that_the_process_has_too_does_not_count() -> None:
    """The tails of a Gaussian beyond a grid, point by point; twenty times as much counts by what is above ten."""
    tails = torch.cat([torch.linspace(-10, -6, 401)[:-1], torch.linspace(6, 10, 401)[1:]]).double()
    masses = Gaussian().density(tails) * 0.01
    left = [LeftOut(times * masses, tails**2, tails).unlike(Gaussian(), POINTS, 0.0) for times in (1.0, 20.0)]
    assert left[0] == 0.0
    assert left[1] == pytest.approx(10 * float(masses @ tails**2), rel=0.1)


def test_parts_without_noise_are_beyond_or_not() -> None:
    parts = Parts(torch.tensor([[[0.0, 50.0]]]).double(), torch.zeros(1).double(), torch.tensor([[0.7, 0.3]], dtype=torch.float64))
    left = LeftOut.of_parts(parts, parts.weight[:, None], torch.ones((1, 2), dtype=torch.bool), (-6.0, 6.0), 0.0)
    assert left.mass.tolist() == [0.3] and float(left.mass @ left.square) == pytest.approx(0.3 * 2500)


def spread(means: list[float], shares: list[float], deviation: float = 0.5) -> tuple[Parts, torch.Tensor]:
    """A step from the points of a Gaussian, to means about them with these shares."""
    weight = torch.tensor([shares], dtype=torch.float64)
    parts = Parts((POINTS[:, None] + torch.tensor(means))[None].double(), torch.tensor([deviation], dtype=torch.float64), weight)
    return parts, Gaussian().density(POINTS)[:, None] * 0.1 * weight[:, None]


@pytest.mark.parametrize("place", [-30.0, 12.0, 1e6])
@pytest.mark.parametrize("share", [1e-8, 1e-20])
def test_mass_apart_from_the_rest_is_told(place: float, share: float) -> None:
    parts, masses = spread([0.0, place], [1 - share, share])
    assert apart(parts, masses, 1e-5) == pytest.approx(share, rel=1e-3)


@pytest.mark.parametrize(("means", "shares"), [([0.0, 0.0], [0.5, 0.5]), ([-1.0, 0.0, 1.5], [0.1, 0.8999, 1e-4]), ([0.0, 2.0], [1 - 1e-9, 1e-9])])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-7, 1e-11])
def test_tails_are_not_apart(means: list[float], shares: list[float], tolerance: float) -> None:
    assert apart(*spread(means, shares), tolerance) == 0.0
