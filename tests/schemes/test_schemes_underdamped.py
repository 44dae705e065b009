"""One step of the midpoint methods over underdamped dynamics: against the substep form on the same noise, the published traps, and Shen & Lee's form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import BlockFactor, Overdamped, Underdamped
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint
from pmmtheory.targets import GaussianMixture, Target
from tests.oracles.kinetic import matrices
from tests.oracles.lines import BIMODAL
from tests.oracles.substep_pmm import collapsed_draws, standardised_underdamped, substep_underdamped

SPACE = GaussianMixture([0.3, 0.7], [[0.0, 1.0, -1.0], [1.5, -0.5, 0.3]], [0.8, 1.3])
ROUNDING = 1e-12
TARGETS = pytest.mark.parametrize("target", [BIMODAL, SPACE], ids=["line", "space"])
KINDS = pytest.mark.parametrize("kind", ["bernoulli", "single"])
seeds, substep_numbers, step_sizes = st.integers(0, 10**6), st.integers(1, 12), st.floats(0.01, 0.5)
frictions = st.floats(-1, 1).map(lambda power: 10**power)


def random_draws(seed: int, substeps: int, kind: str, target: Target) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A start point, H and Z."""
    generator = torch.Generator().manual_seed(seed)
    shape = (2,) if target.dim == 1 else (2, target.dim)
    x, z = (torch.randn(size, generator=generator, dtype=torch.float64) for size in (shape, (substeps, *shape)))
    if kind == "single":
        chosen = torch.zeros(substeps, dtype=torch.float64)
        chosen[int(torch.randint(substeps, (1,), generator=generator))] = 1.0
    else:  # more midpoints than 1 on average: the identity holds for every H
        chosen = (torch.rand(substeps, generator=generator, dtype=torch.float64) < 0.4).double()
    return x, chosen, z


def collapsed(scheme: PoissonMidpoint, x: torch.Tensor, chosen: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """One step of the package on the noise of the substep form."""
    h = scheme.step_size / len(chosen)
    times, marks, normals, last = collapsed_draws(chosen, z, standardised_underdamped(scheme.dynamics.friction, h))  # type: ignore[attr-defined]
    ones = (1,) * x.ndim
    mean, factor = scheme.step(x[None], 0.0, {"midpoints": (times.reshape(-1, 1, *ones), marks.reshape(-1, 1, *ones)), "z": normals[:, None]})
    return (mean + factor * last)[0]


@TARGETS
@KINDS
@given(seed=seeds, substeps=substep_numbers, step_size=step_sizes, friction=frictions)
def test_the_collapsed_step_is_the_substeps(target: Target, kind: str, seed: int, substeps: int, step_size: float, friction: float) -> None:
    x, chosen, z = random_draws(seed, substeps, kind, target)
    scheme = PoissonMidpoint(Underdamped(target, friction), step_size, substeps=substeps, midpoints=kind)
    plain = substep_underdamped(target.drift, x, friction, step_size, chosen, z)
    assert torch.allclose(collapsed(scheme, x, chosen, z), plain, rtol=0, atol=ROUNDING)


class WrongCorrectionMatrix(PoissonMidpoint):
    """The correction at i = 2 uses G at time (K - 1 - i)h in place of the product A_{(K-1-i)h} G_h."""

    def push(self, change: torch.Tensor, t: Any = 0.0) -> torch.Tensor:
        left = (self.substeps - 3) * self.substep
        return self.substeps * self.dynamics.transport(-left, self.dynamics.respond(left, change))


class MissingLastNoise(PoissonMidpoint):
    """The noise of the last substep is left out."""

    def step(self, x: torch.Tensor, t: Any, draws: Any) -> tuple[torch.Tensor, Any]:
        times, marks = draws["midpoints"]
        return super().step(x, t, draws)[0], self.dynamics.noise(self.step_size * (1 - 1 / self.substeps - (times * marks).amax(0)))


class TestTraps:
    substeps, step_size, friction = 5, 0.4, 1.3

    def difference(self, scheme_class: type[PoissonMidpoint], target: Target, independent: bool = False) -> float:
        """From the substep form with a midpoint at i = 2."""
        x, _, z = random_draws(11, self.substeps, "single", target)
        chosen = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0], dtype=torch.float64)
        own = z.flip(0) if independent else None
        scheme = scheme_class(Underdamped(target, self.friction), self.step_size, self.substeps)
        plain = substep_underdamped(target.drift, x, self.friction, self.step_size, chosen, z, own)
        return float(torch.abs(collapsed(scheme, x, chosen, z) - plain).max())

    @TARGETS
    def test_the_right_form(self, target: Target) -> None:
        assert self.difference(PoissonMidpoint, target) < ROUNDING

    @TARGETS
    @pytest.mark.parametrize("trap", [WrongCorrectionMatrix, MissingLastNoise])
    def test_the_published_constants(self, target: Target, trap: type[PoissonMidpoint]) -> None:
        assert self.difference(trap, target) > 1e-2

    @TARGETS
    def test_independent_noise(self, target: Target) -> None:
        assert self.difference(PoissonMidpoint, target, independent=True) > 1e-2


