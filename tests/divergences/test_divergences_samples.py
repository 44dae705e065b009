"""W2 between a sample and a law, and what the distances refuse."""

from __future__ import annotations

import math

import numpy as np
import ot
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr

from pmmtheory.divergences import chi2, kl, renyi, sliced_w2, tv, w2
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Gaussian, GaussianMixture, Potential
from tests.oracles.chains import stationary
from tests.oracles.lines import BIMODAL, LINES, SKEWED

FAR = GaussianMixture([1 - 1e-4, 1e-4], [0.0, 1000.0], [1.0, 1.0])
APART = GaussianMixture([0.25, 0.5, 0.25], [-1e4, 0.0, 50.0], [1e-6, 4.0, 1.0])


def by_quad(x: np.ndarray, target: GaussianMixture) -> float:
    """sum_i int (x_(i) - y)^2 pi(y) dy between the quantiles i/n, one adaptive integral a cell and component; the quantiles by bisection."""
    w, m, s = (np.asarray(t).reshape(-1) for t in (target.weights, target.means, target.variances**0.5))

    def below(y: float) -> float:
        return float(w @ ndtr((y - m) / s))

    n, lowest, highest = len(x), float((m - 12 * s).min()), float((m + 12 * s).max())
    cuts = [lowest, *(brentq(lambda y, u=i / n: below(y) - u, lowest, highest, xtol=1e-13, rtol=1e-15) for i in range(1, n)), highest]
    total = 0.0
    for point, a, b in zip(np.sort(x), cuts, cuts[1:], strict=False):
        for weight, mean, sd in zip(w, m, s, strict=True):
            ends = np.clip([(a - mean) / sd, (b - mean) / sd], -12, 12)
            total += weight * quad(lambda z, mean=mean, sd=sd, point=point: (point - mean - sd * z) ** 2 * math.exp(-z * z / 2), *ends, epsrel=1e-12)[0]
    return math.sqrt(total / math.sqrt(2 * math.pi))


@pytest.mark.parametrize("target", [BIMODAL, SKEWED, FAR, APART], ids=["bimodal", "skewed", "far", "apart"])
@pytest.mark.parametrize("shift", [0.0, -3e4])
def test_all_mass_of_the_target_is_moved(target: GaussianMixture, shift: float) -> None:
    """By adaptive quadrature of the definition, wherever the origin is."""
    x = np.random.default_rng(2).standard_normal(130)
    moved = GaussianMixture(target.weights, target.means[:, 0] + shift, target.variances)
    seen = w2(x + shift, moved)
    assert abs(seen.value - by_quad(x, target)) < seen.parts["resolution"] + 1e-9 * seen.value + 1e-12 * abs(shift)


def test_a_mode_that_no_point_is_in() -> None:
    """W2 of the sample itself is 9.969436; its bias is of that size, as a sample of the target would mostly miss the mode too."""
    seen = w2(np.random.default_rng(0).standard_normal(2000), FAR)
    assert seen.value == pytest.approx(9.969436, abs=1e-6)
    assert 5 < seen.parts["bias"] < 50 and seen.parts["sampling"] < 0.01 and seen.parts["resolution"] < 1e-10


@pytest.mark.parametrize("target", ["own", "log_cosh", "double_well"])
def test_targets_by_quadrature_against_an_optimal_transport_code(target: str) -> None:
    """Every point as 40 points against quantiles between them: off by the variance within cells."""
    goal, n, times = LINES[target], 150, 40
    x = np.random.default_rng(3).standard_normal(n) + 0.3
    quantiles = goal.quantile((torch.arange(n * times, dtype=torch.float64) + 0.5) / (n * times)).numpy()
    cost = float(ot.wasserstein_1d(np.repeat(x, times), quantiles, p=2))
    assert w2(x, goal).value == pytest.approx(math.sqrt(cost), rel=20 / (n * times))


@pytest.mark.slow
def test_a_mixture_by_its_potential() -> None:
    """The closed form and the panels of the same law."""
    x = BIMODAL.sample(3000, seed=4) + 0.3
    one, other = w2(x, SKEWED), w2(x, Potential(SKEWED.potential))
    assert abs(one.value - other.value) < one.parts["resolution"] + other.parts["resolution"] + 1e-11


