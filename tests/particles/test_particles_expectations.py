"""Expectations from many chains: right, with errors that hold for correlated chains, and warnings where they would not."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.chain import Chain
from pmmtheory.dynamics import Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import Diverged, InvalidParameter
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.particles import expectations
from pmmtheory.schemes import EulerMaruyama, RandomizedMidpoint
from pmmtheory.targets import DoubleWell, Gaussian, GaussianMixture, LogisticRegression
from tests.oracles.lines import COSINE

LMC = EulerMaruyama(Overdamped(Gaussian()), 0.2)
VARIANCE = 1 / 0.9


@pytest.mark.slow
@given(step=st.floats(0.1, 0.8), variance=st.floats(0.3, 3.0), kinetic=st.booleans(), seed=st.integers(0, 999))
def test_moments_on_gaussians(step: float, variance: float, kinetic: bool, seed: int) -> None:
    """LMC: variance/(1 - x/2) with x = step/variance; ULMC of the position, by the Gaussian engine."""
    target = Gaussian(0.5, variance)
    lmc = EulerMaruyama(Underdamped(target, 2.0) if kinetic else Overdamped(target), step * min(variance, 1.0) ** 0.5 if kinetic else step * variance)
    wanted = float(stationary_law(lmc, engine="gaussian").position.covariance) if kinetic else variance / (1 - step / 2)
    found = expectations(lmc, {"mean": 1, "square": lambda x: (x - 0.5) ** 2}, particles=200, steps=40, burn_in=40, seed=seed)
    assert abs(found["mean"].value - 0.5) < 4.5 * found["mean"].error and abs(found["square"].value - wanted) < 4.5 * found["square"].error


@pytest.mark.slow
def test_against_the_exact_law_on_a_ripple() -> None:
    scheme = RandomizedMidpoint(Overdamped(COSINE), 0.4)
    law = stationary_law(scheme, rtol=1e-5)
    found = expectations(scheme, [1, 2, 3], particles=500, steps=100)
    for k in (1, 2, 3):
        assert abs(found[f"x^{k}"].value - law.moment(k).value) < 4 * found[f"x^{k}"].error


def test_a_fixed_time_by_the_exact_law() -> None:
    law = transient_law(EulerMaruyama(Overdamped(COSINE), 0.2), 2.0, 3)
    found = expectations(Chain(EulerMaruyama(Overdamped(COSINE), 0.2), 2.0, 3), {"square": 2}, particles=4000, at_end=True)
    assert abs(found["square"].value - law.moment(2).value) < 4 * found["square"].error
    assert not found.drift and found.ess["square"] == 4000 and found.drift_calls == 12_000


class TestErrors:
    @pytest.mark.slow
    def test_hold_where_those_of_independent_points_do_not(self) -> None:
        """Of 200 intervals 88 to 99 in a hundred; by the number of points, as if they were independent, fewer than 70."""
        ours = naive = flagged = 0
        for seed in range(200):
            found = expectations(LMC, 1, particles=24, steps=20, burn_in=5, seed=seed)
            one, off = found["x^1"], abs(found["x^1"].value)
            ours += off < 2.07 * one.error  # Student's with 23 degrees of freedom
            naive += off < 2.07 * one.error * math.sqrt(found.ess["x^1"] / (24 * 20))
            flagged += any("still moved" in warning for warning in found.warnings)
        assert 176 <= ours <= 198 and naive < 140 and flagged <= 4

    @pytest.mark.slow
    def test_the_effective_number_is_that_of_the_correlation(self) -> None:
        """The mean of LMC is one of an autoregression: T (1 - r)/(1 + r) points a chain for T long, with r = 1 - a."""
        found = expectations(LMC, 1, particles=400, steps=400, burn_in=50)
        assert found.ess["x^1"] == pytest.approx(400 * 400 * 0.2 / 1.8, rel=0.25)

    def test_a_wrong_scheme_is_seen(self) -> None:
        class Hot(EulerMaruyama):
            def step(self, x: torch.Tensor, t: object, draws: object) -> tuple[torch.Tensor, object]:
                mean, factor = super().step(x, t, {})
                return mean, 1.2 * factor

        found = expectations(Hot(LMC.dynamics, 0.2), 2, particles=500, steps=100)
        assert found["x^2"].value - VARIANCE > 10 * found["x^2"].error


class TestWarnings:
    def test_a_law_that_still_moves(self) -> None:
        found = expectations(LMC, 2, particles=100, steps=20, burn_in=0, initial=5.0)
        assert not found.stationary and "still moved" in str(found)
        assert expectations(LMC, 2, particles=100, steps=20, burn_in=60, initial=5.0).drift["x^2"] < 4

    @pytest.mark.slow
    def test_chains_that_do_not_mix(self) -> None:
        wells = EulerMaruyama(Overdamped(GaussianMixture([0.5, 0.5], [-5.0, 5.0], [1.0, 1.0])), 0.2)
        found = expectations(wells, 1, particles=50, steps=200)
        assert found.mixing["x^1"] > 2 and "disagree" in found.warnings[0]

    @pytest.mark.slow
    def test_none_where_nothing_is_wrong(self) -> None:
        assert expectations(LMC, [1, 2], particles=100, steps=200).stationary

    def test_of_a_constant(self) -> None:
        found = expectations(LMC, {"one": torch.ones_like}, particles=10, steps=5)
        assert found["one"].value == 1 and found["one"].error == 0 and found.stationary


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"scheme": "LMC"}, "scheme"),
        ({"functions": {}}, "functions"),
        ({"functions": [2, 2]}, "functions"),
        ({"functions": 0}, "functions"),
        ({"functions": lambda x: x[:3]}, "function"),
        ({"particles": 3}, "particles"),
        ({"steps": 1}, "steps"),
        ({"steps": None}, "steps"),
        ({"burn_in": -1}, "burn_in"),
        ({"at_end": 1}, "at_end"),
        ({"at_end": True, "burn_in": 3}, "burn_in"),
        ({"scheme": EulerMaruyama(ReverseDiffusion(Gaussian(), 1.0, 0.1), 0.1)}, "at_end"),
    ],
)
def test_what_is_not_allowed(change: dict[str, object], name: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^{name} = "):
        expectations(**({"scheme": LMC, "functions": 2, "particles": 10, "steps": 4} | change))


def test_chains_that_explode() -> None:
    with pytest.raises(Diverged, match="diverged: after step"):
        expectations(EulerMaruyama(Overdamped(DoubleWell()), 0.5), 2, particles=20, steps=300, initial=0.3)


def test_a_target_without_draws_needs_a_start() -> None:
    target = LogisticRegression([[1.0, 0.0], [1.0, 1.0], [1.0, 3.0]], [0, 1, 1])
    scheme = EulerMaruyama(Overdamped(target), 0.1)
    with pytest.raises(InvalidParameter, match="initial = 'LogisticRegression.* one point, a point a particle, or a target with exact draws"):
        expectations(scheme, {"square": 2}, steps=10)
    assert expectations(scheme, {"square": 2}, steps=10, initial=target.mode)["square"].error > 0
