"""Differences of stationary expectations by coupled chains: right, with errors that hold, and far below the noise."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import Diverged, InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.particles import coupled_difference
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint
from pmmtheory.targets import DoubleWell, Gaussian, GaussianMixture
from tests.oracles.chains import chain
from tests.oracles.gaussian_chain import lmc_variance, pmm_variance
from tests.oracles.lines import COSINE, LINES


def square(x: torch.Tensor) -> torch.Tensor:
    return x**2


def exact_lmc(variance: float, step: float) -> float:
    return variance * float(lmc_variance(Fraction(step) / Fraction(variance)))


@pytest.mark.slow
@given(variance=st.sampled_from([0.5, 1.0, 2.0]), x=st.floats(0.2, 0.6), seed=st.integers(0, 999))
def test_lmc_against_half_its_step_on_gaussians(variance: float, x: float, seed: int) -> None:
    lmc = EulerMaruyama(Overdamped(Gaussian(0.3, variance)), x * variance)
    found = coupled_difference(lmc, lmc.with_step(x * variance / 2), lambda y: (y - 0.3) ** 2, particles=100, steps=5, burn_in=int(9 / x), seed=seed)
    wanted = exact_lmc(variance, x * variance) - exact_lmc(variance, x * variance / 2)
    assert abs(found.estimate.value - wanted) < 4.5 * found.estimate.error and not found.warnings


@pytest.mark.slow
@pytest.mark.parametrize(("name", "target"), [("rmm", "cosine"), ("bernoulli 3", "log_cosh"), ("single 5", "cosine")])
def test_chains_against_lmc_by_exact_laws(name: str, target: str) -> None:
    scheme, lmc = (chain(one, LINES[target], 0.3) for one in (name, "lmc"))
    found = coupled_difference(scheme, lmc, square, particles=300, steps=50, burn_in=40)
    wanted = stationary_law(scheme, rtol=1e-4).moment(2).value - stationary_law(lmc, rtol=1e-4).moment(2).value
    assert abs(found.estimate.value - wanted) < 4 * found.estimate.error
    assert found.reduction > 2


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "substeps"), [("bernoulli", None), ("bernoulli", 4), ("single", None)])
def test_midpoints_against_lmc_by_closed_forms(kind: str, substeps: int | None) -> None:
    scheme = PoissonMidpoint(Overdamped(Gaussian()), 0.4, substeps or float("inf"), kind)
    found = coupled_difference(scheme, EulerMaruyama(scheme.dynamics, 0.1), square, particles=400, steps=40, burn_in=30)
    wanted = float(pmm_variance(Fraction(2, 5), substeps, kind)) - exact_lmc(1.0, 0.1)
    assert abs(found.estimate.value - wanted) < 4 * found.estimate.error


@pytest.mark.slow
def test_intervals_hold() -> None:
    """Of 100 intervals from 24 pairs each, 88 to 99 in a hundred hold the exact difference."""
    lmc = EulerMaruyama(Overdamped(Gaussian()), 0.8)
    wanted = exact_lmc(1.0, 0.8) - exact_lmc(1.0, 0.4)
    found = [coupled_difference(lmc, lmc.with_step(0.4), square, particles=24, steps=4, burn_in=4, seed=seed) for seed in range(100)]
    assert 0.88 <= sum(low <= wanted <= high for low, high in (one.interval for one in found)) / 100 <= 0.99


@pytest.mark.slow
def test_the_variance_falls_with_the_square_of_the_step() -> None:
    """So that a bias is measured for about the same number of pairs at every step; at the small step plain chains would take 100 times as many."""

    def at(step: float) -> tuple[float, float]:
        lmc = EulerMaruyama(Overdamped(COSINE), step)
        found = coupled_difference(lmc, RandomizedMidpoint(lmc.dynamics, step), square, particles=200, steps=int(10 / step), burn_in=int(8 / step))
        return found.variances[0], found.reduction

    (large, _), (small, reduction) = at(0.4), at(0.1)
    assert 8 < large / small < 32 and reduction > 100


@pytest.mark.slow
def test_a_wrong_scheme_is_told_from_the_right_one() -> None:
    """LMC with 2% too much noise: 4% of the variance, 20 standard errors of the pairs, which independent chains of as many would not see."""

    class Hot(EulerMaruyama):
        def step(self, x: torch.Tensor, t: object, draws: object) -> tuple[torch.Tensor, object]:
            mean, factor = super().step(x, t, {})
            return mean, 1.02 * factor

    system = Overdamped(Gaussian())
    right = coupled_difference(EulerMaruyama(system, 0.1), EulerMaruyama(system, 0.1), square, particles=200, steps=40, burn_in=60)
    wrong = coupled_difference(Hot(system, 0.1), EulerMaruyama(system, 0.1), square, particles=200, steps=40, burn_in=60)
    assert right.estimate.value == 0 and wrong.estimate.value > 15 * wrong.estimate.error
    assert wrong.estimate.value < 3 * (sum(wrong.variances[1:]) / 200) ** 0.5


@pytest.mark.slow
def test_kinetic_chains_are_coupled_too() -> None:
    """ULMC and the Poisson midpoint method, exactly by the Gaussian engine."""
    system = Underdamped(Gaussian(), 2.0)
    pair = [EulerMaruyama(system, 0.2), PoissonMidpoint(system, 0.2, 4)]
    found = coupled_difference(pair[0], pair[1], square, particles=200, steps=20, burn_in=40)
    exact = [float(stationary_law(one, engine="gaussian").position.covariance) for one in pair]
    assert abs(found.estimate.value - (exact[0] - exact[1])) < 4 * found.estimate.error and found.reduction > 10


class TestTheStart:
    def test_one_that_is_not_forgotten_is_counted(self) -> None:
        """From 3, without a burn-in: the horizon holds what the start adds."""
        lmc = EulerMaruyama(Overdamped(Gaussian()), 0.4)
        short = coupled_difference(lmc, lmc.with_step(0.2), square, particles=400, steps=1, burn_in=1, initial=3.0)
        wanted = exact_lmc(1.0, 0.4) - exact_lmc(1.0, 0.2)
        assert short.warnings and "of the burn-in" in short.warnings[0]
        assert abs(short.estimate.value - wanted) > 4 * short.estimate.parts["sampling"]  # the standard error alone would be false

    @pytest.mark.slow
    def test_wells_that_chains_do_not_leave_are_warned_of(self) -> None:
        lmc = EulerMaruyama(Overdamped(GaussianMixture([0.5, 0.5], [-5.0, 5.0], [1.0, 1.0])), 0.2)
        assert coupled_difference(lmc, lmc.with_step(0.1), square, particles=100, steps=10, burn_in=40).warnings

    @pytest.mark.slow
    def test_contraction_is_the_curvature(self) -> None:
        """On a Gaussian of curvature 2 LMC contracts by 1 - 2a a step, both chains alike to first order."""
        lmc = EulerMaruyama(Overdamped(Gaussian(0.0, 0.5)), 0.02)
        found = coupled_difference(lmc, lmc.with_step(0.01), square, particles=50, steps=10, burn_in=100)
        assert found.contraction == pytest.approx(2.0, rel=0.04)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"scheme": "LMC"}, "scheme"),
        ({"other": None}, "other"),
        ({"other": EulerMaruyama(Overdamped(Gaussian(0.0, 2.0)), 0.1)}, "other"),
        ({"other": EulerMaruyama(Overdamped(COSINE), 0.13)}, "step_size"),
        ({"function": lambda x: x.sum()}, "function"),
        ({"function": lambda x: 1 / 0}, "function"),
        ({"function": lambda x: x * float("nan")}, "function"),
        ({"particles": 7}, "particles"),
        ({"burn_in": -1}, "burn_in"),
        ({"initial": 1e300}, "initial"),
    ],
)
def test_what_is_not_allowed(change: dict[str, object], name: str) -> None:
    lmc = EulerMaruyama(Overdamped(COSINE), 0.2)
    good = {"scheme": lmc, "other": lmc.with_step(0.1), "function": square, "particles": 20, "steps": 2, "burn_in": 2}
    with pytest.raises(InvalidParameter, match=f"^{name} = "):
        coupled_difference(**(good | change))


def test_laws_that_move_and_chains_that_explode() -> None:
    moving = EulerMaruyama(ReverseDiffusion(Gaussian(), 1.0, 0.1), 0.1)
    with pytest.raises(InvalidParameter, match="dynamics"):
        coupled_difference(moving, moving.with_step(0.05), square)
    wild = EulerMaruyama(Overdamped(DoubleWell()), 0.5)
    with pytest.raises(Diverged, match="diverged: after step"):
        coupled_difference(wild, wild.with_step(0.25), square, particles=20, steps=300, initial=0.3)


def test_functions_that_few_pairs_tell_apart_are_warned_of() -> None:
    lmc = EulerMaruyama(Overdamped(Gaussian()), 0.5)
    rare = coupled_difference(lmc, lmc.with_step(0.25), lambda x: (x > 4).double(), particles=20, steps=5, burn_in=20)
    assert rare.estimate.error == 0 and "the same in all but 0 of 20 pairs" in rare.warnings[-1]
    common = coupled_difference(lmc, lmc.with_step(0.25), lambda x: (x > 0).double(), particles=200, steps=5, burn_in=20)
    same = coupled_difference(lmc, lmc, square, particles=20, steps=5, burn_in=20)
    assert not common.warnings and not same.warnings and same.estimate.error == 0


@pytest.mark.slow
@pytest.mark.parametrize(("power", "pairs"), [(2, 40), (4, 8), (4, 40)])
def test_intervals_of_functions_with_heavy_tails(power: int, pairs: int) -> None:
    """Those of x^4 from 8 pairs held in 85 of 100."""
    one = EulerMaruyama(Overdamped(Gaussian()), 0.4)
    wide, narrow = 1 / 0.8, 1 / 0.9
    right = wide - narrow if power == 2 else 3 * (wide**2 - narrow**2)
    found = [coupled_difference(one, one.with_step(0.2), lambda x: x**power, particles=pairs, steps=10, burn_in=20, seed=seed) for seed in range(200)]
    assert sum(low <= right <= high for low, high in (one.interval for one in found)) >= 180