@TARGETS
@KINDS
@given(seed=seeds, step_size=step_sizes, friction=frictions)
def test_one_substep_is_euler_maruyama(target: Target, kind: str, seed: int, step_size: float, friction: float) -> None:
    x, _, z = random_draws(seed, 1, kind, target)
    system, ones = Underdamped(target, friction), (1,) * x.ndim
    draws = {"midpoints": (torch.zeros(1, 1, *ones, dtype=torch.float64), torch.ones(1, 1, *ones, dtype=torch.bool)), "z": z[:, None]}
    mean, factor = PoissonMidpoint(system, step_size, substeps=1, midpoints=kind).step(x[None], 0.0, draws)
    plain, noise = EulerMaruyama(system, step_size).step(x, 0.0, {})
    assert torch.allclose(mean[0], plain, rtol=0, atol=ROUNDING)
    assert torch.allclose((factor * z)[0], noise * z[0], rtol=0, atol=ROUNDING)


@TARGETS
@given(seed=seeds, step_size=step_sizes, friction=frictions)
def test_euler_maruyama_is_its_formula(target: Target, seed: int, step_size: float, friction: float) -> None:
    x, _, z = random_draws(seed, 1, "single", target)
    linear, push, factor = matrices(friction, step_size)
    expected = linear @ x.numpy() + np.multiply.outer(push, target.drift(x[0]).numpy()) + factor @ z[0].numpy()
    mean, noise = EulerMaruyama(Underdamped(target, friction), step_size).step(x, 0.0, {})
    assert torch.allclose(mean + noise * z[0], torch.as_tensor(expected), rtol=0, atol=ROUNDING)


