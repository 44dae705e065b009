"""What is made for images, on "cuda": the same numbers, and nothing meets on two devices."""

from __future__ import annotations

import pytest
import torch

from pmmtheory.errors import InvalidParameter
from pmmtheory.images import EmpiricalDiffusion, frechet_distance, kernel_distance, load_images
from pmmtheory.images import empirical as module
from pmmtheory.schedulers import DDPM, NoiseSchedule
from tests.devices.conftest import Gpu

SCHEDULE = NoiseSchedule.linear()
SET = load_images("digits")


@pytest.mark.parametrize("few", [0, 10**9])
def test_the_exact_predictor(few: int, monkeypatch: pytest.MonkeyPatch, gpu: Gpu) -> None:
    """By differences and by products."""
    monkeypatch.setattr(module, "_FEW", few)
    exact = EmpiricalDiffusion(SET.images[:200], SCHEDULE)
    x = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    times = torch.tensor([1.0, 50.0, 200.0, 400.0, 600.0, 1000.0])
    here = [exact(x, t) for t in (1.0, 300.0, 900.0, times)]
    with gpu():
        there = exact.to("cuda")
        found = [there(x.to("cuda"), t) for t in (1.0, 300.0, 900.0, times.to("cuda"))]
        assert all(one.is_cuda for one in found)
        for one, wanted in zip(found, here, strict=True):
            assert torch.allclose(one.cpu(), wanted, rtol=1e-5, atol=1e-5)
        with pytest.raises(InvalidParameter, match="x = .*device"):
            there(x, 300.0)
        assert DDPM(SCHEDULE, 4).sample(there, x.to("cuda"), seed=0).is_cuda


def test_distances_of_features(gpu: Gpu) -> None:
    x, y = (torch.randn(30, 4, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    with gpu():
        there = x.to("cuda"), y.to("cuda")
        for distance in (lambda x, y: frechet_distance(x, y, resamples=3), kernel_distance):
            found, wanted = distance(*there), distance(x, y)
            assert abs(found.estimate.value - wanted.estimate.value) <= 1e-5 * abs(wanted.estimate.value)
