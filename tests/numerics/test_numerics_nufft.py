"""The kernel by which masses are spread over a grid."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pmmtheory.numerics.nufft import blurred, kernel_polynomials, steepness


@pytest.mark.parametrize("width", range(4, 16))
def test_the_kernel_is_told_by_polynomials(width: int) -> None:
    t = np.linspace(-1, 1, 201, dtype=np.longdouble)
    z = (t + 1) / width - 1 + 2 / width * np.arange(width)[:, None]
    kernel = np.exp(steepness(width) * (np.sqrt(np.clip(1 - z**2, 0, None)) - 1))
    polynomials = kernel_polynomials(width)
    off = np.abs(polynomials @ t ** np.arange(polynomials.shape[1])[:, None] - kernel)
    assert width < 14 or float(off.mean()) < 1e-16
    assert float(off.max()) < max(0.1 * 10.0 ** (1 - width), 5e-15)


@pytest.mark.parametrize("digits", [3, 6, 9, 13])
@pytest.mark.parametrize("count", [700, 30_000])  # in one block of masses and in several
def test_masses_are_blurred_to_so_many_digits(digits: int, count: int) -> None:
    grid = torch.linspace(-8, 8, 129, dtype=torch.float64)
    spacing = float(grid[1] - grid[0])
    generator = torch.Generator().manual_seed(1)
    points = torch.rand((2, count), dtype=torch.float64, generator=generator) * 8 - 4
    masses = torch.rand((2, count), dtype=torch.float64, generator=generator) / count
    deviations = torch.tensor([0.6, 0.8], dtype=torch.float64)
    z = (grid - points[..., None]) / deviations[:, None, None]
    known = (masses[..., None] * torch.exp(-(z**2) / 2) / (math.sqrt(2 * math.pi) * deviations[:, None, None])).sum((0, 1)) * spacing
    assert float((blurred(points, masses, deviations, grid, digits) - known).abs().max()) < 10.0**-digits
