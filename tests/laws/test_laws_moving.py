"""Laws of chains whose steps depend on time, on the line: against a plain route, particles, and moments in closed form."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import torch
from scipy.stats import norm

from pmmtheory.divergences import kl, tv
from pmmtheory.dynamics import Overdamped, ReverseDiffusion
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LineLaw, stationary_law, transient_law, transient_laws
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture

WEIGHTS, MEANS, VARIANCES = np.array([0.4, 0.6]), np.array([-1.5, 1.0]), np.array([0.1, 0.3])
DATA = GaussianMixture(WEIGHTS, MEANS, VARIANCES)
HARD = ReverseDiffusion(DATA, 2.0, 0.02)
MILD = ReverseDiffusion(DATA, 1.0, 0.3)
SLOW = 10
"""A stated error is a difference to the resolution before: what is compared may differ by a few of them."""


def parts(x: np.ndarray, time: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    alpha = math.exp(-time)
    means, variances = alpha * MEANS, alpha**2 * VARIANCES + 1 - alpha**2
    return WEIGHTS * norm.pdf(x[..., None], means, np.sqrt(variances)), means, variances


def noised_density(x: np.ndarray, time: float) -> np.ndarray:
    return parts(x, time)[0].sum(-1)


def noised_score(x: np.ndarray, time: float) -> np.ndarray:
    each, means, variances = parts(x, time)
    return (each * (means - x[..., None]) / variances).sum(-1) / np.maximum(each.sum(-1), 1e-300)


def by_matrices(density: np.ndarray, x: np.ndarray, horizon: float, stop: float, steps: int) -> np.ndarray:
    """Euler steps as dense matrices on one fine grid: p'(y) = sum_x p(x) N(y; x + h (x + 2 score), 2h) dx."""
    h = (horizon - stop) / steps
    for k in range(steps):
        centre = x + h * (x + 2 * noised_score(x, horizon - k * h))
        density = norm.pdf(x[None], centre[:, None], math.sqrt(2 * h)).T @ density * (x[1] - x[0])
    return density


@cache
def hard_euler() -> LineLaw:
    law = transient_law(EulerMaruyama(HARD, HARD.duration / 64), HARD.marginal(2.0), 64)
    assert isinstance(law, LineLaw)
    return law


def mild(name: str, steps: int = 6, system: ReverseDiffusion = MILD) -> Scheme:
    if name == "euler":
        return EulerMaruyama(system, system.duration / steps)
    if name == "rmm":
        return RandomizedMidpoint(system, system.duration / steps)
    return PoissonMidpoint(system, system.duration / steps, 3, name)


@pytest.mark.slow
def test_euler_on_a_mixture() -> None:
    law, data = hard_euler(), HARD.marginal(0.02)
    distance, entropy = tv(law, data), kl(law, data)
    assert float(distance) == pytest.approx(0.04588462, abs=1e-8 + 2 * distance.error)
    assert float(entropy) == pytest.approx(0.01207357, abs=1e-8 + 2 * entropy.error)
    assert law.numerical_error < 1e-6 * float(distance)
    assert not law.truncated


@pytest.mark.slow
def test_the_plain_route_agrees() -> None:
    x = np.linspace(-8, 8, 1001)
    plain = by_matrices(noised_density(x, 2.0), x, 2.0, 0.02, 64)
    law = hard_euler()
    inside = (x > float(law.grid[0])) & (x < float(law.grid[-1]))
    seen = law.density(torch.as_tensor(x[inside])).numpy()
    assert np.abs(seen - plain[inside]).sum() * (x[1] - x[0]) / 2 < SLOW * law.numerical_error
    assert plain[~inside].sum() * (x[1] - x[0]) < law.numerical_error
    assert law.mean == pytest.approx((x * plain).sum() * (x[1] - x[0]), abs=1e-8)
    far = np.abs(plain - noised_density(x, 0.02)).sum() * (x[1] - x[0]) / 2
    assert far == pytest.approx(float(tv(law, HARD.marginal(0.02))), rel=1e-3)


@pytest.mark.slow
def test_from_standard_normal_noise() -> None:
    """As samplers start: N(0, 1) in place of the noised data."""
    x = np.linspace(-8, 8, 1001)
    law = transient_law(mild("euler", 16), Gaussian(), 16)
    plain = by_matrices(norm.pdf(x), x, 1.0, 0.3, 16)
    assert np.abs(law.density(torch.as_tensor(x)).numpy() - plain).sum() * (x[1] - x[0]) / 2 < SLOW * law.numerical_error + 1e-11
    assert float(tv(law, transient_law(mild("euler", 16), MILD.marginal(1.0), 16))) > 1e-3


