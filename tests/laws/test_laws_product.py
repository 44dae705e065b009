"""Laws of independent coordinates: Gaussians in closed form, quadrature in the plane, particles, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.divergences import chi2, kl, tv, w2
from pmmtheory.dynamics import Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import ProductLaw, stationary_law, transient_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import OBABO, EulerMaruyama, RandomizedMidpoint, Scheme, Uniform
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, LogCosh, Product

COSINE, TWO = Cosine(), GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.4, 0.6])


def within(found: Any, exact: Any) -> None:
    assert abs(float(found) - float(exact)) <= found.error + getattr(exact, "error", 0.0) + 1e-14 * abs(float(exact))


@pytest.mark.slow
@settings(max_examples=7)
@given(d=st.sampled_from([1, 5, 40, 10_000]), step=st.floats(0.01, 1.5), lam=st.floats(0.2, 5))
def test_gaussians_have_closed_forms_in_any_dimension(d: int, step: float, lam: float) -> None:
    """kl, chi2, w2 and tv of LMC on N(0, I/lam): by the law of the radius."""
    target, alone = Product([Gaussian(0.0, 1 / lam)] * d), Gaussian(0.0, 1 / lam, dim=d)
    law = stationary_law(EulerMaruyama(Overdamped(target), step / lam))
    exact = stationary_law(EulerMaruyama(Overdamped(alone), step / lam), engine="gaussian")
    assert isinstance(law, ProductLaw) and law.dim == d
    assert torch.allclose(law.variances, exact.blocks[:, 0, 0], rtol=1e-9)
    distances = [kl, w2, tv] + ([chi2] if step < 0.9 and float(kl(exact, alone)) < 100 else [])  # finite below twice the variance
    for distance in distances:
        within(distance(law, target), distance(exact, alone))


def by_grids(law: ProductLaw, target: Product) -> dict[str, float]:
    """tv and kl in the plane, by the trapezoid rule."""
    axes = [law.coordinate(j).grid for j in (0, 1)]
    fine = [torch.linspace(float(axis[0]), float(axis[-1]), 2501, dtype=torch.float64) for axis in axes]
    p, q = (one(0)[:, None] * one(1) for one in (lambda j: law.coordinate(j).density(fine[j]), lambda j: target.factors[j].density(fine[j])))
    cell = math.prod(float(axis[1] - axis[0]) for axis in fine)
    return {"tv": float(torch.abs(p - q).sum()) * cell / 2, "kl": float((torch.special.xlogy(p, p / q) - p + q).sum()) * cell}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("factors", "step"),
    [([COSINE, TWO], 0.05), ([TWO, Gaussian(0.4, 2.0)], 0.1), ([COSINE, COSINE], 0.05)],
    ids=["cosine, two modes", "two modes, gaussian", "alike"],
)
def test_two_coordinates_against_quadrature_in_the_plane(factors: list[Any], step: float) -> None:
    target = Product(factors)
    law = stationary_law(EulerMaruyama(Overdamped(target), step))
    grids = by_grids(law, target)
    found = tv(law, target)
    assert float(found) == pytest.approx(grids["tv"], abs=found.error + 4e-6 * grids["tv"])
    assert float(kl(law, target)) == pytest.approx(grids["kl"], rel=1e-6)
    assert found.error < 1e-3 * float(found)


@pytest.mark.slow
def test_a_shift_of_one_coordinate_of_many() -> None:
    """TV of N(0, I) and N(m, I) is erf(|m|/sqrt(8)) whatever the other coordinates: here through three steps from a point far out."""
    d = 7
    target = Product([Gaussian()] * d)
    start = Product([Gaussian(2.5, 1.0), *[Gaussian()] * (d - 1)])
    one, two = (transient_law(EulerMaruyama(Overdamped(target), 0.1), begin, 3) for begin in (start, Gaussian()))
    variance, gap = float(two.variances[0]), 2.5 * 0.9**3
    exact = math.erf(gap / math.sqrt(8 * variance))
    found = tv(one, two)
    assert abs(float(found) - exact) <= found.error < 1e-6
    within(w2(one, two), gap)


@pytest.mark.slow
def test_particles_have_the_law() -> None:
    target = Product([COSINE, LogCosh(), TWO])
    chain = EulerMaruyama(Overdamped(target), 0.2)
    law = transient_law(chain, target, 6)
    x = simulate(chain, particles=40_000, steps=6, seed=5, initial=target, dtype=torch.float64)
    points = torch.as_tensor(x.x if hasattr(x, "x") else x).reshape(-1, 3)
    assert bool((torch.abs(points.mean(0) - law.mean) < 5 * torch.sqrt(law.variances / len(points))).all())
    assert torch.allclose(points.var(0), law.variances, rtol=0.05)


@pytest.mark.slow
def test_velocities() -> None:
    target = Product([COSINE, Gaussian(), COSINE])
    law = stationary_law(OBABO(Underdamped(target, 2.0), 0.4), rtol=1e-3)
    alone = stationary_law(OBABO(Underdamped(COSINE, 2.0), 0.4), rtol=1e-4)
    assert law.mean.shape == (2, 3) and law.covariance.shape == (6, 6)
    assert torch.allclose(law.variances[:, :, 2], alone.covariance)
    assert torch.allclose(law.covariance[::3, ::3], alone.covariance) and float(law.covariance[0, 1]) == 0.0
    parts = float(kl(alone, COSINE)) * 2 + float(kl(law.coordinate(1), Gaussian()))
    assert float(kl(law, target)) == pytest.approx(parts, rel=1e-9)
    assert isinstance(law.velocity, ProductLaw) and float(tv(law.position, target)) > 0
    with pytest.raises(InvalidParameter, match="a product of laws on the line"):
        tv(law, target)


@pytest.mark.slow
def test_reverse_diffusion() -> None:
    data = Product([TWO, Gaussian(0.2, 0.4)])
    system = ReverseDiffusion(data, 1.0, 0.1)
    law = transient_law(EulerMaruyama(system, system.duration / 8), system.marginal(1.0), 8)
    alone = ReverseDiffusion(TWO, 1.0, 0.1)
    exact = transient_law(EulerMaruyama(alone, alone.duration / 8), alone.marginal(1.0), 8)
    assert float(law.mean[0]) == pytest.approx(exact.mean, abs=1e-6)
    within(kl(law, system.marginal(0.1)), float(kl(law.coordinate(0), alone.marginal(0.1))) + float(kl(law.coordinate(1), system.marginal(0.1).along([0, 1]))))


@dataclass(frozen=True)
class OwnTime(Uniform):
    """A time for every coordinate."""

    shared = False


class OwnTimes(RandomizedMidpoint):
    """The randomized midpoint whose coordinates draw times of their own."""

    draws = {**RandomizedMidpoint.draws, "u": OwnTime()}


class Mixing(EulerMaruyama):
    """Moves each coordinate by the mean force."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return (x + (mean - x).mean(-1, keepdim=True) if x.ndim > 1 else mean), factor


