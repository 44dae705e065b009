"""Laws of mixtures in the plane: products of laws on the line, turned axes, particles, and what is refused."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import torch

from pmmtheory.divergences import chi2, kl, sliced_w2, tv, w1, w2
from pmmtheory.dynamics import Overdamped, ReverseDiffusion
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import LineLaw, PlanarLaw, stationary_law, transient_law, transient_laws
from pmmtheory.particles import simulate
from pmmtheory.schedulers import DDPM, ExactPredictor, NoiseSchedule
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture

FIRST = GaussianMixture([0.4, 0.6], [-1.2, 1.0], [0.3, 0.3])
SECOND = GaussianMixture([0.7, 0.3], [-0.5, 0.8], [0.3, 0.3])
BOTH = GaussianMixture([0.28, 0.12, 0.42, 0.18], [[-1.2, -0.5], [-1.2, 0.8], [1.0, -0.5], [1.0, 0.8]], [0.3] * 4)
SKEW = GaussianMixture([0.4, 0.6], [[-1.5, 0.0], [1.0, 0.5]], [0.1, 0.3])
STEPS = 12


def reverse(data: GaussianMixture, stop: float = 0.1) -> ReverseDiffusion:
    return ReverseDiffusion(data, 1.0, stop)


def euler(data: GaussianMixture, steps: int = STEPS, stop: float = 0.1) -> EulerMaruyama:
    system = reverse(data, stop)
    return EulerMaruyama(system, system.duration / steps)


@cache
def law_on(name: str) -> LineLaw | PlanarLaw:
    data = {"first": FIRST, "second": SECOND, "both": BOTH, "skew": SKEW}[name]
    law = transient_law(euler(data), reverse(data).marginal(1.0), STEPS, rtol=1e-7)
    assert isinstance(law, (LineLaw, PlanarLaw))
    return law


@pytest.mark.slow
def test_independent_coordinates_stay_so() -> None:
    """Equal variances: the mixture is a product, and so is the law of the chain."""
    law, first, second = law_on("both"), law_on("first"), law_on("second")
    assert isinstance(law, PlanarLaw) and isinstance(first, LineLaw) and isinstance(second, LineLaw)
    product = first.density(law.axes[0])[:, None] * second.density(law.axes[1])
    error = law.numerical_error + first.numerical_error + second.numerical_error
    assert float(torch.abs(law.values - product).sum()) * law.cell / 2 < 5 * error
    for direction, line in (([1.0, 0.0], first), ([0.0, 1.0], second)):
        along = law.along(direction)
        assert float(tv(along, line)) < 5 * (along.numerical_error + line.numerical_error)
        assert along.covariance == pytest.approx(line.covariance, rel=1e-6)


@pytest.mark.slow
def test_distances_of_products() -> None:
    """KL adds, 1 + chi2 multiplies, and W2^2 along an axis is that of the line."""
    law, target = law_on("both"), reverse(BOTH).marginal(0.1)
    parts = [(law_on(name), reverse(data).marginal(0.1)) for name, data in (("first", FIRST), ("second", SECOND))]
    found = kl(law, target)
    assert float(found) == pytest.approx(sum(float(kl(*part)) for part in parts), abs=5 * found.error)
    square = chi2(law, target)
    assert float(square) == pytest.approx(math.prod(1 + float(chi2(*part)) for part in parts) - 1, abs=5 * square.error)
    assert 0 < square.error < 1e-3 * float(square) and 0 < found.error < 1e-3 * float(found)
    distance = sliced_w2(law, target, directions=2)  # at 45 and 135 degrees
    lines = [w2(law.along([1.0, sign]), target.along([1.0, sign])) for sign in (1.0, -1.0)]
    assert float(distance) == pytest.approx(math.sqrt(sum(float(line) ** 2 for line in lines) / 2), rel=1e-9)


@pytest.mark.slow
def test_total_variation_by_a_plain_sum() -> None:
    law, target = law_on("skew"), reverse(SKEW).marginal(0.1)
    assert isinstance(law, PlanarLaw)
    found = tv(law, target)
    axes = law.finer(12)
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)
    plain = float(torch.abs(law.on(axes) - target.density(points)).sum()) * law.cell / 12**2 / 2
    assert float(found) == pytest.approx(plain, abs=2 * found.error)
    assert found.error < 1e-3 * float(found)
    assert torch.allclose(law.density(points[5:50:7, 40:60:3]), law.on(axes)[5:50:7, 40:60:3], atol=1e-12)


@pytest.mark.slow
def test_turned_data_have_a_turned_law() -> None:
    angle = 0.7
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
    data = GaussianMixture(SKEW.weights, SKEW.means @ turn.T, SKEW.variances)
    law, other = law_on("skew"), transient_law(euler(data), reverse(data).marginal(1.0), STEPS, rtol=1e-7)
    assert torch.allclose(other.covariance, turn @ law.covariance @ turn.T, atol=1e-6)
    for axis in torch.eye(2, dtype=torch.float64):
        a, b = law.along(axis), other.along(turn @ axis)
        assert float(tv(a, b)) < 5 * (a.numerical_error + b.numerical_error)


def chain(name: str) -> Scheme:
    system = reverse(SKEW, 0.4)
    step = system.duration / 4
    if name == "rmm":
        return RandomizedMidpoint(system, step)
    kind, substeps = name.split()
    return PoissonMidpoint(system, step, int(substeps), kind)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["single 3", "interior 3"])
def test_particles_have_the_law(name: str) -> None:
    scheme, start, n = chain(name), reverse(SKEW).marginal(1.0), 100_000
    law = transient_law(scheme, start, 4, rtol=1e-4)
    assert law.numerical_error <= 1e-4
    x = simulate(scheme, particles=n, steps=4, seed=3, dtype=torch.float64, initial=start)
    assert bool((torch.abs(x.mean(0) - law.mean) < 5 * x.std(0) / math.sqrt(n)).all())
    centred = x - x.mean(0)
    for i, j in ((0, 0), (0, 1), (1, 1)):
        products = centred[:, i] * centred[:, j]
        assert abs(float(products.mean() - law.covariance[i, j])) < 5 * float(products.std()) / math.sqrt(n)
    for direction in ([1.0, 0.0], [1.0, -2.0]):
        line, seen = law.along(direction), x @ torch.tensor(direction, dtype=torch.float64) / math.hypot(*direction)
        for place in (-1.0, 0.0, 0.7):
            exact = float(line.cdf(place))
            assert abs(float((seen <= place).double().mean()) - exact) < 5 * math.sqrt(exact * (1 - exact) / n) + 1e-4


def test_particles_of_another_chain_do_not() -> None:
    law, n = law_on("skew"), 100_000
    x = simulate(euler(SKEW, 3), particles=n, steps=3, seed=3, dtype=torch.float64, initial=reverse(SKEW).marginal(1.0))
    assert abs(float(x[:, 1].var()) - float(law.covariance[1, 1])) > 20 * math.sqrt(2 / n) * float(law.covariance[1, 1])


@pytest.mark.slow
def test_a_scheduler_in_the_plane_and_its_samples() -> None:
    schedule = NoiseSchedule.linear(1000)
    sampler = DDPM(schedule, 30, "V2", end=50)
    predictor = ExactPredictor(SKEW, schedule)
    law = transient_law(sampler.scheme(predictor), schedule.marginal(SKEW, 1000), 30)
    x = sampler.sample(predictor, schedule.marginal(SKEW, 1000).sample(10_000))
    exact, seen = (sliced_w2(part, schedule.marginal(SKEW, 50), directions=3) for part in (law, x))
    assert abs(float(exact) - float(seen)) < 2 * seen.error
    assert exact.error < 1e-3 * float(exact)


@pytest.mark.slow
def test_several_numbers_of_steps_and_a_law_to_start_from() -> None:
    scheme, start = euler(SKEW), reverse(SKEW).marginal(1.0)
    laws = transient_laws(scheme, start, [0, 2, 5])
    assert float(tv(laws[0], start)) < 1e-4
    alone = transient_law(scheme, start, 2)
    assert float(tv(laws[1], alone)) < 5 * alone.numerical_error
    again = transient_law(scheme, laws[1], 2)
    assert again.numerical_error < 1e-5


@pytest.mark.parametrize("initial", [0.5, None, Gaussian(), Gaussian(dim=3), "noise"])
def test_wrong_initial(initial: object) -> None:
    with pytest.raises(InvalidParameter, match="initial = "):
        transient_law(euler(SKEW), initial, 2)


@pytest.mark.slow
def test_what_there_is_not() -> None:
    law, target = law_on("skew"), reverse(SKEW).marginal(0.1)
    with pytest.raises(InvalidParameter, match="potential_plane"):
        stationary_law(EulerMaruyama(Overdamped(SKEW), 0.1), engine="plane")
    with pytest.raises(InvalidParameter, match="sliced_w2"):
        w1(law, target)
    with pytest.raises(InvalidParameter, match="target = "):
        sliced_w2(law, Gaussian())
    with pytest.raises(InvalidParameter, match="law = "):
        sliced_w2(torch.zeros(5), target)
    with pytest.raises(InvalidParameter, match="direction = "):
        law.along([0.0, 0.0])
    with pytest.raises(InvalidParameter, match="Gaussian noise"):
        schedule = NoiseSchedule.linear(1000)
        sampler = DDPM(schedule, 5, "V2")
        transient_law(sampler.scheme(ExactPredictor(SKEW, schedule)), schedule.marginal(SKEW, 1000), 5)
    tiny = GaussianMixture([0.5, 0.5], [[-3.0, 0.0], [3.0, 0.0]], [1e-5, 1e-5])
    with pytest.raises(NotConverged, match="out of reach"):
        transient_law(euler(tiny, 3, 0.0), reverse(tiny).marginal(1.0), 3)
    with pytest.raises(NotConverged, match="with as little noise as"):
        transient_law(chain("rmm"), reverse(SKEW).marginal(1.0), 2, rtol=1e-4)


def test_marginals_of_targets() -> None:
    unit = np.array([0.6, -0.8])
    line = SKEW.along(10 * unit)
    np.testing.assert_allclose(line.means[:, 0], SKEW.means.numpy() @ unit)
    full = Gaussian([1.0, 2.0], [[2.0, 0.5], [0.5, 1.0]]).along(unit)
    assert full.mean == pytest.approx(-1.0)
    assert full.covariance == pytest.approx(unit @ np.array([[2.0, 0.5], [0.5, 1.0]]) @ unit)