@pytest.mark.slow
def test_poisson_midpoints_on_a_mixture() -> None:
    """32 steps of K = 4 down to forward time 0.02."""
    law = transient_law(PoissonMidpoint(HARD, HARD.duration / 32, substeps=4), HARD.marginal(2.0), 32)
    distance = tv(law, HARD.marginal(0.02))
    assert float(distance) == pytest.approx(0.02769216, abs=1e-8 + 2 * distance.error)
    assert law.numerical_error < 1e-6 * float(distance)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["euler", "bernoulli", "single", "interior", "rmm"])
def test_particles_have_the_law(name: str) -> None:
    """The distribution function at nine places and two moments, within five standard errors of 200000 particles."""
    n, steps = 200_000, 8 if name == "rmm" else 4
    scheme = mild(name, steps)
    law = transient_law(scheme, MILD.marginal(1.0), steps, rtol=1e-6)
    x = simulate(scheme, particles=n, steps=steps, seed=7, dtype=torch.float64, initial=MILD.marginal(1.0))
    for place in np.linspace(-2.2, 1.8, 9):
        exact = float(law.cdf(place))
        assert abs(float((x <= place).double().mean()) - exact) < 5 * math.sqrt(exact * (1 - exact) / n)
    for k in (1, 2):
        assert abs(float((x**k).mean()) - law.moment(k).value) < 5 * float((x**k).std()) / math.sqrt(n)


@pytest.mark.slow
def test_particles_of_another_chain_do_not() -> None:
    """The same comparison can fail: Euler is far from the law of Poisson midpoints."""
    law = transient_law(mild("bernoulli", 4), MILD.marginal(1.0), 4, rtol=1e-6)
    x = simulate(mild("euler", 4), particles=200_000, steps=4, seed=7, dtype=torch.float64, initial=MILD.marginal(1.0))
    gaps = [abs(float((x <= place).double().mean()) - float(law.cdf(place))) for place in np.linspace(-2.2, 1.8, 9)]
    assert max(gaps) > 7 * 0.5 / math.sqrt(200_000)


@pytest.mark.slow
@pytest.mark.parametrize(("integrator", "grid"), [("euler", "uniform"), ("exponential", "quadratic"), ("exponential", "log-snr")])
@pytest.mark.parametrize("name", ["euler", "bernoulli", "single", "interior", "rmm"])
def test_moments_on_gaussian_data(name: str, integrator: str, grid: str) -> None:
    """Engine "gaussian" has them in closed form."""
    if name == "rmm" and (integrator, grid) != ("exponential", "quadratic"):
        pytest.skip("one case of the slowest scheme")
    system, steps = ReverseDiffusion(Gaussian(0.8, 0.4), 1.0, 0.3, integrator, grid), 6
    scheme, start = mild(name, steps, system), Gaussian(0.3, 0.9)
    line, linear = (transient_law(scheme, start, steps, engine=engine) for engine in ("inhomogeneous", "gaussian"))
    assert line.mean == pytest.approx(linear.mean, abs=SLOW * line.numerical_error + 1e-11)
    assert line.covariance == pytest.approx(linear.covariance, abs=SLOW * (line.numerical_error + linear.numerical_error) + 1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["euler", "rmm"])
def test_fine_steps_reach_the_law_of_the_process(name: str) -> None:
    """TV to the noised data falls like h for Euler, and faster for randomized midpoints."""
    distances = [float(tv(transient_law(mild(name, n), MILD.marginal(1.0), n, rtol=1e-6), MILD.marginal(0.3))) for n in (10, 20)]
    assert distances[1] < (0.55 if name == "euler" else 0.35) * distances[0]
    assert distances[1] < (0.02 if name == "euler" else 2e-4)


@pytest.mark.slow
def test_several_numbers_of_steps_at_once_are_each_alone() -> None:
    scheme, start = mild("bernoulli"), MILD.marginal(1.0)
    laws = transient_laws(scheme, start, [0, 1, 4, 6])
    for steps, law in zip((0, 1, 4, 6), laws, strict=True):
        alone = transient_law(scheme, start, steps)
        assert float(tv(law, alone)) <= law.numerical_error + alone.numerical_error + 1e-12
        assert law.mean == pytest.approx(alone.mean, abs=SLOW * law.numerical_error + 1e-12)
    assert float(tv(laws[0], start)) <= 2 * laws[0].numerical_error + 1e-12


