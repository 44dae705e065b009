"""The stated errors of laws by moments where digits cancel: means far beside the deviations, many steps, and velocities in units of their own; in many digits."""

from __future__ import annotations

import mpmath as mp
import pytest

from pmmtheory.errors import NotConverged
from pmmtheory.laws import transient_law
from pmmtheory.schedulers import DDIM, ExactPredictor, NoiseSchedule
from pmmtheory.targets import Gaussian

mp.mp.dps = 50
SCHEDULE = NoiseSchedule.linear(1000)


def ddim(mean: float, variance: float, sampler: DDIM) -> tuple[mp.mpf, mp.mpf]:
    """The mean and variance on the line, from the noised data."""
    alphas = [mp.mpf(float(SCHEDULE.alpha(t))) for t in sampler.times]
    c, v, a = mp.mpf(mean), mp.mpf(variance), alphas[0]
    m, spread = a * c, a * a * v + 1 - a * a
    for a, b in zip(alphas[:-1], alphas[1:], strict=True):
        keep = (b * a * v + mp.sqrt((1 - b * b) * (1 - a * a))) / (a * a * v + 1 - a * a)
        m, spread = b * c + keep * (m - a * c), keep**2 * spread
    return m, spread


@pytest.mark.parametrize(("mean", "variance", "steps"), [(1000.0, 1e-4, 1), (1.0, 1e-10, 5), (16.7, 1.7e-9, 2), (1000.0, 1e-4, 20), (1e6, 1.0, 50)])
def test_a_sampler_of_data_far_from_zero(mean: float, variance: float, steps: int) -> None:
    sampler = DDIM(SCHEDULE, steps=steps)
    law = transient_law(sampler.chain(ExactPredictor(Gaussian([0.0, mean], [1.0, variance]), SCHEDULE)), rtol=1e-3)
    middle, spread = ddim(mean, variance, sampler)
    assert abs(float(law.blocks[1, 0, 0]) - spread) / spread < law.numerical_error < 1e-4
    assert abs(float(law.mean[1]) - middle) < float(law.mean_off[0, 1]) < 1e-13 * mean


def test_a_sampler_whose_variance_cancels_is_refused() -> None:
    sampler = DDIM(SCHEDULE, steps=1)
    with pytest.raises(NotConverged, match="not the 1e-08 asked for"):
        transient_law(sampler.chain(ExactPredictor(Gaussian([1000.0, 1000.0], [1e-4, 1e-4]), SCHEDULE)))
