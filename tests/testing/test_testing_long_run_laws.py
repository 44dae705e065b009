"""Mistakes that only a law of many steps shows: lost orders, wrong constants, samples that are not those of the rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.schemes import EulerMaruyama, Normal, RandomizedMidpoint, Scheme, Uniform
from pmmtheory.testing.broken import DoubledMidpoints, IndependentNoise, WrongCorrectionMatrix
from tests.oracles.linear_chain import stationary_covariance
from tests.testing.subjects import FRICTION, all_but, broken, everywhere, underdamped

CURVATURE = 1.7


def poisson(friction: float | None, substeps: int | None, kind: str) -> Callable[[float], float]:
    """lam times the stationary variance of the position that PMM has, as a function of step * lam."""

    def variance(x: float) -> float:
        covariance = stationary_covariance("PoissonMidpoint", x / CURVATURE, CURVATURE, friction, substeps, kind)
        return CURVATURE * float(covariance[0, 0])

    return variance


class Lazy(Uniform):
    """A draw whose samples are all 1/10, while its rule is that of a uniform."""

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        return torch.full(shape, 0.1, dtype=dtype)


class WrongSamples(RandomizedMidpoint):
    draws = {"u": Lazy(), "z": Normal()}


@pytest.mark.slow
@everywhere
def test_samples_and_rule_of_a_draw_must_agree(dynamics: Any) -> None:
    error = broken(WrongSamples, dynamics=dynamics)
    assert error.law == "law and particles"
    assert "moment" in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [IndependentNoise, DoubledMidpoints, EulerMaruyama])
def test_a_lost_order_is_seen_overdamped(scheme: type[Scheme]) -> None:
    assert broken(scheme, order=2, skip=all_but("weak order")).law == "weak order"


@pytest.mark.slow
def test_a_lost_order_is_seen_underdamped() -> None:
    assert broken(EulerMaruyama, order=2, dynamics=underdamped, skip=all_but("weak order")).law == "weak order"


@pytest.mark.slow
@pytest.mark.parametrize("friction", [None, FRICTION], ids=["overdamped", "underdamped"])
@pytest.mark.parametrize(
    ("scheme", "substeps", "kind"), [(WrongCorrectionMatrix, 8, "single"), (IndependentNoise, None, "single"), (DoubledMidpoints, None, "bernoulli")]
)
def test_a_wrong_constant_is_seen_on_a_gaussian(scheme: type[Scheme], substeps: int | None, kind: str, friction: float | None) -> None:
    options: dict[str, Any] = {"substeps": substeps} if substeps else {}
    if friction is not None:
        options["dynamics"] = underdamped
    error = broken(scheme, stationary_variance=poisson(friction, substeps, kind), skip=all_but("affine semigroup", "stationary Gaussian"), **options)
    assert error.law == "stationary Gaussian"


@pytest.mark.parametrize("friction", [None, FRICTION], ids=["overdamped", "underdamped"])
def test_a_wrong_closed_form_is_seen(friction: float | None) -> None:
    options: dict[str, Any] = {} if friction is None else {"dynamics": underdamped}
    assert broken(EulerMaruyama, stationary_variance=lambda x: 1.0, skip=all_but("stationary Gaussian"), **options).law == "stationary Gaussian"
