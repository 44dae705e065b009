"""The exact covariances by other routes: fractions, enumeration, a differential equation, closed forms and leading coefficients."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from tests.oracles.gaussian_chain import lmc_variance, pmm_variance
from tests.oracles.linear_chain import contraction, covariance_after, stationary_covariance, stationary_error
from tests.oracles.linear_step import System, _times
from tests.oracles.substep_pmm import substep_underdamped

SPLITTINGS = ("BAOAB", "OBABO", "ABOBA", "UBU", "BUB")
CHAINS = [("EulerMaruyama", None, "bernoulli"), ("RandomizedMidpoint", None, "bernoulli"), *((name, None, "bernoulli") for name in SPLITTINGS)]
CHAINS += [("PoissonMidpoint", substeps, kind) for substeps in (1, 3, None) for kind in ("bernoulli", "single")]
kinds = pytest.mark.parametrize("kind", ["bernoulli", "single"])
curvatures, frictions = st.floats(0.2, 3), st.floats(-1, 1).map(lambda power: 10**power)
EYE = np.eye(2)


class TestOverdamped:
    @kinds
    @pytest.mark.parametrize("substeps", [1, 2, 3, 10, 40, None])
    @pytest.mark.parametrize("step", [1 / 64, 0.25, 1.0])
    def test_fractions(self, step: float, substeps: int | None, kind: str) -> None:
        lam = 2.0 if step < 1 else 1.0
        exact = pmm_variance(Fraction(step * lam), substeps, kind) / Fraction(lam)
        assert stationary_covariance("PoissonMidpoint", step, lam, None, substeps, kind) == pytest.approx(float(exact), rel=1e-15)
        assert stationary_error("PoissonMidpoint", step, lam, None, substeps, kind) == pytest.approx(float(exact - 1 / Fraction(lam)), rel=1e-15)

    def test_the_others(self) -> None:
        assert stationary_covariance("EulerMaruyama", 0.25, 2.0, None) == pytest.approx(float(lmc_variance(Fraction(1, 2)) / 2), rel=1e-15)
        assert stationary_covariance("RandomizedMidpoint", 0.25, 2.0, None) == pytest.approx(float(pmm_variance(Fraction(1, 2), None, "single") / 2), rel=1e-15)

    @pytest.mark.parametrize(
        ("scheme", "kind", "limit"), [("EulerMaruyama", "bernoulli", 2), ("PoissonMidpoint", "bernoulli", 1.2150), ("RandomizedMidpoint", "single", 1.5961)]
    )
    def test_stable_steps(self, scheme: str, kind: str, limit: float) -> None:
        assert contraction(scheme, limit - 1e-4, 1.0, None, None, kind) < 1 < contraction(scheme, limit + 1e-4, 1.0, None, None, kind)
        with pytest.raises(ValueError, match="not mean-square stable"):
            stationary_covariance(scheme, limit + 1e-4, 1.0, None, None, kind)


class TestMidpoints:
    @pytest.mark.slow
    @kinds
    @pytest.mark.parametrize("substeps", [1, 2, 3])
    @settings(max_examples=7)
    @given(lam=curvatures, friction=frictions, step=st.floats(0.05, 0.9))
    def test_enumeration(self, substeps: int, kind: str, lam: float, friction: float, step: float) -> None:
        """Every H with its probability, through the substeps as they are written, by unit vectors."""
        seen = {0: np.zeros((2, 2)), 1: np.zeros((2, 2))}
        for chosen in product([0.0, 1.0], repeat=substeps):
            count = int(sum(chosen))
            chance = (1 / substeps) ** count * (1 - 1 / substeps) ** (substeps - count) if kind == "bernoulli" else (count == 1) / substeps
            if not chance:
                continue
            inputs = torch.eye(2 * substeps + 2, dtype=torch.float64).reshape(-1, substeps + 1, 2)
            columns = np.array(
                [substep_underdamped(lambda u: -lam * u, x, friction, step, torch.tensor(chosen), z) for x, z in ((row[0], row[1:]) for row in inputs)]
            )
            for start, total in seen.items():
                total += chance * (start * columns[:2].T @ columns[:2] + columns[2:].T @ columns[2:])
        for start, total in seen.items():
            assert total == pytest.approx(covariance_after("PoissonMidpoint", step, lam, friction, 1, start * EYE, substeps, kind), rel=1e-12, abs=1e-14)

    @pytest.mark.slow
    @settings(max_examples=7)
    @given(lam=curvatures, friction=frictions, step=st.floats(0.05, 0.9))
    def test_infinitely_many_by_a_differential_equation(self, lam: float, friction: float, step: float) -> None:
        """(X_0, Xhat, X) flows, diffuses, and at rate 1/a jumps by a f (b(Xhat) - b(X_0))."""
        zero, pull, linear = np.zeros((2, 2)), np.array([[0.0, 0.0], [-lam, 0.0]]), np.array([[0.0, 1.0], [0.0, -friction]])
        flow = np.block([[zero, zero, zero], [pull, linear, zero], [pull, zero, linear]])
        jump = np.eye(6) + step * np.block([[zero, zero, zero], [zero, zero, zero], [-pull, pull, zero]])
        noise = np.kron([[0, 0, 0], [0, 1, 1], [0, 1, 1]], np.diag([0.0, 2 * friction])).reshape(-1, 1)
        growth = np.kron(flow, np.eye(6)) + np.kron(np.eye(6), flow) + (np.kron(jump, jump) - np.eye(36)) / step
        solved = expm(step * np.block([[growth, noise], [np.zeros((1, 37))]]))
        for start in (zero, EYE, np.ones((2, 2))):
            end = solved @ np.append(np.kron(np.ones((3, 3)), start).ravel(), 1)
            seen = end[:-1].reshape(6, 6)[4:, 4:]
            assert seen == pytest.approx(covariance_after("PoissonMidpoint", step, lam, friction, 1, start), rel=1e-11, abs=1e-13)

    @pytest.mark.slow
    @kinds
    @pytest.mark.parametrize("friction", [None, 1.1])
    def test_many_substeps_extrapolate_to_infinitely_many(self, kind: str, friction: float | None) -> None:
        """Three steps of Richardson's extrapolation in 1/K."""
        table = [stationary_covariance("PoissonMidpoint", 0.2, 1.7, friction, k, kind) for k in (6, 12, 24, 48)]
        for order in (1, 2, 3):
            table = [(2**order * fine - coarse) / (2**order - 1) for coarse, fine in zip(table, table[1:], strict=False)]
        assert table[0] == pytest.approx(stationary_covariance("PoissonMidpoint", 0.2, 1.7, friction, None, kind), rel=1e-6, abs=1e-7)

    @pytest.mark.parametrize("friction", [None, 1.1])
    def test_one_substep_is_the_base_chain_and_two_have_one_kind(self, friction: float | None) -> None:
        base = stationary_covariance("EulerMaruyama", 0.4, 1.7, friction)
        for kind in ("bernoulli", "single"):
            assert np.array_equal(stationary_covariance("PoissonMidpoint", 0.4, 1.7, friction, 1, kind), base)
        one, other = (stationary_error("PoissonMidpoint", 0.4, 1.7, friction, 2, kind) for kind in ("bernoulli", "single"))
        assert one == pytest.approx(other, rel=1e-15)


