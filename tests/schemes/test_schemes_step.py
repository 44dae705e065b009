"""One step of every scheme: against the substep form on the same noise, and the published traps."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture, Target
from pmmtheory.testing.broken import MissingLastNoise, SingleMidpoint, WrongCorrectionMatrix
from tests.oracles.lines import BIMODAL
from tests.oracles.substep_pmm import collapsed_draws, substep_pmm

SPACE = GaussianMixture([0.3, 0.7], [[0.0, 1.0, -1.0], [1.5, -0.5, 0.3]], [0.8, 1.3])
ROUNDING = 1e-12
seeds, substep_numbers, step_sizes = st.integers(0, 10**6), st.integers(1, 12), st.floats(0.01, 0.5)


def random_draws(seed: int, substeps: int, kind: str, dim: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A start point, H and Z."""
    generator = torch.Generator().manual_seed(seed)
    x, z = (torch.randn(shape, generator=generator, dtype=torch.float64) for shape in ((dim,), (substeps, dim)))
    if kind == "single":
        chosen = torch.zeros(substeps, dtype=torch.float64)
        chosen[int(torch.randint(substeps, (1,), generator=generator))] = 1.0
    else:  # more midpoints than 1 on average: the identity holds for every H
        chosen = (torch.rand(substeps, generator=generator, dtype=torch.float64) < 0.4).double()
    return x, chosen, z


def collapsed(scheme: Scheme, x: torch.Tensor, chosen: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """One step of the package on the noise of the substep form."""
    times, marks, normals, last = collapsed_draws(chosen, z)
    if scheme.dynamics.target.dim == 1:
        mean, factor = scheme.step(x, 0.0, {"midpoints": (times, marks), "z": normals})
        return mean + factor * last
    mean, factor = scheme.step(x[None], 0.0, {"midpoints": (times[:, None], marks[:, None]), "z": normals[:, None]})
    return (mean + factor * last)[0]


@pytest.mark.parametrize("target", [BIMODAL, SPACE], ids=["line", "space"])
@pytest.mark.parametrize("kind", ["bernoulli", "single"])
@given(seed=seeds, substeps=substep_numbers, step_size=step_sizes)
def test_the_collapsed_step_is_the_substeps(target: Target, kind: str, seed: int, substeps: int, step_size: float) -> None:
    x, chosen, z = random_draws(seed, substeps, kind, target.dim)
    scheme = PoissonMidpoint(Overdamped(target), step_size, substeps=substeps, midpoints=kind)
    one, other = collapsed(scheme, x, chosen, z), substep_pmm(target.drift, x, step_size, chosen, z)
    assert torch.allclose(one, other, rtol=0, atol=ROUNDING)


@given(seed=seeds, substeps=st.integers(2, 12), step_size=st.floats(0.1, 0.5))
def test_the_noise_must_be_that_of_the_trajectory(seed: int, substeps: int, step_size: float) -> None:
    """With other noises in the substep form the states differ: the identity above is no accident."""
    x, chosen, z = random_draws(seed, substeps, "single", 1)
    scheme = PoissonMidpoint(Overdamped(BIMODAL), step_size, substeps=substeps)
    assert not torch.allclose(collapsed(scheme, x, chosen, z), substep_pmm(BIMODAL.drift, x, step_size, chosen, z + 0.1), rtol=0, atol=1e3 * ROUNDING)


class TestPublishedTraps:
    """With one midpoint at index i and given noise: the right form, and the two misprinted constants."""

    substeps, step_size, index = 5, 0.2, 2

    def state(self, scheme_class: type[SingleMidpoint]) -> float:
        """The next state, given the noises of random_draws, without the last part of the noise, and its factor."""
        x, _, z = random_draws(11, self.substeps, "single", 1)
        standard = z[: self.index].sum(0) / math.sqrt(self.index)
        draws = {"s": torch.tensor(self.index / self.substeps, dtype=torch.float64), "z": standard}
        mean, factor = scheme_class(Overdamped(BIMODAL), self.step_size, self.substeps).step(x, 0.0, draws)
        last = z[self.index :].sum(0) / math.sqrt(self.substeps - self.index)
        return float(mean + factor * last)

    def reference(self) -> float:
        x, _, z = random_draws(11, self.substeps, "single", 1)
        chosen = torch.zeros(self.substeps, dtype=torch.float64)
        chosen[self.index] = 1.0
        return float(substep_pmm(BIMODAL.drift, x, self.step_size, chosen, z))

    def test_the_right_constants(self) -> None:
        assert self.state(SingleMidpoint) == pytest.approx(self.reference(), abs=ROUNDING)

    @pytest.mark.parametrize("trap", [WrongCorrectionMatrix, MissingLastNoise])
    def test_the_traps(self, trap: type[SingleMidpoint]) -> None:
        assert abs(self.state(trap) - self.reference()) > 1e-3


@given(x=st.floats(-3, 3), step_size=step_sizes)
@pytest.mark.parametrize("kind", ["bernoulli", "single"])
def test_one_substep_is_euler_maruyama(kind: str, x: float, step_size: float) -> None:
    point = torch.tensor([x], dtype=torch.float64)
    scheme = PoissonMidpoint(Overdamped(BIMODAL), step_size, substeps=1, midpoints=kind)
    draws = {"midpoints": (torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.bool)), "z": torch.randn(1, 1, dtype=torch.float64)}
    mean, factor = scheme.step(point, 0.0, draws)
    plain, noise = EulerMaruyama(Overdamped(BIMODAL), step_size).step(point, 0.0, {})
    assert torch.allclose(mean, plain, rtol=0, atol=ROUNDING)
    assert float(factor) == pytest.approx(noise)


