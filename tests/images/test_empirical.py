"""The exact predictor of a data set against the mixture it is, in double precision and by another route."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.images import EmpiricalDiffusion, load_images, supports, table
from pmmtheory.images import empirical as module
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schedulers import DDIM, DDPM, DPMSolverMultistep, ExactPredictor, PoissonMidpointScheduler
from pmmtheory.targets import Gaussian, GaussianMixture

SCHEDULE = NoiseSchedule.linear()
TIMES = [1e-3, 1.0, 30.0, 150.0, 300.0, 400.0, 500.0, 700.0, 1000.0]


def direct(images: Tensor, x: Tensor, t: float) -> Tensor:
    """The formula, in the longest numbers of the machine throughout."""
    y, p = (one.reshape(len(one), -1).numpy().astype(np.longdouble) for one in (images, x))
    alpha, sigma = SCHEDULE.alpha(t), SCHEDULE.sigma(t)
    scores = -np.array([((point - alpha * y) ** 2).sum(1) for point in p]) / (2 * np.longdouble(sigma) ** 2)
    weights = np.exp(scores - scores.max(1, keepdims=True))
    mean = (weights / weights.sum(1, keepdims=True)) @ y
    return torch.as_tensor(((p - alpha * mean) / sigma).astype(np.float64)).reshape(x.shape)


def noised(images: Tensor, t: float, points: int = 20, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    chosen = images[torch.randint(len(images), (points,), generator=draw)]
    return SCHEDULE.alpha(t) * chosen + SCHEDULE.sigma(t) * torch.randn(chosen.shape, generator=draw, dtype=images.dtype)


def between(images: Tensor, t: float) -> Tensor:
    """Points halfway between the noised places of two images, where the weights change most."""
    return SCHEDULE.alpha(t) * (images[:10] + images[10:20]) / 2


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_formula_in_double_precision(t: float, dtype: torch.dtype) -> None:
    images = load_images("digits").images[:500].to(dtype)
    exact = EmpiricalDiffusion(images, SCHEDULE)
    digits = torch.finfo(dtype).eps
    for x in (noised(images, t), between(images, t)):
        found, wanted = exact(x, t), direct(images, x, t)
        assert found.dtype == dtype and found.shape == x.shape
        # a change of x in its last double digit moves scores by this much, and the mean of the images with them
        moved = 2.0**-53 * float(x.double().flatten(1).norm(dim=1).max()) * 12 / SCHEDULE.sigma(t) ** 2 * 12 / SCHEDULE.sigma(t)
        assert float((found - wanted).abs().max()) <= 64 * digits * float(wanted.abs().max()) + moved


@pytest.mark.slow
@pytest.mark.parametrize("t", [30.0, 400.0, 900.0])
def test_products_and_differences_agree(t: float, monkeypatch: pytest.MonkeyPatch) -> None:
    images = load_images("digits").images
    x = noised(images, t, 50)
    answers = []
    for few in (0.0, 10**9):  # every pair by differences, or by products wherever they are sure enough
        monkeypatch.setattr(module, "_FEW", few)
        answers.append(EmpiricalDiffusion(images, SCHEDULE)(x, t))
    assert torch.allclose(*answers, rtol=0, atol=2e-6)


def test_scores_in_single_precision_alone_would_be_wrong() -> None:
    """Two images that differ little, at small noise: rounded scores of sizes near 1e6 cannot tell how much each counts."""
    draw = torch.Generator().manual_seed(0)
    first = torch.rand(1, 784, generator=draw) + 2
    images = torch.cat([first, first + 1e-3 * torch.randn(1, 784, generator=draw), -first])
    t = 1.0
    x = SCHEDULE.alpha(t) * (0.3 * images[:1] + 0.7 * images[1:2])
    wanted = direct(images, x, t)
    sigma2 = SCHEDULE.sigma(t) ** 2
    rounded = torch.softmax((x @ images.T * SCHEDULE.alpha(t) - SCHEDULE.alpha(t) ** 2 * images.square().sum(1) / 2) / sigma2, 1)
    naive = (x - SCHEDULE.alpha(t) * rounded @ images) / SCHEDULE.sigma(t)
    found = EmpiricalDiffusion(images, SCHEDULE)(x, t)
    assert float((found - wanted).abs().max()) < 1e-7
    assert float((naive - wanted).abs().max()) > 1e-3


@pytest.mark.parametrize("setting", ["high", "medium"])
def test_fast_products_are_not_trusted(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where torch may multiply with few digits, more images are compared by differences: with as wrong scores, the same answers."""
    images = load_images("digits").images[:400]
    exact = EmpiricalDiffusion(images, SCHEDULE)
    rounded = EmpiricalDiffusion(images, SCHEDULE)
    bits = {"high": torch.float16, "medium": torch.bfloat16}[setting]
    own = rounded._table(torch.float32)
    blocks = [replace(block, rows=torch.cat([block.rows[:, :-2].to(bits).float(), block.rows[:, -2:]], 1)) for block in own.blocks]
    monkeypatch.setitem(rounded._tables, torch.float32, replace(own, blocks=blocks))
    for t in (1.0, 100.0, 300.0):
        x = noised(images, t)
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision(setting)
        try:
            found = rounded(x, t)
        finally:
            torch.set_float32_matmul_precision(before)
        assert float((found - exact(x, t)).abs().max()) < 1e-5


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("shift", [0.0, 1e3])
def test_images_far_from_the_origin_and_of_any_size(scale: float, shift: float) -> None:
    draw = torch.Generator().manual_seed(1)
    images = (torch.randn(40, 2, 3, generator=draw) + shift) * scale
    for t in (1.0, 300.0, 900.0):
        x = noised(images, t)
        wanted = direct(images, x, t)
        found = EmpiricalDiffusion(images, SCHEDULE)(x, t)
        assert float((found - wanted).abs().max()) <= 1e-6 * (1 + float(wanted.abs().max()))


