"""The stated errors of laws by moments where digits cancel: means far beside the deviations, many steps, and velocities; in many digits."""

from __future__ import annotations

import mpmath as mp
import pytest

from pmmtheory.divergences import kl, w2
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import NotConverged
from pmmtheory.laws import transient_law
from pmmtheory.schedulers import DDIM, ExactPredictor, NoiseSchedule
from pmmtheory.schemes import BAOAB, EulerMaruyama
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


@pytest.mark.parametrize(("h", "steps", "mean"), [(1e-5, 100_000, 1e5), (1e-3, 1000, 1e5), (1e-6, 1_000_000, 100.0), (0.1, 50, 1e5)])
def test_the_mean_of_many_steps_from_far(h: float, steps: int, mean: float) -> None:
    """In the distances, too."""
    target = Gaussian([0.0, 0.0], [1.0, 1.0])
    law = transient_law(EulerMaruyama(Overdamped(target), h), initial=Gaussian([mean, mean], [1.0, 1.0]), steps=steps)
    keep = 1 - mp.mpf(h)
    m, v = keep**steps * mp.mpf(mean), keep ** (2 * steps) + 2 * mp.mpf(h) * (1 - keep ** (2 * steps)) / (1 - keep**2)
    assert abs(float(law.mean[0]) - m) <= float(law.mean_off[0, 0]) < 2e-15 * steps * float(m)
    for seen, truth in ((w2(law, target), mp.sqrt(2 * (mp.sqrt(v) - 1) ** 2 + 2 * m**2)), (kl(law, target), v - 1 - mp.log(v) + m**2)):
        assert abs(seen.value - truth) <= seen.error < 3e-15 * steps * truth + 1e-9 * truth


@pytest.mark.parametrize(("variance", "friction", "h", "steps"), [(1.0, 0.1, 0.01, 3000), (1e-4, 30.0, 1e-3, 777), (4.0, 2.0, 3.9, 20)])
def test_the_mean_of_a_chain_with_a_velocity(variance: float, friction: float, h: float, steps: int) -> None:
    target, far = Gaussian(0.0, variance), 1e6
    law = transient_law(BAOAB(Underdamped(target, friction), h), initial=Gaussian(far, variance), steps=steps, engine="gaussian")
    kick, drift = mp.matrix([[1, 0], [-mp.mpf(h) / 2 / mp.mpf(variance), 1]]), mp.matrix([[1, mp.mpf(h) / 2], [0, 1]])
    damp = mp.matrix([[1, 0], [0, mp.exp(-mp.mpf(friction) * mp.mpf(h))]])
    truth = (kick * drift * damp * drift * kick) ** steps * mp.matrix([far, 0])
    for k, width in enumerate((variance**0.5, 1.0)):
        assert abs(float(law.mean[k]) - truth[k]) <= float(law.mean_off[k, 0]) < 1e-8 * far / variance**0.5 * width