@pytest.mark.parametrize("n", [300, 600])
def test_against_an_optimal_transport_code(n: int) -> None:
    """Against the quantiles of the target, ten in every cell."""
    x = (BIMODAL.sample(n, seed=4) + 0.3).numpy()
    quantiles = SKEWED.quantile((torch.arange(10 * n, dtype=torch.float64) + 0.5) / (10 * n))
    cost = float(ot.wasserstein_1d(np.repeat(x, 10), quantiles.numpy(), p=2))
    assert float(w2(x, SKEWED)) == pytest.approx(math.sqrt(cost), rel=2 / n)


@pytest.mark.slow
@pytest.mark.parametrize("form", [torch.as_tensor, list, tuple, np.float32, lambda x: torch.as_tensor(x, dtype=torch.float32)])
def test_samples_in_any_form(form) -> None:  # type: ignore[no-untyped-def]
    x = np.random.default_rng(1).standard_normal(300)
    assert w2(form(x), BIMODAL).value == pytest.approx(w2(x, BIMODAL).value, rel=1e-6)
    plane = np.random.default_rng(1).standard_normal((300, 2))
    assert sliced_w2(form(plane), Gaussian(dim=2)).value == pytest.approx(sliced_w2(plane, Gaussian(dim=2)).value, rel=1e-6)


def test_whole_numbers_are_points() -> None:
    x = np.arange(200) % 7
    assert w2(x, Gaussian(3.0, 4.0)) == w2(x.astype(float), Gaussian(3.0, 4.0))


def test_the_truth_is_within_four_errors() -> None:
    """W2 between N(0.5, 1) and N(0, 1) is 0.5; between equal laws 0."""
    for shift in (0.0, 0.5):
        estimate = w2(Gaussian().sample(20_000, seed=5) + shift, Gaussian())
        assert abs(estimate.value - shift) < 4 * estimate.error
        assert estimate.error < 0.1


def test_the_error_falls_with_the_sample() -> None:
    small, large = (w2(Gaussian().sample(n, seed=5) + 0.5, Gaussian()).error for n in (500, 50_000))
    assert large < small / 4


@pytest.mark.parametrize("shape", [(5,), (500, 2), (99,), (), (500, 1)])
def test_wrong_samples(shape: tuple[int, ...]) -> None:
    for points in (torch.zeros(shape), np.zeros(shape)):
        with pytest.raises(InvalidParameter, match=r"^sample = .* is not allowed: at least 100 points, of shape \(n,\)\.$"):
            w2(points, Gaussian())


@pytest.mark.parametrize("shape", [(500,), (500, 3), (50, 2)])
def test_wrong_samples_in_the_plane(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidParameter, match=r"^law = .* is not allowed: at least 100 points, of shape \(n, 2\)\.$"):
        sliced_w2(np.zeros(shape), Gaussian(dim=2))


@pytest.mark.parametrize("points", [["a"] * 200, [[1.0], [1.0, 2.0]], [1j] * 200], ids=["words", "ragged", "complex"])
def test_what_is_no_numbers(points: list[object]) -> None:
    with pytest.raises(InvalidParameter, match="^sample = 'list' is not allowed: numbers of shape"):
        w2(points, Gaussian())


@pytest.mark.parametrize("distance", [kl, tv, chi2])
def test_a_sample_has_no_density(distance) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidParameter, match="a sample, for .* samples have w2 on the line and sliced_w2 in the plane"):
        distance(np.zeros(200), Gaussian())


@pytest.mark.parametrize(
    ("sample", "other"),
    [
        (torch.full((500,), math.nan), Gaussian()),
        (torch.zeros(500), Gaussian(dim=2)),
        (torch.linspace(-2, 2, 500), stationary("lmc", "bimodal", 0.05)),
    ],
    ids=["nan", "plane", "law"],
)
def test_a_sample_that_cannot_be_compared(sample: torch.Tensor, other: object) -> None:
    with pytest.raises(InvalidParameter):
        w2(sample, other)


@pytest.mark.parametrize("distance", [kl, tv, w2, chi2])
@pytest.mark.parametrize("other", [3, None, GaussianMixture([1.0], [[0.0, 0.0]], [1.0])], ids=["number", "nothing", "plane"])
def test_what_is_no_law_is_refused(distance, other: object) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidParameter, match="law"):
        distance(stationary("lmc", "bimodal", 0.05), other)


def test_the_measured_law_comes_first() -> None:
    with pytest.raises(InvalidParameter, match="law"):
        kl(BIMODAL, stationary("lmc", "bimodal", 0.05))


@pytest.mark.parametrize("order", [1, 0, -1, math.nan, "two"])
def test_wrong_orders(order: float) -> None:
    with pytest.raises(InvalidParameter, match="order"):
        renyi(stationary("lmc", "bimodal", 0.05), BIMODAL, order)
