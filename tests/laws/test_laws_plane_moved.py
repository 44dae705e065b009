"""Laws of two coordinates do not depend on the origin and the unit, and a step is seen where the law is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from pmmtheory.divergences import kl, tv
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.dynamics.block_factor import join
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.laws.potential_plane.by_nodes import _groups
from pmmtheory.laws.step.cubature import cubature
from pmmtheory.schemes import BAOAB, OBABO, UBU, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.schemes.draws import Uniform
from pmmtheory.targets import GaussianMixture


def mixture(scale: float = 1.0, shift: float = 0.0) -> GaussianMixture:
    return GaussianMixture([0.3, 0.7], [shift - 1.5 * scale, shift + scale], [0.5 * scale**2, scale**2])


def chain(kind: type[Scheme], scale: float = 1.0, shift: float = 0.0, **options: Any) -> Scheme:
    return kind(Underdamped(mixture(scale, shift), 2.0 / scale), 0.2 * scale, **options)


def agree(one: Any, other: Any) -> None:
    assert abs(one.value - other.value) <= one.error + other.error
    assert other.error <= 3 * one.error


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "scale", "shift"), [(BAOAB, 1.0, 30.0), (OBABO, 1e6, -1e8), (UBU, 1.0, 30.0), (RandomizedMidpoint, 1e6, -1e8)])
def test_far_from_the_origin(kind: type[Scheme], scale: float, shift: float) -> None:
    """Where a force is linear around the origin, a step there moves with all its draws alike; not where the law is."""
    here, target = chain(kind), mixture()
    start = GaussianMixture([1.0], [0.2], [0.4])
    near = tv(transient_law(here, start, steps=2, rtol=1e-4), target)
    begun = GaussianMixture([1.0], [shift + 0.2 * scale], [0.4 * scale**2])
    agree(near, tv(transient_law(chain(kind, scale, shift), begun, steps=2, rtol=1e-4), mixture(scale, shift)))


@pytest.mark.slow
def test_a_stationary_law_far_from_the_origin() -> None:
    one, other = (kl(stationary_law(chain(BAOAB, *move), rtol=1e-4), mixture(*move)) for move in ((1.0, 0.0), (1e6, 1e8)))
    agree(one, other)
    assert one.value > 100 * one.error


class Switched(BAOAB):
    """BAOAB, of which one in five steps kicks by the force where the noise has moved to: straight in that noise at u = 0.4, and nowhere with u > 0.8."""

    def __init__(self, dynamics: Underdamped, step_size: float):
        super().__init__(dynamics, step_size)
        self.draws = {"u": Uniform(), "z": RandomizedMidpoint(dynamics, step_size).draws["z"]}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        own: Any = self.dynamics
        force, z, u = own.drift(x, t), own.position(draws["z"]), own.position(torch.as_tensor(draws["u"], dtype=torch.float64))
        there = x + join(0.6 * z, 0.0 * z, own.axis)
        kick = torch.where(u > 0.8, own.drift(there, t) - force, 0.3 * z)
        plain = own.transport(self.step_size, x) + own.respond(self.step_size, force)
        return plain + join(0.0 * kick, 0.4 * kick, own.axis), own.noise(self.step_size)


@pytest.mark.slow
def test_a_draw_that_the_force_feels_for_some_values_of_another() -> None:
    """E V after one step from a Gaussian, by a plain sum over all that is drawn."""
    scheme = Switched(Underdamped(mixture(), 2.0), 0.2)
    found = transient_law(scheme, GaussianMixture([1.0], [0.2], [0.4]), steps=1, rtol=1e-4).velocity.moment(1)
    z = torch.linspace(-9.0, 9.0, 301, dtype=torch.float64)
    share = torch.exp(-(z**2) / 2) / torch.exp(-(z**2) / 2).sum()
    x, noise = (part.reshape(-1, 1) for part in torch.meshgrid(0.2 + math.sqrt(0.4) * z, z, indexing="ij"))
    state = torch.cat([x, torch.zeros_like(x)], -1)
    weight = torch.outer(share, share).reshape(-1)

    def velocity(u: float) -> float:
        return float(weight @ scheme.step(state, 0.0, {"u": torch.full_like(state, u), "z": noise.expand(-1, 2)})[0][:, 1])

    right = 0.8 * velocity(0.5) + 0.2 * velocity(0.9)
    assert abs(found.value - right) <= found.error + 1e-12
    assert abs(velocity(0.5) - right) > 10 * found.error


def planar(scale: float) -> GaussianMixture:
    square = scale**2
    return GaussianMixture([0.4, 0.6], [[-scale, 0.0], [0.5 * scale, 0.3 * scale]], covariances=[[[0.6 * square, 0.0], [0.0, square]]] * 2)


def test_the_unit_of_a_plane() -> None:
    near = kl(stationary_law(EulerMaruyama(Overdamped(planar(1.0)), 0.1)), planar(1.0))
    for scale in (1e-8, 1e4, 1e8):
        far = kl(stationary_law(EulerMaruyama(Overdamped(planar(scale)), 0.1 * scale**2)), planar(scale))
        assert abs(near.value - far.value) <= near.error + far.error
        assert far.error < 1e-6 * far.value


class LouderFarOut(EulerMaruyama):
    """Noise that is half as large again beyond three deviations."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean, torch.where((x**2).sum(-1, keepdim=True) > 9.0, 1.5 * factor, factor)


def test_noise_of_a_plane_that_is_other_far_out_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="does not depend on the state"):
        stationary_law(LouderFarOut(Overdamped(planar(1.0)), 0.1))


@pytest.mark.parametrize("scale", [1e-15, 1.0, 1e9])
def test_factors_of_a_step_are_told_apart_in_any_unit(scale: float) -> None:
    scheme = RandomizedMidpoint(Overdamped(planar(scale)), 0.1 * scale**2)
    at = cubature(scheme, -2)
    one = PoissonMidpoint(Overdamped(planar(scale)), 0.1 * scale**2, substeps=4, midpoints="single")
    for each, nodes in ((scheme, at), (one, cubature(one, -2))):
        factors, group = _groups(each, torch.zeros((1, 2), dtype=torch.float64), nodes)
        seen = torch.as_tensor(each.step(torch.zeros((1, 1, 2), dtype=torch.float64), 0.0, nodes.draws)[1]).abs().expand(1, len(nodes), 2)[0]
        assert torch.allclose(torch.as_tensor(factors)[group], seen, rtol=1e-12, atol=0)
