"""Frequencies of a midpoint step that tell the others, factors by real arithmetic, and displacements in far tails."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.divergences.line_sides import TargetSide
from pmmtheory.divergences.transport import displacement
from pmmtheory.dynamics import Overdamped
from pmmtheory.laws.step import feynman_kac, midpoint_waves
from pmmtheory.laws.step.feynman_kac import midpoint_characteristic
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
    g = torch.exp(1j * waves.frequencies[:, None] * place[:, None]) - 1
    y = g / (1 + g / (2 * substeps))
    told = (1 + y / 6) / (1 - y / 6)
    torch.testing.assert_close(factor(waves.parts(place), 3, pmm), told, rtol=1e-13, atol=0)
    torch.testing.assert_close(half_factor(waves.parts(place), 3, pmm), torch.sqrt(told / (1 + g / substeps)), rtol=1e-13, atol=0)


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