@given(x=st.floats(-3, 3), u=st.floats(0.0, 1.0), z=st.floats(-3, 3), step_size=step_sizes)
def test_the_randomized_midpoint_is_its_formula_and_a_poisson_midpoint(x: float, u: float, z: float, step_size: float) -> None:
    point, time, normal = (torch.tensor([v], dtype=torch.float64) for v in (x, u, z))
    mean, factor = RandomizedMidpoint(Overdamped(BIMODAL), step_size).step(point, 0.0, {"u": time, "z": normal})
    shared = math.sqrt(2 * u * step_size) * z
    middle = x + u * step_size * float(BIMODAL.drift(point)) + shared
    assert float(mean) == pytest.approx(x + step_size * float(BIMODAL.drift(torch.tensor(middle, dtype=torch.float64))) + shared, abs=ROUNDING)
    assert float(factor) == pytest.approx(math.sqrt(2 * (1 - u) * step_size), abs=ROUNDING)
    poisson = PoissonMidpoint(Overdamped(BIMODAL), step_size, midpoints="single")
    other, last = poisson.step(point, 0.0, {"midpoints": (time[None], torch.ones(1, 1, dtype=torch.bool)), "z": normal[None]})
    assert float(other) == pytest.approx(float(mean), abs=ROUNDING) and float(last) == pytest.approx(float(factor), abs=1e-7)


@pytest.mark.parametrize(
    ("substeps", "calls"),
    [(1, 1.0), (2, 1.5), (20, 1.95), (math.inf, 2.0)],
)
def test_drift_calls(substeps: float, calls: float) -> None:
    assert PoissonMidpoint(Overdamped(BIMODAL), 0.1, substeps=substeps).drift_calls == pytest.approx(calls)
    assert EulerMaruyama(Overdamped(BIMODAL), 0.1).drift_calls == 1
    assert RandomizedMidpoint(Overdamped(BIMODAL), 0.1).drift_calls == 2


def test_names_and_steps() -> None:
    scheme = PoissonMidpoint(Overdamped(BIMODAL), 0.1, substeps=7, midpoints="single")
    assert scheme.name == "PoissonMidpoint(K=7, single)"
    assert PoissonMidpoint(Overdamped(BIMODAL), 0.1).name == "PoissonMidpoint(K=inf, bernoulli)"
    other = scheme.with_step(0.2)
    assert (other.step_size, other.substeps, scheme.step_size) == (0.2, 7, 0.1)


class TestWrongInput:
    dynamics = Overdamped(Gaussian())

    @pytest.mark.parametrize("step_size", [0, -0.1, math.nan, math.inf, "small", None, True, [0.1, 0.2]])
    @pytest.mark.parametrize("scheme", [EulerMaruyama, RandomizedMidpoint, PoissonMidpoint])
    def test_step_size(self, scheme: type[Scheme], step_size: float) -> None:
        with pytest.raises(InvalidParameter, match="step_size"):
            scheme(self.dynamics, step_size)
        with pytest.raises(InvalidParameter, match="step_size"):
            scheme(self.dynamics, 0.1).with_step(step_size)

    @pytest.mark.parametrize("substeps", [0, -3, 1.5, math.nan, -math.inf, "ten", None])
    def test_substeps(self, substeps: float) -> None:
        with pytest.raises(InvalidParameter, match="substeps"):
            PoissonMidpoint(self.dynamics, 0.1, substeps=substeps)

    @pytest.mark.parametrize("midpoints", ["x", "", None, 1])
    def test_midpoints(self, midpoints: str) -> None:
        with pytest.raises(InvalidParameter, match="midpoints"):
            PoissonMidpoint(self.dynamics, 0.1, midpoints=midpoints)

    @pytest.mark.parametrize("scheme", [EulerMaruyama, RandomizedMidpoint, PoissonMidpoint])
    def test_dynamics(self, scheme: type[Scheme]) -> None:
        with pytest.raises(InvalidParameter, match="dynamics"):
            scheme(Gaussian(), 0.1)  # type: ignore[arg-type]
