"""Laws on a Gaussian with a full covariance matrix, whose variances are known to some units of the largest, against many digits of the very matrix."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from pmmtheory.divergences import kl, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schedulers import DDIM, DDPM, DPMSolverMultistep, ExactPredictor, NoiseSchedule, Scheduler
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian


def matrix(condition: float, seed: int) -> np.ndarray:
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    found = (turn * [1, condition**-0.5, 1 / condition]) @ turn.T
    whole: np.ndarray = (found + found.T) / 2
    return whole


@pytest.mark.parametrize(("condition", "share"), [(1e2, 0.99), (1e4, 0.9), (1e4, 0.999), (1e7, 0.99)])
@pytest.mark.parametrize("steps", [None, 40])
def test_errors_hold_what_the_axes_do(condition: float, share: float, steps: int | None) -> None:
    for seed in range(4):
        covariance = matrix(condition, seed)
        with mpmath.workdps(50):
            values = list(mpmath.eigsy(mpmath.matrix(covariance.tolist()))[0])
            h = share * 2 * float(min(values))
            kept = [(1 - mpmath.mpf(h) / v) ** 2 for v in values]
            whole = [1 if steps is None else 1 - k**steps for k in kept]
            laws = [2 * mpmath.mpf(h) * part / (1 - k) + (v * (1 - part)) for v, k, part in zip(values, kept, whole, strict=True)]
            spread = float(sum(a / b - 1 - mpmath.log(a / b) for a, b in zip(laws, values, strict=True)) / 2)
            distance = float(mpmath.sqrt(sum((mpmath.sqrt(a) - mpmath.sqrt(b)) ** 2 for a, b in zip(laws, values, strict=True))))
        target = Gaussian(np.zeros(3), covariance)
        chain = EulerMaruyama(Overdamped(target), h)
        law = stationary_law(chain) if steps is None else transient_law(chain, target, steps)
        for found, truth in ((kl(law, target), spread), (w2(law, target), distance)):
            assert abs(found.value - truth) <= found.error + 1e-15 * truth
            assert found.error < 1e-14 * condition * found.value / (1 - share) ** 2


@pytest.mark.parametrize("sampler", [DDIM, DDPM, DPMSolverMultistep])
@pytest.mark.parametrize(("condition", "mean"), [(1e4, 0.0), (1e6, 0.0), (1e6, 30.0)])
def test_errors_of_samplers_hold_what_the_axes_do(sampler: type[Scheduler], condition: float, mean: float) -> None:
    """Against the law on the axes themselves, from eigenvalues and eigenvectors of many digits."""
    schedule = NoiseSchedule.linear(100)
    for seed in range(3):
        covariance, centre = condition * matrix(condition, seed), mean * np.ones(3)
        with mpmath.workdps(50):
            values, axes = mpmath.eigsy(mpmath.matrix(covariance.tolist()))
            turned = axes.T * mpmath.matrix(centre.tolist())
        pair = Gaussian(centre, covariance), Gaussian([float(part) for part in turned], [float(value) for value in values])
        laws = [transient_law(sampler(schedule, steps=20).chain(ExactPredictor(data, schedule))) for data in pair]
        for distance in (kl, w2):
            seen, exact = (distance(law, data) for law, data in zip(laws, pair, strict=True))
            assert abs(seen.value - exact.value) <= seen.error + exact.error
            assert seen.error <= 1e-11 * condition * seen.value
