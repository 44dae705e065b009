"""Distances of sets by independent formulas, on sets whose distance is known, and their errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

from pmmtheory.divergences import w2
from pmmtheory.divergences.two_samples.u_statistics import mmd_of_sums
from pmmtheory.errors import InvalidParameter
from pmmtheory.images import compare, frechet_distance, kernel_distance, load_features, load_images, noise_floor
from pmmtheory.targets import Gaussian


def points(n: int, seed: int, d: int = 6, shift: float = 0.0, scale: float = 1.0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    mix = torch.eye(d, dtype=torch.float64) + 0.3 * torch.ones(d, d, dtype=torch.float64).tril(-1)
    return scale * torch.randn(n, d, generator=draw, dtype=torch.float64) @ mix + shift


def test_the_frechet_distance_by_a_matrix_root() -> None:
    x, y = points(60, 0), points(80, 1, shift=0.3, scale=1.4)
    c, e = np.cov(x.numpy().T), np.cov(y.numpy().T)
    wanted = float((x.mean(0) - y.mean(0)).square().sum()) + np.trace(c + e - 2 * np.real(scipy.linalg.sqrtm(c @ e)))
    found = frechet_distance(x, y).estimate
    assert abs(found.value - wanted) <= 1e-10 * wanted
    ours = w2(*(Gaussian(one.mean(0), torch.cov(one.T)) for one in (x, y)))
    assert abs(found.value - ours.value**2) <= 1e-12 * wanted
    ot = pytest.importorskip("ot")
    assert abs(found.value - float(ot.gaussian.bures_wasserstein_distance(x.mean(0), y.mean(0), torch.cov(x.T), torch.cov(y.T))) ** 2) <= 1e-9 * wanted


def test_features_that_depend_on_each_other() -> None:
    x, y = (torch.cat([one, one[:, :1], 0 * one[:, :1]], 1) for one in (points(50, 0), points(70, 1)))
    c, e = np.cov(x.numpy().T), np.cov(y.numpy().T)
    value, vectors = np.linalg.eigh(c)
    root = (vectors * np.sqrt(value.clip(0))) @ vectors.T
    inner = np.sqrt(np.linalg.eigvalsh(root @ e @ root).clip(0)).sum()
    wanted = float((x.mean(0) - y.mean(0)).square().sum()) + np.trace(c + e) - 2 * inner
    assert abs(float(frechet_distance(x, y)) - wanted) < 1e-6
    same = frechet_distance(x, x)
    assert same.estimate.value < 1e-25 and same.interval[0] == 0


def test_the_kernel_distance_pair_by_pair() -> None:
    x, y = points(7, 0, 3), points(5, 1, 3, shift=0.5)

    def k(a: Tensor, b: Tensor) -> float:
        return float((a @ b / 3 + 1) ** 3)

    def value(x: Tensor, y: Tensor) -> float:
        own = sum(k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j) / (len(x) * (len(x) - 1))
        other = sum(k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j) / (len(y) * (len(y) - 1))
        return own + other - 2 * sum(k(a, b) for a in x for b in y) / (len(x) * len(y))

    found = kernel_distance(x, y).estimate
    assert abs(found.value - value(x, y)) < 1e-12 * 10
    left_x = np.array([value(torch.cat([x[:i], x[i + 1 :]]), y) for i in range(7)])
    left_y = np.array([value(x, torch.cat([y[:i], y[i + 1 :]])) for i in range(5)])
    wanted = math.sqrt(6 / 7 * ((left_x - left_x.mean()) ** 2).sum() + 4 / 5 * ((left_y - left_y.mean()) ** 2).sum())
    assert abs(found.parts["sampling"] - wanted) < 1e-10 * wanted


@pytest.mark.parametrize("far", [0.0, 3.0, 1e4])
@pytest.mark.parametrize("d", [1, 3, 20])
def test_the_kernel_distance_of_many_points_is_that_of_their_pairs(d: int, far: float) -> None:
    x, y = points(500, 0, d) + far, points(700, 1, d, shift=0.1) + far

    def sums(a: Tensor, b: Tensor, but: bool) -> tuple[Tensor, Tensor]:
        values = ((a @ b.T) / d + 1) ** 3
        return (values - torch.diag(torch.diag(values)) if but else values).sum(1), values.abs().mean()

    own_x, own_y, across, back = sums(x, x, True), sums(y, y, True), sums(x, y, False), sums(y, x, False)
    plain = mmd_of_sums(own_x[0], own_y[0], across[0], back[0], float(own_x[1] + own_y[1] + 2 * across[1]))
    found = kernel_distance(x, y).estimate
    assert abs(found.value - plain.value) <= found.parts["rounding"] + plain.parts["rounding"]
    assert far == 1e4 or found.parts["rounding"] < 1e-10
    assert abs(found.parts["sampling"] - plain.parts["sampling"]) <= 1e-9 * plain.parts["sampling"] + found.parts["rounding"]


@pytest.mark.slow
@pytest.mark.parametrize(("shift", "most"), [(0.0, 1.6), (0.3, 1.25)])
def test_the_kernel_distance_is_unbiased_and_its_error_holds(shift: float, most: float) -> None:
    """Halves of one set: 0 on average; and as far apart as the standard error says."""
    runs = [kernel_distance(points(60, 2 * i), points(60, 2 * i + 1, shift=shift)).estimate for i in range(300)]
    values, errors = np.array([r.value for r in runs]), np.array([r.error for r in runs])
    large = kernel_distance(points(3000, 10_000), points(3000, 10_001, shift=shift)).estimate if shift else None
    true = large.value if large else 0.0
    assert abs(values.mean() - true) < 3.5 * (values.std() / math.sqrt(len(values)) + (large.error if large else 0.0))
    assert 0.85 < math.sqrt((errors**2).mean()) / values.std() < most


@pytest.mark.parametrize(("n", "d"), [(3, 2), (10, 2), (30, 2), (10, 20)])
def test_intervals_of_the_kernel_distance_of_few_points_hold(n: int, d: int) -> None:
    """Between N(0, I) and N(1/2, (3/2)^2 I), by the moments of products of normal numbers."""

    def mean(m: float, v: float, shift: float, w: float) -> float:
        one, two, three = m * shift, (m * m + v) * (shift * shift + w), (m**3 + 3 * m * v) * (shift**3 + 3 * shift * w)
        first, variance, third = d * one, d * (two - one**2), d * (three - 3 * one * two + 2 * one**3)
        return (third + 3 * first * variance + first**3) / d**3 + 3 * (variance + first**2) / d**2 + 3 * first / d + 1

    true = mean(0, 1, 0, 1) + mean(0.5, 2.25, 0.5, 2.25) - 2 * mean(0, 1, 0.5, 2.25)
    draw = torch.Generator().manual_seed(n)
    sets = torch.randn(200, 2, n, d, generator=draw, dtype=torch.float64)
    runs = [kernel_distance(x, 0.5 + 1.5 * y).interval for x, y in sets]
    assert sum(low <= true <= high for low, high in runs) >= 180


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_intervals_of_the_frechet_distance_hold(shift: float) -> None:
    """And the plain value does not: it is larger than the distance of the laws."""
    true = 6 * shift**2
    runs = [frechet_distance(points(150, 2 * i), points(150, 2 * i + 1, shift=shift), seed=i, resamples=40) for i in range(60)]
    held = sum(low <= true <= high for low, high in (run.interval for run in runs))
    assert held >= 51  # 57 on average; 50 or fewer has probability below 0.01
    values = np.array([float(run) for run in runs])
    excess, unit = values.mean() - true, values.std() / math.sqrt(len(values))
    assert excess > 4 * unit
    assert abs(np.mean([run.bias for run in runs]) - excess) < 0.35 * excess + 3 * unit


@pytest.mark.parametrize(("n", "d"), [(60, 50), (100, 50), (30, 20)])
def test_intervals_of_the_frechet_distance_of_few_points_hold(n: int, d: int) -> None:
    draw = torch.Generator().manual_seed(n)
    sets = [torch.randn(2, n, d, generator=draw, dtype=torch.float64) for _ in range(8)]
    for shift in (0.0, 0.3):
        runs = [frechet_distance(x, y + shift, seed=i, resamples=20).interval for i, (x, y) in enumerate(sets)]
        assert sum(low <= d * shift**2 <= high for low, high in runs) >= 7


def test_a_shift_is_seen() -> None:
    base = points(400, 0)
    for measured in (frechet_distance(base, points(400, 1, shift=0.5), resamples=20), kernel_distance(base, points(400, 1, shift=0.5))):
        assert measured.interval[0] > 0
    far = frechet_distance(points(4000, 0), points(4000, 1, shift=0.5), resamples=20)
    assert far.interval[0] < 6 * 0.25 < far.interval[1]


def test_the_seed_decides() -> None:
    x, y = points(50, 0), points(50, 1)
    assert frechet_distance(x, y, seed=3, resamples=9) == frechet_distance(x, y, seed=3, resamples=9)
    assert frechet_distance(x, y, seed=3, resamples=9) != frechet_distance(x, y, seed=4, resamples=9)


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_wrong_sets_are_named(distance: type) -> None:
    good = points(20, 0)
    for wrong in (good[:0], good[:2], good[0], good.clone().fill_(math.nan), torch.full_like(good, math.inf), [[1.0]]):
        with pytest.raises(InvalidParameter, match="y = "):
            distance(good, wrong)
        with pytest.raises(InvalidParameter, match="x = "):
            distance(wrong, good)
    for wrong in (1e30 * good, good + 0j):
        with pytest.raises(InvalidParameter, match="y = "):
            distance(good, wrong)
    with pytest.raises(InvalidParameter, match="as many features"):
        distance(good, good[:, :4])
    with pytest.raises(InvalidParameter, match="more points than features"):
        frechet_distance(good, good[:6])


@pytest.mark.slow
def test_the_floor_and_what_is_above_it() -> None:
    net, train, test = load_features("digits"), load_images("digits"), load_images("digits", part="test")
    floor = noise_floor(net, train, test, size=300, resamples=20)
    assert all(net.name in found.name for found in floor.values())
    grey = compare(net, 0.7 * test.images, train, resamples=20)
    for name in ("frechet", "kernel"):
        assert grey[name].interval[0] > floor[name].interval[1]
    with pytest.raises(InvalidParameter, match="size = 360"):
        noise_floor(net, train, test, size=360)
    with pytest.raises(InvalidParameter, match="images"):
        compare(net, test.images.fill_(math.nan), train)
    with pytest.raises(InvalidParameter, match="other = .*an ImageSet"):
        compare(net, train, "images")
    with pytest.raises(InvalidParameter, match="resamples = .*at most 100000"):
        compare(net, train, train, resamples=10**15)
