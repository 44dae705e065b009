"""One noise path for several chains: exact at all times, and each chain keeps its own law."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import BlockFactor, Dynamics, Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.particles import stream
from pmmtheory.particles.noise_path import NoisePath, advance
from pmmtheory.schemes import BAOAB, SGLD, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget
from tests.oracles.lines import COSINE, GAUSSIAN

SYSTEMS = (Overdamped(Gaussian(dim=2)), Underdamped(Gaussian(dim=2), 1.7), Underdamped(Gaussian(), 0.4))


def times(n: int, seed: int) -> torch.Tensor:
    return torch.rand((4, n), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(which=st.sampled_from(SYSTEMS), seed=st.integers(0, 99))
def test_normals_lead_from_time_to_time(which: Dynamics, seed: int) -> None:
    """transport(path(s)) + noise * normal(s, t) is path(t), in whatever order the times were given; 0 where a normal has no room."""
    path = NoisePath(which, times(5, seed), stream(seed, 0, "cpu"))
    first, last = 0, 1
    later = path.times[0] <= path.times[1]
    gap = (path.times[1] - path.times[0]).abs().reshape(-1, *[1] * len(which.state_shape))
    wide = later.reshape(gap.shape)
    start, end = (torch.where(wide, path.values[a], path.values[b]) for a, b in ((first, last), (last, first)))
    ordered = NoisePath.__new__(NoisePath)
    ordered.system, ordered.times, ordered.values = which, path.times[:2].sort(0).values, torch.stack([start, end])
    z = ordered.normal(0, 1)
    assert torch.allclose(which.transport(gap, start) + which.noise(gap) * z, end, atol=1e-9)
    assert bool((ordered.normal(1, 1) == 0).all())


@pytest.mark.parametrize("system", SYSTEMS)
def test_normals_are_normal_and_independent(system: Dynamics) -> None:
    """Those of two stretches that share an end: covariance I within four standard errors."""
    n = 20_000
    at = times(n, 1).sort(0).values
    path = NoisePath(system, at, stream(3, 0, "cpu"))
    both = torch.cat([path.normal(None, 1).reshape(n, -1), path.normal(1, 3).reshape(n, -1)], 1)
    off = both.T @ both / n - torch.eye(both.shape[1])
    assert float(off.abs().max()) < 4.5 * math.sqrt(2 / n)


CHAINS: dict[str, Any] = {
    "lmc": lambda s, a: EulerMaruyama(s, a),
    "rmm": lambda s, a: RandomizedMidpoint(s, a),
    "bernoulli 3": lambda s, a: PoissonMidpoint(s, a, 3),
    "bernoulli inf": lambda s, a: PoissonMidpoint(s, a),
    "single 5": lambda s, a: PoissonMidpoint(s, a, 5, "single"),
    "with other normals": lambda s, a: SGLD(s, a, gradient_noise=1.0),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "target"), [*((name, GAUSSIAN) for name in CHAINS if name != "with other normals"), ("rmm", COSINE), ("with other normals", COSINE)]
)
def test_each_chain_has_its_own_law(name: str, target: LineTarget) -> None:
    """Moments of both chains of a pair after three steps, to four standard errors, by the exact laws."""
    n, system = 20_000, Overdamped(target)
    pair: list[Scheme] = [CHAINS[name](system, 0.4), PoissonMidpoint(system, 0.2, 4) if target is GAUSSIAN else EulerMaruyama(system, 0.2)]
    start = Gaussian(1.3, 0.2)
    states = [start.sample(n, 8)] * 2
    generator = stream(5, 0, "cpu")
    for _ in range(3):
        states = advance(pair, states, generator)
    for scheme, x, steps in zip(pair, states, (3, 6), strict=True):
        law = transient_law(scheme, start, steps, rtol=1e-4, engine="gaussian" if target is GAUSSIAN else None)
        mean, variance = float(law.mean), float(law.covariance)
        y = (x - mean) ** 2
        assert abs(float(x.mean()) - mean) < 4 * float(x.std()) / math.sqrt(n) + law.numerical_error
        assert abs(float(y.mean()) - variance) < 4 * float(y.std()) / math.sqrt(n) + 2 * law.numerical_error


@pytest.mark.parametrize("kind", [EulerMaruyama, RandomizedMidpoint, pytest.param(PoissonMidpoint, marks=pytest.mark.slow), BAOAB])
def test_kinetic_chains_keep_their_laws(kind: Any) -> None:
    """The stationary variance of the position, from the target on, of chains with known times and of a splitting with normals of its own."""
    n, system = 2_000, Underdamped(Gaussian(0.0, 0.5), 2.0)
    pair = [kind(system, 0.3), EulerMaruyama(system, 0.1)]
    start = torch.randn((n, 2), generator=stream(1, 0, "cpu"), dtype=torch.float64) * torch.tensor([math.sqrt(0.5), 1.0])
    states, generator = [start, start], stream(2, 0, "cpu")
    for _ in range(30):
        states = advance(pair, states, generator)
    for scheme, state in zip(pair, states, strict=True):
        exact = float(stationary_law(scheme, engine="gaussian").position.covariance)
        square = state[:, 0] ** 2
        assert abs(float(square.mean()) - exact) < 4 * float(square.std()) / math.sqrt(n) + 1e-3 * exact


@pytest.mark.slow
def test_copies_that_share_all_that_is_random() -> None:
    """States with a leading axis: equal starts stay equal, others come together."""
    system = Overdamped(Gaussian(dim=3))
    pair = [PoissonMidpoint(system, 0.2, 4), RandomizedMidpoint(system, 0.1)]
    start = torch.stack([torch.zeros(50, 3, dtype=torch.float64), torch.zeros(50, 3, dtype=torch.float64), torch.ones(50, 3, dtype=torch.float64)])
    states, generator = [start, start], stream(0, 0, "cpu")
    for _ in range(20):
        states = advance(pair, states, generator)
    for state in states:
        assert torch.equal(state[0], state[1]) and 0 < float((state[2] - state[0]).abs().max()) < 0.1


def test_times_that_do_not_ascend_are_refused() -> None:
    class Backwards(PoissonMidpoint):
        def noise_times(self, draws: Any) -> torch.Tensor:
            return super().noise_times(draws).flip(0) * 1.5

    scheme = Backwards(Overdamped(COSINE), 0.1)
    with pytest.raises(InvalidParameter, match="noise_times"):
        advance([scheme], [torch.zeros(50, dtype=torch.float64)], stream(0, 0, "cpu"))


def test_singular_noise_is_solved() -> None:
    """A factor without noise in the position gives 0 there."""
    factor = BlockFactor(0.0, 0.0, 2.0, -1)
    assert factor.solve(torch.tensor([0.0, 3.0])).tolist() == [0.0, 1.5]
    z = torch.tensor([0.3, -0.7])
    assert torch.allclose(BlockFactor(0.5, 0.2, 2.0, -1).solve(BlockFactor(0.5, 0.2, 2.0, -1) * z), z)
