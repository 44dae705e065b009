"""On a Gaussian target the exact laws must have the variances of exact rational arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from pmmtheory.dynamics import Overdamped
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian
from tests.oracles.gaussian_chain import lmc_variance, pmm_variance, rmm_fourth_cumulant

CURVATURE, MEAN = Fraction(17, 10), 0.3
TARGET = Gaussian(mean=MEAN, covariance=float(1 / CURVATURE))
STEPS = [Fraction(1, 100), Fraction(1, 20), Fraction(1, 5)]
SUBSTEPS = [2, 3, 7, 20, None]
DIGITS = 1e-9
"""Relative accuracy that every variance must have."""


def build(kind: str, x: Fraction, substeps: int | None = None) -> Scheme:
    dynamics, step = Overdamped(TARGET), float(x / CURVATURE)
    if kind == "lmc":
        return EulerMaruyama(dynamics, step)
    if kind == "rmm":
        return RandomizedMidpoint(dynamics, step)
    return PoissonMidpoint(dynamics, step, substeps=math.inf if substeps is None else substeps, midpoints=kind)


def variance(scheme: Scheme) -> float:
    law = stationary_law(scheme)
    assert law.mean == pytest.approx(MEAN, abs=DIGITS)
    return law.covariance * float(CURVATURE)


@pytest.mark.parametrize("x", STEPS)
def test_variance_of_lmc(x: Fraction) -> None:
    assert lmc_variance(x) == 1 / (1 - x / 2)
    assert variance(build("lmc", x)) == pytest.approx(float(lmc_variance(x)), rel=DIGITS)


@pytest.mark.slow
@pytest.mark.parametrize("x", STEPS)
@pytest.mark.parametrize("substeps", SUBSTEPS)
@pytest.mark.parametrize("kind", ["bernoulli", "single"])
def test_variance_of_pmm(kind: str, substeps: int | None, x: Fraction) -> None:
    assert variance(build(kind, x, substeps)) == pytest.approx(float(pmm_variance(x, substeps, kind)), rel=DIGITS)


@pytest.mark.parametrize("x", STEPS)
def test_variance_of_rmm(x: Fraction) -> None:
    assert variance(build("rmm", x)) == pytest.approx(float(pmm_variance(x, None, "single")), rel=DIGITS)


@pytest.mark.slow
def test_a_variance_of_the_other_kind_is_told_apart() -> None:
    x = Fraction(1, 20)
    assert variance(build("bernoulli", x, 7)) != pytest.approx(float(pmm_variance(x, 7, "single")), rel=DIGITS)
    assert variance(build("bernoulli", x, 7)) != pytest.approx(float(pmm_variance(x, 8, "bernoulli")), rel=DIGITS)


@pytest.mark.parametrize("x", [Fraction(1, n) for n in (3, 10, 47)])
def test_closed_forms_of_infinite_k(x: Fraction) -> None:
    assert pmm_variance(x, None, "bernoulli") == 4 * (6 - 6 * x + 5 * x**2) / (24 - 24 * x + 12 * x**2 - 7 * x**3)
    assert pmm_variance(x, None, "single") == 3 * (2 - 2 * x + x**2) / (6 - 6 * x + 3 * x**2 - x**3)


@pytest.mark.parametrize("k", [1, 2, 3, 7, 20])
def test_expansions_in_the_step(k: int) -> None:
    """What is left after three terms falls like x^4: it drops by 16 when x is halved, to the next order."""
    coefficients = {
        "bernoulli": (Fraction(1, 2 * k), Fraction(4 * k**2 - 6 * k + 5, 12 * k**2), Fraction(15 * k**3 - 38 * k**2 + 33 * k - 7, 24 * k**3)),
        "single": (Fraction(1, 2 * k), Fraction(2 * k - 1, 4 * k**2), Fraction(4 * k**3 - 4 * k + 3, 24 * k**3)),
    }
    for kind, terms in coefficients.items():

        def rest(x: Fraction, kind: str = kind, terms: tuple[Fraction, ...] = terms) -> Fraction:
            return pmm_variance(x, k, kind) - 1 - sum((c * x ** (j + 1) for j, c in enumerate(terms)), Fraction(0))

        small = Fraction(1, 10**6)
        assert float(rest(2 * small) / rest(small)) == pytest.approx(16, rel=100 * float(small))


@pytest.mark.slow
def test_finite_k_tends_to_the_closed_forms() -> None:
    x = Fraction(1, 7)
    for kind in ("bernoulli", "single"):
        gaps = [pmm_variance(x, k, kind) - pmm_variance(x, None, kind) for k in (64, 128)]
        assert float(gaps[0] / gaps[1]) == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("x", [Fraction(1, 10), Fraction(1, 5), Fraction(1, 2)])
def test_fourth_cumulant_of_rmm(x: Fraction) -> None:
    law = stationary_law(build("rmm", x), rtol=1e-11)
    centre = law.mean
    second, fourth = (law._expect((law.grid - centre) ** n) for n in (2, 4))
    measured = (fourth - 3 * second**2) * float(CURVATURE) ** 2
    assert measured == pytest.approx(float(rmm_fourth_cumulant(x)), abs=1e-11)


def test_fourth_cumulant_of_rmm_is_that_of_a_random_variance() -> None:
    """kappa_4 = 3 Var V with Var V = x^3/12: a quarter of x^3."""
    small = Fraction(1, 10**5)
    assert float(rmm_fourth_cumulant(small) / small**3) == pytest.approx(0.25, rel=10 * float(small))
