"""Orders and constants of underdamped schemes, derived from their steps: against closed forms, exact laws, and by breaking a scheme."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.divergences import kl, tv
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import ABOBA, BAOAB, BUB, OBABO, UBU, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.schemes.splitting import Splitting
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory import leading_covariance, phase_leading_term, phase_order, phase_orders
from pmmtheory.theory.panels import Panels, panels
from pmmtheory.theory.phase_plane.expansion import expand_phase
from pmmtheory.theory.phase_plane.poisson import orthonormal, solved

SCHEMES: list[type[Scheme]] = [EulerMaruyama, ABOBA, BAOAB, BUB, OBABO, UBU, RandomizedMidpoint]


class Wave(LineTarget):
    """F = x^2/2 + size cos(x + shift), at any place."""

    def __init__(self, size: float = 0.3, shift: float = 0.5, place: float = 0.0):
        self.size, self.shift, self.place = size, shift, place

    def potential(self, x: torch.Tensor) -> torch.Tensor:
        y = x - self.place
        return y * y / 2 + self.size * torch.cos(y + self.shift)


class Kinked(Wave):
    kinks = (0.0,)


class LateKick(UBU):
    """A kick of 1% too much."""

    parts = (("U", 0.5), ("B", 1.01), ("U", 0.5))


class Lame(Splitting):
    """The flows of UBU with the kick off the middle: of order 1."""

    parts = (("U", 0.4), ("B", 1.0), ("U", 0.6))
    orders = {Underdamped: 1}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_declared_order_is_the_derived_one(scheme: type[Scheme]) -> None:
    dynamics = Underdamped(Gaussian(), friction=1.0)
    assert phase_order(scheme).order == scheme(dynamics, 0.1).orders[Underdamped]


@pytest.mark.parametrize("midpoints", ["single", "interior"])
def test_midpoints(midpoints: str) -> None:
    found = [phase_order(PoissonMidpoint, k, midpoints) for k in (1, 4, math.inf)]
    assert [row.order for row in found] == [1, 1, 3]
    assert found[0].source == phase_order(EulerMaruyama).source  # K = 1 is that scheme
    assert found[2].source == "1/24 v^4 F''^2 - 1/4 v^2 F''^2 + 1/8 F''^2"


def test_sources_have_no_part_along_one() -> None:
    """E_pi A*1 = 0, as one step keeps the mass: by quadrature on a target that is no Gaussian."""
    rule = Panels(Wave(), panels(Wave()), 16)
    v, w = np.polynomial.hermite_e.hermegauss(12)
    w = w / w.sum()
    for scheme in SCHEMES:
        for source in expand_phase(scheme).sources.values():
            total = size = 0.0
            for (_, velocity, friction, *powers), c in source.items():
                term = rule.mass.clone()
                for n, power in enumerate(powers, 1):
                    term = term * rule.derivative(n) ** power if power else term
                part = float(c) * 0.7**friction * float(w @ v**velocity) * float(term.sum())
                total, size = total + part, size + abs(part)
            assert abs(total) <= 1e-12 * max(size, 1.0)


@pytest.mark.parametrize("scheme", SCHEMES[:-1])  # the law of the last is no Gaussian
@pytest.mark.parametrize("friction", [0.4, 2.0])
def test_gaussians_have_closed_forms(scheme: type[Scheme], friction: float) -> None:
    variance = 0.6
    term = phase_leading_term(scheme, Gaussian(0.4, variance), friction)
    known = leading_covariance(scheme, 1 / variance, friction)
    assert known.order == term.order
    joint = (known.uu**2 + 2 * known.uv**2 + known.vv**2) / 4
    for side, value in ((term.position, known.uu**2 / 4), (term.velocity, known.vv**2 / 4), (term.joint, joint)):
        assert abs(side.kl - value) <= side.kl.error + 1e-12
    assert term.position.w2 is not None
    assert abs(term.position.w2 - abs(known.uu) * math.sqrt(variance) / 2) <= term.position.w2.error + 1e-10


@pytest.mark.parametrize("scheme", [EulerMaruyama, BAOAB, UBU])
def test_exact_laws_approach_them(scheme: type[Scheme]) -> None:
    """What is left falls by the next order, 1 or by symmetry 2: extrapolated from three steps it is below a thousandth."""
    target, friction = Wave(), 1.5
    term = phase_leading_term(scheme, target, friction)
    powers = (1, 2) if term.order == 1 else (2, 4)
    laws = {step: stationary_law(scheme(Underdamped(target, friction), step), rtol=1e-8) for step in (0.2, 0.1, 0.05)}
    cases: list[tuple[Any, str, Any, int]] = [(term.position, "position", kl, 2), (term.position, "position", tv, 1), (term.velocity, "velocity", tv, 1)]
    for side, law_of, distance, twice in cases:
        known, goal = [], target if law_of == "position" else Gaussian()
        for step, law in laws.items():
            known.append(distance(getattr(law, law_of), goal).value / step ** (twice * term.order))
        coarse, fine = ((2 ** powers[0] * b - a) / (2 ** powers[0] - 1) for a, b in zip(known, known[1:], strict=False))
        limit = (2 ** powers[1] * fine - coarse) / (2 ** powers[1] - 1)
        assert float(getattr(side, distance.__name__)) == pytest.approx(limit, rel=1e-3)


def test_a_scheme_of_ones_own() -> None:
    """It is UBU seen a tenth of a step later: the joint law is off at order 1, and its marginals are not."""
    assert phase_order(Lame).order == 1 and phase_order(UBU).order == 2
    term, step = phase_leading_term(Lame, Wave(), 1.5), 0.01
    law = stationary_law(Lame(Underdamped(Wave(), 1.5), step), rtol=1e-8)
    assert term.position.tv == term.velocity.tv == 0.0
    assert tv(law, Wave()).value / step == pytest.approx(term.joint.tv, rel=0.01)
    with pytest.raises(InvalidParameter, match="small steps are those of Langevin dynamics"):
        phase_order(LateKick)


@settings(max_examples=5, deadline=None)
@given(st.floats(-50, 50), st.floats(0.3, 3.0), st.sampled_from([EulerMaruyama, UBU, RandomizedMidpoint]))
def test_a_place_changes_nothing(place: float, friction: float, scheme: type[Scheme]) -> None:
    here, there = (phase_leading_term(scheme, Wave(0.3, 0.5, at), friction) for at in (0.0, place))
    for law in ("position", "velocity", "joint"):
        for distance in ("kl", "tv"):
            one, other = (getattr(getattr(term, law), distance) for term in (here, there))
            assert abs(one - other) <= 2 * (one.error + other.error)


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 4.0))
def test_the_equation_is_solved(seed: int, friction: float) -> None:
    """L* applied to what is found, written out on Hermite's polynomials, is minus the source."""
    size, count = 12, 9
    points, weights = np.polynomial.hermite_e.hermegauss(40)
    slope = orthonormal(points, weights / weights.sum(), size).slope
    assert np.allclose(slope, np.diag(np.sqrt(np.arange(1, size)), 1), atol=1e-9)
    source = np.random.default_rng(seed).normal(size=(count, size))
    source[0, 0] = 0.0
    phi = solved(slope, friction, source)
    for n in range(count):
        applied = -friction * n * phi[n]
        applied += math.sqrt(n + 1) * slope.T @ phi[n + 1] if n + 1 < count else 0.0
        applied -= math.sqrt(n) * slope @ phi[n - 1] if n else 0.0
        assert np.allclose(applied[n == 0 :], -source[n][n == 0 :], atol=1e-8 * (1 + np.abs(phi).max()))


