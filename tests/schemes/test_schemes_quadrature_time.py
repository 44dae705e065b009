"""A draw that is one new file serves every engine: a randomized midpoint at the nodes of a quadrature rule, and at times of a density of one's own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch
from scipy.special import roots_jacobi
from torch import Tensor

from pmmtheory.divergences import kl, tv
from pmmtheory.dynamics import Overdamped, ReverseDiffusion, Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.laws.step.cubature import cubature
from pmmtheory.particles import simulate
from pmmtheory.schemes import Draw, Normal, QuadratureTime, RandomizedMidpoint, Scheme
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, Product
from pmmtheory.testing import check_scheme
from tests.laws.test_laws_hooks import stationary_covariance
from tests.oracles.one_step import one_step

STEP = 0.2
TARGET = Gaussian(0.0, 0.6)


class TwoTimes(RandomizedMidpoint):
    draws = {"u": QuadratureTime(2), "z": Normal()}


@dataclass(frozen=True)
class Middling(Draw):
    """A time of the density 6 u (1 - u)."""

    def sample(self, shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        three = torch.rand((3, *shape), generator=generator, dtype=torch.float64, device=generator.device)
        return three.median(0).values.to(dtype)

    def rule(self, level: int) -> Any:
        x, w = roots_jacobi(round(18 * 1.25**level), 1.0, 1.0)
        return (1 + x) / 2, w / w.sum()


class MiddlingTime(RandomizedMidpoint):
    draws = {"u": Middling(), "z": Normal()}


SCHEMES = pytest.mark.parametrize("scheme", [TwoTimes, MiddlingTime])


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_rule_and_samples(n: int) -> None:
    """Powers of a uniform time up to degree 2n - 1 and not beyond; samples have the rule's law."""
    draw = QuadratureTime(n)
    times, weights = draw.rule(0)
    for k in range(2 * n):
        assert float(weights @ times**k) == pytest.approx(1 / (k + 1), rel=1e-13)
    assert abs(float(weights @ times ** (2 * n)) - 1 / (2 * n + 1)) > 1e-9
    drawn = draw.sample((40_000,), torch.Generator().manual_seed(4), torch.float64)
    seen = [int((drawn == float(time)).sum()) for time in times]
    assert sum(seen) == 40_000
    if n > 1:
        assert scipy.stats.chisquare(seen, 40_000 * np.asarray(weights)).pvalue > 1e-3


@pytest.mark.parametrize("n", [0, 1.5, math.inf, "two"])
def test_wrong_numbers_of_nodes(n: Any) -> None:
    with pytest.raises(InvalidParameter, match="nodes"):
        QuadratureTime(n)


@pytest.mark.slow
@SCHEMES
@pytest.mark.parametrize("friction", [None, 1.3])
def test_stationary_laws_have_the_covariance_of_the_step_written_out(scheme: type[Scheme], friction: float | None) -> None:
    """By the engine of Gaussians, on the line and in the phase plane."""
    chain = scheme(Overdamped(TARGET) if friction is None else Underdamped(TARGET, friction), STEP)
    exact = float(stationary_covariance(chain).reshape(-1)[0])
    law = stationary_law(chain, engine="gaussian")
    assert float(law.position.covariance) == pytest.approx(exact, rel=law.numerical_error + 1e-11)
    other = stationary_law(chain, engine="line") if friction is None else stationary_law(chain, rtol=1e-6, engine="phase_plane").position
    moment = other.moment(2)
    assert moment.value == pytest.approx(exact, abs=moment.error + 1e-11) and moment.error < 1e-3 * exact


@pytest.mark.slow
@SCHEMES
def test_one_step_of_dynamics_that_depend_on_time(scheme: type[Scheme]) -> None:
    system = ReverseDiffusion(Gaussian(0.0, 0.6), 1.0, 0.3)
    chain = scheme(system, system.duration / 5)
    law = transient_law(chain, Gaussian(0.0, 1e-6), 1, engine="inhomogeneous")
    other = transient_law(chain, Gaussian(0.0, 1e-6), 1, engine="gaussian")
    noise, at_one = (float(one_step(chain, torch.tensor(x, dtype=torch.float64))[1]) for x in (0.0, 1.0))
    exact = noise + 1e-6 * (at_one - noise)
    assert law.moment(2).value == pytest.approx(exact, abs=law.moment(2).error + 1e-10)
    assert float(other.covariance) == pytest.approx(exact, rel=1e-10)


