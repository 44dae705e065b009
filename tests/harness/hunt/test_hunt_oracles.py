"""The hunt's own routes against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmmtheory.harness.hunt import gaussians, oracles, transport
from pmmtheory.harness.hunt.relations.gaussian_moments import moment


def test_far_modes() -> None:
    """Against GTH elimination on other nodes."""
    spec = {"kind": "mixture", "weights": [0.6, 0.4], "means": [-12.0, 12.0], "variances": [1.0, 1.0]}
    law = oracles.lmc(spec, 0.1, 1.2)
    assert float(law.mass[law.centres > 0].sum()) == pytest.approx(0.403576606, abs=2e-9)
    assert law.moment(1) == pytest.approx(-2.31416144586, abs=2e-8)


@pytest.mark.parametrize("step", [0.1, 1.0, 1.9])
def test_lmc_on_a_gaussian(step: float) -> None:
    law = oracles.lmc({"kind": "gaussian", "mean": 0.5, "variance": 1.0}, step)
    variance = 1 / (1 - step / 2)
    assert law.moment(2) == pytest.approx(variance + 0.25, rel=1e-11)
    assert law.cdf(0.5) == pytest.approx(0.5, abs=1e-12)


@pytest.mark.slow
def test_huber() -> None:
    law = oracles.lmc({"kind": "potential", "form": "huber", "a": 1.0, "b": 0.0, "centre": 0.0, "scale": 1.0, "mirror": False}, 0.4, 1.4)
    assert law.moment(2) == pytest.approx(2.6103759420, abs=1e-9)


def test_gth_is_exact_to_relative_accuracy() -> None:
    rates = np.array([[0.5, 0.5, 0.0], [1e-20, 1 - 2e-20, 1e-20], [0.0, 0.25, 0.75]])
    p = oracles.gth(rates, block=2)
    assert p / p[1] == pytest.approx([2e-20, 1.0, 4e-20], rel=1e-14)


def test_gth_from_a_state_that_is_hardly_ever_seen() -> None:
    rates = np.eye(3) * 0.5
    rates[0, 1], rates[1, 0], rates[1, 2], rates[2, 1] = 1.0, 1e-250, 1.0, 1e-250
    assert oracles.gth(rates, block=2)[1:] == pytest.approx([1e-250, 1.0], rel=1e-14)


def test_gaussians_in_eighty_digits() -> None:
    turn = np.array([[math.cos(0.3), -math.sin(0.3)], [math.sin(0.3), math.cos(0.3)]])
    wide, narrow = (turn @ np.diag([1.0, v]) @ turn.T for v in (4e-2, 1e-2))
    zero = np.zeros(2)
    assert gaussians.w2((zero, wide), (zero, narrow)) == pytest.approx(0.1, rel=1e-13)
    assert gaussians.w2((zero, wide), (zero, wide)) < 1e-20
    assert gaussians.kl((0.0, 2.0), (0.0, 1.0)) == pytest.approx((1 - math.log(2)) / 2, rel=1e-15)
    assert gaussians.chi2((1.0, 1.0), (0.0, 1.0)) == pytest.approx(math.e - 1, rel=1e-15)
    assert gaussians.chi2((0.0, 3.0), (0.0, 0.3)) == math.inf
    assert gaussians.renyi((3.0, 0.3), (-3.0, 1.5), 2.0) == pytest.approx(math.log1p(gaussians.chi2((3.0, 0.3), (-3.0, 1.5))), rel=1e-14)
    assert gaussians.tv((0.0, 1.0), (2.0, 1.0)) == pytest.approx(math.erf(1 / math.sqrt(2)), rel=1e-14)


@pytest.mark.parametrize(("scheme", "exact"), [("BAOAB", [0.5, 0.98]), ("OBABO", [0.5 / 0.98, 1.0]), ("ABOBA", [0.5, 1 / 0.98])])
def test_splittings(scheme: str, exact: list[float]) -> None:
    mean, covariance = gaussians.kinetic(scheme, 1.0, 0.5, 1.3, 0.2)
    assert covariance == pytest.approx(np.diag(exact), abs=1e-13) and mean.tolist() == [1.0, 0.0]


def test_ulmc_to_leading_order() -> None:
    _, covariance = gaussians.kinetic("EulerMaruyama", 0.0, 1 / 1.7, 2.3, 1e-4)
    assert (covariance[0, 0] - 1 / 1.7) / 1e-4 == pytest.approx(1 / 4.6, rel=1e-3)


def test_tv_in_the_plane() -> None:
    still = np.zeros(2), np.eye(2)
    assert gaussians.tv_plane(still, (np.array([2.0, 0.0]), np.eye(2))) == pytest.approx(math.erf(1 / math.sqrt(2)), abs=1e-6)
    assert gaussians.tv_plane(still, (np.array([0.0, 2.0]), np.eye(2))) == pytest.approx(math.erf(1 / math.sqrt(2)), abs=1e-12)
    assert gaussians.tv_plane(still, still) < 1e-12


def test_transport() -> None:
    wide, one = ({"kind": "gaussian", "mean": 0.0, "variance": v} for v in (4.0, 1.0))
    assert transport.w2_of_image(one, lambda x: 3 * x, wide, 60) == pytest.approx(1.0, rel=1e-9)
    sample = np.random.default_rng(0).standard_normal(2000)
    rare = {"kind": "mixture", "weights": [1 - 1e-4, 1e-4], "means": [0.0, 1000.0], "variances": [1.0, 1.0]}
    assert transport.w2_of_sample(sample, rare, 60) == pytest.approx(9.969436, abs=1e-6)


def test_moments_of_the_randomized_midpoint() -> None:
    found = [moment("RandomizedMidpoint", 1.2, 2, k)[0] for k in (2, 4, 12, 20)]
    assert found == [pytest.approx(2.24137931, rel=1e-8), pytest.approx(16.14603474, rel=1e-8), pytest.approx(2.6757643e7, rel=1e-7), math.inf]
