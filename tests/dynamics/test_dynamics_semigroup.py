"""The identities that every dynamics must satisfy: with a frozen force many small steps are one large step in law."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Gaussian
from tests.oracles.lines import LINES

SYSTEMS = {"line": Overdamped(Gaussian(0.0, 0.5)), "space": Overdamped(Gaussian(dim=3))}
durations = st.floats(1e-6, 5.0)
POINT = torch.tensor([0.3, -1.7, 2.2], dtype=torch.float64)
FORCE = torch.tensor([-0.9, 0.1, 1.4], dtype=torch.float64)


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
class TestSemigroup:
    @given(h=durations, k=durations)
    def test_two_durations(self, system: Dynamics, h: float, k: float) -> None:
        """A_h A_k = A_{h+k}; A_k G_h + G_k = G_{h+k}; A_k Gamma_h^2 A_k' + Gamma_k^2 = Gamma_{h+k}^2."""
        assert torch.allclose(system.transport(h, system.transport(k, POINT)), system.transport(h + k, POINT), rtol=1e-14, atol=0)
        pushed = system.transport(k, system.respond(h, FORCE)) + system.respond(k, FORCE)
        assert torch.allclose(pushed, system.respond(h + k, FORCE), rtol=1e-14, atol=0)
        carried = system.transport(k, torch.ones(1, dtype=torch.float64)) * system.noise(h)
        assert float(carried**2) + system.noise(k) ** 2 == pytest.approx(system.noise(h + k) ** 2, rel=1e-14, abs=0.0)

    @given(h=durations, n=st.integers(1, 40))
    def test_many_small_steps(self, system: Dynamics, h: float, n: int) -> None:
        response, variance = torch.zeros_like(FORCE), 0.0
        for _ in range(n):
            response = system.transport(h / n, response) + system.respond(h / n, FORCE)
            variance += system.noise(h / n) ** 2
        assert torch.allclose(response, system.respond(h, FORCE), rtol=1e-13, atol=0)
        assert variance == pytest.approx(system.noise(h) ** 2, rel=1e-13, abs=0.0)

    def test_the_impulse_is_the_slope_of_the_response(self, system: Dynamics) -> None:
        h = 1e-7
        assert torch.allclose(system.respond(h, FORCE) / h, system.impulse(FORCE), rtol=2 * h, atol=0)


def test_durations_may_be_tensors() -> None:
    system, h = SYSTEMS["line"], torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64)
    assert system.noise(h).tolist() == [0.0, 1.0, 2.0]
    assert system.noise(0.5) == math.sqrt(2 * 0.5)
    assert torch.equal(system.respond(h, FORCE), h * FORCE)


@pytest.mark.parametrize("target", LINES)
def test_the_drift_is_that_of_the_target(target: str) -> None:
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    assert torch.equal(Overdamped(LINES[target]).drift(x, 0.7), LINES[target].drift(x))


@pytest.mark.parametrize("wrong", [None, "gaussian", 1.0, lambda x: -x])
def test_only_targets_have_dynamics(wrong: object) -> None:
    with pytest.raises(InvalidParameter, match="target"):
        Overdamped(wrong)  # type: ignore[arg-type]
