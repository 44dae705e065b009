"""Distances of the laws of chains from isotropic Gaussian targets: against the line, in high dimension, for small steps and far laws."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from scipy import stats

from pmmtheory.divergences import Estimate, chi2, kl, tv, w2
from pmmtheory.divergences.radial import Radial
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LinearLaw, stationary_law
from pmmtheory.laws.gaussian.random_variance import VarianceRule
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.schemes import RandomizedMidpoint
from pmmtheory.targets import Gaussian
from tests.oracles.linear_schemes import on_gaussian, scheme

ROUTES = {"kl": kl, "tv": tv, "w2": w2, "chi2": chi2}
CROWDED = ("bernoulli 40", "bernoulli inf")


class TestAgainstTheLine:
    """In dimension 1 the laws of the other engine have the same distances."""

    @staticmethod
    @cache
    def both(name: str, x: float) -> dict[str, tuple[Estimate, Estimate]]:
        chain = on_gaussian(name, x, 1.0, None)
        line, law = stationary_law(chain, rtol=1e-9, engine="line"), stationary_law(chain, engine="gaussian")
        known = [key for key in ROUTES if key != "chi2" or name not in CROWDED]
        return {key: (ROUTES[key](law, chain.dynamics.target), ROUTES[key](line, chain.dynamics.target)) for key in known}

    @pytest.mark.slow
    @pytest.mark.parametrize("route", ROUTES)
    @pytest.mark.parametrize(
        ("name", "x"),
        [("lmc", 0.2), ("rmm", 0.2), ("rmm", 0.5), ("bernoulli 3", 0.2), ("bernoulli 8", 0.1), ("bernoulli 40", 0.05), ("bernoulli inf", 0.05)]
        + [("single 2", 0.3), ("single 5", 0.2), ("single inf", 0.3)],
    )
    def test_one_value(self, name: str, x: float, route: str) -> None:
        """KL to 1e-8; all to a few of the errors that both state. chi2 is infinite where many midpoints can meet in a step."""
        if route == "chi2" and name in CROWDED:
            with pytest.raises(InvalidParameter, match="whose chi2 is surely finite"):
                chi2(stationary_law(on_gaussian(name, x, 1.0, None), engine="gaussian"), Gaussian())
            return
        seen, told = self.both(name, x)[route]
        assert abs(seen.value - told.value) < 4 * (seen.error + told.error) + 1e-9 * told.value
        if route == "kl":
            assert seen.value == pytest.approx(told.value, rel=1e-8)


@pytest.mark.slow
def test_finer_rules_for_the_midpoints_change_no_more_than_stated() -> None:
    target = Gaussian()
    chain = scheme("bernoulli inf", Overdamped(target), 0.1)
    law = stationary_law(chain, engine="gaussian")
    assert isinstance(law, LinearLaw)
    seen = kl(law, target)
    finer = kl(replace(law, mixtures=(VarianceRule(OnAxes(chain, target.variances), law.blocks[0], 0, 2),)), target)
    assert abs(seen.value - finer.value) < 4 * (seen.error + finer.error)


class TestTheRandomVariance:
    """v' = R^2 v + Q over the draws of a step: what it cannot exceed decides whether chi2 is finite."""

    @pytest.mark.parametrize(("name", "x"), [("rmm", 1.05), ("rmm", 1.3), ("bernoulli 8", 0.5), ("bernoulli inf", 0.01)])
    def test_chi2_is_refused_where_a_multiplier_exceeds_one(self, name: str, x: float) -> None:
        with pytest.raises(InvalidParameter, match="whose chi2 is surely finite: here the random variance may reach twice that of the target"):
            chi2(stationary_law(scheme(name, Overdamped(Gaussian()), x), engine="gaussian"), Gaussian())

    @pytest.mark.parametrize(("name", "x"), [("rmm", 0.2), ("rmm", 0.6), ("bernoulli 3", 0.2), ("bernoulli 8", 0.1), ("single 5", 0.2)])
    def test_no_path_of_variances_exceeds_the_bound(self, name: str, x: float) -> None:
        chain = scheme(name, Overdamped(Gaussian()), x)
        law = stationary_law(chain, engine="gaussian")
        assert isinstance(law, LinearLaw)
        widest = law.mixtures[0].widest  # type: ignore[attr-defined]
        assert widest < 2
        steps = OnAxes(chain, torch.ones(1, dtype=torch.float64)).steps(4)
        square, noise = steps.matrix[:, 0, 0, 0] ** 2, steps.noise[:, 0, 0, 0]
        v = torch.zeros(())
        for _ in range(2000):  # the worst draw at every step
            v = (square * v + noise).max()
        assert float(law.mixture(8)[0].max()) < float(v) <= widest + 1e-9

    @pytest.mark.parametrize("route", ["kl", "tv", "w2"])
    @pytest.mark.parametrize("x", [0.1, 0.4, 0.8])
    def test_finer_rules_and_more_nodes_stay_within_the_error(self, route: str, x: float) -> None:
        """Larger steps, where the tail of the random variance is heavier."""
        target = Gaussian(dim=3)
        law = stationary_law(scheme("rmm", Overdamped(target), x), engine="gaussian")
        seen = ROUTES[route](law, target)
        assert {"covariance", "resolution", "rounding"} == set(seen.parts)
        assert isinstance(law, LinearLaw)
        rule = VarianceRule(OnAxes(scheme("rmm", Overdamped(target), x), target.variances[:1]), law.blocks[0], 0, 2)
        v, w = rule({0.1: 8, 0.4: 10, 0.8: 12}[x])
        finer = getattr(Radial(3, v, w, 1.0, 0.7), route)
        assert abs(seen.value - finer) <= seen.error + 1e-13 * finer