class TestShenAndLee:
    """Their form, with friction 2 and unit inverse mass, has one Brownian path B and three integrals:

    Y = U + (1 - e^{-2ua})/2 V - (ua - (1 - e^{-2ua})/2)/2 F'(U) + W1,
    U' = U + (1 - e^{-2a})/2 V - (a/2) (1 - e^{-2(1-u)a}) F'(Y) + W2,   V' = e^{-2a} V - a e^{-2(1-u)a} F'(Y) + 2 W3.
    """

    @TARGETS
    @given(seed=seeds, step_size=step_sizes, u=st.floats(0.01, 0.99))
    def test_the_step(self, target: Target, seed: int, step_size: float, u: float) -> None:
        x, _, z = random_draws(seed, 2, "single", target)
        first, second, third = (torch.as_tensor(w) for w in self.integrals(step_size, u, z.numpy()))
        a, (position, velocity) = step_size, x
        middle = position + (1 - math.exp(-2 * u * a)) / 2 * velocity + (u * a - (1 - math.exp(-2 * u * a)) / 2) / 2 * target.drift(position) + first
        force, left = target.drift(middle), math.exp(-2 * (1 - u) * a)
        end = position + (1 - math.exp(-2 * a)) / 2 * velocity + a / 2 * (1 - left) * force + second
        published = torch.stack([end, math.exp(-2 * a) * velocity + a * left * force + 2 * third])
        time = torch.full((1,) * x.ndim, u, dtype=torch.float64)
        mean, factor = RandomizedMidpoint(Underdamped(target, 2.0), a).step(x, 0.0, {"u": time, "z": z[0]})
        assert torch.allclose(mean + factor * z[1], published, rtol=0, atol=ROUNDING)

    @pytest.mark.parametrize("u", [0.05, 0.4, 0.9])
    @pytest.mark.parametrize("step_size", [0.01, 0.5])
    def test_the_integrals(self, step_size: float, u: float) -> None:
        """W1 = int_0^{ua} (1 - e^{-2(ua-s)}) dB, W2 = int_0^a (1 - e^{-2(a-s)}) dB and W3 = int_0^a e^{-2(a-s)} dB, jointly Gaussian."""
        a, middle = step_size, u * step_size
        kernels = [lambda s: -np.expm1(-2 * (middle - s)) * (s < middle), lambda s: -np.expm1(-2 * (a - s)), lambda s: np.exp(-2 * (a - s))]
        units = np.eye(4).reshape(4, 2, 2)
        columns = np.array([self.integrals(step_size, u, z) for z in units])
        for i in range(3):
            for j in range(3):
                exact = sum(scipy.integrate.quad(lambda s, i=i, j=j: kernels[i](s) * kernels[j](s), *ends)[0] for ends in ((0, middle), (middle, a)))
                assert columns[:, i] @ columns[:, j] == pytest.approx(exact, rel=1e-9)

    def integrals(self, a: float, u: float, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """From the normals of the noise up to time ua and of that after it."""
        before, (carry, _, after) = matrices(2.0, u * a)[2] @ z[0], matrices(2.0, (1 - u) * a)
        end = carry @ before + after @ z[1]
        return before[0], end[0], end[1] / 2


@pytest.mark.slow
@TARGETS
@given(seed=seeds, step_size=step_sizes, friction=frictions, u=st.floats(0.01, 0.99))
def test_the_randomized_midpoint_is_its_formula_at_any_friction(target: Target, seed: int, step_size: float, friction: float, u: float) -> None:
    """Y from A_{ua}, G_{ua}, and X' = A_a X + a A_{(1-u)a} (0, b(Y)) + W_a."""
    x, _, z = random_draws(seed, 2, "single", target)
    start, (first, push, before), (last, _, after) = x.numpy(), matrices(friction, u * step_size), matrices(friction, (1 - u) * step_size)
    path = before @ z[0].numpy()
    middle = first @ start + np.multiply.outer(push, target.drift(x[0]).numpy()) + path
    force = target.drift(torch.as_tensor(middle[0])).numpy()
    end = last @ (first @ start + path + step_size * np.multiply.outer([0.0, 1.0], force)) + after @ z[1].numpy()
    time = torch.full((1,) * x.ndim, u, dtype=torch.float64)
    mean, factor = RandomizedMidpoint(Underdamped(target, friction), step_size).step(x, 0.0, {"u": time, "z": z[0]})
    assert torch.allclose(mean + factor * z[1], torch.as_tensor(end), rtol=0, atol=ROUNDING)


def test_the_randomized_midpoint_is_no_poisson_midpoint() -> None:
    """Overdamped the two agree; underdamped one midpoint and K = infinity give another velocity."""
    time, z = torch.tensor([0.6], dtype=torch.float64), torch.tensor([0.3, -0.5], dtype=torch.float64)
    point = torch.tensor([0.8, 0.1], dtype=torch.float64)
    for system, x, normal, same in [(Underdamped(BIMODAL, 1.3), point, z, False), (Overdamped(BIMODAL), point[:1], z[:1], True)]:
        randomized, _ = RandomizedMidpoint(system, 0.4).step(x, 0.0, {"u": time, "z": normal})
        midpoints = (time.reshape(1, 1), torch.ones(1, 1, dtype=torch.bool))
        poisson, _ = PoissonMidpoint(system, 0.4, midpoints="single").step(
            x[None], 0.0, {"midpoints": (midpoints[0][:, None], midpoints[1][:, None]), "z": normal[None, None]}
        )
        assert torch.allclose(randomized, poisson[0], atol=1e-3) == same


def test_single_precision_stays_single() -> None:
    x = torch.tensor([[0.3, -0.8]], dtype=torch.float32)
    draws = {"u": torch.full((1, 1), 0.4), "z": torch.ones(1, 2)}
    mean, factor = RandomizedMidpoint(Underdamped(BIMODAL, 1.3), 0.2).step(x, 0.0, draws)
    exact, _ = RandomizedMidpoint(Underdamped(BIMODAL, 1.3), 0.2).step(x.double(), 0.0, {name: draw.double() for name, draw in draws.items()})
    assert isinstance(factor, BlockFactor) and (mean + factor * x).dtype == torch.float32
    assert torch.allclose(mean.double(), exact, atol=1e-6)
