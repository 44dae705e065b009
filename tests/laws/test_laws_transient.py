"""Laws after a number of steps: against closed forms, particles and each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.divergences import tv
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LineLaw, transient_law, transient_laws
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture, Potential
from tests.oracles.chains import chain, stationary
from tests.oracles.lines import BIMODAL, LINES, OWN, SKEWED

ROUNDING = 1e-12
NARROW = GaussianMixture([0.4, 0.6], [-0.5, 1.0], [0.3, 0.2])
NAMES = ("lmc", "rmm", "bernoulli 3", "bernoulli inf", "single 5")


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_lmc_on_a_gaussian_has_a_closed_form(steps: int) -> None:
    """m -> (1 - x) m and v -> (1 - x)^2 v + 2a: from a point, and from a Gaussian."""
    scheme = EulerMaruyama(Overdamped(Gaussian(0.0, 1 / 1.7)), 0.1)
    for initial, variance in ((2.0, 0.0), (Gaussian(2.0, 0.3), 0.3)):
        mean = 2.0
        for _ in range(steps):
            mean, variance = 0.83 * mean, 0.83**2 * variance + 0.2
        law = transient_law(scheme, initial, steps)
        exact = Gaussian(mean, variance)
        assert law.mean == pytest.approx(mean, abs=2 * law.numerical_error + ROUNDING)
        assert law.covariance == pytest.approx(variance, abs=2 * law.numerical_error + ROUNDING)
        assert float(tv(law, exact)) <= 2 * law.numerical_error + ROUNDING


@pytest.mark.slow
@pytest.mark.parametrize("initial", [-1.2, NARROW], ids=["point", "law"])
@pytest.mark.parametrize("name", NAMES)
def test_particles_have_the_moments_of_the_law(name: str, initial: float | GaussianMixture) -> None:
    """Three moments within four standard errors."""
    scheme = chain(name, SKEWED, 0.1)
    law = transient_law(scheme, initial, 3, rtol=1e-6)
    x = simulate(scheme, particles=60_000, steps=3, seed=3, dtype=torch.float64, initial=initial)
    for k in (1, 2, 3):
        power = x**k
        standard_error = float(power.std()) / math.sqrt(len(x))
        assert abs(float(power.mean()) - law.moment(k).value) < 4 * standard_error


def test_particles_of_another_chain_do_not() -> None:
    """The same comparison can fail: with half the noise the second moment is far off."""
    law = transient_law(chain("lmc", SKEWED, 0.1), NARROW, 3)
    square = simulate(chain("lmc", SKEWED, 0.05), particles=60_000, steps=3, seed=3, dtype=torch.float64, initial=NARROW) ** 2
    assert abs(float(square.mean()) - law.moment(2).value) > 20 * float(square.std()) / math.sqrt(len(square))


@pytest.mark.slow
@pytest.mark.parametrize("initial", [NARROW, SKEWED, Gaussian(1.0, 0.2)], ids=lambda t: t.name)
def test_no_steps_give_the_initial_law(initial: Gaussian | GaussianMixture) -> None:
    law = transient_law(chain("bernoulli 3", BIMODAL, 0.1), initial, 0)
    assert float(tv(law, initial)) <= 2 * law.numerical_error + ROUNDING
    assert law.mean == pytest.approx(initial.mean, abs=10 * law.numerical_error + ROUNDING)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lmc", "bernoulli 3", "rmm"])
def test_steps_compose(name: str) -> None:
    """Five steps are two steps from the law after three."""
    scheme = chain(name, OWN, 0.1)
    third, fifth = transient_laws(scheme, NARROW, [3, 5])
    again = transient_law(scheme, third, 2)
    assert float(tv(again, fifth)) <= 2 * (third.numerical_error + fifth.numerical_error + again.numerical_error) + ROUNDING
    assert float(tv(again, third)) > 1e-3


@pytest.mark.slow
def test_several_numbers_of_steps_at_once_are_each_alone() -> None:
    scheme = chain("bernoulli 3", BIMODAL, 0.1)
    together = transient_laws(scheme, NARROW, [0, 1, 4])
    for steps, law in zip((0, 1, 4), together, strict=True):
        alone = transient_law(scheme, NARROW, steps)
        assert float(tv(law, alone)) <= law.numerical_error + alone.numerical_error + ROUNDING


@pytest.mark.slow
def test_the_stationary_law_stays() -> None:
    law = stationary("bernoulli 3", "bimodal", 0.1)
    later = transient_law(chain("bernoulli 3", BIMODAL, 0.1), law, 5)
    assert float(tv(later, law)) <= 4 * (law.numerical_error + later.numerical_error) + ROUNDING


def test_many_steps_reach_the_stationary_law() -> None:
    """TV to it falls by the same factor from one 50 steps to the next, at the rate of the second eigenvalue."""
    limit = stationary("lmc", "gaussian", 0.1)
    laws = transient_laws(chain("lmc", LINES["gaussian"], 0.1), 2.0, [40, 50, 60])
    first, second, third = (float(tv(law, limit)) for law in laws)
    assert second / first == pytest.approx(0.83**10, rel=1e-3)
    assert third / second == pytest.approx(0.83**10, rel=1e-3)


def test_a_point_far_out_widens_the_grid() -> None:
    law = transient_law(EulerMaruyama(Overdamped(Gaussian(0.0, 0.25)), 0.1), 4.5, 1)
    assert (law.mean, law.covariance) == pytest.approx((2.7, 0.2), abs=ROUNDING)
    assert float(law.grid[-1]) > Gaussian(0.0, 0.25).quadrature.high


def test_mass_that_leaves_the_grid_counts_as_error() -> None:
    wide = Gaussian(0.0, 1.0)
    law = transient_law(EulerMaruyama(Overdamped(Gaussian(0.0, 1.0)), 0.1), wide, 2)
    lossy = LineLaw(law.grid, law.values, wide.density, lost=1e-3).resolved_by(law)
    assert lossy.numerical_error >= 1e-3


@pytest.mark.parametrize("steps", [[3, 1], [], [-1], [1.5], [math.nan]])
def test_wrong_steps(steps: list[float]) -> None:
    with pytest.raises(InvalidParameter, match="steps"):
        transient_laws(chain("lmc", BIMODAL, 0.1), NARROW, steps)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "initial",
    [
        2,
        2.0,
        np.float64(2.0),
        np.int64(2),
        torch.tensor(2.0),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_point_has_no_law_before_its_first_step(initial: float) -> None:
    with pytest.raises(InvalidParameter, match="steps"):
        transient_law(chain("lmc", BIMODAL, 0.1), initial, 0)


@pytest.mark.parametrize("initial", [math.nan, math.inf, "left", True, None])
def test_wrong_initial(initial: object) -> None:
    with pytest.raises(InvalidParameter, match="initial"):
        transient_law(chain("lmc", BIMODAL, 0.1), initial, 1)


def test_an_initial_target_in_another_dimension() -> None:
    with pytest.raises(InvalidParameter, match="initial"):
        transient_law(chain("lmc", BIMODAL, 0.1), Gaussian(dim=2), 1)


@pytest.mark.slow
@settings(max_examples=5)
@given(steep=st.floats(2.0, 6.0), start=st.floats(-0.2, 0.2), step=st.floats(0.01, 0.1), substeps=st.integers(2, 4))
def test_midpoints_across_a_kink(steep: float, start: float, step: float, substeps: int) -> None:
    """F' = x right of 0 and c x left of it: E X' = x + h b(x) + (h/K) sum_j (E b(x + j h/K b(x) + sqrt(2 j h/K) Z) - b(x)), in closed form."""
    target = Potential(lambda x: torch.where(x < 0, steep, 1.0) * x**2 / 2)
    force = -start * (steep if start < 0 else 1.0)
    mean = start + step * force
    for j in range(1, substeps):
        time = j * step / substeps
        centre, width = start + time * force, math.sqrt(2 * time)
        above = centre * scipy.special.ndtr(centre / width) + width * math.exp(-((centre / width) ** 2) / 2) / math.sqrt(2 * math.pi)
        mean += step / substeps * (-above - steep * (centre - above) - force)
    law = transient_law(PoissonMidpoint(Overdamped(target), step, substeps), start, 1, rtol=1e-3)
    assert abs(law.moment(1).value - mean) < min(law.moment(1).error, 2e-5) and law.moment(1).error < 1e-3


@pytest.mark.slow
def test_one_midpoint_across_a_steep_force() -> None:
    """The force turns within a seventh of the noise of a step: the randomized midpoint is one midpoint with K = inf, by another route."""
    target = GaussianMixture([0.321, 0.679], [-1.484, 1.3125], [0.103, 0.101])
    start = Gaussian(-0.96875, 0.235)
    one, other = (
        transient_law(scheme, start, 5, rtol=1e-5)
        for scheme in (RandomizedMidpoint(Overdamped(target), 0.036), PoissonMidpoint(Overdamped(target), 0.036, math.inf, "single"))
    )
    apart = float((one.density(other.grid) - other.values).abs().sum()) * other.spacing / 2
    assert apart < one.numerical_error + other.numerical_error < 2e-6
