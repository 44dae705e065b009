"""Where a chain has a stationary law with a second moment, and where it has none."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from pmmtheory.errors import UnstableStep
from pmmtheory.laws import stationary_law
from pmmtheory.laws.stability import superlinear, tail_growth
from pmmtheory.targets import Gaussian, GaussianMixture, LogCosh, Potential
from tests.oracles.chains import CHAINS, chain
from tests.oracles.gaussian_chain import midpoint_sums
from tests.oracles.lines import LINES, SMOOTH

LIMITS = {"lmc": 2.0, "bernoulli inf": 1.2150, "single inf": 1.5961, "rmm": 1.5961}
"""Of step * curvature."""


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("curvature", [1.0, 4.0])
def test_the_limit_on_a_gaussian(name: str, curvature: float) -> None:
    with pytest.raises(UnstableStep, match="step_size = .* mean-square stable for steps below") as caught:
        stationary_law(chain(name, Gaussian(0.3, 1 / curvature), 3.0 / curvature))
    assert caught.value.limit * curvature == pytest.approx(LIMITS[name], abs=5e-5)


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("x", [0.1, 0.8, 1.3, 1.9])
def test_growth_is_the_second_moment_of_the_random_factor(name: str, x: float) -> None:
    """E c^2 = (1 - x)^2 + 2 (1 - x) x^2 T + x^4 P, with the sums over midpoints of the oracle."""
    if name == "lmc":
        expected = (1 - x) ** 2
    else:
        kind, substeps = ("single", "inf") if name == "rmm" else name.split()
        times, pairs, _ = midpoint_sums(None if substeps == "inf" else int(substeps), kind)
        expected = (1 - x) ** 2 + 2 * (1 - x) * x**2 * float(times) + x**4 * float(pairs)
    far = 100 * max(abs(end) for end in (Gaussian().quadrature.low, Gaussian().quadrature.high))
    noise = 10 * (1 + x) ** 2 / far**2
    assert tail_growth(chain(name, Gaussian(), x)) == pytest.approx(expected, abs=noise)


def test_just_below_and_above_the_limit() -> None:
    limit = Fraction(2)
    stationary_law(chain("lmc", Gaussian(), float(limit) * 0.8))
    with pytest.raises(UnstableStep):
        stationary_law(chain("lmc", Gaussian(), float(limit) * 1.001))


def test_the_widest_tail_of_a_mixture_decides() -> None:
    target = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.25, 1.0])
    with pytest.raises(UnstableStep) as caught:
        stationary_law(chain("lmc", target, 2.5))
    reach = 100 * max(abs(target.quadrature.low), abs(target.quadrature.high))
    assert caught.value.limit == pytest.approx(2.0, abs=4 / reach)  # the centre of that component is 1 from the mean


def test_linear_tails_are_stable_at_any_step() -> None:
    assert tail_growth(chain("lmc", LogCosh(), 3.0)) < 1


@pytest.mark.parametrize("target", ["double_well", *SMOOTH])
def test_super_linear_drifts_are_seen(target: str) -> None:
    assert superlinear(LINES[target]) == (target == "double_well")
    assert superlinear(Potential(lambda x: x**4 / 4, dim=1))


@pytest.mark.parametrize("name", ["lmc", "bernoulli 3"])
def test_the_law_on_a_double_well_is_labelled(name: str) -> None:
    """A chain with super-linear drift has no stationary law on the line; what is computed is that of the killed chain."""
    law = stationary_law(chain(name, LINES["double_well"], 0.01))
    assert law.truncated
    assert not stationary_law(chain(name, LINES["bimodal"], 0.1)).truncated
    assert math.isfinite(law.covariance) and law.mean == pytest.approx(0, abs=1e-7)