def test_what_has_none_is_zero() -> None:
    """The position of BAOAB, and the velocity of OBABO, are exact on Gaussians."""
    assert phase_leading_term(BAOAB, Gaussian(), 2.0).position.tv == 0.0
    assert phase_leading_term(OBABO, Gaussian(), 2.0).velocity.kl == 0.0


def test_modes() -> None:
    term = phase_leading_term(UBU, GaussianMixture([0.5, 0.5], [-1.5, 1.5], [1.0, 1.0]), 1.0)
    assert 0 < term.position.tv <= math.sqrt(term.position.kl / 2) <= math.sqrt(term.joint.kl / 2)  # Pinsker's inequality, and data processing


class Rooted(EulerMaruyama):
    """A step that is no power series: a root of the step times the force."""

    def step(self, x: Any, t: Any, draws: Any) -> Any:
        mean, factor = super().step(x, t, draws)
        return mean + self.step_size**2.5 * self.dynamics.impulse(self.dynamics.drift(x, t), t), factor


BAD: list[tuple[str, Any]] = [
    ("scheme", lambda: phase_leading_term(UBU(Underdamped(Gaussian(), 1.0), 0.1), Gaussian(), 1.0)),  # type: ignore[arg-type]
    ("scheme", lambda: phase_order(Rooted)),
    ("target", lambda: phase_leading_term(UBU, Gaussian(dim=2), 1.0)),
    ("target", lambda: phase_leading_term(UBU, Kinked(), 1.0)),
    ("friction", lambda: phase_leading_term(UBU, Cosine(), 0.0)),
    ("midpoints", lambda: phase_order(PoissonMidpoint, 4, "some")),
    ("substeps", lambda: phase_order(PoissonMidpoint, 0)),
]


@pytest.mark.parametrize(("name", "call"), BAD)
def test_bad_input(name: str, call: Any) -> None:
    with pytest.raises(InvalidParameter) as caught:
        call()
    assert caught.value.name == name


def test_the_table() -> None:
    rows = phase_orders([EulerMaruyama, UBU])
    assert [(row.scheme, row.order, row.gaussian_order) for row in rows] == [("EulerMaruyama", 1, 1), ("UBU", 2, 2)]
    assert expand_phase(EulerMaruyama, Fraction(0)).local_order == 1
    assert phase_orders([type("Line", (EulerMaruyama,), {"orders": {Overdamped: 1}})])[0].order == 1
