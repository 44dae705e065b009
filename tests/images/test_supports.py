"""Groups of images that share their background."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.harness.bench_images import digits_on_background
from pmmtheory.images import load_images
from pmmtheory.images.supports import grouped


@given(st.integers(1, 60), st.integers(1, 30), st.floats(0, 1), st.integers(0, 10**6))
def test_each_image_is_in_one_group_and_differs_from_it_there_alone(n: int, d: int, share: float, seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    rows = torch.where(torch.rand(n, d, generator=draw) < share, torch.randn(n, d, generator=draw), 0.5)
    groups = grouped(rows)
    assert sorted(torch.cat([images for images, _ in groups]).tolist()) == list(range(n))
    for images, pixels in groups:
        others = torch.ones(d, dtype=torch.bool)
        others[pixels] = False
        some = rows[images][:, others]
        assert torch.equal(some, some[:1].expand_as(some))


def test_background_is_found() -> None:
    """Digits of 20 x 20, where they are not background themselves, on 28 x 28: groups leave out half of the pixels."""
    rows = digits_on_background(20_000).flatten(1)
    kept = sum(len(images) * len(pixels) for images, pixels in grouped(rows)) / rows.numel()
    assert float((rows != rows.min()).float().mean()) < kept < 0.7


def test_images_without_background_stay_together() -> None:
    rows = torch.randn(3000, 30, generator=torch.Generator().manual_seed(0))
    assert [len(pixels) for _, pixels in grouped(rows)] == [30]
    assert len(grouped(load_images("digits").images.flatten(1))) <= 2