class TestClosedForms:
    """On a Gaussian the stationary laws of three splittings are those of velocity Verlet's energy: q = 1 - a^2 lam/4."""

    @pytest.mark.slow
    @given(lam=curvatures, friction=frictions, step=st.floats(0.05, 1.1))
    def test_three_splittings(self, lam: float, friction: float, step: float) -> None:
        q = 1 - step**2 * lam / 4
        for scheme, exact in {"BAOAB": [1 / lam, q], "OBABO": [1 / (lam * q), 1.0], "ABOBA": [1 / lam, 1 / q]}.items():
            assert stationary_covariance(scheme, step, lam, friction) == pytest.approx(np.diag(exact), rel=1e-13, abs=1e-30)

    @pytest.mark.slow
    def test_without_a_force_the_velocity_is_stationary_and_the_position_diffuses(self) -> None:
        exact = (0.3 - (1 - math.exp(-1.7 * 0.3)) / 1.7) * 2 / 1.7
        for scheme, substeps, kind in CHAINS:
            after = covariance_after(scheme, 0.3, 0.0, 1.7, 1, np.diag([0.0, 1.0]), substeps, kind)
            assert after[1, 1] == pytest.approx(1, rel=1e-15)
            if "A" not in scheme:
                assert after[0, 0] == pytest.approx(exact, rel=1e-14)


LEADING: dict[tuple[str, str], tuple[int, Callable[[float, float], list[float]]]] = {
    ("EulerMaruyama", ""): (1, lambda lam, g: [1 / (2 * g), 0, lam / (2 * g)]),
    ("RandomizedMidpoint", ""): (3, lambda lam, g: [lam / (24 * g), -lam / 24, lam * (g**2 + lam) / (24 * g)]),
    ("PoissonMidpoint", "bernoulli"): (3, lambda lam, g: [lam / (8 * g), 0, lam**2 / (8 * g)]),
    ("PoissonMidpoint", "single"): (4, lambda lam, g: [0, 0, lam**2 / 24]),
    ("BAOAB", ""): (2, lambda lam, g: [0, 0, -lam / 4]),
    ("OBABO", ""): (2, lambda lam, g: [1 / 4, 0, 0]),
    ("ABOBA", ""): (2, lambda lam, g: [0, 0, lam / 4]),
    ("UBU", ""): (2, lambda lam, g: [-1 / 6, g / 24, lam / 12]),
    ("BUB", ""): (2, lambda lam, g: [1 / 12, -g / 12, -lam / 6]),
}
"""The order of the error and its coefficients for Var U, Cov(U, V) and Var V."""

PLACES = pytest.mark.parametrize(("lam", "friction"), [(1.7, 2.3), (0.6, 0.8), (3.0, 0.2)])


