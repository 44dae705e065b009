"""Euler's and Heun's methods in the time of a schedule: one step by hand, orders on a Gaussian, particles in single precision, and wrong input."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.dynamics import Overdamped, ProbabilityFlow, ReverseDiffusion
from pmmtheory.errors import InvalidParameter
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama, ExplicitTrapezoid, FrozenEuler
from pmmtheory.targets import Gaussian, GaussianMixture

MIXTURE = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])


def test_one_step_by_hand() -> None:
    """Forward time 2 - t^2-like: the quadratic clock from 2 to 0.5 has the rate 2 s root, with s the slope of the root."""
    reverse, flow = (kind(MIXTURE, 2.0, 0.5, grid="quadratic") for kind in (ReverseDiffusion, ProbabilityFlow))
    slope, h = (math.sqrt(2.0) - math.sqrt(0.5)) / 1.5, 1.5 / 10
    x, t = torch.tensor([0.3, -2.0], dtype=torch.float64), 2 * h
    rates = [2 * slope * (math.sqrt(2.0) - slope * s) for s in (t, t + h)]
    score, later = (lambda y, s=s: MIXTURE.noised_drift(y, math.exp(-((math.sqrt(2.0) - slope * s) ** 2))) for s in (t, t + h))
    mean, width = FrozenEuler(reverse, 10).step(x, t, {})
    assert torch.allclose(mean, x + h * rates[0] * (x + 2 * score(x)), rtol=1e-14) and float(width) == pytest.approx(math.sqrt(2 * h * rates[0]), rel=1e-14)
    first = rates[0] * (x + score(x))
    middle = x + h * first
    assert torch.allclose(ExplicitTrapezoid(flow, 10).step(x, t, {})[0], x + h / 2 * (first + rates[1] * (middle + later(middle))), rtol=1e-14)
    assert float(FrozenEuler(flow, 10).step(x, t, {})[1]) == 0.0


@pytest.mark.parametrize(("scheme", "order"), [(FrozenEuler, 1), (ExplicitTrapezoid, 2)])
def test_orders_on_the_flow(scheme: type, order: int) -> None:
    """The flow keeps a point one deviation above the mean there; the error falls by 2^order where steps are halved."""
    data = Gaussian(0.7, 0.2)
    system = ProbabilityFlow(data, 2.0, 0.05, grid="vp")
    start, end = (torch.tensor(law.mean + math.sqrt(law.covariance), dtype=torch.float64) for law in (system.marginal(2.0), system.marginal(0.05)))
    errors = []
    for steps in (100, 200):
        made, x = scheme(system, steps), start
        for k in range(steps):
            x = made.step(x, k * made.step_size, {})[0]
        errors.append(float((x - end).abs()))
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.05)


def test_the_rate_is_frozen() -> None:
    """The control: EulerMaruyama over the same dynamics has the integral of the rate, which falls within a step."""
    system = ReverseDiffusion(MIXTURE, 2.0, 0.5, grid="vp")
    x = torch.tensor([0.3], dtype=torch.float64)
    one, other = (scheme.step(x, 0.0, {})[0] for scheme in (FrozenEuler(system, 5), EulerMaruyama(system, system.duration / 5)))
    pace = (math.sqrt(0.0025 + 19.9 * 2.0) - math.sqrt(0.0025 + 19.9 * 0.5)) / 9.95 / 5  # of the time whose rate is 0.05 + 9.95 u
    last = (math.sqrt(0.0025 + 19.9 * 2.0) - 0.05) / 9.95
    rates = [0.05 + 9.95 * u for u in (last, last - pace / 2)]
    assert float((one - x) / (other - x)) == pytest.approx(rates[0] / rates[1], rel=1e-12) and rates[0] > 1.04 * rates[1]


def test_particles_in_single_precision() -> None:
    system = ProbabilityFlow(Gaussian([0.0, 1.0], 0.3), 2.0, 0.0, grid="vp")
    made = ExplicitTrapezoid(system, 40)
    x = simulate(made, particles=5, steps=40, seed=1, initial=system.marginal(2.0), dtype=torch.float32)
    points = getattr(x, "points", x)
    assert points.dtype == torch.float32 and points.shape == (5, 2) and bool(torch.isfinite(points).all())
    assert made.step(torch.zeros((0, 2)), 0.0, {})[0].shape == (0, 2)


@pytest.mark.parametrize("scheme", [FrozenEuler, ExplicitTrapezoid])
def test_wrong_input(scheme: type) -> None:
    flow = ProbabilityFlow(Gaussian(), 2.0, 0.1)
    for wrong in (Overdamped(Gaussian()), flow.with_integrator("exponential"), "flow"):
        with pytest.raises(InvalidParameter, match='^dynamics = .* with the integrator "euler", for'):
            scheme(wrong, 5)
    for steps in (0, -3, 2.5, math.nan, None):
        with pytest.raises(InvalidParameter, match="^steps = "):
            scheme(flow, steps)


def test_heun_takes_the_flow_alone() -> None:
    with pytest.raises(InvalidParameter, match="^dynamics = .*: ProbabilityFlow with"):
        ExplicitTrapezoid(ReverseDiffusion(Gaussian(), 2.0, 0.1), 5)  # type: ignore[arg-type]


@pytest.mark.parametrize("times", [[], [0.0, 1.0], [0.5, 0.5], [0.5, 0.1], [-1.0], [[0.1]], [math.nan]])
def test_forward_times_of_a_schedule(times: list[float]) -> None:
    with pytest.raises(InvalidParameter, match="^forward_times = .*ascending numbers above 0"):
        NoiseSchedule.at(times)
