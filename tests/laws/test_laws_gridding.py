"""Blurred masses on a grid against direct sums, and against integrals of waves."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.numerics.nufft import blurred

GRID = torch.linspace(-7, 7, 141, dtype=torch.float64)
SPACING = 0.1


def masses_at(seed: int, groups: int, many: int, reach: float = 4.0) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    points = reach * (2 * torch.rand((groups, many), generator=draw, dtype=torch.float64) - 1)
    masses = torch.randn((groups, many), generator=draw, dtype=torch.float64)
    return points, masses / masses.abs().sum()


def direct(points: torch.Tensor, masses: torch.Tensor, deviations: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    z = (grid - points[..., None]) / deviations[:, None, None]
    return (masses[..., None] * torch.exp(-z * z / 2) / deviations[:, None, None]).sum((0, 1)) * (SPACING / math.sqrt(2 * math.pi))


@given(seed=st.integers(0, 10**6), groups=st.integers(1, 5), many=st.integers(1, 40), narrow=st.floats(0.35, 0.6))
def test_sums_of_gaussians(seed: int, groups: int, many: int, narrow: float) -> None:
    """A Gaussian of three and a half spacings or more has nothing beyond the Nyquist frequency: exp(-(3.5 pi)^2/2) = 5e-27."""
    points, masses = masses_at(seed, groups, many, 3.0)
    deviations = torch.linspace(narrow, 0.65, groups, dtype=torch.float64)
    assert float((blurred(points, masses, deviations, GRID) - direct(points, masses, deviations, GRID)).abs().max()) < 3e-14


@pytest.mark.parametrize("digits", [4, 6, 8, 10, 12])
def test_the_error_is_that_asked_for(digits: int) -> None:
    points, masses = masses_at(1, 3, 500, 2.0)
    deviations = torch.tensor([0.4, 0.5, 0.6], dtype=torch.float64)
    assert float((blurred(points, masses, deviations, GRID, digits) - direct(points, masses, deviations, GRID)).abs().sum()) < 10.0**-digits


@given(seed=st.integers(0, 10**6), share=st.floats(0, 0.6))
def test_points_without_blur_keep_every_wave_that_the_grid_holds(seed: int, share: float) -> None:
    """sum_j p_j exp(i k y_j) is that of the points, weighted by what the window of the test leaves."""
    points, masses = masses_at(seed, 1, 30, 1.0)
    k = share * math.pi / SPACING
    wide = torch.arange(-400, 401, dtype=torch.float64) * SPACING
    seen = blurred(points, masses, torch.zeros(1, dtype=torch.float64), wide)
    window = torch.exp(-((wide / 4) ** 2) / 2)  # its own waves are narrow: they reach 8/4 = 2 from k
    exact = (masses * torch.exp(-((points / 4) ** 2) / 2) * torch.polar(torch.ones_like(points), k * points)).sum()
    assert (
        abs(complex((seen * window * torch.polar(torch.ones_like(wide), k * wide)).sum()) - complex(exact)) < 1e-10
    )  # near the Nyquist frequency the kernel's transform is small


def test_a_band_leaves_out_what_is_faster() -> None:
    points, masses = torch.zeros((1, 1), dtype=torch.float64), torch.ones((1, 1), dtype=torch.float64)
    still = torch.zeros(1, dtype=torch.float64)
    seen = blurred(points, masses, still, GRID, band=0.5 * math.pi / SPACING)
    np.testing.assert_allclose(seen.numpy(), np.sinc(GRID.numpy() / SPACING / 2) / 2, atol=2e-2)  # periodic, with a whole number of waves


def test_what_is_far_beyond_the_grid_is_left_out() -> None:
    points = torch.tensor([[0.0, 50.0, -1e9]], dtype=torch.float64)
    seen = blurred(points, torch.ones_like(points), torch.full((1,), 0.5, dtype=torch.float64), GRID)
    assert float(seen.sum()) == pytest.approx(1.0, abs=1e-13)


@pytest.mark.slow
def test_many_masses_in_chunks_are_the_same() -> None:
    points, masses = masses_at(3, 60, 4000)
    deviations = torch.linspace(0.4, 1.0, 60, dtype=torch.float64)
    whole = blurred(points, masses, deviations, GRID)
    parts = sum(blurred(points[i : i + 1], masses[i : i + 1], deviations[i : i + 1], GRID) for i in range(60))
    assert float((whole - parts).abs().max()) < 1e-15
