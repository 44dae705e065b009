"""Kinks are found at any place and scale, split the panels, and make L infinite where F' jumps."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from torch import Tensor

from pmmtheory.targets import Potential
from tests.oracles.lines import LINES

EPS = 2.0**-52


def huber(x: Tensor) -> Tensor:
    return torch.where(torch.abs(x) <= 1, x**2 / 2, torch.abs(x) - 0.5)


HUBER = math.sqrt(2 * math.pi) * math.erf(1 / math.sqrt(2)) + 2 * math.exp(-0.5)
shifts = st.sampled_from([0.0, 0.3, -7.7, 1e3, -1e5])
scales = st.floats(-4, 4).map(lambda e: 10**e)


@pytest.mark.slow
@settings(max_examples=8)
@given(shift=shifts, scale=scales)
def test_huber_has_two_kinks_of_the_curvature(shift: float, scale: float) -> None:
    """Z = sqrt(2 pi) erf(1/sqrt 2) + 2 exp(-1/2), to the rounding of it."""
    own = Potential(lambda x: huber((x - shift * scale) / scale))
    assert [(k / scale) - shift for k in own.kinks] == pytest.approx([-1.0, 1.0], abs=8 * EPS * (abs(shift) + 1))
    assert own.quadrature.jumps == (0.0, 0.0)
    error = abs(own.quadrature.log_normaliser - math.log(HUBER * scale))
    assert error <= own.quadrature.error + 4 * EPS * (1 + abs(math.log(scale))) and own.quadrature.error < 1e-14 + 1e2 * EPS * abs(shift)
    assert set(own.kinks) <= set(own.quadrature.edges.tolist())
    assert float(own.smoothness) * scale**2 == pytest.approx(1.0, rel=1e-9) and own.strong_convexity == pytest.approx(0.0, abs=1e-12 / scale**2)


@pytest.mark.slow
@settings(max_examples=8)
@given(shift=shifts, scale=scales, slope=st.floats(0.3, 3.0))
def test_jumps_of_the_slope(shift: float, scale: float, slope: float) -> None:
    """Two exponentials back to back: E X, E X^2, Z in closed form; L is infinite."""
    centre = shift * scale
    own = Potential(lambda x: torch.where(x > centre, x - centre, slope * (centre - x)) / scale)
    assert own.kinks == pytest.approx((centre,), rel=4 * EPS, abs=1e-12 * scale)
    assert own.quadrature.jumps[0] * scale == pytest.approx(1 + slope, rel=1e-6)
    assert own.smoothness.value == math.inf and own.lsi is None
    assert own.quadrature.log_normaliser == pytest.approx(math.log(scale * (1 + 1 / slope)), abs=own.quadrature.error + 8 * EPS * (1 + abs(math.log(scale))))
    for k, exact in ((1, scale * (1 - 1 / slope)), (2, 2 * scale**2 * (1 - 1 / slope + 1 / slope**2))):
        moment = own.moment_about(centre, k)
        assert abs(moment.value - exact) <= moment.error + 8 * EPS * abs(exact)
    assert own.poincare is not None and float(own.poincare) <= min(1, slope) ** 2 / 4 / scale**2 * (1 + 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("potential", "kinks"),
    [
        (lambda x: torch.maximum(x**2 / 2, (x - 1) ** 2), (2 - math.sqrt(2), 2 + math.sqrt(2))),
        (lambda x: torch.relu(x) + x**2 / 4, (0.0,)),
        (lambda x: x**2 / 2 - 0.3 * torch.abs(x - 0.77), (0.77,)),
        (lambda x: x**2 / 2 + torch.clamp(x, min=3.0), (3.0,)),
        (lambda x: torch.where(x > 0.123, (x - 0.123) ** 2 * 5e3, (x - 0.123) ** 2 / 2), (0.123,)),
        (lambda x: torch.abs(x), (0.0,)),
        (lambda x: torch.abs(x) ** 3, ()),
        (lambda x: x**2 / 2 + torch.sin(3 * x), ()),
        (lambda x: torch.log(torch.cosh(x)), ()),
        (lambda x: torch.logaddexp(40 * x, torch.zeros_like(x)) / 40 + x**2 / 2, ()),
    ],
)
def test_where_they_are(potential, kinks: tuple[float, ...]) -> None:  # type: ignore[no-untyped-def]
    own = Potential(potential)
    assert own.kinks == pytest.approx(kinks, abs=1e-14)
    q = own.quadrature
    edges = sorted(e for e in (q.low, *kinks, *range(-6, 7), q.high) if q.low <= e <= q.high)
    pieces = [quad(lambda x: math.exp(q.minimum - float(own.potential(torch.tensor(x, dtype=torch.float64)))), a, b) for a, b in pairwise(edges)]
    total, error = (sum(part) for part in zip(*pieces, strict=True))
    assert math.log(total) - q.minimum == pytest.approx(q.log_normaliser, abs=q.error + error / total + 4 * EPS)


@pytest.mark.slow
def test_a_concave_kink_is_not_convex() -> None:
    own = Potential(lambda x: x**2 / 2 - 0.3 * torch.abs(x - 0.77))
    assert own.strong_convexity == -math.inf and own.smoothness.value == math.inf
    assert own.poincare is not None and 0 < float(own.poincare) * own.covariance <= 1


@pytest.mark.slow
def test_a_kink_near_the_edge_of_a_panel() -> None:
    """A rule without the ends of a panel would not see it: the place runs through the width of a node."""
    for offset in (0.0, 1e-12, 1e-9, 1e-7, 1e-5, 1e-4, 1e-3):
        own = Potential(lambda x, c=offset: torch.abs(x - c) + (x - c) ** 2)  # type: ignore[misc]
        exact = math.sqrt(math.pi) * math.exp(0.25) * math.erfc(0.5)
        assert math.exp(own.quadrature.log_normaliser) == pytest.approx(exact, rel=own.quadrature.error + 4 * EPS)


@pytest.mark.slow
def test_an_unbounded_second_derivative() -> None:
    """|x|^1.5, with Z = 4/3 Gamma(2/3): F' has no jump and no Lipschitz constant."""
    own = Potential(lambda x: torch.abs(x) ** 1.5)
    assert own.kinks == (0.0,) and own.smoothness.value == math.inf
    assert math.exp(own.quadrature.log_normaliser) == pytest.approx(4 / 3 * math.gamma(2 / 3), rel=own.quadrature.error + 4 * EPS)


