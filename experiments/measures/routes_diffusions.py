"""Reverse diffusions and probability flows on Gaussian data, next to their differential equations."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, expm1, log, sqrt
from typing import Any

import numpy as np
import torch
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq

from experiments.measures._arrays import Pairs, all_apart, moments
from experiments.measures._routes import compared, held
from pmmtheory.dynamics import ProbabilityFlow, ReverseDiffusion
from pmmtheory.dynamics.clocks import CLOCKS, VariancePreserving
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.targets import Gaussian

_HORIZON, _STOP, _SHARES = 1.9, 0.15, (0.1, 0.45, 0.8)
_MEAN, _COVARIANCE = np.array([1.2, -0.7]), np.array([[0.5, 0.3], [0.3, 1.4]])


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Clocks, single steps and whole processes."""
    found = all_apart(
        {
            "forward time, by each clock": _forward_times,
            "forward time covered and its speed, by each clock": _speeds,
            "one step of the reverse diffusion and of the flow": _steps,
            "the reverse diffusion and the flow from a Gaussian start": _solved,
            "scores and laws of noised Gaussians": _noised,
        }
    )
    return held(found)


def _integrated(u: float) -> float:
    """The forward time of the variance-preserving SDE at time u: its beta goes from 0.1 to 20, and the drift here has half of it."""
    return float(0.5 * quad(lambda v: 0.1 + 19.9 * v, 0, u)[0])


SCALES: dict[str, Callable[[float], float]] = {
    "uniform": lambda time: time,
    "quadratic": sqrt,
    "log-snr": lambda time: 0.5 * log(expm1(2 * time)),
    "vp": lambda time: brentq(lambda u: _integrated(u) - time, 0, 2, xtol=1e-15),
}
"""What of the forward time each clock counts down in equal steps."""
BACK: dict[str, Callable[[float], float]] = {
    "uniform": lambda y: y,
    "quadratic": lambda y: y**2,
    "log-snr": lambda y: 0.5 * log(1 + exp(2 * y)),
    "vp": _integrated,
}


def forward_time(grid: str, t: float) -> float:
    """At time t of the chain, between the horizon and the stop."""
    first, last = SCALES[grid](_HORIZON), SCALES[grid](_STOP)
    return BACK[grid](first + (last - first) * t / (_HORIZON - _STOP))


def _times() -> list[float]:
    return [share * (_HORIZON - _STOP) for share in _SHARES]


def _forward_times() -> Pairs:
    pairs: list[tuple[Any, Any]] = [(VariancePreserving.integrated(0.3), _integrated(0.3))]
    for grid, clock in CLOCKS.items():
        expected = [forward_time(grid, t) for t in _times()]
        made = clock(_HORIZON, _STOP)
        pairs += [([made.forward_time(t) for t in _times()], expected), (made.forward_time(torch.tensor(_times(), dtype=torch.float64)), expected)]
    made = CLOCKS["vp"](_HORIZON, 0.0)
    return [*pairs, (made.forward_time(_HORIZON + 0.1), 0.0), (made.forward_time(torch.tensor([_HORIZON + 0.1])), 0.0)]


def _speeds() -> Pairs:
    h, tensor = 0.3, torch.tensor(_times(), dtype=torch.float64)
    pairs: list[tuple[Any, Any]] = []
    for grid, clock in CLOCKS.items():
        made = clock(_HORIZON, _STOP)
        covered = [forward_time(grid, t) - forward_time(grid, t + h) for t in _times()]
        slopes = [speed(grid, t) for t in _times()]
        pairs += [([made.covered(t, h) for t in _times()], covered), (made.covered(tensor, torch.full_like(tensor, h)), covered)]
        pairs += [([made.speed(t) for t in _times()], slopes), (made.speed(tensor) + 0 * tensor, slopes)]
    return pairs


def speed(grid: str, t: float) -> float:
    """-d forward time/dt, by a difference."""
    h = 0.01
    return sum(weight * (forward_time(grid, t - k * h) - forward_time(grid, t + k * h)) for k, weight in ((1, 1.6), (2, -0.4), (3, 8 / 105), (4, -1 / 140))) / (
        2 * h
    )


def processes(grid: str, integrator: str) -> tuple[ReverseDiffusion, ProbabilityFlow]:
    """Of the package."""
    data = Gaussian(_MEAN, _COVARIANCE)
    return ReverseDiffusion(data, _HORIZON, _STOP, integrator, grid), ProbabilityFlow(data, _HORIZON, _STOP, integrator, grid)


def score(x: Numbers, time: float) -> Numbers:
    """Of the data noised up to a forward time."""
    alpha = exp(-time)
    return np.asarray(-np.linalg.solve(alpha**2 * _COVARIANCE + (1 - alpha**2) * np.eye(2), x - alpha * _MEAN), np.float64)