@pytest.mark.slow
@PLACES
@pytest.mark.parametrize("key", LEADING)
def test_leading_coefficients(key: tuple[str, str], lam: float, friction: float) -> None:
    """By one extrapolation from steps 1e-4 and 5e-5: what is left is of order step^2."""
    scheme, kind = key
    order, coefficients = LEADING[key]
    coarse, fine = (stationary_error(scheme, step, lam, friction, None, kind or "bernoulli").ravel()[[0, 1, 3]] / step**order for step in (1e-4, 5e-5))
    assert 2 * fine - coarse == pytest.approx(coefficients(lam, friction), rel=1e-6, abs=1e-6)


@pytest.mark.slow
@PLACES
@kinds
@pytest.mark.parametrize("substeps", [2, 20])
def test_finitely_many_substeps_add_the_base_chain_with_the_small_step(substeps: int, kind: str, lam: float, friction: float) -> None:
    coarse, fine = (stationary_error("PoissonMidpoint", step, lam, friction, substeps, kind).ravel()[[0, 1, 3]] / step for step in (1e-5, 5e-6))
    expected = [1 / (2 * friction * substeps), 0, lam / (2 * friction * substeps)]
    assert 2 * fine - coarse == pytest.approx(expected, rel=1e-6, abs=1e-7)


@pytest.mark.slow
@kinds
def test_as_many_substeps_as_one_over_the_step_are_quadratic(kind: str) -> None:
    lam, friction = 1.7, 2.3
    coarse, fine = (stationary_error("PoissonMidpoint", 1 / k, lam, friction, k, kind).ravel()[[0, 1, 3]] * k**2 for k in (40, 80))
    assert 2 * fine - coarse == pytest.approx([1 / (2 * friction), 0, lam / (2 * friction)], rel=2e-3, abs=1e-3)


class TestRecursion:
    @pytest.mark.parametrize("friction", [None, 1.3])
    @pytest.mark.parametrize(("scheme", "substeps", "kind"), CHAINS)
    def test_the_stationary_covariance_stays(self, scheme: str, substeps: int | None, kind: str, friction: float | None) -> None:
        if friction is None and scheme in SPLITTINGS:
            with pytest.raises(ValueError, match="no formula"):
                stationary_covariance(scheme, 0.3, 1.7, friction)
            return
        law = stationary_covariance(scheme, 0.3, 1.7, friction, substeps, kind)
        assert covariance_after(scheme, 0.3, 1.7, friction, 3, law, substeps, kind) == pytest.approx(law, rel=1e-14, abs=1e-15)
        assert np.array_equal(law, law.T) or law == pytest.approx(law.T, rel=1e-15, abs=1e-30)
        assert np.linalg.eigvalsh(law).min() > 0

    @pytest.mark.parametrize(("scheme", "substeps", "kind"), CHAINS)
    def test_steps_add_up_and_contract(self, scheme: str, substeps: int | None, kind: str) -> None:
        start = np.array([[2.0, -0.3], [-0.3, 0.5]])
        assert np.array_equal(covariance_after(scheme, 0.3, 1.7, 1.3, 0, start, substeps, kind), start)
        half = covariance_after(scheme, 0.3, 1.7, 1.3, 4, start, substeps, kind)
        whole = covariance_after(scheme, 0.3, 1.7, 1.3, 9, start, substeps, kind)
        assert covariance_after(scheme, 0.3, 1.7, 1.3, 5, half, substeps, kind) == pytest.approx(whole, rel=1e-14, abs=1e-15)
        law, rate = stationary_covariance(scheme, 0.3, 1.7, 1.3, substeps, kind), contraction(scheme, 0.3, 1.7, 1.3, substeps, kind)
        gaps = [np.abs(covariance_after(scheme, 0.3, 1.7, 1.3, n, start, substeps, kind) - law).max() for n in (0, 60)]
        assert gaps[1] < 20 * rate**60 * gaps[0]


@pytest.mark.slow
@settings(max_examples=6)
@given(friction=st.floats(0.01, 50), a=st.floats(1e-6, 1), power=st.integers(0, 3), multiple=st.integers(0, 3))
def test_the_rule_over_times(friction: float, a: float, power: int, multiple: int) -> None:
    """int_0^a s^n exp(-k friction s) ds to 30 digits."""
    with mp.workdps(60):
        rate = multiple * mp.mpf(friction)
        seen = sum(weight * time**power * mp.exp(-rate * time) for time, weight in _times(System(mp.mpf(1), mp.mpf(friction)), mp.mpf(a)))
        exact = mp.gammainc(power + 1, 0, rate * a) / rate ** (power + 1) if multiple else mp.mpf(a) ** (power + 1) / (power + 1)
        assert abs(seen / exact - 1) < mp.mpf(10) ** -30


def test_unknown_schemes() -> None:
    with pytest.raises(ValueError, match="no formula for Verlet"):
        stationary_covariance("Verlet", 0.1, 1.0, 1.0)
    with pytest.raises(ValueError, match="no formula for PoissonMidpoint, other"):
        stationary_covariance("PoissonMidpoint", 0.1, 1.0, 1.0, 3, "other")