def test_images_given_twice_count_twice() -> None:
    images = load_images("digits").images[:30].double()
    weighted = torch.cat([images, images[:1], images[:1]])
    t = 500.0
    x = noised(images, t)
    assert torch.allclose(EmpiricalDiffusion(weighted, SCHEDULE)(x, t), direct(weighted, x, t), rtol=1e-12, atol=1e-12)
    assert torch.allclose(EmpiricalDiffusion(images.repeat(7, 1, 1, 1), SCHEDULE)(x, t), EmpiricalDiffusion(images, SCHEDULE)(x, t), rtol=1e-12, atol=1e-12)
    same = images[:1].float().repeat(3000, 1, 1, 1)
    assert torch.equal(EmpiricalDiffusion(same, SCHEDULE)(x.float(), 1.0), EmpiricalDiffusion(same[:1], SCHEDULE)(x.float(), 1.0))


def test_one_image_is_a_gaussian_of_no_width() -> None:
    image = load_images("digits").images[:1].double()
    x = noised(image, 200.0, 6)
    wanted = (x - SCHEDULE.alpha(200.0) * image) / SCHEDULE.sigma(200.0)
    assert torch.allclose(EmpiricalDiffusion(image, SCHEDULE)(x, 200.0), wanted, rtol=1e-13, atol=1e-13)
    number = EmpiricalDiffusion(torch.tensor([0.7], dtype=torch.float64), SCHEDULE)
    narrow = ExactPredictor(Gaussian(0.7, 1e-16), SCHEDULE)
    z = torch.linspace(-2, 2, 9, dtype=torch.float64)
    assert torch.allclose(number(z, 50.0), narrow(z, 50.0), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("t", [20.0, 250.0, 800.0])
def test_few_images_are_a_mixture_of_narrow_gaussians(t: float) -> None:
    places = torch.tensor([[-1.0, 0.2, 0.5], [0.3, 0.9, -0.4], [1.0, -1.0, 0.0]], dtype=torch.float64)
    narrow = ExactPredictor(GaussianMixture(weights=[1 / 3] * 3, means=places.tolist(), variances=[1e-14] * 3), SCHEDULE)
    x = 0.5 * torch.randn(40, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    assert torch.allclose(EmpiricalDiffusion(places, SCHEDULE)(x, t), narrow(x, t), rtol=1e-8, atol=1e-8)


def test_every_point_at_a_time_of_its_own() -> None:
    exact = EmpiricalDiffusion(load_images("digits"), SCHEDULE)
    times = torch.tensor([3.0, 200.0, 450.5, 990.0])
    x = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(4))
    each = torch.cat([exact(x[i : i + 1], float(t)) for i, t in enumerate(times)])
    for shape in ((4, 1, 1, 1), (4,)):
        assert torch.allclose(exact(x, times.reshape(shape)), each, rtol=1e-5, atol=1e-5)
    assert torch.equal(exact(x, torch.tensor(200.0)), exact(x, 200.0))


def test_a_batch_in_parts_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = EmpiricalDiffusion(load_images("digits").images.double(), SCHEDULE)
    x = torch.randn(11, 1, 8, 8, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    whole = [exact(x, t) for t in TIMES]
    monkeypatch.setattr(module, "_SCORES", 3 * 1438)
    monkeypatch.setattr(module, "_PAIRS", 1000)
    parts = EmpiricalDiffusion(exact.images, SCHEDULE)
    for t, wanted in zip(TIMES, whole, strict=True):
        assert torch.allclose(parts(x, t), wanted, rtol=1e-12, atol=1e-12)
    assert exact(x[:0], 5.0).shape == (0, 1, 8, 8)


@pytest.mark.parametrize("t", TIMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_images_in_groups_give_the_same(t: float, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digits at two places of a large background, and some noise without any: in many blocks of few pixels, as in one of all."""
    digits, draw = load_images("digits").images[:300, 0].to(dtype), torch.Generator().manual_seed(7)
    images = torch.full((320, 1, 12, 20), float(digits.min()), dtype=dtype)
    images[:150, 0, 2:10, 1:9], images[150:300, 0, 3:11, 11:19] = digits[:150], digits[150:]
    images[300:] = torch.randn(20, 1, 12, 20, generator=draw, dtype=dtype)
    images = images[torch.randperm(320, generator=draw)]
    x = torch.cat([noised(images, t), between(images, t)])
    whole = EmpiricalDiffusion(images, SCHEDULE)
    assert len(whole._table(dtype).blocks) == 1
    monkeypatch.setattr(table, "_MANY", 1)
    monkeypatch.setattr(table, "_TOGETHER", 64)
    monkeypatch.setattr(supports, "_GROUPED", 20)
    parts = EmpiricalDiffusion(images, SCHEDULE)
    blocks = parts._table(dtype).blocks
    assert len(blocks) > 5 and sum(block.rows.numel() for block in blocks) < 0.5 * images.numel()
    found, wanted = parts(x, t), direct(images, x, t)
    allowed = 64 * torch.finfo(dtype).eps * float(wanted.abs().max())
    moved = 2.0**-53 * float(x.double().flatten(1).norm(dim=1).max()) * 20 / SCHEDULE.sigma(t) ** 2 * 20 / SCHEDULE.sigma(t)
    assert float((found - wanted).abs().max()) <= allowed + moved
    assert float((whole(x, t) - wanted).abs().max()) <= allowed + moved


def test_the_mean_of_the_data_given_a_point() -> None:
    images = load_images("digits").images[:200]
    exact = EmpiricalDiffusion(images, SCHEDULE)
    assert torch.allclose(exact.denoised(torch.zeros(1, 1, 8, 8), 1000.0)[0], images.mean(0), atol=0.05)
    assert torch.allclose(exact.denoised(noised(images, 1.0, 20), 1.0), noised(images, 1e-9, 20), atol=1e-5)


SAMPLERS = [DDIM(SCHEDULE, 25), DDPM(SCHEDULE, 50), DPMSolverMultistep(SCHEDULE, 20, order=2), PoissonMidpointScheduler(SCHEDULE, 200, substeps=4)]


@pytest.mark.slow
@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: type(sampler).__name__)
def test_samplers_run_on_it(sampler: DDIM) -> None:
    """And at the data repeat what is in the set."""
    exact = EmpiricalDiffusion(load_images("digits").images[:300], SCHEDULE)
    made = sampler.sample(exact, torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(6)), seed=1)
    nearest = torch.cdist(made.flatten(1), exact.images.flatten(1)).amin(1)
    assert float(nearest.median()) < 0.5 and math.isfinite(float(made.sum()))


def test_wrong_input_is_named() -> None:
    exact = EmpiricalDiffusion(torch.zeros(2, 3), SCHEDULE)
    for images in (torch.zeros(0, 3), torch.zeros(2, 3, dtype=torch.int64), torch.full((2, 3), math.nan), [[1.0]], torch.tensor(1.0)):
        with pytest.raises(InvalidParameter, match="images"):
            EmpiricalDiffusion(images, SCHEDULE)
    with pytest.raises(InvalidParameter, match="schedule"):
        EmpiricalDiffusion(torch.zeros(2, 3), None)  # type: ignore[arg-type]
    for x in (torch.zeros(2, 4), torch.zeros(3), torch.full((1, 3), math.inf), torch.zeros(2, 3, dtype=torch.int64), [[1.0, 2.0, 3.0]]):
        with pytest.raises(InvalidParameter, match="x = "):
            exact(x, 5.0)  # type: ignore[arg-type]
    for t in (None, "a", 0.0, -1.0, 1001.0, math.nan, torch.tensor([1.0, 2.0, 3.0])):
        with pytest.raises(InvalidParameter, match="t = "):
            exact(torch.zeros(2, 3), t)
