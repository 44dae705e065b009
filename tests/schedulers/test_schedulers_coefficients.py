"""The coefficients of every method against formulas written out by hand, and against each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.noise.coefficients import VARIANTS, ddim, dpm_multistep, dpm_plus_plus, dpm_solver, heun
from pmmtheory.schedulers import DDIM, DDPM, DPMSolver, DPMSolverMultistep, DPMSolverPlusPlus2M, ExactPredictor, Heun, NoiseLevels, NoiseSchedule
from pmmtheory.targets import GaussianMixture
from tests.oracles.ho import STEPS
from tests.oracles.ho import ddim as ddim_by_hand

SCHEDULE = NoiseSchedule.linear()
DATA = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])
EPS = ExactPredictor(DATA, SCHEDULE)
X = torch.linspace(-3, 3, 7, dtype=torch.float64)


def levels(*times: float) -> NoiseLevels:
    return SCHEDULE.levels(times)


PAIRS = st.tuples(st.floats(1, 1000), st.floats(0, 0.97)).map(lambda p: (p[0], p[0] * p[1]))


@pytest.mark.parametrize("name", STEPS)
@given(pair=PAIRS)
def test_one_step_coefficients_are_those_written_out(name: str, pair: tuple[float, float]) -> None:
    t, s = pair
    computed = VARIANTS[name](*(SCHEDULE.levels(time) for time in pair))
    np.testing.assert_allclose(np.array(computed, dtype=float), STEPS[name](SCHEDULE.alpha(t) ** 2, SCHEDULE.alpha(s) ** 2), rtol=1e-8, atol=1e-8)


@given(pair=PAIRS, eta=st.floats(0, 1))
def test_ddim_for_any_eta(pair: tuple[float, float], eta: float) -> None:
    computed = ddim(*(SCHEDULE.levels(time) for time in pair), eta=eta)
    np.testing.assert_allclose(np.array(computed, dtype=float), ddim_by_hand(*(SCHEDULE.alpha(time) ** 2 for time in pair), eta), rtol=1e-8, atol=1e-8)


def test_names_for_the_same_method_are_the_same_numbers() -> None:
    grid = levels(*range(1000, -1, -8))
    t, s = grid[:-1], grid[1:]
    for one, other in (("V1", "V1a"), ("V2", "DDIM1")):
        np.testing.assert_allclose(VARIANTS[one](t, s), VARIANTS[other](t, s), rtol=1e-12, atol=1e-15)


def test_v1_is_the_exponential_integrator_of_the_reverse_process() -> None:
    system = DDPM(SCHEDULE, 60, "V1", end=3).scheme(EPS).dynamics
    times = system.times  # type: ignore[attr-defined]
    horizon, stop = SCHEDULE.forward_time(times[0]), SCHEDULE.forward_time(times[-1])
    reverse = ReverseDiffusion(DATA, horizon, stop, integrator="exponential")
    for k in (0, 17, 59):
        start, h = horizon - SCHEDULE.forward_time(times[k]), SCHEDULE.forward_time(times[k]) - SCHEDULE.forward_time(times[k + 1])
        one = system.transport(1.0, X, k) + system.respond(1.0, system.drift(X, k), k)
        other = reverse.transport(h, X, start) + reverse.respond(h, reverse.drift(X, start), start)
        assert torch.allclose(one, other, rtol=1e-11, atol=1e-11)
        assert math.isclose(system.noise(1.0, k), reverse.noise(h, start), rel_tol=1e-11)


@pytest.mark.parametrize("spacing", ["uniform", "quadratic", "log-snr"])
def test_methods_of_order_one_are_ddim(spacing: str) -> None:
    reference = DDIM(SCHEDULE, 12, spacing=spacing, end=2).sample(EPS, X)
    for one in (DPMSolver(SCHEDULE, 12, 1, spacing, 2), DPMSolverMultistep(SCHEDULE, 12, 1, spacing=spacing, end=2)):
        assert torch.allclose(one.sample(EPS, X), reference, rtol=1e-13, atol=1e-13)
    step, x = dpm_plus_plus(levels(700, 500)), 0.7
    eps = 0.3
    data = (x - SCHEDULE.sigma(700.0) * eps) / SCHEDULE.alpha(700.0)
    a, b, _ = ddim(*(SCHEDULE.levels(t) for t in (700.0, 500.0)))
    assert math.isclose(step.a * x + step.b[0] * data, float(a * x + b * eps), rel_tol=1e-12)


def test_one_interval_to_the_data_is_the_prediction_of_the_data() -> None:
    for scheduler in (DDIM, DDPM, DPMSolver, DPMSolverMultistep, DPMSolverPlusPlus2M, Heun):
        t = 1000.0
        expected = (X - SCHEDULE.sigma(t) * EPS(X, t)) / SCHEDULE.alpha(t)
        assert torch.allclose(scheduler(SCHEDULE, 1).sample(EPS, X), expected, rtol=1e-12, atol=1e-12)


def test_single_step_solvers_are_the_formulas_of_the_paper() -> None:
    t0, t1, t2, t3 = times = (800.0, 700.0, 550.0, 350.0)
    alpha, sigma, lam = ([getattr(SCHEDULE, name)(t) for t in times] for name in ("alpha", "sigma", "log_snr"))
    e0 = EPS(X, t0)
    h = lam[3] - lam[0]
    r1, r2 = (lam[1] - lam[0]) / h, (lam[2] - lam[0]) / h
    u1 = alpha[1] / alpha[0] * X - sigma[1] * (math.exp(r1 * h) - 1) * e0
    d1 = EPS(u1, t1) - e0
    u2 = alpha[2] / alpha[0] * X - sigma[2] * (math.exp(r2 * h) - 1) * e0 - sigma[2] * r2 / r1 * ((math.exp(r2 * h) - 1) / (r2 * h) - 1) * d1
    d2 = EPS(u2, t2) - e0
    third = alpha[3] / alpha[0] * X - sigma[3] * (math.exp(h) - 1) * e0 - sigma[3] / r2 * ((math.exp(h) - 1) / h - 1) * d2
    a, b = dpm_solver(levels(*times))
    assert torch.allclose(a[0] * X + b[0][0] * e0, u1, rtol=1e-11)
    assert torch.allclose(a[1] * X + b[1][0] * e0 + b[1][1] * EPS(u1, t1), u2, rtol=1e-11)
    assert torch.allclose(a[2] * X + b[2][0] * e0 + b[2][2] * EPS(u2, t2), third, rtol=1e-11)
    h = lam[2] - lam[0]
    r1 = (lam[1] - lam[0]) / h
    second = alpha[2] / alpha[0] * X - sigma[2] * (math.exp(h) - 1) * (e0 + d1 / (2 * r1))
    a, b = dpm_solver(levels(t0, t1, t2))
    assert torch.allclose(a[1] * X + b[1][0] * e0 + b[1][1] * EPS(u1, t1), second, rtol=1e-11)


@pytest.mark.parametrize("exact", [False, True])
def test_multistep_solvers_are_the_formulas_of_the_reference_code(exact: bool) -> None:
    times = (800.0, 700.0, 550.0, 350.0)
    alpha, sigma, lam = ([getattr(SCHEDULE, name)(t) for t in times] for name in ("alpha", "sigma", "log_snr"))
    m2, m1, m0 = 0.3, -0.2, 0.9
    h, h0, h1 = lam[3] - lam[2], lam[2] - lam[1], lam[1] - lam[0]
    r0, r1 = h0 / h, h1 / h
    d10, d11 = (m0 - m1) / r0, (m1 - m2) / r1
    d1, d2 = d10 + r0 / (r0 + r1) * (d10 - d11), (2 if exact else 1) / (r0 + r1) * (d10 - d11)
    phi = (math.exp(h) - 1, (math.exp(h) - 1) / h - 1, (math.exp(h) - 1 - h) / h**2 - 0.5)
    a, b = dpm_multistep(levels(*times), exact)
    assert math.isclose(a, alpha[3] / alpha[2], rel_tol=1e-12)
    assert math.isclose(b[0] * m0 + b[1] * m1 + b[2] * m2, -sigma[3] * (phi[0] * m0 + phi[1] * d1 + phi[2] * d2), rel_tol=1e-10)
    _, b = dpm_multistep(levels(*times[1:]), exact)
    assert math.isclose(b[0] * m0 + b[1] * m1, -sigma[3] * phi[0] * (m0 + d10 / 2), rel_tol=1e-11)
    a, b = dpm_plus_plus(levels(*times[1:]))
    assert math.isclose(a, sigma[3] / sigma[2], rel_tol=1e-12)
    assert math.isclose(b[0] * m0 + b[1] * m1, -alpha[3] * (math.exp(-h) - 1) * (m0 + d10 / 2), rel_tol=1e-11)


def test_heun_is_the_trapezoid_rule_of_karras() -> None:
    t, s = 600.0, 450.0
    ratio_t, ratio_s = (SCHEDULE.sigma(u) / SCHEDULE.alpha(u) for u in (t, s))
    e0 = EPS(X, t)
    scaled = X / SCHEDULE.alpha(t) + (ratio_s - ratio_t) * e0
    e1 = EPS(SCHEDULE.alpha(s) * scaled, s)
    expected = SCHEDULE.alpha(s) * (X / SCHEDULE.alpha(t) + (ratio_s - ratio_t) * (e0 + e1) / 2)
    a, b = heun(*(SCHEDULE.levels(u) for u in (t, s)))
    assert torch.allclose(a[0] * X + b[0][0] * e0, SCHEDULE.alpha(s) * scaled, rtol=1e-12)
    assert torch.allclose(a[1] * X + b[1][0] * e0 + b[1][1] * e1, expected, rtol=1e-12)


def test_small_steps_keep_their_digits() -> None:
    """Of -sigma h phi_2(h)/r_2 = -sigma h (1/2 + h/6)/r_2, where the difference of exponentials would keep half of them."""
    times = (500.0, 500 - 1e-5, 500 - 2e-5, 500 - 3e-5)
    lam = [SCHEDULE.log_snr(t) for t in times]
    h, r2 = lam[3] - lam[0], (lam[2] - lam[0]) / (lam[3] - lam[0])
    assert math.isclose(dpm_solver(levels(*times)).b[2][2], -SCHEDULE.sigma(times[3]) * h * (1 / 2 + h / 6) / r2, rel_tol=1e-12)


def test_small_multistep_steps_are_those_of_adams_and_bashforth() -> None:
    """(23, -16, 5)/12 of order 3, and (3, -1)/2 of order 2; the reference code's order 3 has (22, -14, 4)/12 in place of the first."""
    times = SCHEDULE.time_at(SCHEDULE.log_snr(500.0) + 1e-6 * torch.arange(4.0, dtype=torch.float64)).tolist()
    scale = -SCHEDULE.sigma(times[-1]) * 1e-6
    for expected, weights in (
        ((23, -16, 5), dpm_multistep(levels(*times), exact=True).b),
        ((22, -14, 4), dpm_multistep(levels(*times)).b),
        ((18, -6), dpm_multistep(levels(*times[1:])).b),
    ):
        np.testing.assert_allclose(np.array(weights) / scale, np.array(expected) / 12, rtol=1e-5)
