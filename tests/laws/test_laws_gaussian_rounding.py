"""The stated errors of laws by moments where digits cancel: means far beside the deviations, many steps, and velocities; in many digits."""

from __future__ import annotations

import mpmath as mp
import pytest

from pmmtheory.divergences import kl, w2
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import NotConverged
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schedulers import DDIM, ExactPredictor, NoiseSchedule
from pmmtheory.schemes import BAOAB, OBABO, EulerMaruyama, Scheme
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


def splitting(letters: str, h: float, friction: float, variance: float) -> tuple[mp.matrix, mp.matrix]:
    """The matrix and the noise of a symmetric splitting, whose letters but the middle one are half steps."""
    matrix, noise = mp.eye(2), mp.zeros(2)
    for letter in letters:
        part = mp.mpf(h) / (2 if letters.count(letter) == 2 else 1)
        decay = mp.exp(-mp.mpf(friction) * part)
        step = mp.matrix({"A": [[1, part], [0, 1]], "B": [[1, 0], [-part / mp.mpf(variance), 1]], "O": [[1, 0], [0, decay]]}[letter])
        matrix, noise = step * matrix, step * noise * step.T
        noise[1, 1] += 1 - decay**2 if letter == "O" else 0
    return matrix, noise


def exponential_integrator(h: float, friction: float, variance: float) -> tuple[mp.matrix, mp.matrix]:
    t, g = mp.mpf(h), mp.mpf(friction)
    e = mp.exp(-g * t)
    matrix = mp.matrix([[1 - (t - (1 - e) / g) / g / mp.mpf(variance), (1 - e) / g], [-(1 - e) / g / mp.mpf(variance), e]])
    return matrix, mp.matrix([[2 / g * (t - 2 / g * (1 - e) + (1 - e * e) / (2 * g)), (1 - e) ** 2 / g], [(1 - e) ** 2 / g, 1 - e * e]])


@pytest.mark.parametrize(
    ("cls", "variance", "friction", "h"),
    [
        (OBABO, 4.5835e-4, 563.1, 0.0128455),
        (EulerMaruyama, 1.5608e-4, 102775.6, 0.00964822),
        (EulerMaruyama, 1e-4, 1e5, 0.01),
        (BAOAB, 1.0, 0.01, 2 - 2e-5),
        (OBABO, 1.0, 0.01, 2 - 2e-5),
        (BAOAB, 1.0, 1.0, 0.5),
    ],
)
def test_the_stationary_covariance_of_a_velocity(cls: type[Scheme], variance: float, friction: float, h: float) -> None:
    """At a large friction, and where a step is nearly unstable."""
    law = stationary_law(cls(Underdamped(Gaussian(0.0, variance), friction), h), engine="gaussian")
    matrix, noise = exponential_integrator(h, friction, variance) if cls is EulerMaruyama else splitting(cls.__name__, h, friction, variance)
    (a, b), (c, d) = matrix.tolist()
    system = mp.matrix([[a * a - 1, 2 * a * b, b * b], [a * c, a * d + b * c - 1, b * d], [c * c, 2 * c * d, d * d - 1]])
    x, cross, v = mp.lu_solve(system, mp.matrix([-noise[0, 0], -noise[0, 1], -noise[1, 1]]))
    seen = law.blocks[0].tolist()
    off = max(abs(seen[0][0] - x) / x, abs(seen[1][1] - v) / v, abs(seen[0][1] - cross) / mp.sqrt(x * v))
    assert off < law.numerical_error < 1e-10