def _steps() -> Pairs:
    """The actions over [t, t + h] for a frozen force, each from the equation that it solves in forward time."""
    t, h, x = 0.4, 0.3, np.array([0.6, -1.1])
    state, pairs = torch.tensor(x), list[tuple[Any, Any]]()
    tensor = torch.tensor([[h]], dtype=torch.float64)
    for grid in ("quadratic", "vp"):
        begun = forward_time(grid, t)
        d, rate = begun - forward_time(grid, t + h), speed(grid, t)
        grown, square = quad(exp, 0, d)[0], quad(lambda s: 2 * exp(2 * s), 0, d)[0]
        slope = score(x, begun)
        for integrator in ("euler", "exponential"):
            reverse, flow = processes(grid, integrator)
            exact = integrator == "exponential"
            pairs += [(reverse.drift(state, t), 2 * slope + (0 if exact else x)), (flow.drift(state, t), slope + (0 if exact else x))]
            for system in (reverse, flow):
                width = 0.0 if system is flow else sqrt(square if exact else 2 * d)
                expected = [x * (exp(d) if exact else 1.0), x * (grown if exact else d), width]
                pairs += [([system.transport(h, state, t), system.respond(h, state, t), system.noise(h, t)], expected)]
                pairs += [([system.transport(tensor, state, t), system.respond(tensor, state, t), system.noise(tensor, t)], expected)]
                pairs += [(system.impulse(state, t), x * rate), ([system.forward_time(t), system.duration, system.end], [begun, *[_HORIZON - _STOP] * 2])]
    for system in processes("uniform", "euler"):
        pairs += [
            ([list(system.linear[0]), list(system.forcing[0]), list(system.diffusion[0])], [0.0, 1.0, 0.0 if isinstance(system, ProbabilityFlow) else 2.0])
        ]
    return pairs


def _solved() -> Pairs:
    """The law at the stop from a start that is not that of the process, by the differential equations of its mean and covariance."""
    mean, variance, pairs = np.array([0.4, 0.9]), 1.3, list[tuple[Any, Any]]()
    for data, covariance in ((Gaussian(_MEAN, _COVARIANCE), _COVARIANCE), (Gaussian(_MEAN, 0.5), 0.5 * np.eye(2))):
        for kind, noisy in ((ReverseDiffusion, 1.0), (ProbabilityFlow, 0.0)):

            def change(t: float, y: Numbers, noisy: float = noisy, covariance: Numbers = covariance) -> Numbers:
                square = exp(-2 * (_HORIZON - t))
                slope = np.eye(2) - (1 + noisy) * np.linalg.inv(square * covariance + (1 - square) * np.eye(2))
                spread = y[2:].reshape(2, 2)
                moved = y[:2] + (slope - np.eye(2)) @ (y[:2] - sqrt(square) * _MEAN)
                return np.concatenate([moved, (slope @ spread + spread @ slope.T + 2 * noisy * np.eye(2)).ravel()])

            begun = np.concatenate([mean, variance * np.eye(2).ravel()])
            ended = solve_ivp(change, (0, _HORIZON - _STOP), begun, method="DOP853", rtol=1e-11, atol=1e-13).y[:, -1]
            found = kind(data, _HORIZON, _STOP).solved(Gaussian(mean, variance))
            pairs += [(found.mean, ended[:2]), (torch.as_tensor(found.covariance) * torch.eye(2) if covariance[0, 1] == 0 else found.covariance, ended[2:])]
    return pairs


def _noised() -> Pairs:
    pairs: list[tuple[Any, Any]] = []
    x = np.array([0.6, -1.1])
    for system in processes("log-snr", "euler"):
        alpha = exp(-0.7)
        law, reached = system.marginal(0.7), system.law_at(0.4)
        covariance = alpha**2 * _COVARIANCE + (1 - alpha**2) * np.eye(2)
        pairs += [(system.score(torch.tensor(x), 0.7), score(x, 0.7)), (moments(law), [alpha * _MEAN, covariance])]
        pairs += [(moments(reached)[0], exp(-forward_time("log-snr", 0.4)) * _MEAN), (moments(system.law_at(system.duration))[0], exp(-_STOP) * _MEAN)]
        other = system.with_integrator("exponential")
        pairs += [([other.horizon, other.stop, other.transport(0.3, torch.tensor(1.0, dtype=torch.float64), 0.4)], [_HORIZON, _STOP, _growth()])]
    return pairs


def _growth() -> float:
    return exp(forward_time("log-snr", 0.4) - forward_time("log-snr", 0.7))
