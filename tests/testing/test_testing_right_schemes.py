"""check_scheme passes every right scheme in every law that can be checked, overdamped and underdamped."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from torch import Tensor

from pmmtheory.schemes import ABOBA, BAOAB, BUB, OBABO, UBU, Draw, EulerMaruyama, Normal, PoissonMidpoint, RandomizedMidpoint, Scheme, Splitting
from pmmtheory.testing import check_scheme
from pmmtheory.testing.broken import SingleMidpoint
from pmmtheory.testing.check_scheme import LAWS
from tests.oracles.linear_chain import stationary_covariance
from tests.testing.subjects import FRICTION, all_but, underdamped

CURVATURE = 1.7


class Heun(Scheme):
    """X' = X + a (b(X) + b(X + a b(X) + N))/2 + N with N = sqrt(2a) Z: all noise is a draw, and the last Gaussian has factor 0."""

    draws: Mapping[str, Draw] = {"z": Normal()}
    drift_calls = 2.0
    order = 2

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        a, noise = self.step_size, math.sqrt(2 * self.step_size) * draws["z"]
        force = self.dynamics.drift(x, t)
        return x + a * (force + self.dynamics.drift(x + a * force + noise, t + a)) / 2 + noise, 0.0


def variance(scheme: str, friction: float | None, **options: Any) -> Callable[[float], float]:
    """lam times the stationary variance of the position as a function of step * lam, by the oracle."""
    return lambda x: CURVATURE * float(stationary_covariance(scheme, x / CURVATURE, CURVATURE, friction, **options)[0, 0])


def poisson(friction: float | None, substeps: int | None, kind: str) -> Callable[[float], float]:
    return variance("PoissonMidpoint", friction, substeps=substeps, kind=kind)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        (EulerMaruyama, {"stationary_variance": lambda x: 1 / (1 - x / 2)}),
        (RandomizedMidpoint, {"stationary_variance": lambda x: 3 * (2 - 2 * x + x**2) / (6 - 6 * x + 3 * x**2 - x**3)}),
        (PoissonMidpoint, {"stationary_variance": lambda x: 4 * (6 - 6 * x + 5 * x**2) / (24 - 24 * x + 12 * x**2 - 7 * x**3)}),
        (PoissonMidpoint, {"midpoints": "single", "stationary_variance": poisson(None, None, "single")}),
        (PoissonMidpoint, {"substeps": 5, "stationary_variance": poisson(None, 5, "bernoulli")}),
        (PoissonMidpoint, {"substeps": 5, "midpoints": "single", "stationary_variance": poisson(None, 5, "single")}),
        (PoissonMidpoint, {"substeps": 1, "stationary_variance": lambda x: 1 / (1 - x / 2)}),
        (PoissonMidpoint, {"substeps": 1, "midpoints": "single", "stationary_variance": lambda x: 1 / (1 - x / 2)}),
        (SingleMidpoint, {"order": 1, "substeps": 8, "stationary_variance": poisson(None, 8, "single")}),
        (Heun, {"stationary_variance": lambda x: (1 - x / 2) ** 2 * 2 * x / (1 - (1 - x + x**2 / 2) ** 2)}),
    ],
)
def test_overdamped_every_law_is_checked(scheme: type[Scheme], options: dict[str, Any]) -> None:
    """With the order that the scheme declares, but of SingleMidpoint, which declares none."""
    checked = check_scheme(scheme, **options)
    assert set(checked) == set(LAWS)
    assert not checked.skipped


@pytest.mark.slow
def test_a_factory_lets_substeps_follow_the_step() -> None:
    assert "weak order" in check_scheme(lambda system, a: PoissonMidpoint(system, a, round(2 / a), "single"), order=2, skip=all_but("weak order"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        (EulerMaruyama, {"stationary_variance": variance("EulerMaruyama", FRICTION)}),
        (RandomizedMidpoint, {"stationary_variance": variance("RandomizedMidpoint", FRICTION)}),
        (BAOAB, {"stationary_variance": lambda x: 1.0}),
        (OBABO, {"stationary_variance": lambda x: 1 / (1 - x**2 / (4 * CURVATURE))}),
        (ABOBA, {"stationary_variance": lambda x: 1.0}),
        (UBU, {"stationary_variance": variance("UBU", FRICTION)}),
        (BUB, {"stationary_variance": variance("BUB", FRICTION)}),
        (PoissonMidpoint, {"stationary_variance": poisson(FRICTION, None, "bernoulli")}),
        (PoissonMidpoint, {"midpoints": "single", "stationary_variance": poisson(FRICTION, None, "single")}),
        (PoissonMidpoint, {"substeps": 5, "stationary_variance": poisson(FRICTION, 5, "bernoulli")}),
        (PoissonMidpoint, {"substeps": 20, "midpoints": "single", "stationary_variance": poisson(FRICTION, 20, "single")}),
        (PoissonMidpoint, {"substeps": 1, "stationary_variance": variance("EulerMaruyama", FRICTION)}),
        (SingleMidpoint, {"substeps": 8, "stationary_variance": poisson(FRICTION, 8, "single")}),
        (SingleMidpoint, {"stationary_variance": poisson(FRICTION, None, "single")}),
    ],
)
def test_underdamped_every_law_with_an_exact_route_is_checked(scheme: type[Scheme], options: dict[str, Any]) -> None:
    """But the order, which takes longest: of it below, and of Euler's in test_testing_verdicts."""
    missing = {"weak order"}
    checked = check_scheme(scheme, dynamics=underdamped, skip=missing, **options)
    missing |= {"affine semigroup"} if issubclass(scheme, Splitting) else set()
    missing |= {"mass"} if scheme is PoissonMidpoint else set()
    assert set(checked) == set(LAWS) - missing
    assert set(checked.skipped) == missing


@pytest.mark.slow
def test_underdamped_the_reasons_are_given() -> None:
    assert "not exact with a constant drift" in check_scheme(BAOAB, dynamics=underdamped, skip=all_but("affine semigroup")).skipped["affine semigroup"]
    checked = check_scheme(PoissonMidpoint, dynamics=underdamped, substeps=2, skip=all_but("mass"))
    assert checked.skipped["mass"] == "midpoints have no rule of their own"
    assert check_scheme(SingleMidpoint, dynamics=underdamped, skip=all_but("weak order")).skipped["weak order"].startswith("no order is claimed")


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "options"), [(UBU, {}), (RandomizedMidpoint, {}), (PoissonMidpoint, {"midpoints": "single"})])
def test_underdamped_the_declared_orders_hold(scheme: type[Scheme], options: dict[str, Any]) -> None:
    """Of the whole state on Gaussians by tests/schemes; here of the position on another target."""
    assert check_scheme(scheme, dynamics=underdamped, skip=all_but("weak order"), **options) == ("weak order",)
