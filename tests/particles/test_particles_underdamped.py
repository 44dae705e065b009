"""Simulation in the phase plane: the exact covariances, the same numbers from the same seed, and where particles start."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from pmmtheory.dynamics import Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.particles import simulate
from pmmtheory.particles.starts import CHUNK
from pmmtheory.schemes import ABOBA, BAOAB, BUB, OBABO, UBU, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture
from tests.oracles.linear_chain import covariance_after
from tests.oracles.lines import BIMODAL

SCHEMES: dict[str, tuple[type[Scheme], dict[str, Any]]] = {
    **{cls.__name__: (cls, {}) for cls in (EulerMaruyama, RandomizedMidpoint, ABOBA, BAOAB, BUB, OBABO, UBU)},
    "bernoulli inf": (PoissonMidpoint, {}),
    "bernoulli 5": (PoissonMidpoint, {"substeps": 5}),
    "single 5": (PoissonMidpoint, {"substeps": 5, "midpoints": "single"}),
}
every = pytest.mark.parametrize("name", SCHEMES)
SPACE = Underdamped(GaussianMixture([0.3, 0.7], [[0.0, 1.0, -1.0], [1.5, -0.5, 0.3]], [0.8, 1.3]), friction=1.1)
STEP, FRICTION = 0.5, 1.5


def named(name: str, system: Underdamped) -> Scheme:
    cls, options = SCHEMES[name]
    return cls(system, STEP, **options)


def exact(name: str, steps: int, lam: float) -> list[float]:
    """Var U, Cov(U, V) and Var V after so many steps from the target."""
    cls, options = SCHEMES[name]
    start = [[1 / lam, 0.0], [0.0, 1.0]]
    after = covariance_after(cls.__name__, STEP, lam, FRICTION, steps, start, options.get("substeps"), options.get("midpoints", "bernoulli"))
    return [after[0, 0], after[0, 1], after[1, 1]]


def deviations(x: torch.Tensor, expected: list[float]) -> list[float]:
    """Of the three second moments of states (n, 2), in standard errors."""
    u, v = x.unbind(-1)
    products = (u * u, u * v, v * v)
    return [abs(float(p.mean()) - value) / (float(p.std()) / math.sqrt(len(x))) for p, value in zip(products, expected, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bernoulli inf", "UBU"])
def test_two_hundred_thousand_particles_have_the_exact_covariance(name: str) -> None:
    """Within four standard errors, where the target's own covariance is more than ten away."""
    x = simulate(named(name, Underdamped(Gaussian(0.0, 0.5), FRICTION)), 200_000, 8, seed=1, dtype=torch.float64)
    assert max(deviations(x, exact(name, 8, 2.0))) < 4
    assert max(deviations(x, [0.5, 0.0, 1.0])) > 10


@pytest.mark.slow
@every
def test_coordinates_of_a_product_are_chains_on_their_own(name: str) -> None:
    """On N(0, diag(v_i)), in single precision: each plane has its own exact covariance."""
    variances = [0.4, 1.0, 2.5]
    x = simulate(named(name, Underdamped(Gaussian(torch.zeros(3), variances), FRICTION)), 20_000, 5, seed=3).double()
    assert x.shape == (20_000, 2, 3)
    for i, variance in enumerate(variances):
        assert max(deviations(x[..., i], exact(name, 5, 1 / variance))) < 4


@every
def test_the_same_seed_gives_the_same_particles(name: str) -> None:
    for system in (Underdamped(BIMODAL, 1.1), SPACE):
        one, other = (simulate(named(name, system), 300, 3, seed=5, dtype=torch.float64) for _ in range(2))
        assert one.shape == (300, *system.state_shape) and bool(torch.isfinite(one).all())
        assert torch.equal(one, other)
        assert not torch.equal(one, simulate(named(name, system), 300, 3, seed=6, dtype=torch.float64))


class TestInitial:
    scheme = BAOAB(Underdamped(BIMODAL, 1.1), 0.1)

    def test_of_the_target_with_fresh_velocities(self) -> None:
        x = simulate(self.scheme, CHUNK + 5000, 0, seed=2, dtype=torch.float64)
        assert max(deviations(x, [3.25, 0.0, 1.0])) < 4
        assert torch.equal(simulate(self.scheme, CHUNK, 0, seed=2, dtype=torch.float64), x[:CHUNK])

    def test_of_another_target(self) -> None:
        x = simulate(self.scheme, 20_000, 0, initial=Gaussian(3.0, 0.04), dtype=torch.float64)
        assert abs(float(x[:, 0].mean()) - 3) < 4 * 0.2 / math.sqrt(20_000) and abs(float(x[:, 1].mean())) < 4 / math.sqrt(20_000)

    def test_states(self) -> None:
        assert simulate(self.scheme, 4, 0, initial=[1.0, -2.0], dtype=torch.float64).tolist() == [[1.0, -2.0]] * 4
        points = torch.randn(50, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        assert torch.equal(simulate(UBU(SPACE, 0.1), 50, 0, initial=points, dtype=torch.float64), points)

    @every
    def test_the_states_given_are_not_changed(self, name: str) -> None:
        points = torch.zeros(200, 2, dtype=torch.float64)
        simulate(named(name, Underdamped(BIMODAL, 1.1)), 200, 3, initial=points, dtype=torch.float64)
        assert torch.equal(points, torch.zeros(200, 2, dtype=torch.float64))

    @pytest.mark.parametrize("wrong", [2.0, [1.0, 2.0, 3.0], torch.zeros(5), torch.zeros(5, 3), [math.nan, 0.0], Gaussian(dim=2)])
    def test_wrong(self, wrong: object) -> None:
        with pytest.raises(InvalidParameter, match="initial"):
            simulate(self.scheme, 5, 1, initial=wrong)
