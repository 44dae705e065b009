"""Orders and leading terms derived from the steps of schemes: against formulas, and against the bias of one step computed on numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.schemes import Draw, EulerMaruyama, Normal, Ozaki, PoissonMidpoint, RandomizedMidpoint, Scheme, TamedEuler, Uniform
from pmmtheory.targets.derivative import derivative
from pmmtheory.testing.broken import IndependentNoise, SingleMidpoint
from pmmtheory.theory import leading_term
from pmmtheory.theory.expansion import expand
from pmmtheory.theory.jets.operator import diffusion, operator, operator_at
from pmmtheory.theory.jets.polynomials import RING, SIGN, F, K, antiderivative, slope
from tests.oracles.lines import COSINE, OWN
from tests.oracles.local_error import limit, predicted

HALF = RING(1) / 2
LMC, RMM = F[1] * F[2] / 2 - F[3] / 2, -F[2] * F[3] / 6
PMM = F[1] * F[2] ** 2 / 3 - F[2] * F[3] * 5 / 6


class Heun(Scheme):
    """Two evaluations, all noise in a draw."""

    draws: Mapping[str, Draw] = {"z": Normal()}
    drift_calls = 2.0

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        a, noise = self.step_size, math.sqrt(2 * self.step_size) * draws["z"]
        force = self.dynamics.drift(x, t)
        return x + a * (force + self.dynamics.drift(x + a * force + noise, t + a)) / 2 + noise, 0.0


class ShojiOzaki(Scheme):
    """Ozaki's step with the term of b'' in the mean: quotients by powers of b', which cancel, and a derivative of a derivative."""

    drift_calls = 3.0

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        a, force = self.step_size, self.dynamics.drift
        first = derivative(force, x)
        second = derivative(lambda y: derivative(force, y), x)
        growth = torch.expm1(a * first)
        mean = x + growth / first * force(x) + second / first**2 * (growth - a * first)
        return mean, torch.sqrt(torch.expm1(2 * a * first) / first)


class Stage(Scheme):
    """x + a ((1 - w) b(x) + w b(Y)) + sqrt(2a) N with Y = x + c a b(x) + sqrt(2a) (s u N + r M): any order from 0 to 2."""

    draws: Mapping[str, Draw] = {"u": Uniform(), "n": Normal(), "m": Normal()}
    drift_calls = 2.0

    def __init__(self, dynamics: Dynamics, step_size: float, w: float = 0.5, c: float = 1.0, s: float = 1.0, r: float = 0.0):
        super().__init__(dynamics, step_size)
        self.numbers = w, c, s, r

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        (w, c, s, r), a = self.numbers, self.step_size
        root, force = math.sqrt(2 * a), self.dynamics.drift(x, t)
        middle = x + c * a * force + root * (s * draws["u"] * draws["n"] + r * draws["m"])
        return x + a * ((1 - w) * force + w * self.dynamics.drift(middle, t)) + root * draws["n"], 0.0


class TestFormulas:
    """phi' in closed form."""

    @pytest.mark.parametrize(
        ("scheme", "local", "order", "flux"),
        [
            (EulerMaruyama, 1, 1, LMC),
            (Ozaki, 1, 1, F[3] / 2),
            (TamedEuler, 1, 1, LMC + SIGN * F[1] ** 2),
            (RandomizedMidpoint, 2, 2, RMM),
            (SingleMidpoint, 2, 2, RMM),
            (IndependentNoise, 1, 1, 2 * LMC),
        ],
    )
    def test_of_one_kind_of_step(self, scheme: type[Scheme], local: int, order: int, flux: Any) -> None:
        found = expand(scheme)
        assert (found.local_order, found.order) == (local, order)
        assert found.flux == flux

    @pytest.mark.slow
    @pytest.mark.parametrize(("midpoints", "flux"), [("bernoulli", PMM), ("single", RMM), ("interior", RMM)])
    def test_of_poisson_midpoints_for_every_k(self, midpoints: str, flux: Any) -> None:
        """LMC/K at any K, one order more at K = inf, and both together at K = c/step."""
        assert expand(PoissonMidpoint, None, 0, midpoints).flux == K * LMC
        assert expand(PoissonMidpoint, Fraction(1, 7), 0, midpoints).flux == LMC / 7
        assert expand(PoissonMidpoint, Fraction(0), 0, midpoints).flux == flux
        assert expand(PoissonMidpoint, None, 1, midpoints).flux == K * LMC + flux
        assert expand(PoissonMidpoint, Fraction(1, 2), 1, midpoints).flux == LMC / 2 + flux

    def test_both_options_differ_by_the_variance_of_the_midpoints(self) -> None:
        """The local operator of Option 1 at K = inf is that of Option 2 plus step^3 F''^2/3 d^2/dx^2, and no more up to step^3."""
        one, other = operator(PoissonMidpoint, "bernoulli"), operator(PoissonMidpoint, "single")
        differences = {key: (one.get(key, RING(0)) - other.get(key, RING(0))).compose(K, RING(0)) for key in one | other if key[0] <= 6}
        assert {key: d for key, d in differences.items() if d} == {(6, 2): F[2] ** 2 / 3}

    def test_on_gaussians(self) -> None:
        """3 F''^3 (F'^2 ...): the fourth cumulant of a random variance. Nothing at all for Ozaki."""
        assert expand(RandomizedMidpoint, gaussian=True).order == 3
        assert expand(PoissonMidpoint, gaussian=True).flux == F[1] * F[2] ** 2 / 3
        assert expand(Ozaki, gaussian=True).order is None

    def test_the_diffusion_keeps_its_law(self) -> None:
        """Its own operator, held against itself: E of every power of the step has no flux but that of L at the first."""
        assert set(diffusion()) == {(m, k) for m in (2, 4, 6, 8) for k in range(1, m + 1)}
        assert diffusion()[2, 1] == -F[1] and diffusion()[2, 2] == RING(1) and diffusion()[4, 4] == HALF

    @pytest.mark.parametrize(("substeps", "midpoints"), [(7, "single"), (math.inf, "single"), (6, "interior"), (math.inf, "interior")])
    def test_the_polynomial_in_one_over_k_holds_at_other_k(self, substeps: float, midpoints: str) -> None:
        """It is made of K = 1, ..., 5."""
        everywhere, here = operator(PoissonMidpoint, midpoints), operator_at(PoissonMidpoint, substeps, midpoints)
        share = RING(0) if substeps == math.inf else RING(1) / int(substeps)
        for key in everywhere | here:
            assert everywhere.get(key, RING(0)).compose(K, share) == here.get(key, RING(0))

    @pytest.mark.slow
    def test_the_same_for_independent_midpoints(self) -> None:
        everywhere, here = operator(PoissonMidpoint, "bernoulli"), operator_at(PoissonMidpoint, 6, "bernoulli")
        assert all(everywhere[key].compose(K, RING(1) / 6) == here.get(key, RING(0)) for key in everywhere)


