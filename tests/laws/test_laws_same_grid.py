"""Several steps of a law on one grid are as good as each on its own; and mass that got lost on the way counts in every divergence."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.divergences import kl, tv, w2
from pmmtheory.dynamics import Overdamped, ReverseDiffusion
from pmmtheory.laws import LineLaw, transient_law
from pmmtheory.laws.inhomogeneous import engine
from pmmtheory.laws.inhomogeneous.resolution import Masses, Resolution
from pmmtheory.laws.inhomogeneous.same_grid import stay
from pmmtheory.laws.line.loss import Loss
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture


def evolved(system: ReverseDiffusion, steps: int, rtol: float) -> LineLaw:
    law = transient_law(EulerMaruyama(system, system.duration / steps), system.marginal(system.horizon), steps, rtol=rtol)
    assert isinstance(law, LineLaw)
    return law


@pytest.mark.slow
@settings(max_examples=7, deadline=None)
@given(
    gap=st.floats(0.5, 4.0),
    narrow=st.floats(0.02, 0.5),
    shift=st.sampled_from([0.0, -30.0, 2e3]),
    steps=st.integers(2, 60),
    grid=st.sampled_from(["uniform", "quadratic", "log-snr"]),
    stop=st.sampled_from([0.02, 0.4]),
)
def test_as_each_step_on_its_own(gap: float, narrow: float, shift: float, steps: int, grid: str, stop: float) -> None:
    data = GaussianMixture([0.3, 0.7], [shift - gap, shift + gap], [narrow, 2 * narrow])
    system = ReverseDiffusion(data, 2.0, stop, "exponential", grid)
    with pytest.MonkeyPatch.context() as patch:
        many = evolved(system, steps, 1e-7)
        patch.setattr(engine, "_AHEAD", 0)
        each = evolved(system, steps, 1e-7)
    apart = float(tv(many, each))
    assert apart <= many.numerical_error + each.numerical_error
    reference = system.marginal(stop)
    for distance in (tv, w2, kl):
        one, other = distance(many, reference), distance(each, reference)
        assert abs(one.value - other.value) <= one.error + other.error + 1e-13 * abs(one.value)


@pytest.mark.slow
def test_lost_mass_counts_in_a_divergence() -> None:
    """Euler steps on two modes, 128 of them: with each on a grid of its own the mass cut off moves KL by more than the grids do."""
    data = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])
    system, reference = ReverseDiffusion(data, 1.0, 0.5, "exponential"), ReverseDiffusion(data, 1.0, 0.5).marginal(0.5)
    exact = kl(evolved(system, 128, 1e-9), reference)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_AHEAD", 0)
        rough = evolved(system, 128, 1e-5)
    found = kl(rough, reference)
    assert rough.lost > 0 and found.parts["ends"] > 0
    assert abs(found.value - exact.value) <= found.error + exact.error


@pytest.mark.slow
def test_what_a_start_has_missed_is_not_forgotten() -> None:
    thrown = transient_law(PoissonMidpoint(Overdamped(Gaussian()), 1.2, substeps=5, midpoints="bernoulli"), Gaussian(3.0, 2.0), 3, rtol=1e-2, engine="line")
    system = ReverseDiffusion(Gaussian(), 1.0, 0.5)
    law = transient_law(EulerMaruyama(system, 0.1), thrown, 5, rtol=1e-2, engine="inhomogeneous")
    assert isinstance(law, LineLaw) and isinstance(thrown, LineLaw)
    assert thrown.accuracy.missed > 0.4 and law.accuracy.missed > 0.05 * thrown.accuracy.missed


@pytest.mark.parametrize(("step", "spread", "reach", "made"), [(0.06, 1.0, 8.0, 1), (1e-4, 1.0, 8.0, 0), (0.06, 0.2, 8.0, 0), (0.06, 1.0, 4.0, 0)])
def test_no_step_is_made_that_the_grid_does_not_serve(step: float, spread: float, reach: float, made: int) -> None:
    """One that it serves; noise narrower than the grid sees, a law rougher than was expected, and mass that leaves the grid."""
    x = torch.linspace(-reach, reach, round(8 * reach) + 1, dtype=torch.float64)
    masses = torch.exp(-((x / spread) ** 2) / 2) * (x[1] - x[0]) / (spread * math.sqrt(2 * math.pi))
    chain = Resolution(EulerMaruyama(ReverseDiffusion(Gaussian(), 0.5, 0.1), step), 0, 1e-8, "cpu")
    kept, done = stay(chain, Masses(x, masses, Loss(reach=reach), band=1.0), [0.0])
    assert done == made and bool((kept.masses == masses).all()) == (made == 0)