def test_a_kink_that_is_named() -> None:
    assert Potential(huber, points=[1.0, -1.0]).kinks == (-1.0, 1.0)


@pytest.mark.parametrize("target", LINES.values(), ids=LINES)
def test_smooth_targets_have_none(target) -> None:  # type: ignore[no-untyped-def]
    assert target.kinks == ()
    assert Potential(target.potential).kinks == ()


def test_the_two_sided_exponential_works() -> None:
    own = Potential(lambda x: x.abs())
    assert own.smoothness.value == math.inf and not own.superlinear and own.tail_curvature == (0.0, 0.0)
    for k, exact in ((1, 0.0), (2, 2.0), (4, 24.0)):
        moment = own.moment(k)
        assert abs(moment.value - exact) <= moment.error <= 1e-12
    assert own.poincare is not None and 0.24 < float(own.poincare) <= 0.25


@pytest.mark.parametrize("steep", [3.1, 5.16, 6.52])
@pytest.mark.parametrize("beside", [0.0, 2e-6, -3e-9])
def test_a_kink_that_hides_beside_an_edge(steep: float, beside: float) -> None:
    """So near to the edge of a panel a jump of F'' changes no integral: it is looked for."""
    target = Potential(lambda x: torch.where(x < beside, steep, 1.0) * (x - beside) ** 2 / 2, points=[0.0, 0.5])
    assert target.kinks == pytest.approx((beside,), abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("centre", [0.0, 8.0, 1000.0, -1000.0, 1e5])
@pytest.mark.parametrize("a", [0.3, 1.89, 2.19, 2.96])
def test_a_jump_of_the_force_is_found_wherever_the_origin_is(a: float, centre: float) -> None:
    """The minimum is found a few units of the last place beside it, and gives way to it as an edge."""
    target = Potential(lambda x: (x - centre) ** 2 / 2 + a * torch.abs(x - centre))
    assert target.kinks == (centre,)
    assert target.quadrature.jumps[0] == pytest.approx(2 * a, rel=1e-6)