class TestAgainstOneStep:
    """The bias of one step from a target, by numbers alone."""

    @staticmethod
    def check(make: Any, scheme: Any, target: Any, order: int) -> None:
        term = leading_term(scheme, target)
        assert term.order == order
        for k in (1.0, 2.3):
            found, apart = limit(make, lambda y, k=k: torch.sin(k * y + 0.4), order)
            wanted = predicted(term.phi, target, lambda y, k=k: k * torch.cos(k * y + 0.4), lambda y, k=k: -(k**2) * torch.sin(k * y + 0.4))
            assert abs(found - wanted) <= 5 * apart + 1e-6
            assert apart < 0.02 * abs(wanted)

    @pytest.mark.slow
    @pytest.mark.parametrize("scheme", [EulerMaruyama, Ozaki, Heun, ShojiOzaki])
    @pytest.mark.parametrize("target", [COSINE, OWN], ids=["cosine", "own"])
    def test_without_times(self, scheme: type[Scheme], target: Any) -> None:
        self.check(lambda h: scheme(Overdamped(target), h), scheme, target, 2 if scheme in (Heun, ShojiOzaki) else 1)

    @pytest.mark.slow
    def test_with_times(self) -> None:
        self.check(lambda h: RandomizedMidpoint(Overdamped(COSINE), h), RandomizedMidpoint, COSINE, 2)

    @pytest.mark.slow
    @settings(max_examples=5)
    @given(w=st.floats(0.2, 0.8), c=st.floats(0.0, 1.0), s=st.floats(0.2, 1.0), r=st.floats(0.1, 0.5))
    def test_orders_of_a_family(self, w: float, c: float, s: float, r: float) -> None:
        """Order 2 needs w c = 1/2, 2 w E(u) s = 1 and w E(u^2 s^2 + r^2) = 1/2; the flux of order 1 by hand where they do not hold."""

        class Own(Stage):
            def __init__(self, dynamics: Dynamics, step_size: float):
                super().__init__(dynamics, step_size, w, c, s, r)

        found = expand(Own)
        # step^2: (w c - 1/2) b b' d + w (s^2/3 + r^2 - ...) b'' d + (w s - 1) b' d^2, against b b'/2 + b''/2 and b'
        one, two, three = w * c - 0.5, w * (s * s / 3 + r * r) - 0.5, w * s - 1.0
        # -(sum (-1)^k (1/pi) d^(k-1)(d_k pi)) with b = -F': d_1 - (d_2' - F' d_2)
        wanted = {(1, 1): one - three, (3,): -two + three}
        assert found.order == 1
        assert float(found.flux.coeff(F[1] * F[2])) == pytest.approx(wanted[1, 1], abs=1e-11)
        assert float(found.flux.coeff(F[3])) == pytest.approx(wanted[3,], abs=1e-11)


class TestConstants:
    @pytest.mark.slow
    def test_a_subclass_with_a_step_of_its_own_has_its_own(self) -> None:
        """Its parent's would be false."""

        class Late(EulerMaruyama):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                mean, factor = super().step(x, t, draws)
                return mean + self.step_size**2 * self.dynamics.drift(x, t), factor

        own, parent = leading_term(Late, COSINE), leading_term(EulerMaruyama, COSINE)
        points = torch.tensor([-1.0, 0.2, 1.4], dtype=torch.float64)
        gap = own.phi(points) - parent.phi(points) + COSINE.potential(points)  # a^2 b more drift: phi' = F'F''/2 - F'''/2 - F'
        assert torch.allclose(gap, gap[:1].expand(3), rtol=0, atol=1e-10)

    @pytest.mark.slow
    def test_one_that_changes_nothing_has_that_of_its_parent(self) -> None:
        class Same(RandomizedMidpoint):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                return super().step(x, t, draws)

        assert float(leading_term(Same, COSINE).kl) == pytest.approx(float(leading_term(RandomizedMidpoint, COSINE).kl), rel=1e-12)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.integers(-5, 5)), min_size=1, max_size=5))
def test_what_is_integrated_is_an_antiderivative(terms: list[tuple[int, int, int, int]]) -> None:
    p = sum((c * F[1] ** i * F[2] ** j * F[3] ** k for i, j, k, c in terms), RING(0))
    whole, rest = antiderivative(p)
    assert slope(whole) + rest == p
    again, nothing = antiderivative(slope(p))
    assert nothing == 0 and again - p == (again - p).coeff(1)