@pytest.mark.slow
def test_one_step_in_the_plane() -> None:
    """On one Gaussian, whose coordinates share the time. Times of a density come near 1, after which a step has too little noise for that engine."""
    target, scheme = GaussianMixture([1.0], [[0.0, 0.0]], [0.6]), TwoTimes
    with pytest.raises(NotConverged, match="as little noise"):
        transient_law(MiddlingTime(Overdamped(target), STEP), GaussianMixture([1.0], [[0.0, 0.0]], [0.5]), 1, engine="plane")
    law = transient_law(scheme(Overdamped(target), STEP), GaussianMixture([1.0], [[0.0, 0.0]], [0.5]), 1, engine="plane", rtol=1e-6)
    chain = scheme(Overdamped(TARGET), STEP)
    noise, at_one = (float(one_step(chain, torch.tensor(x, dtype=torch.float64))[1]) for x in (0.0, 1.0))
    exact = noise + 0.5 * (at_one - noise)
    assert torch.allclose(torch.diag(law.covariance), torch.full((2,), exact, dtype=torch.float64), rtol=0, atol=20 * law.numerical_error + 1e-9)


@pytest.mark.slow
@SCHEMES
def test_coordinates_of_a_product_draw_times_of_their_own(scheme: type[Scheme]) -> None:
    ripple = Cosine(0.5)

    class Own(type(scheme.draws["u"])):  # type: ignore[misc]
        shared = False

    class Apart(scheme):  # type: ignore[misc,valid-type]
        draws = {"u": Own(2) if scheme is TwoTimes else Own(), "z": Normal()}

    law, one = stationary_law(Apart(Overdamped(Product([ripple] * 3)), STEP)), stationary_law(scheme(Overdamped(ripple), STEP))
    assert float(kl(law, Product([ripple] * 3))) == pytest.approx(3 * float(kl(one, ripple)), rel=1e-6)
    with pytest.raises(InvalidParameter, match="shared"):
        stationary_law(scheme(Overdamped(Product([ripple] * 3)), STEP))


@pytest.mark.slow
@SCHEMES
@pytest.mark.parametrize("friction", [None, 2.0])
def test_laws_of_sampling(scheme: type[Scheme], friction: float | None) -> None:
    dynamics = Overdamped if friction is None else lambda target: Underdamped(target, friction)
    skip = ["law and particles", *(["weak order"] if friction is not None or scheme is MiddlingTime else [])]
    checked = check_scheme(scheme, dynamics=dynamics, skip=skip)
    assert {"drift calls", "mass", "affine semigroup", "small steps"} <= set(checked)
    assert ("weak order" in checked) == ("weak order" not in skip), "two times keep the mean force of a uniform one to degree 3: order 2 as before"


@pytest.mark.slow
@SCHEMES
def test_particles_sample_what_laws_integrate_over(scheme: type[Scheme]) -> None:
    """Three moments after three steps from a point."""
    chain, n = scheme(Overdamped(Cosine(0.5)), STEP), 400_000
    law, x = transient_law(chain, 1.2, 3), simulate(chain, n, 3, seed=8, dtype=torch.float64, initial=1.2)
    for k in (1, 2, 3):
        power = x**k
        assert abs(float(power.mean()) - law.moment(k).value) < 4 * float(power.std()) / math.sqrt(n)


@pytest.mark.slow
def test_more_nodes_tend_to_the_uniform_time() -> None:
    """The law of the randomized midpoint, by a draw whose rule lists the nodes."""
    target = Cosine(0.5)
    uniform = stationary_law(RandomizedMidpoint(Overdamped(target), STEP))

    class Many(RandomizedMidpoint):
        draws = {"u": QuadratureTime(9), "z": Normal()}

    many, two = (stationary_law(kind(Overdamped(target), STEP)) for kind in (Many, TwoTimes))
    far, near = float(tv(two, uniform)), float(tv(many, uniform))
    assert near < 1e-3 * far and far > 1e-6


def test_every_node_counts() -> None:
    """Negative control: a time of one node only has another law."""
    chain = TwoTimes(Overdamped(TARGET), STEP)
    at = cubature(chain, 0, normals=False)
    assert torch.equal(at.draws["u"].flatten(), torch.as_tensor(QuadratureTime(2).rule(0)[0]))

    class Middle(RandomizedMidpoint):
        draws = {"u": QuadratureTime(1), "z": Normal()}

    law = stationary_law(Middle(Overdamped(TARGET), STEP), engine="line")
    assert abs(law.covariance - float(stationary_covariance(chain))) > 1e3 * law.numerical_error
