"""Measures on the Gaussian target: what they give, and wrong parameters named."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from experiments.measures import leading_covariance, leading_distances
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.harness.catalogue import build_scheme, build_target
from pmmtheory.harness.measures import covariance_error, gaussian_error
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import PoissonMidpoint
from pmmtheory.targets import Gaussian

LAM = 1.7
Measure = Callable[..., dict[str, Estimate]]


def test_catalogue_builds_both_dynamics_in_any_dimension() -> None:
    chain = build_scheme("PoissonMidpoint", "gaussian", 0.1, "inf", "single", friction=2.3, dim=5)
    assert isinstance(chain.dynamics, Underdamped) and chain.dynamics.friction == 2.3
    assert chain.dynamics.target.dim == 5 and chain.dynamics.target.mean.tolist() == [0.3] * 5
    assert isinstance(build_scheme("EulerMaruyama", "bimodal", 0.1).dynamics, Overdamped)
    assert build_scheme("HalvedFriction", "gaussian", 0.1, friction=1.0).step_size == 0.1
    with pytest.raises(InvalidParameter, match="dim = 2"):
        build_target("bimodal", 2)


def test_covariance_of_obabo() -> None:
    """Leapfrog keeps U^2 lam (1 - a^2 lam/4) + V^2, so E U^2 = 1/(lam (1 - a^2 lam/4)) and the velocity is exact."""
    found = covariance_error.measure("cpu", "gaussian", "OBABO", 0.4, friction=2.3)
    expected = 1 / (1 - 0.4**2 * LAM / 4) - 1
    assert found["uu"].value == pytest.approx(expected, rel=1e-12) and found["-uu"].value == -found["uu"].value
    assert found["|vv|"].value + found["|vv|"].error < found["rounding"].value
    assert all(estimate.error < 2e-14 for estimate in found.values())


def test_covariance_of_lmc() -> None:
    """Overdamped there is a position only: 1/(1 - x/2)."""
    found = covariance_error.measure("cpu", "gaussian", "EulerMaruyama", 0.2)
    assert found.keys() == {"rounding", "uu", "-uu", "|uu|"}
    assert found["uu"].value == pytest.approx(1 / (1 - 0.2 * LAM / 2) - 1, rel=1e-12)


@pytest.mark.parametrize("dim", [1, 40])
def test_distances_of_lmc(dim: int) -> None:
    found = gaussian_error.measure("cpu", "gaussian", "EulerMaruyama", 0.1, dim=dim)
    ratio = 1 / (1 - 0.1 * LAM / 2)
    assert found["kl"].value == pytest.approx(dim / 2 * (ratio - 1 - math.log(ratio)), rel=1e-12)
    assert found["w2"].value == pytest.approx((math.sqrt(ratio) - 1) * math.sqrt(dim / LAM), rel=1e-12)
    assert found["w2_bound"].value == pytest.approx(found["w2"].value) and found["kl_bound"].value == pytest.approx(found["kl"].value)
    assert found["uniform"].value == pytest.approx(math.sqrt(ratio) - 1)
    assert found["excess"].value == pytest.approx(abs(found["kl"].value / (dim / 4 * (ratio - 1) ** 2) - 1), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["position", "velocity"])
def test_distances_of_a_mixture_are_below_their_bounds(part: str) -> None:
    found = gaussian_error.measure("cpu", "gaussian", "PoissonMidpoint", 0.1, dim=10, part=part, friction=2.3, midpoints="single")
    for name in ("kl", "w2"):
        assert 0 < found[name].value + found[name].error < found[f"{name}_bound"].value


def test_an_exact_part_has_no_excess() -> None:
    found = gaussian_error.measure("cpu", "gaussian", "BAOAB", 0.2, friction=2.3)
    assert "excess" not in found and found["kl"].value < 1e-25 and found["uniform"].value < 1e-14
    joint = gaussian_error.measure("cpu", "gaussian", "BAOAB", 0.2, friction=2.3, part="joint")
    assert joint.keys() == {"kl", "w2"} and joint["w2"].value > 1e-3


@pytest.mark.slow
def test_predictions() -> None:
    covariance = leading_covariance.measure("cpu", "gaussian", "PoissonMidpoint", 2.3, midpoints="single")
    assert covariance["vv"].value == pytest.approx(LAM**2 / 24) and covariance["-uv"].value > 0
    assert covariance["uniform"].value == pytest.approx(math.sqrt(LAM**3 / (4 * 2.3 * (4 * LAM + 3 * 2.3**2))) / 2)
    scaled = leading_covariance.measure("cpu", "gaussian", "PoissonMidpoint", 2.3, substeps_times_step=2.0)
    assert scaled["uu"].value == pytest.approx(LAM / (4 * 2.3))
    distances = leading_distances.measure("cpu", "gaussian", "EulerMaruyama", dim=100)
    assert distances["kl"].value == pytest.approx(100 / 4 * (LAM / 2) ** 2)
    assert leading_distances.measure("cpu", "gaussian", "UBU", friction=2.3, part="joint").keys() == {"kl", "w2"}


@pytest.mark.parametrize(
    ("measure", "options", "name"),
    [
        (covariance_error.measure, {"scheme": "BAOAB", "step_size": 0.1}, "dynamics"),
        (covariance_error.measure, {"scheme": "BAOAB", "step_size": 0.1, "friction": -1.0}, "friction"),
        (covariance_error.measure, {"scheme": "BAOAB", "step_size": 0.0, "friction": 1.0}, "step_size"),
        (covariance_error.measure, {"scheme": "BAOAB", "step_size": 9.0, "friction": 1.0}, "step_size"),
        (covariance_error.measure, {"scheme": "PoissonMidpoint", "step_size": 0.1, "substeps": 0}, "substeps"),
        (covariance_error.measure, {"scheme": "EulerMaruyama", "step_size": 0.1, "target": "bimodal"}, "target"),
        (gaussian_error.measure, {"scheme": "EulerMaruyama", "step_size": 0.1, "part": "momentum"}, "part"),
        (gaussian_error.measure, {"scheme": "EulerMaruyama", "step_size": 0.1, "part": "velocity"}, "law"),
        (gaussian_error.measure, {"scheme": "EulerMaruyama", "step_size": 0.1, "dim": 0}, "dim"),
        (gaussian_error.measure, {"scheme": "EulerMaruyama", "step_size": 0.1, "target": "cosine", "dim": 2}, "dim"),
        (gaussian_error.measure, {"scheme": "RandomizedMidpoint", "step_size": 0.1, "friction": 1.0, "part": "joint"}, "part"),
        (leading_covariance.measure, {"scheme": "BAOAB"}, "scheme"),
        (leading_covariance.measure, {"scheme": "EulerMaruyama", "target": "bimodal"}, "target"),
        (leading_covariance.measure, {"scheme": "PoissonMidpoint", "midpoints": "two"}, "midpoints"),
        (leading_distances.measure, {"scheme": "BAOAB", "friction": 1.0}, "part"),
        (leading_distances.measure, {"scheme": "EulerMaruyama", "dim": -3}, "dim"),
    ],
)
def test_wrong_parameters_are_named(measure: Measure, options: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidParameter, match=name):
        measure("cpu", **{"target": "gaussian", **options})


def test_bounds_carry_the_rule_for_the_midpoints_of_a_step() -> None:
    """What a coarser rule for them changes is in the error, for every function of the random variance."""
    law = stationary_law(PoissonMidpoint(Overdamped(Gaussian(dim=4)), 0.3), engine="gaussian")
    v, weights = law.mixtures[0].coarser(6)
    coarse = float((weights * (torch.sqrt(v) - 1) ** 2).sum()) ** 0.5
    estimate = gaussian_error._root(gaussian_error._expect(law, 1.0, lambda v: (torch.sqrt(v) - 1) ** 2), law.numerical_error)
    assert 0 < abs(estimate.value - coarse) <= estimate.error < 1e-5 * estimate.value
