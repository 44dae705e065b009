"""The law of the random variance: its moments against exact fourth cumulants, particles, and the chain of variances itself."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch

from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import LinearLaw, stationary_law, transient_law
from pmmtheory.particles import simulate
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint
from pmmtheory.targets import Gaussian
from tests.oracles.gaussian_chain import rmm_fourth_cumulant
from tests.oracles.linear_schemes import on_gaussian, scheme

CHAINS = ("rmm", "bernoulli 3", "bernoulli 13", "bernoulli inf", "single 2", "single 30", "single inf")


def law_of(name: str, x: float, friction: float | None = None) -> LinearLaw:
    law = stationary_law(on_gaussian(name, x, 1.0, friction), engine="gaussian")
    assert isinstance(law, LinearLaw)
    return law


@pytest.mark.parametrize("x", [Fraction(1, 50), Fraction(1, 10), Fraction(1, 2), Fraction(1)])
@pytest.mark.parametrize("nodes", [2, 3, 6, 12])
def test_the_fourth_cumulant_of_the_randomized_midpoint_method(nodes: int, x: Fraction) -> None:
    """E X^4 - 3 (E X^2)^2 = 3 Var V, with as many nodes as there may be."""
    v, w = law_of("rmm", float(x)).mixture(nodes)
    assert 3 * float(w @ (v - w @ v) ** 2) == pytest.approx(float(rmm_fourth_cumulant(x)), rel=1e-11)


@pytest.mark.parametrize("x", [0.05, 0.2])
@pytest.mark.parametrize("name", CHAINS)
def test_rules(name: str, x: float) -> None:
    """Positive weights that sum to 1, the exact mean, and the same low moments for every number of nodes."""
    law = law_of(name, x)
    rules = [law.mixture(nodes) for nodes in (2, 4, 6)]
    for v, w in rules:
        assert bool((w > 0).all() and (v > 0).all())
        assert float(w.sum()) == pytest.approx(1, abs=1e-13)
        assert float(w @ v) == pytest.approx(law.covariance, rel=1e-11 if name not in ("bernoulli 13", "bernoulli inf") else 2e-9)
    for power in (2, 3):
        low, middle, high = (float(w @ (v - law.covariance) ** power) for v, w in rules)
        assert low == pytest.approx(middle, rel=1e-8) == high


@pytest.mark.slow
@pytest.mark.parametrize("x", [0.1, 0.3])
@pytest.mark.parametrize("name", ["lmc", "rmm", "bernoulli 3", "bernoulli 8", "single 5"])
def test_even_moments_of_the_chain_on_the_line(name: str, x: float) -> None:
    """E X^4 = 3 E V^2 and E X^6 = 15 E V^3, by the engine that knows nothing of variances."""
    chain = on_gaussian(name, x, 1.0, None)
    line, (v, w) = stationary_law(chain, rtol=1e-9, engine="line"), law_of(name, x).mixture(4)
    for power, factor in ((2, 1), (4, 3), (6, 15)):
        moment = line.moment(power)
        assert abs(factor * float(w @ v ** (power // 2)) - moment.value) < 4 * moment.error + 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rmm", "bernoulli 3", "single inf"])
def test_even_moments_in_the_phase_plane(name: str) -> None:
    """E U^4 = 3 E V^2 for the random variance V of the position, and likewise for the velocity."""
    chain = on_gaussian(name, 0.4, 1.7, 1.3)
    plane, law = stationary_law(chain, rtol=1e-4, engine="phase_plane"), stationary_law(chain, engine="gaussian")
    for seen, told in ((plane.position, law.position), (plane.velocity, law.velocity)):
        v, w = told.mixture(3)
        assert float(w @ v) == pytest.approx(told.covariance, rel=1e-11)
        moment = seen.moment(4)
        assert abs(3 * float(w @ v**2) - moment.value) < 4 * moment.error + 1e-6


@pytest.mark.slow
@pytest.mark.parametrize(("name", "friction", "x"), [("rmm", None, 1.0), ("bernoulli 3", None, 0.9), ("single inf", 1.5, 0.9)])
def test_axes_share_their_variance(name: str, friction: float | None, x: float) -> None:
    """In d = 3, E u_i^2 u_j^2 = E V^2 and E |u|^6 = 105 E V^3 within four standard errors, where independent axes are far away."""
    target = Gaussian(dim=3)
    chain = scheme(name, Overdamped(target) if friction is None else Underdamped(target, friction), x)
    u = chain.dynamics.position(simulate(chain, 100_000, 15, seed=7, dtype=torch.float64))
    law = stationary_law(chain)
    v, w = (law if friction is None else law.position).mixture(4)
    square = u**2
    pairs = (square[:, 0] * square[:, 1] + square[:, 1] * square[:, 2] + square[:, 0] * square[:, 2]) / 3
    sixth = square.sum(1) ** 3
    for seen, told in ((pairs, float(w @ v**2)), (sixth, 105 * float(w @ v**3))):
        assert abs(float(seen.mean()) - told) < 4 * float(seen.std()) / math.sqrt(len(u))
    if name == "bernoulli 3":
        assert abs(float(pairs.mean()) - float(w @ v) ** 2) > 5 * float(pairs.std()) / math.sqrt(len(u))


class TestWithout:
    def test_gaussian_laws_have_one_variance(self) -> None:
        v, w = law_of("lmc", 0.2).mixture(7)
        assert float(v) == pytest.approx(1 / 0.9, rel=1e-14) and float(w) == 1

    @pytest.mark.parametrize(
        ("law", "words"),
        [
            (
                transient_law(PoissonMidpoint(Overdamped(Gaussian()), 0.2), Gaussian(1.0, 0.5), 2, engine="gaussian"),
                "a scale mixture in dimension 1, isotropic, of 1 block",
            ),
            (stationary_law(PoissonMidpoint(Underdamped(Gaussian(dim=2), 1.0), 0.2)), "a scale mixture in dimension 2, isotropic, of 2 blocks"),
            (stationary_law(EulerMaruyama(Overdamped(Gaussian([0.0, 0.0], [1.0, 2.0])), 0.2)), "a Gaussian in dimension 2, anisotropic, of 1 block"),
            (stationary_law(RandomizedMidpoint(Overdamped(Gaussian([0.0, 0.0], [1.0, 2.0])), 0.2)), "a scale mixture in dimension 2, anisotropic, of 1 block"),
        ],
    )
    def test_laws_that_have_none(self, law: LinearLaw, words: str) -> None:
        with pytest.raises(InvalidParameter, match=f"law = '{words}' is not allowed: a Gaussian, or the position or velocity on an isotropic target"):
            law.mixture(4)


@pytest.mark.parametrize("step", [0.5, 0.7, 1.0])
def test_more_nodes_than_the_moments_have_digits_for_are_refused(step: float) -> None:
    """Rounding decides from which number on: never is a variance without a sign or not a number."""
    law = stationary_law(RandomizedMidpoint(Overdamped(Gaussian()), step), engine="gaussian")
    refused = 0
    for nodes in range(14, 26):
        try:
            variances, weights = law.mixtures[0](nodes)
        except NotConverged:
            refused += 1
        else:
            assert float(variances.min()) > 0 and float(weights.sum()) == pytest.approx(1, abs=1e-12)
    assert refused > 0
