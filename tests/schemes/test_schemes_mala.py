"""The Metropolis-adjusted Langevin algorithm: its acceptance, its invariance in several dimensions, and what is refused."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.particles import expectations
from pmmtheory.schemes import MALA, EulerMaruyama
from pmmtheory.targets import Banana, Cosine, Gaussian, GaussianMixture, Ring, Target
from tests.testing.jumping import MALA as WrittenOut

TILTED = GaussianMixture([0.4, 0.6], [[-1.2, 0.0], [1.0, 0.6]], covariances=[[[1.0, 0.4], [0.4, 0.7]], [[0.8, -0.3], [-0.3, 1.0]]])


@pytest.mark.parametrize("target", [Cosine(), Gaussian([0.3, -1.0], [1.0, 2.0]), TILTED, Ring(2.0, 0.5)], ids=lambda target: target.name)
def test_a_step_is_that_of_another_implementation(target: Target) -> None:
    x = torch.randn((500, target.dim) if target.dim > 1 else (500,), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    draws = {"z": torch.randn_like(x), "u": torch.rand((500, 1) if target.dim > 1 else (500,), dtype=torch.float64)}
    ours, _ = MALA(Overdamped(target), 0.3).step(x, 0.0, draws)
    theirs, _ = WrittenOut(Overdamped(target), 0.3).step(x, 0.0, draws)
    assert torch.equal(ours, theirs)
    moved = float((ours != x).double().mean())
    assert 0.3 < moved < 1.0


def test_detailed_balance() -> None:
    """pi(x) q(x, y) a(x, y) = pi(y) q(y, x) a(y, x) with a = min(1, r), r as the step finds it."""
    a, target = 0.7, TILTED
    scheme = MALA(Overdamped(target), a)
    x, y = torch.tensor([[0.3, -0.4]], dtype=torch.float64), torch.tensor([[1.1, 0.5]], dtype=torch.float64)

    def accepted(here: torch.Tensor, there: torch.Tensor) -> float:
        """The largest u that is accepted, by halving."""
        z = (there - here - a * target.drift(here)) / math.sqrt(2 * a)
        low, high = 0.0, 1.0
        for _ in range(50):
            u = (low + high) / 2
            end, _ = scheme.step(here, 0.0, {"z": z, "u": torch.tensor([[u]], dtype=torch.float64)})
            low, high = (u, high) if torch.allclose(end, there) else (low, u)
        return low

    def flow(here: torch.Tensor, there: torch.Tensor) -> float:
        density = float(target.density(here)) * math.exp(-float(((there - here - a * target.drift(here)) ** 2).sum()) / (4 * a))
        return density * accepted(here, there)

    assert flow(x, y) == pytest.approx(flow(y, x), rel=1e-12) and accepted(x, y) != accepted(y, x)


@pytest.mark.slow
def test_it_has_no_bias_where_langevin_steps_have_one() -> None:
    target = Banana(3, bend=0.5)
    found = expectations(MALA(Overdamped(target), 0.1), {"square": 2}, particles=2000, steps=400)["square"]
    exact = float(torch.as_tensor(target.covariance).diagonal().mean() + (torch.as_tensor(target.mean) ** 2).mean())
    assert abs(found.value - exact) < 4 * found.error < 0.05 * exact
    alone = GaussianMixture([1.0], [[0.0, 0.0]], [1.0])
    biased = expectations(EulerMaruyama(Overdamped(alone), 0.2), {"square": 2}, particles=2000, steps=400)["square"]
    assert biased.value - 4 * biased.error > 1.0


def test_what_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="Overdamped, for MALA"):
        MALA(Underdamped(Gaussian(), 2.0), 0.1)
    with pytest.raises(InvalidParameter, match="particles serve any"):
        stationary_law(MALA(Overdamped(Cosine()), 0.1))
    with pytest.raises(InvalidParameter, match="one that has an exact law"):
        stationary_law(MALA(Overdamped(Gaussian(dim=3)), 0.1))
    assert MALA(Overdamped(Cosine()), 0.1).order == math.inf
