"""One midpoint among the substeps after the first: how it is drawn, what it costs, and that it has the mean of K fine steps."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import Dynamics, Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama, Midpoints, PoissonMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture

INF = math.inf
DATA = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])
LINEAR: dict[str, Dynamics] = {
    "overdamped": Overdamped(Gaussian(0.4, 0.6)),
    "underdamped": Underdamped(Gaussian(0.4, 0.6), friction=1.2),
    "euler": ReverseDiffusion(Gaussian(0.4, 0.6), 1.5, 0.1),
    "exponential": ReverseDiffusion(Gaussian(0.4, 0.6), 1.5, 0.1, "exponential", "quadratic"),
}
SYSTEMS = pytest.mark.parametrize("name", LINEAR)


def draw(midpoints: Midpoints, n: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    return midpoints.sample((n,), torch.Generator().manual_seed(seed), torch.float64)


def at(pmm: PoissonMidpoint, x: torch.Tensor, t: float, chosen: list[int]) -> torch.Tensor:
    """The mean of the next state with midpoints at these substeps, on a path without noise."""
    ones = (1,) * (1 + x.ndim)  # the axes of a state broadcast
    times = torch.tensor([i / pmm.substeps for i in chosen], dtype=torch.float64).reshape(-1, *ones)
    marks = torch.ones_like(times, dtype=torch.bool)
    return pmm.step(x[None], t, {"midpoints": (times, marks), "z": torch.zeros((len(chosen), 1, *x.shape), dtype=torch.float64)})[0][0]


def fine(system: Dynamics, x: torch.Tensor, t: float, step: float, substeps: int) -> torch.Tensor:
    """K substeps without noise, the force of each at A_{ih} x + G_{ih} b0."""
    h, b0 = step / substeps, system.drift(x, t)
    state = x
    for i in range(substeps):
        inner = system.transport(i * h, x, t) + system.respond(i * h, b0, t)
        state = system.transport(h, state, t + i * h) + system.respond(h, system.drift(inner, t + i * h), t + i * h)
    return state


@pytest.mark.parametrize("substeps", [2, 3, 7, 1000])
def test_times_are_uniform_on_the_later_substeps(substeps: int) -> None:
    n = 50_000
    times, marks = draw(Midpoints(substeps, "interior"), n)
    assert times.shape == marks.shape == (1, n) and bool(marks.all())
    index = times * substeps
    assert torch.allclose(index, torch.round(index), atol=1e-9)
    counts = torch.bincount(torch.round(index[0]).long(), minlength=substeps)
    assert len(counts) == substeps and int(counts[0]) == 0
    expected = n / (substeps - 1)
    chi2 = float(((counts[1:] - expected) ** 2 / expected).sum())
    assert chi2 < substeps - 2 + 5 * math.sqrt(2 * max(1, substeps - 2))


def test_times_for_infinite_k_are_those_of_a_single_midpoint() -> None:
    for one, other in zip(draw(Midpoints(INF, "interior"), 1000), draw(Midpoints(INF, "single"), 1000), strict=True):
        assert torch.equal(one, other)
    (times, weights), (also, same) = (Midpoints(INF, kind).one(2) for kind in ("interior", "single"))
    assert (times == also).all() and (weights == same).all()


@pytest.mark.parametrize("substeps", [2, 3, 9, 24, 500])
def test_the_rule_is_the_mean_over_the_later_substeps(substeps: int) -> None:
    times, weights = Midpoints(substeps, "interior").one(1)
    assert times.min() >= 1 / substeps - 1e-12 and times.max() <= 1 - 1 / substeps + 1e-12
    for power in range(9):
        exact = sum((i / substeps) ** power for i in range(1, substeps)) / (substeps - 1)
        assert float(weights @ times**power) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(("substeps", "calls"), [(1, 1.0), (2, 2.0), (10, 2.0), (INF, 2.0)])
def test_drift_calls(substeps: float, calls: float) -> None:
    assert PoissonMidpoint(LINEAR["overdamped"], 0.1, substeps, "interior").drift_calls == calls


def test_drift_calls_are_counted() -> None:
    class Counting(Overdamped):
        asked = 0

        def drift(self, x: torch.Tensor, t: float = 0.0) -> torch.Tensor:  # type: ignore[override]
            Counting.asked += x.numel()
            return super().drift(x, t)

    simulate(PoissonMidpoint(Counting(Gaussian()), 0.1, 5, "interior"), particles=1000, steps=3)
    assert Counting.asked == 1000 * 3 * 2


@pytest.mark.slow
@SYSTEMS
@given(x=st.floats(-2, 2), substeps=st.integers(2, 9))
def test_the_mean_of_a_step_is_that_of_the_substeps(name: str, x: float, substeps: int) -> None:
    """On a linear force noise has no part in the mean: the average over the midpoint is K fine steps."""
    system, t, step = LINEAR[name], 0.2, 0.15
    start = torch.full(system.state_shape, x, dtype=torch.float64)
    if system.blocks == 2:
        start[1] = 0.3 - x
    interior = PoissonMidpoint(system, step, substeps, "interior")
    mean = torch.stack([at(interior, start, t, [i]) for i in range(1, substeps)]).mean(0)
    assert torch.allclose(mean, fine(system, start, t, step, substeps), rtol=1e-12, atol=1e-12)
    single = PoissonMidpoint(system, step, substeps, "single")
    other = torch.stack([at(single, start, t, [i]) for i in range(substeps)]).mean(0)
    assert torch.allclose(mean, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("grid", ["uniform", "quadratic", "log-snr"])
@pytest.mark.parametrize("chosen", [[1], [4], [1, 2], [1, 3, 4]], ids=str)
def test_any_number_of_midpoints_over_time(chosen: list[int], grid: str) -> None:
    """The collapsed step is that of its substeps, each pushed K times as far by the change of force at its midpoint."""
    system, t, step, substeps = ReverseDiffusion(DATA, 1.5, 0.1, "exponential", grid), 0.2, 0.3, 5
    x, h = torch.linspace(-2, 2, 7, dtype=torch.float64), step / substeps
    b0, state = system.drift(x, t), x
    for i in range(substeps):
        inner, now = system.transport(i * h, x, t) + system.respond(i * h, b0, t), t + i * h
        change = substeps * (system.drift(inner, now) - b0) if i in chosen else 0.0
        state = system.transport(h, state, now) + system.respond(h, b0 + change, now)
    seen = at(PoissonMidpoint(system, step, substeps), x, t, chosen)
    assert torch.allclose(seen, state, rtol=1e-12, atol=1e-12)


@SYSTEMS
def test_two_substeps_have_their_midpoint_in_the_middle(name: str) -> None:
    system, x = LINEAR[name], torch.full(LINEAR[name].state_shape, 0.7, dtype=torch.float64)
    seen = at(PoissonMidpoint(system, 0.2, 2, "interior"), x, 0.1, [1])
    assert torch.allclose(seen, fine(system, x, 0.1, 0.2, 2), rtol=1e-13, atol=1e-14)


@SYSTEMS
def test_one_substep_is_euler(name: str) -> None:
    system = LINEAR[name]
    one, euler = (
        simulate(scheme, particles=20_000, steps=2, seed=4, dtype=torch.float64, initial=Gaussian())
        for scheme in (PoissonMidpoint(system, 0.1, 1, "interior"), EulerMaruyama(system, 0.1))
    )
    for k in (1, 2):
        gap = (one**k).mean(0) - (euler**k).mean(0)
        assert bool((gap.abs() < 5 * torch.sqrt(((one**k).var(0) + (euler**k).var(0)) / 20_000)).all())
    x = torch.full((5, *system.state_shape), 0.3, dtype=torch.float64)
    midpoints = (
        torch.zeros((1, 5, *(1,) * len(system.state_shape)), dtype=torch.float64),
        torch.ones((1, 5, *(1,) * len(system.state_shape)), dtype=torch.bool),
    )
    mean, _ = PoissonMidpoint(system, 0.1, 1, "interior").step(x, 0.1, {"midpoints": midpoints, "z": torch.ones((1, *x.shape), dtype=torch.float64)})
    assert torch.allclose(mean, EulerMaruyama(system, 0.1).step(x, 0.1, {})[0], rtol=1e-14, atol=1e-15)


@SYSTEMS
def test_infinite_k_is_a_single_midpoint(name: str) -> None:
    one, other = (
        simulate(PoissonMidpoint(LINEAR[name], 0.1, INF, kind), particles=500, steps=4, seed=2, dtype=torch.float64, initial=Gaussian())
        for kind in ("interior", "single")
    )
    assert torch.equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("substeps", [1, 2, 6, 60, INF])
def test_the_stationary_law_on_a_gaussian(substeps: float) -> None:
    """Engines "line" and "gaussian" agree, and for K = 1 and infinity with Euler and a single midpoint."""
    scheme = PoissonMidpoint(Overdamped(Gaussian(0.0, 0.6)), 0.2, substeps, "interior")
    line, linear = (stationary_law(scheme, engine=engine) for engine in ("line", "gaussian"))
    assert line.covariance == pytest.approx(linear.covariance, abs=4 * line.numerical_error + 4 * linear.numerical_error + 1e-12)
    twin = {1: EulerMaruyama(scheme.dynamics, 0.2), INF: PoissonMidpoint(scheme.dynamics, 0.2, INF, "single")}.get(substeps)
    if twin is not None:
        assert linear.covariance == pytest.approx(stationary_law(twin, engine="gaussian").covariance, rel=1e-12)


def test_another_name_is_refused() -> None:
    with pytest.raises(InvalidParameter, match='midpoints = .*"bernoulli", "single" or "interior"'):
        PoissonMidpoint(LINEAR["overdamped"], 0.1, 4, "inner")


@pytest.mark.slow
def test_particles_of_a_reverse_chain_have_finite_variance() -> None:
    """Of a mixture, from the noised law to the data: close to them in mean and variance."""
    system = ReverseDiffusion(DATA, 2.0, 0.02, "exponential")
    x = simulate(PoissonMidpoint(system, system.duration / 32, 8, "interior"), 20_000, 32, seed=1, dtype=torch.float64, initial=system.marginal(2.0))
    data = system.marginal(0.02)
    assert float(x.mean()) == pytest.approx(data.mean, abs=0.05)
    assert float(x.var()) == pytest.approx(data.covariance, abs=0.1)
