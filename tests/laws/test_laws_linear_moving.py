"""Laws on Gaussian data of chains whose steps depend on time: against a recursion over fine substeps, all midpoint sets listed."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LinearLaw, transient_law, transient_laws
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian
from tests.oracles.one_step import one_step
from tests.oracles.reverse_gaussian import HORIZON, STEPS, STOP, Axis, recursion

DIGITS = 1e-10
FULL = np.array([[1.3, 0.4, -0.2], [0.4, 0.7, 0.1], [-0.2, 0.1, 0.5]])
GRIDS, INTEGRATORS = ("uniform", "quadratic", "log-snr"), ("euler", "exponential")
EACH = pytest.mark.parametrize(("integrator", "grid"), list(product(INTEGRATORS, GRIDS)))
INF = math.inf


def chain(name: str, system: ReverseDiffusion, steps: int = STEPS) -> Scheme:
    step = system.duration / steps
    if name == "euler":
        return EulerMaruyama(system, step)
    if name == "rmm":
        return RandomizedMidpoint(system, step)
    kind, substeps = name.split()
    return PoissonMidpoint(system, step, INF if substeps == "inf" else int(substeps), kind)


def system(target: Gaussian, integrator: str = "euler", grid: str = "uniform") -> ReverseDiffusion:
    return ReverseDiffusion(target, HORIZON, STOP, integrator, grid)


def law_of(scheme: Scheme, initial: Gaussian, steps: int = STEPS) -> LinearLaw:
    law = transient_law(scheme, initial, steps, engine="gaussian")
    assert isinstance(law, LinearLaw) and law.numerical_error < 1e-8
    return law


NAMES = ["euler", *(f"{kind} {k}" for kind in ("bernoulli", "single", "interior") for k in (1, 2, 5)), "rmm"]


@EACH
@pytest.mark.parametrize("name", [name for name in NAMES if name != "interior 1"])
def test_on_the_line(name: str, integrator: str, grid: str) -> None:
    """Data N(0.8, 0.4), from N(0.3, 0.9)."""
    law = law_of(chain(name, system(Gaussian(0.8, 0.4), integrator, grid)), Gaussian(0.3, 0.9))
    digits = 1e-8 if name == "rmm" else DIGITS  # its oracle has the speed by differences
    assert (law.mean, law.covariance) == pytest.approx(recursion(Axis(integrator, grid, 0.8, 0.4), name, 0.3, 0.9), rel=digits)


@EACH
@pytest.mark.parametrize("name", ["euler", "bernoulli 1", "bernoulli 2", "bernoulli 5", "single 5", "interior 2", "interior 5", "rmm"])
def test_in_space_with_a_full_covariance(name: str, integrator: str, grid: str) -> None:
    """Data of mean zero, from N(0, I): axis by axis, turned back."""
    law = law_of(chain(name, system(Gaussian(np.zeros(3), FULL), integrator, grid)), Gaussian(dim=3))
    variances, axes = np.linalg.eigh(FULL)
    after = [recursion(Axis(integrator, grid, 0.0, v), name, 0.0, 1.0)[1] for v in variances]
    assert np.abs(law.covariance.numpy() - axes @ np.diag(after) @ axes.T).max() < (1e-8 if name == "rmm" else DIGITS)
    assert float(torch.as_tensor(law.mean).abs().max()) == 0.0
    assert law.gaussian == (name in ("euler", "bernoulli 1"))


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_euler_in_space_with_a_mean_by_matrices(integrator: str) -> None:
    """Without random times the data may have a mean; here no axis is used."""
    data, start = np.array([1.0, -0.5, 2.0]), np.array([0.2, 0.1, -0.3])
    law = law_of(chain("euler", system(Gaussian(data, FULL), integrator)), Gaussian(start, 0.8))
    h, eye, mean, covariance = (HORIZON - STOP) / STEPS, np.eye(3), start, 0.8 * np.eye(3)
    for k in range(STEPS):
        alpha = math.exp(-(HORIZON - k * h))
        pull = np.linalg.inv(alpha**2 * FULL + (1 - alpha**2) * eye)
        if integrator == "euler":
            move, shift, noise = (1 + h) * eye - 2 * h * pull, 2 * h * pull @ (alpha * data), 2 * h
        else:
            g = math.expm1(h)
            move, shift, noise = math.exp(h) * eye - 2 * g * pull, 2 * g * pull @ (alpha * data), math.expm1(2 * h)
        mean, covariance = move @ mean + shift, move @ covariance @ move.T + noise * eye
    assert np.abs(law.mean.numpy() - mean).max() < DIGITS
    assert np.abs(law.covariance.numpy() - covariance).max() < DIGITS
    assert law.gaussian


@pytest.mark.slow
@settings(max_examples=8)
@given(
    mean=st.floats(-2, 2),
    variance=st.floats(0.05, 3),
    start=st.floats(-2, 2),
    spread=st.floats(0.1, 2),
    steps=st.integers(0, STEPS),
    name=st.sampled_from(["euler", "bernoulli 3", "single 4", "interior 3"]),
)
def test_any_gaussian_after_any_number_of_steps(mean: float, variance: float, start: float, spread: float, steps: int, name: str) -> None:
    law = law_of(chain(name, system(Gaussian(mean, variance), "exponential", "quadratic")), Gaussian(start, spread), steps)
    exact = recursion(Axis("exponential", "quadratic", mean, variance), name, start, spread, steps)
    assert (law.mean, law.covariance) == pytest.approx(exact, rel=1e-9, abs=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(("integrator", "grid"), [("euler", "uniform"), ("exponential", "log-snr")])
@pytest.mark.parametrize("kind", ["bernoulli", "single", "interior"])
def test_infinite_k_is_the_limit(kind: str, integrator: str, grid: str) -> None:
    """The moments are smooth in 1/K: extrapolated from K = 12 to 160, and finite K are checked above."""
    reverse, start, counts = system(Gaussian(0.8, 0.4), integrator, grid), Gaussian(0.3, 0.9), (12, 16, 20, 32, 50, 80, 160)
    shares = [math.prod((0 - 1 / other) / (1 / k - 1 / other) for other in counts if other != k) for k in counts]
    laws = [law_of(chain(f"{kind} {k}", reverse, 3), start, 1) for k in counts]
    limit = law_of(chain(f"{kind} inf", reverse, 3), start, 1)
    for name in ("mean", "covariance"):
        values = [getattr(law, name) for law in laws]
        expected = sum(share * value for share, value in zip(shares, values, strict=True))
        assert getattr(limit, name) == pytest.approx(expected, abs=3e-10)
    if kind != "bernoulli":
        return
    assert abs(laws[-1].covariance - limit.covariance) > 1e-6


@pytest.mark.parametrize(("kind", "substeps"), [("single", 40), ("interior", 40), ("single", 7), ("bernoulli", 8)])
def test_many_substeps(kind: str, substeps: int) -> None:
    """More than the rules list one by one."""
    name = f"{kind} {substeps}"
    law = law_of(chain(name, system(Gaussian(0.8, 0.4)), 2), Gaussian(0.3, 0.9), 2)
    exact = recursion(Axis("euler", "uniform", 0.8, 0.4), name, 0.3, 0.9, 2, (HORIZON - STOP) / 2)
    assert (law.mean, law.covariance) == pytest.approx(exact, rel=DIGITS)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["euler", "bernoulli 5", "bernoulli inf", "single inf", "rmm"])
def test_a_thousand_dimensions(name: str) -> None:
    """Isotropic: each axis is the line."""
    law = law_of(chain(name, system(Gaussian(0.0, 0.4, dim=1000))), Gaussian(dim=1000), 2)
    line = law_of(chain(name, system(Gaussian(0.0, 0.4))), Gaussian(), 2)
    assert law.dim == 1000 and law.isotropic
    assert float(law.blocks[0]) == pytest.approx(line.covariance, rel=1e-12)


def test_the_engine_in_space_is_found_by_itself() -> None:
    reverse = system(Gaussian(0.0, [0.2, 1.0]))
    law = transient_law(chain("bernoulli 5", reverse), Gaussian(dim=2), STEPS)
    assert isinstance(law, LinearLaw)
    assert float(law.covariance[1, 1]) == pytest.approx(recursion(Axis("euler", "uniform", 0.0, 1.0), "bernoulli 5", 0.0, 1.0)[1], rel=DIGITS)


@pytest.mark.slow
@pytest.mark.parametrize(("horizon", "coarse"), [(1.5, 40), (4.0, 40), (8.0, 40), (14.0, 60)])
def test_from_the_noised_data(horizon: float, coarse: int) -> None:
    """Of a full covariance: nearly isotropic for large horizons, with the axes of the data all the same."""
    reverse = ReverseDiffusion(Gaussian(np.zeros(3), FULL), horizon, STOP)
    errors = []
    for steps in (coarse, 2 * coarse):
        law = transient_law(chain("bernoulli 2", reverse, steps), reverse.marginal(horizon), steps)
        errors.append(float((law.covariance - reverse.marginal(STOP).covariance).abs().max()))
    assert errors[1] < 0.6 * errors[0] < 0.1


def test_several_numbers_of_steps_at_once() -> None:
    scheme = chain("bernoulli 3", system(Gaussian(0.8, 0.4)))
    for steps, law in zip((0, 1, 4), transient_laws(scheme, Gaussian(0.3, 0.9), [0, 1, 4], engine="gaussian"), strict=True):
        exact = recursion(Axis("euler", "uniform", 0.8, 0.4), "bernoulli 3", 0.3, 0.9, steps)
        assert (law.mean, law.covariance) == pytest.approx(exact, rel=DIGITS)


def test_from_a_law() -> None:
    """Of a Gaussian chain; its next step is at time 0 again."""
    scheme = chain("euler", system(Gaussian(0.8, 0.4)))
    first = law_of(scheme, Gaussian(0.3, 0.9), 2)
    again = transient_law(scheme, first, 2, engine="gaussian")
    axis = Axis("euler", "uniform", 0.8, 0.4)
    exact = recursion(axis, "euler", *recursion(axis, "euler", 0.3, 0.9, 2), 2)
    assert (again.mean, again.covariance) == pytest.approx(exact, rel=DIGITS)


@pytest.mark.parametrize("name", ["bernoulli 3", "bernoulli inf", "single 5", "interior 4", "rmm"])
@pytest.mark.parametrize(("data", "start"), [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_shared_midpoints_refuse_a_mean_in_space(name: str, data: float, start: float) -> None:
    scheme = chain(name, system(Gaussian([data, 0.0], 0.5)))
    with pytest.raises(InvalidParameter, match="mean zero, where random midpoints are shared"):
        transient_law(scheme, Gaussian([0.0, start], 1.0), 2)


def test_a_mean_in_space_without_random_times() -> None:
    law = transient_law(chain("euler", system(Gaussian([1.0, 0.0], 0.5))), Gaussian([0.0, 1.0], 1.0), STEPS)
    for k, (data, start) in enumerate([(1.0, 0.0), (0.0, 1.0)]):
        mean, variance = recursion(Axis("euler", "uniform", data, 0.5), "euler", start, 1.0)
        assert (float(law.mean[k]), float(law.covariance[k, k])) == pytest.approx((mean, variance), rel=DIGITS)


@pytest.mark.parametrize(
    "initial",
    [0.5, "noise", None, Gaussian(dim=2), Gaussian(np.zeros(3), np.diag([1.0, 2.0, 3.0]))],
    ids=["number", "text", "none", "dimension", "axes"],
)
def test_wrong_initial(initial: object) -> None:
    with pytest.raises(InvalidParameter, match="initial = "):
        transient_law(chain("euler", system(Gaussian(np.zeros(3), FULL))), initial, 2)


def test_a_push_of_its_own_is_in_the_moments() -> None:
    """Doubled pushes of three substeps, against all sets of midpoints of the step itself."""

    class Own(PoissonMidpoint):
        def push(self, change, t=0.0):  # type: ignore[no-untyped-def]
            return 2 * super().push(change, t)

    scheme = Own(system(Gaussian(0.8, 0.4)), 0.1, 3)
    law = transient_law(scheme, Gaussian(0.3, 0.7), 1, engine="gaussian")
    zero, one = (one_step(scheme, torch.tensor(x, dtype=torch.float64)) for x in (0.0, 1.0))
    minus = one_step(scheme, torch.tensor(-1.0, dtype=torch.float64))
    curve, slope = (one[1] + minus[1]) / 2 - zero[1], (one[1] - minus[1]) / 2
    mean, square = zero[0] + 0.3 * (one[0] - zero[0]), zero[1] + 0.3 * slope + (0.7 + 0.09) * curve
    assert float(law.mean) == pytest.approx(float(mean), rel=1e-12)
    assert float(law.covariance) == pytest.approx(float(square - mean**2), rel=1e-12)


def test_a_step_that_is_not_affine_is_refused() -> None:
    class Own(PoissonMidpoint):
        def midpoint_force(self, state, t, delay):  # type: ignore[no-untyped-def]
            return torch.tanh(super().midpoint_force(state, t, delay))

    with pytest.raises(InvalidParameter, match="affine"):
        law_of(Own(system(Gaussian(0.8, 0.4)), 0.1, 3), Gaussian())
