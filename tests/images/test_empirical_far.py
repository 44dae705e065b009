"""The exact predictor of a data set where rounding is at its worst: images of one colour, and points far from the data."""

from __future__ import annotations

import pytest
import torch

from pmmtheory.images import EmpiricalDiffusion
from pmmtheory.noise.schedule import NoiseSchedule

SCHEDULE = NoiseSchedule.linear()


@pytest.mark.parametrize("size", [784, 3072, 12288, 49152])
def test_images_of_one_colour(size: int) -> None:
    """Of equal terms all roundings go one way."""
    for seed in range(20):
        draw = torch.Generator().manual_seed(seed)
        t = (100.0, 300.0, 600.0, 1000.0)[seed % 4]
        unit = SCHEDULE.sigma(t) / SCHEDULE.alpha(t)
        images = torch.randn(4, 1, generator=draw) * torch.ones(1, size) * (torch.rand(1, generator=draw) * 900 / size) ** 0.5 * unit / 2
        images[1] = images[0] + 2 * (2 * torch.rand(1, generator=draw) - 1) * unit / size**0.5
        x = SCHEDULE.alpha(t) * images[:1]
        found = EmpiricalDiffusion(images, SCHEDULE).denoised(x, t)
        alpha, sigma = SCHEDULE.alpha(t), SCHEDULE.sigma(t)
        gap = images.double() - images[0].double()
        weights = torch.softmax(alpha / sigma**2 * (gap @ (x.double()[0] - alpha * images[0].double()) - alpha / 2 * gap.square().sum(1)), 0)
        wanted = images[0].double() + weights @ gap
        counting = gap[weights > 1e-9].norm(dim=1).max()
        assert float((found - wanted).norm()) <= 6144 * torch.finfo(torch.float32).eps * float(counting) + 1e-7 * float(wanted.norm())


def test_the_mean_is_among_the_images_whatever_the_point() -> None:
    images = torch.randn(30, 8, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    for scale, far in ((1.0, 1e15), (1e-20, 1.0), (1.0, 1e30)):
        mean = EmpiricalDiffusion(scale * images, SCHEDULE).denoised(far * torch.ones(1, 8, dtype=torch.float64), 500.0)
        assert bool((mean <= scale * images.amax(0) * (1 + 1e-9)).all() and (mean >= scale * images.amin(0) * (1 + 1e-9)).all())


@pytest.mark.parametrize("far", [1e2, 1e6, 1e15])
def test_points_far_from_the_data(far: float) -> None:
    draw = torch.Generator().manual_seed(2)
    images = torch.randn(30, 8, generator=draw)
    x = far * torch.randn(5, 8, generator=draw)
    for t in (1.0, 500.0):
        alpha, sigma = SCHEDULE.alpha(t), SCHEDULE.sigma(t)
        scores = alpha / sigma**2 * (x.double() @ images.double().T - alpha * images.double().square().sum(1) / 2)
        weights = torch.softmax(scores, 1)
        wanted = (x.double() - alpha * weights @ images.double()) / sigma
        assert torch.allclose(EmpiricalDiffusion(images, SCHEDULE)(x, t).double(), wanted, rtol=2e-7, atol=2e-5)