@pytest.mark.slow
def test_times_are_those_of_the_chain() -> None:
    """After half of the steps the law is near the noised data half way, not at the end."""
    law = transient_laws(mild("rmm", 8), MILD.marginal(1.0), [4], rtol=1e-6)[0]
    assert float(tv(law, MILD.marginal(0.65))) < 2e-3 < 2e-2 < float(tv(law, MILD.marginal(0.3)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["euler", "bernoulli", "single"])
def test_from_a_point(name: str) -> None:
    """One Euler step from a point is a normal; all schemes keep unit mass and the particles' mean."""
    steps = 1 if name == "euler" else 3
    scheme = mild(name)
    law = transient_law(scheme, 0.5, steps)
    if name == "euler":
        h = scheme.step_size
        mean = 0.5 + h * (0.5 + 2 * float(noised_score(np.array(0.5), 1.0)))
        assert (law.mean, law.covariance) == pytest.approx((mean, 2 * h), abs=1e-9)
        assert float(tv(law, Gaussian(mean, 2 * h))) < 1e-9 + SLOW * law.numerical_error
    x = simulate(scheme, particles=100_000, steps=steps, seed=1, dtype=torch.float64, initial=0.5)
    assert abs(float(x.mean()) - law.mean) < 5 * float(x.std()) / math.sqrt(len(x))
    assert float(law.cdf(float(law.grid[-1]))) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.slow
def test_from_a_law_of_the_same_engine() -> None:
    """Its first step is at time 0 again."""
    first = transient_law(mild("euler"), MILD.marginal(1.0), 6)
    again = transient_law(mild("euler"), first, 2)
    x = np.linspace(-8, 8, 1001)
    plain = by_matrices(by_matrices(noised_density(x, 1.0), x, 1.0, 0.3, 6), x, 1.0, 1.0 - 2 * MILD.duration / 6, 2)
    near = again.density(torch.as_tensor(x)).numpy()
    assert np.abs(near - plain).sum() * (x[1] - x[0]) / 2 < SLOW * (first.numerical_error + again.numerical_error) + 1e-10


@pytest.mark.slow
def test_a_coarse_tolerance_is_met() -> None:
    scheme, start = mild("bernoulli"), MILD.marginal(1.0)
    rough, fine = (transient_law(scheme, start, 6, rtol=rtol) for rtol in (1e-4, 1e-8))
    assert rough.numerical_error <= 1e-4 and fine.numerical_error <= 1e-8
    assert float(tv(fine, rough)) < SLOW * rough.numerical_error
    assert len(rough.grid) <= len(fine.grid)


@pytest.mark.parametrize("data", [DATA, Gaussian(), Gaussian(dim=2)], ids=["mixture", "line", "plane"])
@pytest.mark.parametrize("name", ["euler", "bernoulli"])
def test_there_is_no_stationary_law(name: str, data: Gaussian | GaussianMixture) -> None:
    with pytest.raises(InvalidParameter, match="scheme = .* whose steps do not depend on time"):
        stationary_law(mild(name, 6, ReverseDiffusion(data, 1.0, 0.3)))


def test_there_is_no_stationary_law_by_moments() -> None:
    with pytest.raises(InvalidParameter, match="scheme"):
        stationary_law(mild("euler", 6, ReverseDiffusion(Gaussian(), 1.0, 0.3)), engine="gaussian")


@pytest.mark.parametrize("initial", [math.nan, math.inf, "noise", None, True, Gaussian(dim=2)], ids=["nan", "inf", "text", "none", "bool", "plane"])
def test_wrong_initial(initial: object) -> None:
    with pytest.raises(InvalidParameter, match="initial = "):
        transient_law(mild("euler"), initial, 1)


def test_engines_that_cannot() -> None:
    for engine in ("line", "phase_plane", "gaussian"):
        with pytest.raises(InvalidParameter, match=r"engine = .*\['inhomogeneous'\] for ReverseDiffusion"):
            transient_law(mild("euler"), Gaussian(), 1, engine=engine)
    with pytest.raises(InvalidParameter, match=r"engine = .*\['line'\] for Overdamped"):
        transient_law(EulerMaruyama(Overdamped(DATA), 0.1), Gaussian(), 1, engine="inhomogeneous")
    space = ReverseDiffusion(GaussianMixture([1.0], [[0.0, 0.0, 0.0]], [1.0]), 1.0, 0.1)
    with pytest.raises(InvalidParameter, match="gaussian takes a Gaussian target in any dimension; plane takes a mixture of Gaussians in the plane"):
        transient_law(mild("euler", 6, space), Gaussian(dim=3), 1)


def test_no_steps_from_a_point() -> None:
    with pytest.raises(InvalidParameter, match="steps"):
        transient_law(mild("euler"), 0.5, 0)
