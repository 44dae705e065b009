"""Where chains on Gaussians have stationary laws, in any dimension."""

from __future__ import annotations

import pytest
import torch

from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import UnstableStep
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.laws.gaussian.engine import mean_square_growth
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian
from tests.oracles.linear_chain import contraction
from tests.oracles.linear_schemes import on_gaussian, scheme

LIMITS = {"lmc": 2.0, "bernoulli inf": 1.2150, "single inf": 1.5961, "rmm": 1.5961}
"""Of step * curvature, overdamped."""


def on_axes(name: str, step_size: float, friction: float | None = None) -> Scheme:
    """On N(0, diag(1, 1/4, 1/2)), whose stiffest curvature is 4."""
    target = Gaussian(torch.zeros(3), [1.0, 0.25, 0.5])
    return scheme(name, Overdamped(target) if friction is None else Underdamped(target, friction), step_size)


@pytest.mark.slow
@pytest.mark.parametrize("name", LIMITS)
def test_the_stiffest_axis_decides(name: str) -> None:
    with pytest.raises(UnstableStep, match="step_size = 0.6 is not allowed: .* mean-square stable for steps below") as caught:
        stationary_law(on_axes(name, 0.6))
    assert caught.value.limit * 4 == pytest.approx(LIMITS[name], abs=5e-5)


@pytest.mark.slow
@pytest.mark.parametrize("friction", [0.3, 2.0, 20.0])
@pytest.mark.parametrize("name", ["BAOAB", "OBABO"])
def test_velocity_verlet_decides_for_splittings(name: str, friction: float) -> None:
    """2/sqrt(curvature), whatever the friction."""
    with pytest.raises(UnstableStep) as caught:
        stationary_law(on_axes(name, 1.3, friction))
    assert caught.value.limit == pytest.approx(1.0, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "friction"), [*((name, None) for name in LIMITS), *((name, 1.3) for name in ("BAOAB", "OBABO", "lmc", "bernoulli inf"))])
def test_just_below_and_just_above_the_limit(name: str, friction: float | None) -> None:
    with pytest.raises(UnstableStep) as caught:
        stationary_law(on_axes(name, 3.0 if friction else 0.6, friction))
    limit = caught.value.limit
    law = stationary_law(on_axes(name, limit * (1 - 1e-6), friction))
    assert law.numerical_error < 1e-8 and bool(torch.isfinite(law.covariance).all())
    with pytest.raises(UnstableStep):
        stationary_law(on_axes(name, limit * (1 + 1e-6), friction))


@pytest.mark.parametrize("name", ["lmc", "rmm", "bernoulli 8", "single 13", "bernoulli inf"])
@pytest.mark.parametrize("friction", [None, 0.7])
def test_growth(name: str, friction: float | None) -> None:
    kind, k = name.split() if " " in name else ("bernoulli", "inf")
    cls = {"lmc": "EulerMaruyama", "rmm": "RandomizedMidpoint"}.get(name, "PoissonMidpoint")
    told = contraction(cls, 0.3, 1.7, friction, None if k == "inf" else int(k), kind)
    assert mean_square_growth(on_gaussian(name, 0.3, 1.7, friction)) == pytest.approx(told, rel=1e-12)


def test_transient_laws_need_no_stability() -> None:
    law = transient_law(on_gaussian("lmc", 3.0, 1.0, None), Gaussian(0.0, 2.0), 3, engine="gaussian")
    assert law.covariance == pytest.approx(2 * 4**3 + 6 * (1 + 4 + 16), rel=1e-14)
