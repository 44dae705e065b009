"""Clocks and steps of reverse diffusions: forward times, and actions that add up and agree with their derivatives."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import ReverseDiffusion
from tests.dynamics.reverse_processes import DATA, EACH, EVERY_GRID, HORIZON, INTEGRATORS, ONE, SPACE, STOP, fractions, process


def covered(system: ReverseDiffusion, h: float, t: float) -> float:
    """The forward time of a step, as the Euler step shows it."""
    return float(system.with_integrator("euler").respond(h, ONE, t))


@EACH
@given(where=fractions, first=fractions, second=fractions)
def test_two_steps_are_one(integrator: str, grid: str, where: float, first: float, second: float) -> None:
    """A_k A_h = A_{h+k}, A_k G_h + G_k = G_{h+k}, A_k^2 Gamma_h^2 + Gamma_k^2 = Gamma_{h+k}^2, the second step from t + h on."""
    system = process(integrator, grid)
    t = 0.9 * where * system.duration
    h = first * (system.duration - t) / 2
    k = second * (system.duration - t) / 2
    keep = float(system.transport(k, ONE, t + h))
    assert keep * float(system.transport(h, ONE, t)) == pytest.approx(float(system.transport(h + k, ONE, t)), rel=1e-13)
    response = keep * float(system.respond(h, ONE, t)) + float(system.respond(k, ONE, t + h))
    assert response == pytest.approx(float(system.respond(h + k, ONE, t)), rel=1e-12, abs=1e-15)
    variance = keep**2 * system.noise(h, t) ** 2 + system.noise(k, t + h) ** 2
    assert variance == pytest.approx(system.noise(h + k, t) ** 2, rel=1e-12, abs=1e-15)


@EVERY_GRID
def test_forward_time_ends(grid: str) -> None:
    system = process(grid=grid)
    assert system.duration == pytest.approx(HORIZON - STOP, rel=1e-15)
    assert float(system.forward_time(0.0)) == pytest.approx(HORIZON, rel=1e-14)
    assert float(system.forward_time(system.duration)) == pytest.approx(STOP, rel=1e-12)
    times = torch.linspace(0, system.duration, 40, dtype=torch.float64)
    assert bool((torch.diff(torch.as_tensor(system.forward_time(times))) < 0).all())


@EVERY_GRID
def test_what_grows_evenly(grid: str) -> None:
    """Forward time, its root, log(alpha/sigma), or the time of which it is the integral of 0.05 + 9.95 u."""
    times = process(grid=grid).forward_time(torch.linspace(0, HORIZON - STOP, 30, dtype=torch.float64))
    assert isinstance(times, torch.Tensor)
    log_snr, root = -times - torch.log(-torch.expm1(-2 * times)) / 2, (torch.sqrt(0.0025 + 19.9 * times) - 0.05) / 9.95
    even = {"uniform": times, "quadratic": torch.sqrt(times), "log-snr": log_snr, "vp": root}[grid]
    assert float(torch.diff(even, n=2).abs().max()) < 1e-13


@EVERY_GRID
@given(where=fractions, length=fractions)
def test_covered_is_the_difference_of_forward_times(grid: str, where: float, length: float) -> None:
    system = process(grid=grid)
    t = where * system.duration
    h = length * (system.duration - t)
    assert covered(system, h, t) == pytest.approx(float(system.forward_time(t)) - float(system.forward_time(t + h)), abs=2e-15 * HORIZON + 1e-15)


@EVERY_GRID
@pytest.mark.parametrize("where", [0.0, 0.4, 0.999])
def test_covered_does_not_cancel(grid: str, where: float) -> None:
    """Of a step of 1e-9, the speed times the step to first order: all but six digits of the difference would be lost."""
    system, h = process(grid=grid), 1e-9
    t = where * system.duration
    assert covered(system, h, t) == pytest.approx(h * float(system.impulse(ONE, t)), rel=2e-7)
    small = h / 1e3
    assert covered(system, small, t) == pytest.approx(covered(system, h, t) / 1e3, rel=2e-7)
    assert covered(system, h, t) == pytest.approx(10 * covered(system, h / 10, t + 0.45 * h), rel=1e-12)


@EACH
@given(where=st.floats(0.01, 0.99))
def test_impulse_is_the_derivative_of_respond(integrator: str, grid: str, where: float) -> None:
    system = process(integrator, grid)
    t = where * system.duration
    h = torch.zeros((), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(system.respond(h, ONE, t), h)  # type: ignore[arg-type]
    assert float(system.impulse(ONE, t)) == pytest.approx(float(slope), rel=1e-12)
    difference = (float(system.forward_time(t - 1e-4)) - float(system.forward_time(t + 1e-4))) / 2e-4
    assert float(system.impulse(ONE, t)) == pytest.approx(difference, rel=1e-3)


@EACH
def test_times_as_tensors_are_times_as_numbers(integrator: str, grid: str) -> None:
    """One time and one length a point, for all actions and the force, on the line and in space."""
    t, h = (torch.tensor(values, dtype=torch.float64) for values in ([0.0, 0.3, 1.1, 1.9], [0.2, 0.5, 0.01, 0.05]))
    for target in (DATA, SPACE):
        system = process(integrator, grid, target)
        shape = (4,) if target.dim == 1 else (4, target.dim)
        x = torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        wide = (lambda v: v) if target.dim == 1 else (lambda v: v[:, None])
        together = [
            system.drift(x, wide(t)),
            system.transport(wide(h), x, wide(t)),
            system.respond(wide(h), x, wide(t)),
            system.impulse(x, wide(t)),
            system.noise(wide(h), wide(t)) * x,
        ]
        for i in range(4):
            one, at, length = x[i : i + 1], float(t[i]), float(h[i])
            alone = [
                system.drift(one, at),
                system.transport(length, one, at),
                system.respond(length, one, at),
                system.impulse(one, at),
                system.noise(length, at) * one,
            ]
            for seen, expected in zip(together, alone, strict=True):
                assert torch.allclose(seen[i : i + 1], expected, rtol=1e-12, atol=1e-14)


@EVERY_GRID
def test_both_integrators_have_one_force_to_first_order(grid: str) -> None:
    """(A_h - 1) x + G_h b over h tends to speed (x + 2 s), and Gamma_h^2 / h to twice the speed."""
    x, t, h = torch.linspace(-2, 2, 9, dtype=torch.float64), 0.7, 1e-6
    moves, spreads = [], []
    for integrator in INTEGRATORS:
        system = process(integrator, grid)
        moves.append((system.transport(h, x, t) - x + system.respond(h, system.drift(x, t), t)) / h)
        spreads.append(system.noise(h, t) ** 2 / h)
    system = process(grid=grid)
    speed, score = float(system.impulse(ONE, t)), system.score(x, float(system.forward_time(t)))
    for move, spread in zip(moves, spreads, strict=True):
        assert torch.allclose(move, speed * (x + 2 * score), rtol=1e-4, atol=1e-4)
        assert spread == pytest.approx(2 * speed, rel=1e-4)


def test_no_negative_noise_from_rounding() -> None:
    system = process("exponential")
    assert system.noise(-1e-18, 0.5) == 0.0
    assert float(system.noise(torch.tensor([-1e-18, 0.0], dtype=torch.float64), 0.5).max()) == 0.0
