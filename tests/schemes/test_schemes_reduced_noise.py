"""The Poisson midpoint method with less noise: what is taken away, and what is left."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.divergences import kl
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import PoissonMidpoint, ReducedNoisePoissonMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture
from tests.oracles.gaussian_chain import pmm_variance

KINDS = st.sampled_from(("bernoulli", "single"))


def added(substeps: int, kind: str) -> Fraction:
    """Var of sum_i h (K H_i - 1) D_i over a^3 lam^2, with E D_i D_j = 2 h min(i, j) lam^2, by enumeration of pairs."""
    k = substeps
    chance = {True: Fraction(1, k), False: Fraction(1, k * k) if kind == "bernoulli" else Fraction(0)}
    total = Fraction(0)
    for i, j in product(range(k), repeat=2):
        covariance = k * k * chance[i == j] - 1  # of K H_i and K H_j, of mean 1
        total += covariance * 2 * min(i, j)
    return total / k**3


@given(substeps=st.integers(1, 12), kind=KINDS, share=st.floats(0, 1), x=st.floats(0.01, 0.4), scale=st.floats(1e-3, 1e3))
def test_the_noise_is_lowered_by_the_variance_of_the_midpoints(substeps: int, kind: str, share: float, x: float, scale: float) -> None:
    scheme = ReducedNoisePoissonMidpoint(Overdamped(Gaussian(0.0, scale**2)), x * scale**2, substeps, kind, share)
    h = scheme.substep
    left = 2 - share * float(added(substeps, kind)) * x**2
    assert scheme.dynamics.noise(h) ** 2 == pytest.approx(left * h, rel=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize(("substeps", "kind", "share"), [(None, "bernoulli", 1.0), (None, "single", 0.7), (5, "bernoulli", 2 / 3), (2, "single", 1.0)])
def test_its_variance_on_gaussians(substeps: int | None, kind: str, share: float, x: float = 0.15, mean: float = -3.3, variance: float = 2.7) -> None:
    """That of PMM at a lower temperature, which the recursion of a Gaussian chain gives."""
    scheme = ReducedNoisePoissonMidpoint(Overdamped(Gaussian(mean, variance)), x * variance, substeps or math.inf, kind, share)
    taken = {"bernoulli": Fraction(1), "single": Fraction(1, 3)}[kind] if substeps is None else added(substeps, kind)
    exact = float(pmm_variance(Fraction(scheme.step_size) / Fraction(variance), substeps, kind)) * (1 - share * float(taken) * x**2 / 2)
    law = stationary_law(scheme)
    moment = law.moment(2)
    assert abs(moment.value - mean**2 - exact * variance) <= moment.error + 1e-13 * moment.value


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "share", "order"), [("bernoulli", 2 / 3, 3), ("bernoulli", 1.0, 2), ("single", 0.0, 3), ("single", 1.0, 2)])
def test_the_declared_order_is_that_of_the_variance(kind: str, share: float, order: int) -> None:
    def off(x: float) -> float:
        scheme = ReducedNoisePoissonMidpoint(Overdamped(Gaussian()), x, math.inf, kind, share)
        assert scheme.order == order
        return abs(float(stationary_law(scheme).covariance) - 1)

    assert math.log2(off(0.005) / off(0.0025)) == pytest.approx(order, abs=0.05)


@pytest.mark.slow
def test_a_share_of_nothing_is_pmm() -> None:
    dynamics = Overdamped(Gaussian(0.4, 0.7))
    mine, theirs = ReducedNoisePoissonMidpoint(dynamics, 0.2, 6, share=0.0), PoissonMidpoint(dynamics, 0.2, 6)
    assert kl(stationary_law(mine), stationary_law(theirs)).value < 1e-15


def test_it_goes_along_with_other_steps_and_dynamics() -> None:
    scheme = ReducedNoisePoissonMidpoint(Overdamped(Gaussian()), 0.1, 4, "single", 0.7)
    small = scheme.with_step(0.05)
    assert (small.share, small.substeps, small.midpoints.kind) == (0.7, 4, "single")
    assert small.dynamics.noise(0.05) == ReducedNoisePoissonMidpoint(Overdamped(Gaussian()), 0.05, 4, "single", 0.7).dynamics.noise(0.05)
    for other in (Overdamped(Gaussian(0, 2.0)), scheme.dynamics.on(Gaussian(0, 2.0))):
        assert scheme.over(other).dynamics.noise(1.0) == ReducedNoisePoissonMidpoint(Overdamped(Gaussian(0, 2.0)), 0.1, 4, "single", 0.7).dynamics.noise(1.0)


@pytest.mark.slow
def test_particles_in_the_plane_have_its_variance() -> None:
    scheme = ReducedNoisePoissonMidpoint(Overdamped(Gaussian(torch.zeros(2), torch.eye(2))), 0.8, share=1.0)
    x = simulate(scheme, particles=100_000, steps=12, seed=3)
    exact = float(pmm_variance(Fraction(8, 10), None, "bernoulli")) * (1 - 0.32)
    square = x.double().square()
    assert abs(float(square.mean()) - exact) < 5 * float(square.std()) / math.sqrt(square.numel())


def test_bad_input() -> None:
    dynamics = Overdamped(Gaussian())
    with pytest.raises(InvalidParameter, match="share"):
        ReducedNoisePoissonMidpoint(dynamics, 0.1, share=1.5)
    with pytest.raises(InvalidParameter, match=r"step_size.*below 1.41421"):
        ReducedNoisePoissonMidpoint(dynamics, 1.5, share=1.0)
    with pytest.raises(InvalidParameter, match="midpoints"):
        ReducedNoisePoissonMidpoint(dynamics, 0.1, 4, "interior")
    for other in (Underdamped(Gaussian(), 1.0), Overdamped(GaussianMixture([1.0], [0.0], [1.0])), Overdamped(Gaussian([0, 0], [[1, 0], [0, 2]]))):
        with pytest.raises(InvalidParameter, match="dynamics"):
            ReducedNoisePoissonMidpoint(other, 0.1)
