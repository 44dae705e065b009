"""Noise schedules and what is computed from them, next to plain loops and numpy's interpolation."""

from __future__ import annotations

from math import cos, exp, log, pi, sqrt
from typing import Any

import numpy as np
import torch

from experiments.measures._arrays import Pairs, all_apart, moments, refused
from experiments.measures._routes import compared, held
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.noise.predictions import data_in, noise_in
from pmmtheory.noise.ratio import between
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.targets import Gaussian

_BETAS = (0.01, 0.3, 0.05, 0.2, 0.4, 0.1, 0.25, 0.35, 0.15)
_TIMES = (0.4, 1.0, 2.7, 3.0, 5.5, 8.9, 9.0)


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Levels at whole times and between them, in numbers and in tensors."""
    found = all_apart(
        {
            "betas by name": _by_name,
            "levels at a time": _levels,
            "the time of a level": _times_of_levels,
            "grids of time": _grids,
            "levels between two by sigma/alpha": _between,
            "noise and data by what a network says": _predicted,
        }
    )
    return held(found)


def _by_name() -> Pairs:
    """The betas of the named schedules, the last ones at their defaults."""
    n = 40
    forward = np.array([0.1, 0.5, 2.0])
    betas = [
        (NoiseSchedule.linear(n), [(0.1 + (20 - 0.1) * k / (n - 1)) / n for k in range(n)]),
        (NoiseSchedule.linear(n, 0.002, 0.3), [0.002 + 0.298 * k / (n - 1) for k in range(n)]),
        (NoiseSchedule.scaled_linear(n), [(sqrt(0.85 / n) + (sqrt(12 / n) - sqrt(0.85 / n)) * k / (n - 1)) ** 2 for k in range(n)]),
        (NoiseSchedule.cosine(n, 0.02, 0.9), _cosine(n, 0.02, 0.9)),
        (NoiseSchedule.cosine(n), _cosine(n, 0.008, 0.999)),
        (NoiseSchedule.at(forward), [1 - exp(-2 * step) for step in (0.1, 0.4, 1.5)]),
    ]
    pairs: list[tuple[Any, Any]] = [(schedule.betas, expected) for schedule, expected in betas]
    return [*pairs, (betas[-1][0].forward_time(2.0), 0.5), (betas[-1][0].size, 3)]


def _cosine(n: int, offset: float, largest: float) -> list[float]:
    alphas = [cos(pi / 2 * (t / n + offset) / (1 + offset)) ** 2 for t in range(n + 1)]
    return [min(1 - after / before, largest) for before, after in zip(alphas, alphas[1:], strict=False)]


def _alphas(times: Any) -> Numbers:
    """alpha at training times: log alpha is linear between whole ones."""
    knots = [0.0]
    for beta in _BETAS:
        knots.append(knots[-1] + 0.5 * log(1 - beta))
    return np.asarray(np.exp(np.interp(times, np.arange(len(knots)), knots)))


def _levels() -> Pairs:
    schedule, alphas = NoiseSchedule(_BETAS), _alphas(_TIMES)
    sigmas = np.sqrt(1 - alphas**2)
    expected = {"log_alpha": np.log(alphas), "alpha": alphas, "sigma": sigmas, "log_snr": np.log(alphas / sigmas), "forward_time": -np.log(alphas)}
    pairs: list[tuple[Any, Any]] = []
    for name, values in expected.items():
        function = getattr(schedule, name)
        pairs += [([function(t) for t in _TIMES], values), (function(torch.tensor(_TIMES, dtype=torch.float64)), values)]
    noised = schedule.marginal(Gaussian(1.3, 0.4), 2.7)
    alpha = _alphas(2.7)
    pairs += [(schedule.alpha(0.0), 1.0), (schedule.alpha(torch.zeros(2, dtype=torch.float64)), [1.0, 1.0])]
    levels = schedule.levels(_TIMES)
    of_levels = (levels.alpha, levels.sigma, levels.log_snr, levels[2].alpha)
    plain = (alphas, sigmas, np.log(alphas / sigmas), alphas[2])
    return [*pairs, (moments(noised), [1.3 * alpha, 0.4 * alpha**2 + 1 - alpha**2]), (of_levels, plain)]


def _times_of_levels() -> Pairs:
    schedule, alphas = NoiseSchedule(_BETAS), _alphas(_TIMES)
    ratios = np.log(alphas / np.sqrt(1 - alphas**2))
    return [([schedule.time_at(float(ratio)) for ratio in ratios], _TIMES), (schedule.time_at(torch.tensor(ratios)), _TIMES)]


def _grids() -> Pairs:
    schedule = NoiseSchedule(_BETAS)
    low, high = (log(alpha / sqrt(1 - alpha**2)) for alpha in _alphas([9.0, 1.0]))
    wanted = [low + (high - low) * k / 4 for k in range(5)]

    def time_of(ratio: float) -> float:
        alpha, knots = 1 / sqrt(1 + exp(-2 * ratio)), -np.log(_alphas(np.arange(10.0)))
        return float(np.interp(-log(alpha), knots, np.arange(10.0)))

    size = 100
    return [
        (NoiseSchedule.linear(size).times(7, end=3), [round(size + (3 - size) * k / 7) for k in range(8)]),
        (NoiseSchedule.linear(size).times(7, "quadratic", 4), [round((10 + (2 - 10) * k / 7) ** 2) for k in range(8)]),
        (schedule.times(4, "log-snr", 1), [time_of(ratio) for ratio in wanted]),
        (schedule.ordered([9, 3.5, 0]), [9, 3.5, 0]),
        ([refused(schedule.times, steps, "log-snr", 1) for steps in (8, 9)], [0.0, 1.0]),
    ]


def _between() -> Pairs:
    """A share of the way from one time to another in w = sigma/alpha."""
    (first, last), shares = (8.0, 2.5), (0.2, 0.5, 0.9)
    alpha = _alphas([first, last])
    begun, ended = np.sqrt(1 / alpha**2 - 1)
    expected = []
    for share in shares:
        w = begun + share * (ended - begun)
        reached = 1 / sqrt(1 + w**2)
        time = np.interp(-log(reached), -np.log(_alphas(np.arange(10.0))), np.arange(10.0))
        expected.append([time, reached / alpha[0], reached * (w - begun)])
    found = between(NoiseSchedule(_BETAS), first, last, torch.tensor(shares, dtype=torch.float64))
    return [(list(found), np.transpose(expected))]


def _predicted() -> Pairs:
    """Data and noise that are given, by way of what a network of each kind would say of their sum."""
    data, noise, alpha, sigma = (torch.tensor([2.0, -0.7], dtype=torch.float64), torch.tensor([-1.0, 0.4], dtype=torch.float64), 0.28, 0.96)
    x = alpha * data + sigma * noise
    said = {"epsilon": noise, "sample": data, "v_prediction": alpha * noise - sigma * data}
    pairs: list[tuple[Any, Any]] = [(noise_in(x, output, alpha, sigma, kind), noise) for kind, output in said.items()]
    return pairs + [(data_in(x, output, alpha, sigma, kind), data) for kind, output in said.items()]
