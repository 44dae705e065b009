"""What laws in the phase plane and in the plane are made of, each by a second route."""

from __future__ import annotations

import math

import pytest
import torch

from pmmtheory.dynamics import Underdamped
from pmmtheory.laws.phase_plane.nodes import _straight
from pmmtheory.laws.phase_plane.operator import _Plain
from pmmtheory.laws.plane.bumps import hermite_functions
from pmmtheory.numerics.interpolation import band_limited
from pmmtheory.schemes import BAOAB, OBABO, EulerMaruyama, RandomizedMidpoint, Scheme
from pmmtheory.targets import Cosine

SYSTEM = Underdamped(Cosine(amplitude=0.5, frequency=1.3, phase=0.4), friction=1.7)
ROOTS = torch.tensor([1.0, 1.0, math.sqrt(2), math.sqrt(6)], dtype=torch.float64)


def test_band_limited_functions() -> None:
    """Off the grid, on it, next to it and beyond it."""
    values = torch.randn((61, 4), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    grid = -3.0 + 0.11 * torch.arange(61, dtype=torch.float64)
    x = torch.cat([torch.linspace(-5.0, 5.0, 333, dtype=torch.float64), grid, grid + 1e-13, torch.nextafter(grid, grid + 1)])
    assert torch.allclose(band_limited(values, -3.0, 0.11, x), torch.sinc((x[:, None] - grid) / 0.11) @ values, rtol=0, atol=1e-12)


def test_the_plain_part_of_a_step() -> None:
    """E exp(i xi U') He_m(V')/m! of the exponential integrator, from every start by a rule over its Gaussian; and not that of another step."""
    scheme, v = EulerMaruyama(SYSTEM, 0.3), torch.tensor([-2.0, 0.0, 1.5], dtype=torch.float64)
    grid, waves = torch.tensor([-1.2, 0.3, 2.1], dtype=torch.float64), torch.tensor([0.0, 0.7, 2.3], dtype=torch.float64)
    plain = _Plain.of(scheme, grid, v, waves, 4, 0.0)
    seen = plain.coefficients(slice(None)) * (plain.waves.movedim(0, 1)[:, :, None] / ROOTS[:, None, None])
    uu, uv, vv = (float(entry) for entry in SYSTEM.noise(0.3).covariance)
    z = torch.linspace(-9.0, 9.0, 181, dtype=torch.float64)
    one, two = torch.meshgrid(z, z, indexing="ij")
    weight = torch.exp(-(one**2 + two**2) / 2) / (2 * math.pi) * 0.01
    for i, u in enumerate(grid):
        for j, speed in enumerate(v):
            mean = SYSTEM.transport(0.3, torch.stack([u, speed])) + SYSTEM.respond(0.3, SYSTEM.drift(torch.stack([u, speed])))
            position = mean[0] + math.sqrt(uu) * one
            velocity = mean[1] + uv / math.sqrt(uu) * one + math.sqrt(vv - uv**2 / uu) * two
            polynomials = torch.stack([torch.ones_like(velocity), velocity, (velocity**2 - 1) / 2, (velocity**3 - 3 * velocity) / 6])
            for k, xi in enumerate(waves):
                right = (weight * torch.exp(1j * xi * position) * polynomials).sum((1, 2))
                assert torch.allclose(seen[i, :, j, k], right, rtol=0, atol=1e-12)
                other = _Plain.of(EulerMaruyama(SYSTEM, 0.31), grid, v, waves, 4, 0.0).coefficients(slice(None))[i, :, j, k] * plain.waves[0, i, k]
                assert not torch.allclose(other[:2], right[:2], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("scheme", "straight"),
    [
        (BAOAB(SYSTEM, 0.2), [("z2", 0)]),
        (OBABO(SYSTEM, 0.2), [("z0", 0)]),
        (RandomizedMidpoint(SYSTEM, 0.2), [("z", 1)]),
        (EulerMaruyama(SYSTEM, 0.2), []),
    ],
    ids=["BAOAB", "OBABO", "RMM", "LMC"],
)
def test_components_that_move_every_state_alike(scheme: Scheme, straight: list[tuple[str, int]]) -> None:
    """The noise of the velocity at a random midpoint, which the force there does not feel, and what a step leaves alone; not noise that a force feels."""
    normals = [(name, block) for name, draw in scheme.draws.items() if draw.normal for block in range(2)]
    assert _straight(scheme, 0.0, normals, torch.linspace(-6.0, 6.0, 50, dtype=torch.float64)) == straight


def test_gaussians_never_reach_numbers_that_are_barely_above_none() -> None:
    axis, middle, deviation = torch.linspace(-20.0, 20.0, 401, dtype=torch.float64), torch.tensor([0.03, -3.0]).double(), torch.tensor([0.2, 1.0]).double()
    (seen,), z = hermite_functions(axis, middle, deviation, 0), (axis - middle[:, None]) / deviation[:, None]
    right = torch.exp(-(z**2) / 2) * 0.1 / math.sqrt(2 * math.pi) / deviation[:, None]
    assert torch.allclose(seen, right, rtol=1e-12, atol=1e-130)
    tiny = torch.finfo(torch.float64).tiny
    assert bool((right[right > 0] < tiny).any()) and not bool((seen < tiny).any())


def test_hermite_functions_are_derivatives_of_a_gaussian() -> None:
    """(-s D)^k N = He_k(z) N, by waves: its transform is (i s xi)^k exp(-s^2 xi^2 / 2)."""
    axis, middle, s = torch.linspace(-9.0, 9.0, 721, dtype=torch.float64), torch.tensor([0.3], dtype=torch.float64), 0.7
    xi = torch.tensor([0.0, 0.4, 1.7, 3.0], dtype=torch.float64)
    for k, function in enumerate(hermite_functions(axis, middle, torch.full_like(middle, s), 9)):
        seen = torch.exp(1j * xi[:, None] * (axis - middle)) @ function[0].to(torch.complex128)
        assert torch.allclose(seen, (1j * s * xi) ** k * torch.exp(-((s * xi) ** 2) / 2), rtol=0, atol=1e-11 * math.factorial(k))
