"""W2 between a sample and a law, and what the distances refuse."""

from __future__ import annotations

import math

import ot
import pytest
import torch

from pmmtheory.divergences import chi2, kl, renyi, tv, w2
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Gaussian, GaussianMixture
from tests.oracles.chains import stationary
from tests.oracles.lines import BIMODAL, SKEWED


@pytest.mark.parametrize("n", [500, 5000])
def test_against_an_optimal_transport_code(n: int) -> None:
    """Against the sample of the target's own quantiles the cost is the same sum."""
    x = BIMODAL.sample(n, seed=4) + 0.3
    quantiles = SKEWED.quantile((torch.arange(n, dtype=torch.float64) + 0.5) / n)
    cost = float(ot.wasserstein_1d(x.numpy(), quantiles.numpy(), p=2))
    assert float(w2(x, SKEWED)) == pytest.approx(math.sqrt(cost), rel=1e-9)


def test_the_truth_is_within_four_errors() -> None:
    """W2 between N(0.5, 1) and N(0, 1) is 0.5; between equal laws 0."""
    for shift in (0.0, 0.5):
        estimate = w2(Gaussian().sample(20_000, seed=5) + shift, Gaussian())
        assert abs(estimate.value - shift) < 4 * estimate.error
        assert estimate.error < 0.1


def test_the_error_falls_with_the_sample() -> None:
    small, large = (w2(Gaussian().sample(n, seed=5) + 0.5, Gaussian()).error for n in (500, 50_000))
    assert large < small / 4


@pytest.mark.parametrize("shape", [(5,), (500, 2), (99,)])
def test_wrong_samples(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidParameter, match="sample"):
        w2(torch.zeros(shape), Gaussian())


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