class TestHighDimension:
    @pytest.mark.slow
    @pytest.mark.parametrize("x", [0.06, 0.1])
    def test_the_poisson_midpoint_method_in_ten_thousand_dimensions(self, x: float) -> None:
        """KL exceeds that of a Gaussian of the same variance, by the variance of the random variance v: d (d + 2) Var(v)^2/16 for small ones."""
        dim, target = 10_000, Gaussian(dim=10_000)
        law = stationary_law(scheme("bernoulli inf", Overdamped(target), x))
        seen = kl(law, target)
        assert seen.error < 1e-6 * seen.value
        v, w = law.mixture(4)
        excess, spread = float(w @ v) - 1, float(w @ (v - w @ v) ** 2)
        assert dim / 4 * excess**2 < seen.value < dim / 4 * (excess**2 + spread)

    @pytest.mark.slow
    @pytest.mark.parametrize("dim", [1, 100, 10_000])
    @pytest.mark.parametrize(("name", "coefficient", "order"), [("lmc", 1 / 2, 1), ("bernoulli inf", 1 / 3, 2), ("bernoulli 4", 1 / 8, 1)])
    def test_leading_terms(self, name: str, coefficient: float, order: int, dim: int) -> None:
        """(d/4) rel^2 as step -> 0, rel = coefficient x^order, and W2 = sqrt(d) rel/2."""
        target, off = Gaussian(dim=dim), []
        for x in (4e-3, 2e-3):
            law = stationary_law(scheme(name, Overdamped(target), x), engine="gaussian")
            off.append(
                [
                    kl(law, target).value / (dim / 4 * (coefficient * x**order) ** 2) - 1,
                    w2(law, target).value / (math.sqrt(dim) / 2 * coefficient * x**order) - 1,
                ]
            )
        assert np.abs(off[1]).max() < 0.03 + 2e-6 * dim * (order == 2)
        assert np.max(np.array(off[1]) / np.array(off[0])) < 0.6  # it falls like the step


class TestOfTheLargest:
    """Where p/q is large far out: chi2 is prod 1/sqrt(r (2 - r)) - 1 with r the ratio of variances, and infinite from r = 2 on."""

    @staticmethod
    def law_and_target(x: float, dim: int) -> tuple[LinearLaw, Gaussian]:
        target = Gaussian(dim=dim)
        return stationary_law(scheme("lmc", Overdamped(target), x), engine="gaussian"), target

    @pytest.mark.parametrize(("x", "dim"), [(0.9, 1), (0.9, 20), (0.6, 100), (0.3, 1000)])
    def test_chi2(self, x: float, dim: int) -> None:
        seen, r = chi2(*self.law_and_target(x, dim)), 1 / (1 - x / 2)
        exact = math.expm1(-dim / 2 * math.log(r * (2 - r)))
        assert abs(seen.value - exact) < 4 * seen.error + 1e-9 * exact

    @pytest.mark.parametrize(("x", "dim"), [(1.0, 1), (1.5, 1), (1.2, 20), (1.5, 10_000)])
    def test_infinite_chi2(self, x: float, dim: int) -> None:
        with pytest.raises(InvalidParameter, match="chi2 is finite"):
            chi2(*self.law_and_target(x, dim))

    def test_tv_of_disjoint_laws(self) -> None:
        assert tv(*self.law_and_target(1.5, 10_000)).value == pytest.approx(1)

    @pytest.mark.parametrize("dim", [1, 20, 1000])
    def test_the_error_of_tv(self, dim: int) -> None:
        seen, r = tv(*self.law_and_target(0.3, dim)), 1 / 0.85
        crossing = dim * math.log(r) / (1 - 1 / r)
        assert abs(seen.value - abs(stats.chi2.cdf(crossing / r, dim) - stats.chi2.cdf(crossing, dim))) < 4 * seen.error


def chi2_by_moments(step: float, dim: int, terms: int = 170) -> float:
    """chi2 of the randomized midpoint method on N(0, I) in an even dimension 2m: sum over k >= 1 of C(m + k - 1, k) (E x^k)^2, x = v - 1.

    v obeys v' = (1 - h + u h^2)^2 v + 2h - 4h^2 u + 2h^3 u with uniform u, which gives its moments one after the other.
    """
    nodes, weights = np.polynomial.legendre.leggauss(300)
    u, w = (nodes + 1) / 2, weights / 2
    square = (1 - step + u * step**2) ** 2
    added, moments = 2 * step - 4 * step**2 * u + 2 * step**3 * u + square - 1, [1.0]
    for k in range(1, terms):
        moments.append(sum(math.comb(k, j) * float(w @ (square**j * added ** (k - j))) * moments[j] for j in range(k)) / (1 - float(w @ square**k)))
    return float(sum(math.comb(dim // 2 + k - 1, k) * moments[k] ** 2 for k in range(1, terms)))


@pytest.mark.parametrize(("step", "dim", "share"), [(0.6, 100, 1e-6), (0.8, 10, 1e-9), (0.8, 30, 1e-6), (0.9, 10, 1e-4), (0.9, 2, 1e-7)])
def test_a_node_beyond_what_the_variance_can_be_is_none(step: float, dim: int, share: float) -> None:
    """Of sixteen nodes rounding, which is another on another processor, makes one with twice the variance of the target, and a weight of 1e-22."""
    target = Gaussian(dim=dim)
    law, exact = stationary_law(RandomizedMidpoint(Overdamped(target), step), engine="gaussian"), chi2_by_moments(step, dim)
    seen = chi2(law, target)
    assert abs(seen.value - exact) <= seen.error <= share * exact
    assert tv(law, target).error < 1e-8
