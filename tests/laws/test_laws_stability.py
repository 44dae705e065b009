"""Where a chain has a stationary law with a second moment, and where it has none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.dynamics import Underdamped
from pmmtheory.errors import UnstableStep
from pmmtheory.laws import stationary_law
from pmmtheory.laws.phase_plane.engine import tail_growth as phase_plane_growth
from pmmtheory.laws.potential_plane import stability as potential_plane
from pmmtheory.laws.stability import superlinear, tail_growth
from pmmtheory.schemes import BAOAB, EulerMaruyama, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture, LogCosh, Potential
from pmmtheory.targets.plane import in_plane
from tests.oracles.chains import CHAINS, chain
from tests.oracles.gaussian_chain import midpoint_sums
from tests.oracles.lines import LINES, SMOOTH

LIMITS = {"lmc": 2.0, "bernoulli inf": 1.2150, "single inf": 1.5961, "rmm": 1.5961}
"""Of step * curvature."""


@pytest.mark.slow
@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("curvature", [1.0, 4.0])
def test_the_limit_on_a_gaussian(name: str, curvature: float) -> None:
    with pytest.raises(UnstableStep, match="step_size = .* mean-square stable for steps below") as caught:
        stationary_law(chain(name, Gaussian(0.3, 1 / curvature), 3.0 / curvature))
    assert caught.value.limit * curvature == pytest.approx(LIMITS[name], abs=5e-5)


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("x", [0.1, 0.8, 1.3, 1.9])
def test_growth_is_the_second_moment_of_the_random_factor(name: str, x: float) -> None:
    noise = 10 * (1 + x) ** 2 / (1e4 * Gaussian().quadrature.high) ** 2
    assert tail_growth(chain(name, Gaussian(), x)) == pytest.approx(square_of_factor(name, x), abs=noise)


@pytest.mark.parametrize("name", [*CHAINS, "bernoulli 20", "bernoulli 300"])
@pytest.mark.parametrize("x", [0.1, 0.8, 1.9])
def test_growth_in_the_plane_is_that_on_the_line(name: str, x: float) -> None:
    target = Gaussian(torch.tensor([0.3, -2.0]), torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
    found = potential_plane.tail_growth(chain(name, target, x), in_plane(target))
    assert found == pytest.approx(max(square_of_factor(name, x), square_of_factor(name, x / 2)), rel=3e-4)


def square_of_factor(name: str, x: float) -> float:
    """E c^2 = (1 - x)^2 + 2 (1 - x) x^2 T + x^4 P, with the sums over midpoints of the oracle."""
    if name == "lmc":
        return (1 - x) ** 2
    kind, substeps = ("single", "inf") if name == "rmm" else name.split()
    times, pairs, _ = midpoint_sums(None if substeps == "inf" else int(substeps), kind)
    return (1 - x) ** 2 + 2 * (1 - x) * x**2 * float(times) + x**4 * float(pairs)


def test_just_below_and_above_the_limit() -> None:
    limit = Fraction(2)
    stationary_law(chain("lmc", Gaussian(), float(limit) * 0.8))
    with pytest.raises(UnstableStep):
        stationary_law(chain("lmc", Gaussian(), float(limit) * 1.001))


def test_the_widest_tail_of_a_mixture_decides() -> None:
    target = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.25, 1.0])
    with pytest.raises(UnstableStep) as caught:
        stationary_law(chain("lmc", target, 2.5))
    assert caught.value.limit == pytest.approx(2.0, abs=1e-7)  # the centre of that component is 1 from the mean


@pytest.mark.parametrize("mean", [1000.0, 1e5, -1e6])
def test_the_origin_decides_nothing(mean: float) -> None:
    target = Gaussian(mean, 1.0)
    assert not superlinear(target) and not superlinear(Potential(lambda x: (x - mean) ** 2 / 2))
    assert tail_growth(chain("lmc", target, 1.9)) == pytest.approx(0.81, abs=1e-8)
    assert phase_plane_growth(BAOAB(Underdamped(target, 2.0), 0.1)) == pytest.approx(phase_plane_growth(BAOAB(Underdamped(Gaussian(), 2.0), 0.1)), rel=1e-9)
    with pytest.raises(UnstableStep, match="below 2"):
        stationary_law(chain("lmc", target, 2.01))


def test_a_hundred_components_are_not_steep() -> None:
    target = GaussianMixture([0.01] * 100, [-20 + 40 * k / 99 for k in range(100)], [1.0] * 100)
    assert not superlinear(target)
    assert tail_growth(chain("lmc", target, 1.9)) == pytest.approx(0.81, abs=1e-7)


@pytest.mark.parametrize("shift", [0.0, -1e3, 1e5])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(("power", "steep"), [(1.5, False), (1.9, False), (2.0, False), (2.1, True), (3.0, True), (4.0, True)])
def test_powers_at_any_place_and_scale(power: float, steep: bool, shift: float, scale: float) -> None:
    target = Potential(lambda x: (1 + ((x - shift) / scale) ** 2) ** (power / 2))
    assert superlinear(target) == steep
    assert (target.lsi is not None) == (power >= 2)
    if power == 2.0:
        assert target.tail_curvature == pytest.approx((2 / scale**2,) * 2, rel=1e-9)


def test_a_drift_that_is_no_number_far_out() -> None:
    """log cosh overflows beyond 710, where its drift becomes NaN: it is read where it is a number."""
    target = Potential(lambda x: torch.log(torch.cosh(x)))
    assert target.tail_curvature == pytest.approx((0.0, 0.0), abs=1e-12) and not superlinear(target)
    assert tail_growth(chain("lmc", target, 1.0)) < 1


def test_linear_tails_are_stable_at_any_step() -> None:
    assert tail_growth(chain("lmc", LogCosh(), 3.0)) < 1


@pytest.mark.parametrize("target", ["double_well", *SMOOTH])
def test_super_linear_drifts_are_seen(target: str) -> None:
    assert superlinear(LINES[target]) == (target == "double_well")
    assert superlinear(Potential(lambda x: x**4 / 4, dim=1))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lmc", "bernoulli 3"])
def test_the_law_on_a_double_well_is_labelled(name: str) -> None:
    """A chain with super-linear drift has no stationary law on the line; what is computed is that of the killed chain."""
    law = stationary_law(chain(name, LINES["double_well"], 0.01))
    assert law.truncated
    assert not stationary_law(chain(name, LINES["bimodal"], 0.1)).truncated
    assert math.isfinite(law.covariance) and law.mean == pytest.approx(0, abs=1e-7)


class OtherAroundZero(BAOAB):
    """BAOAB, but for positions within 5 of zero, where its step is not affine."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        position = self.dynamics.position(mean)
        position.copy_(torch.where(self.dynamics.position(x).abs() < 5.0, torch.sin(3 * position), position))
        return mean, factor


@pytest.mark.parametrize("centre", [30.0, -1e3])
def test_growth_in_the_phase_plane_is_looked_for_where_the_law_is(centre: float) -> None:
    target = GaussianMixture([0.5, 0.5], [centre - 1.0, centre + 1.0], [1.0, 1.0])
    other, plain = (phase_plane_growth(scheme(Underdamped(target, 2.0), 0.1)) for scheme in (OtherAroundZero, BAOAB))
    assert other == pytest.approx(plain, rel=1e-12 * abs(centre))


@pytest.mark.parametrize("scheme", [BAOAB, EulerMaruyama])
def test_growth_in_the_phase_plane_is_that_of_a_narrow_target_far_away(scheme: type[Scheme]) -> None:
    far, near = (GaussianMixture([0.5, 0.5], [centre - 1e-3, centre + 1e-3], [1e-6, 1e-6]) for centre in (1e7, 0.0))
    steps = [scheme(Underdamped(target, 2e3), 2e-4) for target in (far, near)]
    assert phase_plane_growth(steps[0]) == pytest.approx(phase_plane_growth(steps[1]), rel=1e-5)
