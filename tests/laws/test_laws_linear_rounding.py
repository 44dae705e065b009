"""The stated error of a law by moments where rounding dominates: at the edge of stability, on uneven axes and from far away; in many digits."""

from __future__ import annotations

import mpmath
import pytest
import torch

from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import NotConverged, UnstableStep
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.laws.gaussian.engine import mean_square_growth
from pmmtheory.schemes import BAOAB, EulerMaruyama, PoissonMidpoint
from pmmtheory.targets import Gaussian

mpmath.mp.dps = 60
STEP = 0.2


def limit(cls: type, dynamics: object, above: float) -> float:
    """The largest stable step."""
    with pytest.raises(UnstableStep) as caught:
        stationary_law(cls(dynamics, above), engine="gaussian")
    return caught.value.limit


def kinetic(h: float, variance: float, friction: float) -> mpmath.matrix:
    """The stationary covariance of the exponential integrator, from A_h, G_h and Gamma_h^2 in many digits."""
    h, curvature, g = mpmath.mpf(h), 1 / mpmath.mpf(variance), mpmath.mpf(friction)
    e = mpmath.exp(-g * h)
    linear = mpmath.matrix([[1, (1 - e) / g], [0, e]])
    push = mpmath.matrix([(h - (1 - e) / g) / g, (1 - e) / g])
    step = linear - push * mpmath.matrix([[curvature, 0]])
    noise = mpmath.matrix([[2 / g * (h - 2 / g * (1 - e) + (1 - e**2) / (2 * g)), (1 - e) ** 2 / g], [(1 - e) ** 2 / g, 1 - e**2]])
    system, right = mpmath.eye(4), mpmath.matrix(4, 1)
    for i in range(2):
        for j in range(2):
            right[2 * i + j] = noise[i, j]
            for k in range(2):
                for m in range(2):
                    system[2 * i + j, 2 * k + m] -= step[i, k] * step[j, m]
    return mpmath.lu_solve(system, right)


@pytest.mark.parametrize("below", [1e-3, 1e-6, 1e-8])
@pytest.mark.parametrize("variance", [1e-8, 0.6, 1e8])
def test_at_the_edge_of_stability_on_the_line(variance: float, below: float) -> None:
    h = 2 * variance * (1 - below)
    law = stationary_law(EulerMaruyama(Overdamped(Gaussian(0.0, variance)), h), engine="gaussian", rtol=1e-3)
    x = mpmath.mpf(h) / mpmath.mpf(variance)
    exact = 2 * mpmath.mpf(h) / (1 - (1 - x) ** 2)
    assert abs(law.covariance - exact) / exact < law.numerical_error < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("below", [1e-2, 1e-6])
@pytest.mark.parametrize("variance", [1e-8, 0.6, 1e8])
def test_at_the_edge_of_stability_with_a_velocity(variance: float, below: float) -> None:
    friction = 1.3 / variance**0.5
    system = Underdamped(Gaussian(0.0, variance), friction)
    h = limit(EulerMaruyama, system, 10 * variance**0.5) * (1 - below)
    law = stationary_law(EulerMaruyama(system, h), engine="gaussian", rtol=1e-3)
    exact = kinetic(h, variance, friction)
    seen = law.blocks[0]
    widths = [mpmath.sqrt(exact[0]), mpmath.sqrt(exact[3])]
    off = max(abs(mpmath.mpf(float(seen[i, j])) - exact[2 * i + j]) / widths[i] / widths[j] for i in (0, 1) for j in (0, 1))
    assert off < law.numerical_error < 1e-6


def test_uneven_axes() -> None:
    """Variances from 1e-8 to 100 for one step; where the widest axis mixes in more steps than float64 counts the law is refused."""
    with pytest.raises(NotConverged, match="mixing time of more than .* steps float64 cannot resolve"):
        stationary_law(EulerMaruyama(Overdamped(Gaussian([0.0, 0.0], [1e-8, 1e8])), 1e-9), engine="gaussian")
    variances = torch.logspace(-8, 2, 9, dtype=torch.float64)
    law = stationary_law(EulerMaruyama(Overdamped(Gaussian(torch.zeros(9), variances)), 1e-9), engine="gaussian", rtol=1e-2)
    h = mpmath.mpf(1e-9)
    for seen, variance in zip(law.blocks[:, 0, 0].tolist(), variances.tolist(), strict=True):
        x = h / mpmath.mpf(variance)
        exact = 2 * h / (1 - (1 - x) ** 2)
        assert abs(seen - exact) / exact < law.numerical_error


def test_a_tolerance_is_kept_or_refused() -> None:
    chain = EulerMaruyama(Overdamped(Gaussian()), 0.1)
    assert stationary_law(chain, rtol=1e-13, engine="gaussian").numerical_error <= 1e-13
    with pytest.raises(NotConverged, match="not the 1e-17 asked for"):
        stationary_law(chain, rtol=1e-17, engine="gaussian")


def test_the_parts_of_an_error_add_up() -> None:
    for law in (
        stationary_law(BAOAB(Underdamped(Gaussian(), 1.3), 0.3), engine="gaussian"),
        transient_law(PoissonMidpoint(Overdamped(Gaussian(dim=3)), 0.3), Gaussian(dim=3), 4),
    ):
        assert set(law.errors) >= {"resolution", "rounding"}
        assert sum(law.errors.values()) == pytest.approx(law.numerical_error, rel=1e-12)


def test_growth_is_below_one() -> None:
    assert mean_square_growth(EulerMaruyama(Overdamped(Gaussian()), 2 - 2e-6)) < 1


def test_a_mean_far_away_costs_no_digits() -> None:
    """Covariances of a start a million deviations off."""
    chain = EulerMaruyama(Overdamped(Gaussian(0.0, 2.0)), STEP)
    near, far = (transient_law(chain, Gaussian(mean, 3.0), 7, engine="gaussian") for mean in (0.0, 1e6))
    assert far.covariance == pytest.approx(near.covariance, rel=1e-14)
