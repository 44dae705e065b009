"""Laws of samplers whose predictor is wrong by a steep function of the place, step by step against sums over many points."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from pmmtheory.laws import transient_law
from pmmtheory.schedulers import DDIM, ExactPredictor, NoiseSchedule, Predictor
from pmmtheory.targets import Gaussian, Target

SCHEDULE, MEAN, VARIANCE, PLACE = NoiseSchedule.linear(50), 0.5, 0.3, 0.4


class Wrong(Predictor):
    """Off by size tanh(slope (x + 0.4))."""

    def __init__(self, target: Target, slope: float, size: float):
        self.target, self.schedule, self.exact = target, SCHEDULE, ExactPredictor(target, SCHEDULE)
        self.slope, self.size = slope, size

    def on(self, target: Target) -> Wrong:
        return Wrong(target, self.slope, self.size)

    def __call__(self, x: Tensor, t: float) -> Tensor:
        return self.exact(x, t) + self.size * torch.tanh(self.slope * (x + PLACE))


def moments(times: list[int], eta: float, slope: float, size: float) -> tuple[float, float]:
    """E X and E X^2 at the end, from x_0 ~ N(0, 1): x_s = b (x - sqrt(u) e)/a + sqrt(w - v) e + sqrt(v) z, with e the noise predicted at time t."""
    n = max(1000, round(80 * slope))  # points that see the slope
    logs = np.r_[0.0, np.cumsum(np.log1p(-np.array(SCHEDULE.betas))) / 2]
    x = np.linspace(-9, 9, n)
    p = np.exp(-x * x / 2)
    y = x
    for t, s in zip(times, times[1:], strict=False):
        a, b, u, w = math.exp(logs[t]), math.exp(logs[s]), -math.expm1(2 * logs[t]), -math.expm1(2 * logs[s])
        noise = math.sqrt(u) * (x - a * MEAN) / (a * a * VARIANCE + u) + size * np.tanh(slope * (x + PLACE))
        v = eta**2 * w / u * -math.expm1(2 * (logs[t] - logs[s]))
        y = b * (x - math.sqrt(u) * noise) / a + math.sqrt(max(w - v, 0)) * noise
        if s:
            x = np.linspace(y.min() - 9 * v**0.5, y.max() + 9 * v**0.5, n)
            p = np.exp(-((x[:, None] - y) ** 2) / (2 * v)) @ p
        p /= p.sum()
    return float(p @ y), float(p @ y**2)


@pytest.mark.parametrize(("slope", "size", "eta"), [(20.0, 0.1, 0.5), (50.0, 0.03, 1.0), (5.0, 0.1, 0.5)])
def test_moments_within_their_errors(slope: float, size: float, eta: float) -> None:
    """A grid of the spacing that the law and the mean slope of a step ask for passes by how sharply the step turns."""
    sampler = DDIM(SCHEDULE, steps=20, eta=eta)
    exact = moments([int(t) for t in sampler.times], eta, slope, size)
    for rtol in (1e-3, 1e-4, 1e-6):
        law = transient_law(sampler.chain(Wrong(Gaussian(MEAN, VARIANCE), slope, size), start=Gaussian()), rtol=rtol)
        for power, truth in enumerate(exact, 1):
            seen = law.moment(power)
            assert abs(seen.value - truth) <= seen.error <= 2 * rtol
