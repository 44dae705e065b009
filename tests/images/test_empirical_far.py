"""The exact predictor of a data set where rounding is at its worst: images of one colour, and points far from the data."""

from __future__ import annotations

import pytest
import torch

from pmmtheory.images import EmpiricalDiffusion
from pmmtheory.noise.schedule import NoiseSchedule

SCHEDULE = NoiseSchedule.linear()


def mean_of(images: torch.Tensor, x: torch.Tensor, t: float) -> torch.Tensor:
    """E[X0 | x] in double precision, of images by themselves."""
    alpha, sigma = SCHEDULE.alpha(t), SCHEDULE.sigma(t)
    scores = alpha / sigma**2 * (x.double() @ images.double().T - alpha * images.double().square().sum(1) / 2)
    return torch.softmax(scores, 1) @ images.double()


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of pairs that are compared one by one from now on."""
    seen, own = list[int](), EmpiricalDiffusion._by_differences

    def counted(self: EmpiricalDiffusion, x: torch.Tensor, point: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        seen.append(len(point))
        return own(self, x, point, *others)

    monkeypatch.setattr(EmpiricalDiffusion, "_by_differences", counted)
    return seen


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
        wanted = (x.double() - alpha * mean_of(images, x, t)) / sigma
        assert torch.allclose(EmpiricalDiffusion(images, SCHEDULE)(x, t).double(), wanted, rtol=2e-7, atol=2e-5)


def test_many_images_count_for_points_that_single_precision_does_not_tell(compared: list[int]) -> None:
    """As after an unstable sampler: products in double precision serve, and the pairs are not compared one by one, which takes a hundred bytes for each."""
    draw = torch.Generator().manual_seed(5)
    images, x = 0.02 * torch.randn(3000, 784, generator=draw), 30 * torch.randn(40, 784, generator=draw)
    images[0] = 1.0
    for t in (400.0, 500.0):
        found = EmpiricalDiffusion(images, SCHEDULE).denoised(x, t)
        assert float((found.double() - mean_of(images, x, t)).abs().max()) <= 6144 * torch.finfo(torch.float32).eps * float(images.abs().max())
    assert sum(compared) <= len(images)


def test_points_are_divided_where_pairs_are_many(compared: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """With products that are never sure: the same as at once, and never more pairs than allowed together but of one point."""
    draw = torch.Generator().manual_seed(6)
    images, x = torch.randn(200, 10, generator=draw), torch.randn(17, 10, generator=draw)
    monkeypatch.setattr("pmmtheory.images.empirical._SURE", -1)
    monkeypatch.setattr("pmmtheory.images.empirical._AT_ONCE", 700)
    found = EmpiricalDiffusion(images, SCHEDULE).denoised(x, 900.0)
    assert torch.allclose(found.double(), mean_of(images, x, 900.0), rtol=0, atol=1e-6)
    assert len(compared) > 1 and max(compared) <= 700 and sum(compared) == 200 * 17


@pytest.mark.parametrize("points", [1, 3])
def test_images_of_small_weight_are_left_out_by_the_number_of_images(points: int) -> None:
    """Many images whose weights are below the rounding each, and above it together."""
    few, many = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([[1.0, 0.0]], dtype=torch.float64).repeat(20_000, 1)
    images, t = torch.cat([few, many]), 500.0
    x = torch.zeros(points, 2, dtype=torch.float64)
    alpha, sigma = SCHEDULE.alpha(t), SCHEDULE.sigma(t)
    far = (2 * 36.5) ** 0.5 * sigma / alpha  # exp(-36.5) is less than the rounding, and not less than its share of 20,000 images
    found = EmpiricalDiffusion(far * images, SCHEDULE).denoised(x, t)
    share = 20_000 * torch.tensor(-36.5, dtype=torch.float64).exp()
    rounded = 2048 * torch.finfo(torch.float64).eps  # of a sum of so many, the images multiplied at once
    assert torch.allclose(found[:, 0] / far, share / (1 + share), rtol=0, atol=rounded) and float(share) > 5 * rounded
