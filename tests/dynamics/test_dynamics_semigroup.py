"""The identities that every dynamics must satisfy: with a frozen force many small steps are one large step in law."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Gaussian
from tests.oracles.lines import LINES

SYSTEMS: dict[str, Dynamics] = {
    "overdamped line": Overdamped(Gaussian(0.0, 0.5)),
    "overdamped space": Overdamped(Gaussian(dim=3)),
    "underdamped line": Underdamped(Gaussian(0.0, 0.5), friction=1.3),
    "underdamped space": Underdamped(Gaussian(dim=3), friction=0.8),
    "low friction": Underdamped(Gaussian(), friction=1e-4),
    "high friction": Underdamped(Gaussian(), friction=30.0),
}
durations = st.floats(1e-6, 5.0)
ROUNDING = 1e-13
Action = Callable[[torch.Tensor], torch.Tensor]


def matrix(system: Dynamics, action: Action, blocks: int | None = None) -> torch.Tensor:
    """A linear action on states of so many blocks, as a matrix."""
    dim, count = system.target.dim, system.blocks if blocks is None else blocks
    shape = ((count,) if count > 1 else ()) + ((dim,) if dim > 1 else ())
    units = torch.eye(count * dim, dtype=torch.float64)
    return action(units.reshape(-1, *shape)).reshape(len(units), -1).T


def transport(system: Dynamics, h: float) -> torch.Tensor:
    return matrix(system, lambda x: system.transport(h, x))


def response(system: Dynamics, h: float) -> torch.Tensor:
    return matrix(system, lambda b: system.respond(h, b), blocks=1)


def covariance(system: Dynamics, h: float) -> torch.Tensor:
    factor = matrix(system, lambda z: system.noise(h) * z)
    return factor @ factor.T


def on_states(system: Dynamics, blocks: Any) -> torch.Tensor:
    """A matrix on the blocks, acting alike on every coordinate."""
    return torch.kron(torch.tensor(blocks, dtype=torch.float64), torch.eye(system.target.dim, dtype=torch.float64))


def assert_equal(one: torch.Tensor, other: torch.Tensor, rtol: float = ROUNDING) -> None:
    """Entry by entry: no term of these sums is negative, so nothing cancels."""
    assert one.shape == other.shape
    assert torch.allclose(one, other, rtol=rtol, atol=0)


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
class TestSemigroup:
    @given(h=durations, k=durations)
    def test_two_durations(self, system: Dynamics, h: float, k: float) -> None:
        """A_h A_k = A_{h+k}; A_k G_h + G_k = G_{h+k}; A_k Gamma_h^2 A_k' + Gamma_k^2 = Gamma_{h+k}^2."""
        onward = transport(system, k)
        assert_equal(transport(system, h) @ onward, transport(system, h + k))
        assert_equal(onward @ response(system, h) + response(system, k), response(system, h + k))
        assert_equal(onward @ covariance(system, h) @ onward.T + covariance(system, k), covariance(system, h + k))

    @given(h=durations, n=st.integers(1, 40))
    def test_many_small_steps(self, system: Dynamics, h: float, n: int) -> None:
        step, push, fresh = transport(system, h / n), response(system, h / n), covariance(system, h / n)
        linear, pushed, noise = torch.eye(len(step), dtype=torch.float64), torch.zeros_like(push), torch.zeros_like(fresh)
        for _ in range(n):
            linear, pushed, noise = step @ linear, step @ pushed + push, step @ noise @ step.T + fresh
        assert_equal(linear, transport(system, h))
        assert_equal(pushed, response(system, h))
        assert_equal(noise, covariance(system, h))

    def test_the_slopes_at_zero(self, system: Dynamics) -> None:
        """A'(0), G'(0) and (Gamma^2)'(0) are the matrices of the equation, and the impulse is G'(0), to h times the second derivative."""
        h = 1e-7
        second = 2 * max(1.0, *(abs(entry) for row in system.linear for entry in row)) ** 2
        eye = torch.eye(system.blocks * system.target.dim, dtype=torch.float64)
        slopes = [((transport(system, h) - eye) / h, system.linear), (response(system, h) / h, system.forcing), (covariance(system, h) / h, system.diffusion)]
        for slope, exact in slopes:
            assert torch.allclose(slope, on_states(system, exact), rtol=0, atol=h * second + 1e-8)
        assert torch.equal(matrix(system, system.impulse, blocks=1), on_states(system, system.forcing))

    def test_durations_may_be_tensors(self, system: Dynamics) -> None:
        """A duration a state, of shape (n, 1, ...), is the loop over numbers."""
        h = torch.tensor([0.0, 1e-9, 1e-3, 0.5, 1.0, 2.0, 7.0], dtype=torch.float64)
        generator = torch.Generator().manual_seed(4)
        x, z = (torch.randn(len(h), *system.state_shape, generator=generator, dtype=torch.float64) for _ in range(2))
        force, each = system.drift(x), h.reshape(-1, *[1] * len(system.state_shape))
        together = system.transport(each, x), system.respond(each, force), system.noise(each) * z
        for i, number in enumerate(h.tolist()):
            one = system.transport(number, x[i]), system.respond(number, force[i]), system.noise(number) * z[i]
            for many, single in zip(together, one, strict=True):
                assert torch.allclose(many[i], single, rtol=1e-14, atol=1e-15)


def test_tensors_of_durations_overdamped() -> None:
    system, h = SYSTEMS["overdamped line"], torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64)
    force = torch.tensor([-0.9, 0.1, 1.4], dtype=torch.float64)
    assert system.noise(h).tolist() == [0.0, 1.0, 2.0]
    assert system.noise(0.5) == math.sqrt(2 * 0.5)
    assert torch.equal(system.respond(h, force), h * force)


@pytest.mark.parametrize("target", LINES)
def test_the_drift_is_that_of_the_target(target: str) -> None:
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    assert torch.equal(Overdamped(LINES[target]).drift(x, 0.7), LINES[target].drift(x))


@pytest.mark.parametrize("wrong", [None, "gaussian", 1.0, lambda x: -x])
def test_only_targets_have_dynamics(wrong: object) -> None:
    with pytest.raises(InvalidParameter, match="target"):
        Overdamped(wrong)  # type: ignore[arg-type]
