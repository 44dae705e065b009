"""The matrices of underdamped dynamics against 60 digits, its states, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.dynamics import BlockFactor, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Gaussian
from tests.oracles.lines import BIMODAL, LINES

FRICTIONS = st.floats(-3, 3).map(lambda power: 10**power)
PRODUCTS = st.floats(-12, math.log10(50)).map(lambda power: 10**power)
"""friction * h."""


def entries(friction: float, h: Any) -> dict[str, Any]:
    """What the actions of the package say about A_h, G_h, Gamma_h^2 and the variance of V's noise given U's."""
    system = Underdamped(Gaussian(), friction)
    one = torch.ones_like(h) if isinstance(h, torch.Tensor) else torch.ones((), dtype=torch.float64)
    along, across = (system.transport(h, torch.stack([u, v], -1).reshape(*one.shape[:-1], 2)) for u, v in ((one, 0 * one), (0 * one, one)))
    pushed = system.respond(h, one.reshape(one.shape[:-1]))
    factor = system.noise(h)
    uu, uv, vv = factor.covariance
    named = {"A_uu": along[..., 0], "A_vu": along[..., 1], "A_uv": across[..., 0], "A_vv": across[..., 1]}
    return named | {"G_u": pushed[..., 0], "G_v": pushed[..., 1], "uu": uu, "uv": uv, "vv": vv, "vv given uu": factor.vv**2}


def formulas(friction: float, h: float) -> dict[str, Any]:
    """The same, as they are written."""
    g, h = mp.mpf(friction), mp.mpf(h)
    e1, e2 = mp.exp(-g * h), mp.exp(-2 * g * h)
    uu, uv, vv = 2 / g * (h - 2 / g * (1 - e1) + (1 - e2) / (2 * g)), (1 - 2 * e1 + e2) / g, 1 - e2
    named = {"A_uu": mp.mpf(1), "A_vu": mp.mpf(0), "A_uv": (1 - e1) / g, "A_vv": e1}
    return named | {"G_u": (h - (1 - e1) / g) / g, "G_v": (1 - e1) / g, "uu": uu, "uv": uv, "vv": vv, "vv given uu": vv - uv**2 / uu}


def assert_close(friction: float, h: float, seen: dict[str, Any], eps: float) -> None:
    """Every entry to (12 + friction h) eps relative: the product is rounded before its exponential is taken."""
    with mp.workdps(60):
        for name, exact in formulas(friction, h).items():
            assert abs(mp.mpf(float(seen[name])) - exact) <= (12 + friction * h) * eps * abs(exact), name


@given(friction=FRICTIONS, product=PRODUCTS)
def test_every_entry(friction: float, product: float) -> None:
    h = product / friction
    assert_close(friction, h, entries(friction, h), np.finfo(float).eps)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("friction", [1e-3, 0.7, 1.0, 30.0, 1e3])
def test_every_entry_for_tensors(friction: float, dtype: torch.dtype) -> None:
    exact = float(torch.tensor(friction, dtype=dtype))
    h = torch.tensor(np.geomspace(1e-12 if dtype == torch.float64 else 1e-8, 50, 60) / friction, dtype=dtype)[:, None]
    seen = entries(exact, h)
    assert all(value.dtype == dtype for value in seen.values())
    for i, duration in enumerate(h[:, 0].tolist()):
        assert_close(exact, duration, {name: value[i] for name, value in seen.items()}, torch.finfo(dtype).eps)


@given(friction=FRICTIONS, product=st.floats(0, 1))
def test_back_in_time(friction: float, product: float) -> None:
    """A_{-h} A_h = I."""
    system, x = Underdamped(Gaussian(), friction), torch.tensor([0.3, -1.7], dtype=torch.float64)
    h = product / friction
    assert torch.allclose(system.transport(-h, system.transport(h, x)), x, rtol=0, atol=1e-14 * max(1, h))


def test_nothing_happens_in_no_time() -> None:
    system, x = Underdamped(BIMODAL, 1.3), torch.tensor([[0.3, -1.7]], dtype=torch.float64)
    for h in (0.0, torch.zeros(1, 1, dtype=torch.float64)):
        assert torch.equal(system.transport(h, x), x)
        assert torch.equal(system.respond(h, x[:, 0]), torch.zeros_like(x))
        assert torch.equal(system.noise(h) * torch.ones_like(x), torch.zeros_like(x))


def test_after_a_long_time_the_velocity_is_fresh() -> None:
    """Cov V = 1, and the position has diffused by 2/friction a unit of time."""
    uu, uv, vv = Underdamped(Gaussian(), 2.0).noise(1e6).covariance
    assert (vv, uv) == (pytest.approx(1), pytest.approx(1 / 2)) and uu == pytest.approx(2 / 2 * 1e6, rel=1e-5)


@pytest.mark.parametrize("target", LINES)
def test_the_drift_is_that_of_the_target_at_the_position(target: str) -> None:
    x = torch.stack([torch.linspace(-2, 2, 9), torch.linspace(5, 9, 9)], -1).double()
    assert torch.equal(Underdamped(LINES[target], 1.3).drift(x, 0.7), LINES[target].drift(x[:, 0]))


class TestStates:
    line, space = Underdamped(BIMODAL, 0.9), Underdamped(Gaussian(dim=3), 0.9)

    def test_shapes(self) -> None:
        assert (self.line.state_shape, self.space.state_shape) == ((2,), (2, 3))

    @pytest.mark.parametrize("batch", [(), (5,), (4, 1)])
    def test_blocks(self, batch: tuple[int, ...]) -> None:
        for system in (self.line, self.space):
            x = torch.randn(*batch, *system.state_shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
            u, v = system.position(x), system.velocity(x)
            assert u.shape == v.shape == batch + system.state_shape[1:]
            assert torch.equal(torch.stack([u, v], system.axis), x)
            assert system.drift(x).shape == u.shape and system.impulse(u).shape == x.shape

    @pytest.mark.parametrize("shape", [(20_000,), (20_000, 3)])
    def test_lifted_velocities_are_standard_normal(self, shape: tuple[int, ...]) -> None:
        system = self.line if len(shape) == 1 else self.space
        x = system.lift(torch.full(shape, 2.5, dtype=torch.float64), torch.Generator().manual_seed(3))
        v = system.velocity(x)
        assert x.shape == (shape[0], *system.state_shape) and bool((system.position(x) == 2.5).all())
        assert abs(float(v.mean())) < 4 / math.sqrt(v.numel()) and abs(float((v**2).mean()) - 1) < 4 * math.sqrt(2 / v.numel())

    def test_lifted_states_keep_their_precision(self) -> None:
        assert self.line.lift(torch.zeros(3, dtype=torch.float32), torch.Generator().manual_seed(0)).dtype == torch.float32


class TestBlockFactor:
    @given(a=st.floats(0.1, 3), b=st.floats(-3, 3), c=st.floats(0.1, 3))
    def test_of_a_covariance(self, a: float, b: float, c: float) -> None:
        factor = BlockFactor.of(a * a, a * b, b * b + c * c, axis=-1)
        assert factor.covariance == pytest.approx((a * a, a * b, b * b + c * c), rel=1e-13, abs=1e-13)

    @pytest.mark.parametrize("covariance", [(0.0, 0.0, 0.0), (0.0, 0.0, 2.0), (4.0, 2.0, 1.0), (0.04, 0.06, 0.09)])
    def test_of_a_singular_covariance(self, covariance: tuple[float, float, float]) -> None:
        assert BlockFactor.of(*covariance, axis=-1).covariance == pytest.approx(covariance, abs=1e-15)

    @pytest.mark.parametrize("axis", [-1, -2])
    def test_multiplies_and_divides(self, axis: int) -> None:
        z = torch.randn(7, 2, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        matrix = torch.tensor([[0.5, 0.0], [-1.5, 2.0]], dtype=torch.float64)
        expected = z @ matrix.T if axis == -1 else matrix @ z
        factor = BlockFactor(0.5, -1.5, 2.0, axis)
        assert torch.allclose(factor * z, expected, rtol=1e-15)
        assert torch.allclose((factor / 4) * z, expected / 4, rtol=1e-15)


@pytest.mark.parametrize("friction", [0, 0.0, -1.0, math.nan, math.inf, -math.inf, "strong", None, True, [1.0, 2.0]])
def test_wrong_friction(friction: Any) -> None:
    with pytest.raises(InvalidParameter, match="friction = .*a finite number above 0"):
        Underdamped(Gaussian(), friction)


@pytest.mark.parametrize("wrong", [None, "gaussian", 1.0, lambda x: -x])
def test_wrong_target(wrong: Any) -> None:
    with pytest.raises(InvalidParameter, match="target"):
        Underdamped(wrong, 1.0)
