"""W2 in the plane: closed forms, products of lines, the radii of a ring, and errors that hold."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest
import torch
from torch import Tensor

from pmmtheory.divergences import w2
from pmmtheory.divergences.plane_map import PlaneMap
from pmmtheory.dynamics import Overdamped, ReverseDiffusion
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlanarLaw, stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama, RandomizedMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture, Potential, Ring, Target

COVARIANCE = torch.tensor([[1.0, 0.5], [0.5, 0.8]], dtype=torch.float64)
CORRELATED = GaussianMixture([1.0], [[0.0, 0.0]], covariances=[COVARIANCE])
TILTED = GaussianMixture([0.4, 0.6], [[-1.2, 0.0], [1.0, 0.6]], covariances=[[[1.0, 0.2], [0.2, 0.9]], [[0.9, -0.1], [-0.1, 1.0]]])
RIPPLES = Potential(lambda x: (x**2).sum(-1) / 2 + torch.cos(x[..., 0] + x[..., 1]) / 2, dim=2)
ALONG = Potential(lambda s: s**2 / 2 + torch.cos(math.sqrt(2) * s) / 2)


@lru_cache
def law(target: Target, step: float, rtol: float = 1e-6) -> PlanarLaw:
    return stationary_law(EulerMaruyama(Overdamped(target), step), rtol=rtol, engine="potential_plane")


@lru_cache
def own_distance(target: Target, step: float, rtol: float) -> Estimate:
    """Of a law to its target."""
    return w2(law(target, step, rtol), target)


def root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.sqrt()) @ vectors.T


def between_gaussians(a: Tensor, b: Tensor) -> float:
    mixed = root(root(a) @ b @ root(a))
    return math.sqrt(float(torch.trace(a + b - 2 * mixed)))


@pytest.mark.parametrize("step", [0.3, 0.02])
def test_a_correlated_gaussian_has_a_closed_form(step: float) -> None:
    values, vectors = torch.linalg.eigh(torch.linalg.inv(COVARIANCE))
    own = (vectors / (values * (1 - step * values / 2))) @ vectors.T
    found = w2(law(CORRELATED, step), CORRELATED)
    assert abs(found.value - between_gaussians(own, COVARIANCE)) <= found.error < 1e-6 * found.value + 1e-8


@pytest.mark.slow
@pytest.mark.parametrize(("step", "rtol"), [(0.2, 1e-8), (0.05, 1e-6), (0.01, 1e-6), (0.01, 1e-9)])
def test_a_product_along_a_diagonal_is_that_of_lines(step: float, rtol: float) -> None:
    """W2^2 of a product is the sum of those of its factors, of which one is Gaussian."""
    lines = [w2(stationary_law(EulerMaruyama(Overdamped(line), step)), line) for line in (ALONG, Gaussian())]
    found = w2(law(RIPPLES, step, rtol), RIPPLES)
    assert abs(found.value - math.hypot(*map(float, lines))) <= found.error + sum(line.error for line in lines)
    assert found.error < 1e-5 * found.value


@pytest.mark.slow
def test_a_randomized_midpoint_is_farther_than_its_marginals() -> None:
    own = stationary_law(RandomizedMidpoint(Overdamped(RIPPLES), 0.05), rtol=1e-5)
    found = w2(own, RIPPLES)
    lines = [w2(own.along([1.0, sign]), RIPPLES.along([1.0, sign])) for sign in (1.0, -1.0)]
    assert found.value + found.error >= math.hypot(*(line.value - line.error for line in lines))
    assert found.error < 0.01 * found.value


@pytest.mark.slow
def test_a_shift_moves_everything_so_far() -> None:
    near, far = law(TILTED, 0.1, 1e-4), GaussianMixture([0.4, 0.6], [[-1.0, -0.1], [1.2, 0.5]], covariances=TILTED.covariances)
    there = w2(near, far)
    here = own_distance(TILTED, 0.1, 1e-4)
    apart = math.hypot(0.2, 0.1)
    assert abs(there.value - here.value) <= apart + there.error + here.error
    mean = float(torch.linalg.vector_norm(near.mean - torch.as_tensor(TILTED.mean)))
    spread = here.value**2 - mean**2  # what is left where both have one mean
    moved = float(torch.linalg.vector_norm(near.mean - torch.as_tensor(far.mean)))
    assert there.value == pytest.approx(math.sqrt(spread + moved**2), abs=2 * (there.error + here.error))


@pytest.mark.slow
def test_a_law_around_a_ring_moves_along_its_radii() -> None:
    """W2^2 = int_0^1 (P^-1 - Q^-1)^2 of the laws of the radius, whose densities are 2 pi r p(r): by quadrature on the line."""
    ring = Ring(2.0, 0.5)
    own = law(ring, 0.02)
    r = (torch.arange(40_000, dtype=torch.float64) + 0.5) * 1.5e-4
    places = torch.stack([r, torch.zeros_like(r)], -1)
    levels = torch.linspace(1e-7, 1 - 1e-7, 200_001, dtype=torch.float64)
    edges = torch.arange(40_001, dtype=torch.float64) * 1.5e-4
    quantiles = []
    for density in (own.density(places).clamp_min(0), ring.density(places)):
        mass = torch.cumsum(torch.cat([torch.zeros(1, dtype=torch.float64), 2 * math.pi * r * density * 1.5e-4]), 0)
        quantiles.append(np.interp(levels.numpy(), (mass / mass[-1]).numpy(), edges.numpy()))
    apart = math.sqrt(float(np.mean((quantiles[0] - quantiles[1]) ** 2)))
    found = w2(own, ring)
    assert found.error < 1e-5 * found.value and found.value == pytest.approx(apart, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("target", [TILTED, Ring(2.0, 0.5)], ids=lambda target: target.name)
def test_a_finer_grid_is_within_the_error(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    own = law(target, 0.05, 1e-3)
    found = own_distance(target, 0.05, 1e-3)
    monkeypatch.setattr("pmmtheory.divergences.plane_transport.finer", lambda law, spacings: 2)
    finer = w2(own, target)
    assert finer.value != found.value and abs(finer.value - found.value) <= found.error < 1e-3 * found.value


@pytest.mark.slow
def test_two_laws_and_their_triangle() -> None:
    coarse, fine = law(TILTED, 0.1, 1e-3), law(TILTED, 0.05, 1e-3)
    there, back = w2(coarse, fine), w2(fine, coarse)
    assert abs(there.value - back.value) <= there.error + back.error < 3e-3 * there.value
    first, second = own_distance(TILTED, 0.1, 1e-3), own_distance(TILTED, 0.05, 1e-3)
    assert abs(first.value - second.value) <= there.value + first.error + second.error + there.error
    assert there.value <= first.value + second.value


@pytest.mark.slow
def test_reverse_diffusion_is_no_nearer_than_its_marginals() -> None:
    system = ReverseDiffusion(GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.5]], [0.5, 0.3]), 1.0, 0.3)
    own = transient_law(EulerMaruyama(system, system.duration / 6), system.marginal(1.0), 6)
    found, goal = w2(own, system.marginal(0.3)), system.marginal(0.3)
    lines = [w2(own.along(unit), goal.along(unit)) for unit in ([1.0, 0.0], [0.0, 1.0])]
    assert found.value + found.error >= math.hypot(*map(float, lines))
    assert found.error < 0.01 * found.value


@pytest.mark.slow
def test_a_map_that_is_no_map_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps half as long again do not arrive where they should, and the error says so."""
    solved = PlaneMap.solved

    def wrong(self: PlaneMap, rest: Tensor, share: float) -> tuple[Tensor, Tensor, float]:
        step, turn, left = solved(self, rest, share)
        return 1.5 * step, turn, left

    own = law(TILTED, 0.1, 1e-4)
    right = own_distance(TILTED, 0.1, 1e-4)
    monkeypatch.setattr(PlaneMap, "solved", wrong)
    try:
        found = w2(own, TILTED)
    except NotConverged:
        return
    assert abs(found.value - right.value) <= found.error + right.error


class Unknown(Ring):
    """A ring of which nobody has said what its covariance is."""

    covariance = None  # type: ignore[assignment]


def test_a_target_without_moments_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="a target whose mean and covariance are known"):
        w2(law(CORRELATED, 0.3), Unknown(2.0, 0.5))


@pytest.mark.slow
def test_laws_too_far_apart_are_refused() -> None:
    with pytest.raises(NotConverged, match="too far apart"):
        w2(law(RIPPLES, 0.1, 1e-3), GaussianMixture([0.5, 0.5], [[-4.0, 0.0], [4.0, 0.0]], [1.0, 1.0]))
