"""Frequencies of a midpoint step that tell the others, factors by real arithmetic, and displacements in far tails."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.divergences import kl, w2
from pmmtheory.divergences.line_target_side import TargetSide
from pmmtheory.divergences.transport import displacement
from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import stationary_law
from pmmtheory.laws.step import feynman_kac, midpoint_waves
from pmmtheory.laws.step.feynman_kac import WalkGrid, midpoint_characteristic
from pmmtheory.laws.step.midpoint_waves import Waves, factor, half_factor
from pmmtheory.schemes import PoissonMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture, LogCosh

X = torch.linspace(-4, 4, 17, dtype=torch.float64)
COUNT = 40


@pytest.mark.parametrize("substeps, midpoints", [(math.inf, "bernoulli"), (5, "bernoulli"), (math.inf, "single")])
def test_few_frequencies_tell_all(substeps: float, midpoints: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for target, step in ((GaussianMixture([0.3, 0.7], [-1.0, 1.5], [0.5, 0.8]), 0.01), (LogCosh(), 0.02)):
        scheme = PoissonMidpoint(Overdamped(target), step, substeps, midpoints)
        spacing = 10 / math.sqrt(2 * step) / COUNT

        def seen(scheme: PoissonMidpoint = scheme, spacing: float = spacing) -> torch.Tensor:
            return midpoint_characteristic(scheme, X, 0.0, spacing, COUNT, 0, 8.4)

        few = seen()
        with monkeypatch.context() as patch:
            patch.setattr(feynman_kac, "few", lambda *_: None)
            every = seen()
        with monkeypatch.context() as patch:
            patch.setattr(midpoint_waves, "_MORE_TERMS", -300)  # too few
            wrong = seen()
        assert float((few - every).abs().max()) < 1e-12 < float((wrong - every).abs().max())


@pytest.mark.parametrize("substeps", [math.inf, 96])
def test_factors_are_those_of_complex_numbers(substeps: float) -> None:
    pmm = PoissonMidpoint(Overdamped(Gaussian()), 0.1, substeps).structure
    assert pmm is not None
    place = torch.linspace(-3, 3, 12, dtype=torch.float64).reshape(4, 3)
    waves = Waves(torch.tensor([0.3, 2.0], dtype=torch.float64))
    g = torch.exp(1j * waves.frequencies * place[..., None]) - 1
    y = g / (1 + g / (2 * substeps))
    told = (1 + y / 6) / (1 - y / 6)
    torch.testing.assert_close(factor(waves.parts(place), 3, pmm), told, rtol=1e-13, atol=0)
    torch.testing.assert_close(half_factor(waves.parts(place), 3, pmm), torch.sqrt(told / (1 + g / substeps)), rtol=1e-13, atol=0)


@given(st.floats(0.0, 40.0), st.integers(1, 4), st.integers(1, 30))
def test_waves_are_cosines_and_sines(largest: float, times: int, count: int) -> None:
    """Whether by polynomials or by themselves; at the frequency zero exactly, so that no mass is lost."""
    waves = Waves(torch.arange(count, dtype=torch.float64))
    places = (largest / count) * torch.linspace(-1, 0.9, 15 * times, dtype=torch.float64).reshape(times, 5, 3)
    found = list(waves.each(places))
    assert len(found) == times
    for place, (real, imaginary) in zip(places, found, strict=True):
        angle = place[..., None] * waves.frequencies
        torch.testing.assert_close(real, torch.cos(angle), rtol=0, atol=1e-15 * (2 + largest))
        torch.testing.assert_close(imaginary, torch.sin(angle), rtol=0, atol=1e-15 * (2 + largest))
        assert bool((real[..., 0] == 1).all()) and not bool(imaginary[..., 0].any())


@given(st.floats(0.02, 0.99), st.floats(8.4, 14.0), st.floats(8.4, 9.6))
def test_a_transition_keeps_mass_and_moves_the_moments(kept: float, band: float, reach: float) -> None:
    """E v' = rho v and E v'^2 = rho^2 v^2 + 1 - rho^2, on average over the normal law."""
    walk = WalkGrid(band, reach)
    move = walk.transition(kept)
    density = np.exp(-(walk.nodes**2) / 2) / np.exp(-(walk.nodes**2) / 2).sum()
    np.testing.assert_allclose(move.sum(0), 1.0, rtol=0, atol=2e-15)
    np.testing.assert_allclose(move @ density, density, rtol=0, atol=2e-16)
    np.testing.assert_allclose(walk.nodes**2 @ move @ density, 1.0, rtol=0, atol=1e-13)
    shifted = density * (1 + walk.nodes)
    np.testing.assert_allclose(walk.nodes @ move @ shifted, math.sqrt(kept), rtol=0, atol=1e-13)


@pytest.mark.parametrize("step, substeps", [(0.034, 6), pytest.param(0.034, 40, marks=pytest.mark.slow), pytest.param(0.005, 12, marks=pytest.mark.slow)])
def test_rounding_of_many_substeps_stays_below_what_is_stated(step: float, substeps: int) -> None:
    """Both levels of a law share it: its KL is told apart by the moments of the random variance, to its last digits."""
    target = Gaussian()
    scheme = PoissonMidpoint(Overdamped(target), step, substeps)
    by_walk, by_moments = (stationary_law(scheme, engine=engine) for engine in ("line", "gaussian"))
    for distance in (kl, w2):
        found, known = distance(by_walk, target), distance(by_moments, target)
        assert abs(found.value - known.value) < 0.5 * found.error
    assert abs(float(by_walk.covariance) / float(by_moments.covariance) - 1) < 1e-13


def test_displacements_far_out_are_those_of_quantiles() -> None:
    wide, narrow = Gaussian(0.5, 4.0), Gaussian()
    x = torch.linspace(-12, 0, 25, dtype=torch.float64)
    gap = wide.cdf(x) - narrow.cdf(x)
    shift = displacement(x, gap, TargetSide(narrow))
    torch.testing.assert_close(x + shift, (x - 0.5) / 2, rtol=1e-9, atol=1e-9)


def test_displacements_from_far_beyond_a_support_are_those_of_quantiles() -> None:
    """Where density and distribution function underflow, nothing is told by them but on which side the place is."""
    wide, narrow = Gaussian(0.0, 300.0**2), Gaussian()
    x = torch.linspace(-1500, 0, 301, dtype=torch.float64)
    shift = displacement(x, wide.cdf(x) - narrow.cdf(x), TargetSide(narrow))
    torch.testing.assert_close(x + shift, x / 300, rtol=1e-9, atol=1e-9)