@pytest.mark.slow
def test_a_draw_for_every_coordinate_makes_them_independent() -> None:
    law = stationary_law(OwnTimes(Overdamped(Product([COSINE] * 3)), 0.2))
    assert float(kl(law, Product([COSINE] * 3))) == pytest.approx(3 * float(kl(stationary_law(RandomizedMidpoint(Overdamped(COSINE), 0.2)), COSINE)), rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "why"), [(RandomizedMidpoint, "draws are not shared by the coordinates of a Product, as 'u' is"), (Mixing, "moves each coordinate of a Product")]
)
def test_coordinates_that_feel_each_other_are_refused(kind: type[Scheme], why: str) -> None:
    with pytest.raises(InvalidParameter, match=why):
        stationary_law(kind(Overdamped(Product([COSINE, Gaussian(), COSINE])), 0.1))


@pytest.mark.slow
def test_what_is_asked_for_in_vain() -> None:
    chain = EulerMaruyama(Overdamped(Product([COSINE, Gaussian(), COSINE])), 0.1)
    with pytest.raises(InvalidParameter, match="initial = .*a Product or law of 3 coordinates"):
        transient_law(chain, Gaussian(dim=3), 3)
    with pytest.raises(NotConverged, match=r"the stationary law of .*coordinate 0"):
        stationary_law(chain, rtol=1e-17)
    assert np.isfinite(stationary_law(chain).density([0.1, 0.2, 0.0]))
