"""Leading covariances on Gaussians: as published, against chains in 80 digits, and against the exact laws."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import sympy as sp

from pmmtheory import schemes
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import BAOAB, BUB, UBU, EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme, Splitting
from pmmtheory.targets import Gaussian
from pmmtheory.testing.broken import DoubledMidpoints, HalvedFriction, UncorrelatedNoise
from pmmtheory.theory import leading_covariance
from pmmtheory.theory.covariance_series import covariance_series, curvature, friction
from tests.oracles.linear_chain import stationary_error

TABLE = {
    "EulerMaruyama": (1, "1/(2*g)", "0", "l/(2*g)"),
    "RandomizedMidpoint": (3, "l/(24*g)", "-l/24", "l*(g**2 + l)/(24*g)"),
    "bernoulli": (3, "l/(8*g)", "0", "l**2/(8*g)"),
    "single": (4, "0", "0", "l**2/24"),
    "BAOAB": (2, "0", "0", "-l/4"),
    "OBABO": (2, "1/4", "0", "0"),
    "ABOBA": (2, "0", "0", "l/4"),
    "UBU": (2, "-1/6", "g/24", "l/12"),
    "BUB": (2, "1/12", "-g/12", "-l/6"),
}
"""Order and errors of E U^2, E UV and E V^2, l the curvature and g the friction."""

CHAINS = [(0.4, 0.7), (1.7, 2.3), (3.0, 0.5)]


def scheme_of(name: str) -> tuple[type[Scheme], str]:
    kind = "single" if name == "single" else "bernoulli"
    return (PoissonMidpoint if name in ("single", "bernoulli") else getattr(schemes, name)), kind


def exact_constants(name: str, lam: float, g: float | None, order: int, step: float = 1e-7, substeps: int | None = None) -> list[float]:
    """(relative error)/step^order at a tiny step, where 80 digits leave all that matter."""
    scheme, kind = scheme_of(name)
    error = stationary_error(scheme.__name__, step, lam, g, substeps, kind)
    if g is None:
        return [float(error[0, 0]) * lam / step**order]
    return [float(error[0, 0]) * lam / step**order, float(error[0, 1]) * math.sqrt(lam) / step**order, float(error[1, 1]) / step**order]


@pytest.mark.parametrize("name", TABLE)
def test_the_table(name: str) -> None:
    """What is derived equals the closed forms, entry by entry, and nothing precedes it."""
    scheme, kind = scheme_of(name)
    order, *entries = TABLE[name]
    errors = covariance_series(scheme, False, kind).errors
    units = (curvature, sp.sqrt(curvature), 1)
    for found, text, unit in zip(errors[order - 1], entries, units, strict=True):
        assert sp.simplify(found - sp.sympify(text, locals={"l": curvature, "g": friction}) * unit) == 0
    assert all(errors[j].is_zero_matrix for j in range(order - 1))


@pytest.mark.parametrize(("lam", "g"), CHAINS)
@pytest.mark.parametrize("name", TABLE)
def test_each_entry_against_80_digits(name: str, lam: float, g: float) -> None:
    """The order and constant of every entry by itself; what has none is exact."""
    scheme, kind = scheme_of(name)
    first = leading_covariance(scheme, lam, g, midpoints=kind).first
    for i, entry in enumerate(("uu", "uv", "vv")):
        if entry in first:
            order, constant = first[entry]
            assert exact_constants(name, lam, g, order)[i] == pytest.approx(constant, rel=1e-4)
        else:
            assert abs(exact_constants(name, lam, g, 0, 0.3)[i]) < 1e-60


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bernoulli", "single"])
@pytest.mark.parametrize("g", [None, 0.9])
@pytest.mark.parametrize("substeps", [1, 2, 5])
def test_fixed_substeps_against_80_digits(kind: str, g: float | None, substeps: int) -> None:
    """LMC or ULMC over K, and the second coefficient, where the options differ."""
    lam, step = 1.3, 1e-6
    found = leading_covariance(PoissonMidpoint, lam, g, substeps=substeps, midpoints=kind)
    exact = exact_constants(kind, lam, g, 1, step, substeps)[0]
    assert found.order == 1 and found.uu == pytest.approx((lam / 2 if g is None else lam / (2 * g)) / substeps, rel=1e-12)
    errors = covariance_series(PoissonMidpoint, g is None, kind, Fraction(1, substeps)).errors
    second = float(errors[1][0].subs({curvature: lam, friction: g or 1.0}))
    assert (exact - found.uu) / step == pytest.approx(second, rel=1e-4)


@pytest.mark.parametrize("kind", ["bernoulli", "single"])
@pytest.mark.parametrize(("growth", "order"), [(1, 2), (2, 3)])
def test_substeps_that_grow(kind: str, growth: int, order: int) -> None:
    """K = c/step adds step^2/(2 g c), K = c/step^2 adds step^3/(2 g c) to what K = inf has."""
    lam, g, c = 1.7, 2.3, 3.0
    found = leading_covariance(PoissonMidpoint, lam, g, midpoints=kind, substeps_times_step=c, growth=growth)
    infinite = lam**2 / (8 * g) if kind == "bernoulli" and order == 3 else 0.0
    assert found.order == order
    assert (found.uu, found.uv, found.vv) == (pytest.approx(lam / (2 * g * c) + infinite), 0.0, pytest.approx(lam / (2 * g * c) + infinite))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bernoulli", "single"])
@pytest.mark.parametrize("growth", [1, 2])
def test_substeps_that_grow_against_80_digits(kind: str, growth: int) -> None:
    """Exact chains with K = c/step^growth at four steps, extrapolated to three digits."""
    lam, g, c = 1.7, 2.3, 0.4
    found = leading_covariance(PoissonMidpoint, lam, g, midpoints=kind, substeps_times_step=c, growth=growth)
    values = []
    for step in (0.08, 0.04, 0.02, 0.01) if growth == 1 else (0.2, 0.1, 0.05):
        values.append(exact_constants(kind, lam, g, found.order, step, round(c / step**growth))[2])
    for power in range(1, len(values)):
        values = [(2**power * fine - coarse) / (2**power - 1) for coarse, fine in zip(values, values[1:], strict=False)]
    assert values[0] == pytest.approx(found.vv, rel=1e-3)


@pytest.mark.parametrize("name", ["EulerMaruyama", "RandomizedMidpoint", "single", "BAOAB", "OBABO", "ABOBA", "UBU", "BUB"])
def test_extrapolated_from_the_engine(name: str) -> None:
    """Three digits of every constant from laws at three steps, with the powers of the step that follow removed."""
    lam, g = 1.7, 2.3
    scheme, kind = scheme_of(name)
    found = leading_covariance(scheme, lam, g, midpoints=kind)
    options = {"midpoints": kind} if scheme is PoissonMidpoint else {}
    ladder = {entry: [] for entry in found.first}
    for step in (0.08, 0.04, 0.02):
        law = stationary_law(scheme(Underdamped(Gaussian(0.3, 1 / lam), g), step, **options), engine="gaussian")
        c = law.covariance
        measured = {"uu": float(c[0, 0]) * lam - 1, "uv": float(c[0, 1]) * math.sqrt(lam), "vv": float(c[1, 1]) - 1}
        for entry, values in ladder.items():
            values.append(measured[entry] / step ** found.first[entry][0])
    for entry, (first, second, third) in ladder.items():
        once = (2 * second - first, 2 * third - second)
        assert (4 * once[1] - once[0]) / 3 == pytest.approx(found.first[entry][1], rel=1e-3)


def test_a_splitting_of_ones_own() -> None:
    """OABAO is known by its parts alone: a Verlet step between two halves of O."""

    class OABAO(Splitting):
        parts = (("O", 0.5), ("A", 0.5), ("B", 1.0), ("A", 0.5), ("O", 0.5))

    found = leading_covariance(OABAO, 1.7, 2.3)
    law = stationary_law(OABAO(Underdamped(Gaussian(0.0, 1 / 1.7), 2.3), 0.01), engine="gaussian")
    assert found.order == 2
    assert (float(law.covariance[0, 0]) * 1.7 - 1) / 1e-4 == pytest.approx(found.uu, rel=1e-3, abs=1e-6)
    assert (float(law.covariance[1, 1]) - 1) / 1e-4 == pytest.approx(found.vv, rel=1e-3, abs=1e-6)


def test_overdamped() -> None:
    """LMC x/2, the Poisson process x^2/3, one midpoint x^3/6; one midpoint spreads the variance by x^3/12, a Poisson process by x^3/3."""
    x = 1.7
    for scheme, kind, order, mean, spread in [
        (EulerMaruyama, "bernoulli", 1, 1 / 2, 0.0),
        (PoissonMidpoint, "bernoulli", 2, 1 / 3, 1 / 3),
        (PoissonMidpoint, "single", 3, 1 / 6, 1 / 12),
        (RandomizedMidpoint, "bernoulli", 3, 1 / 6, 1 / 12),
    ]:
        found = leading_covariance(scheme, x, midpoints=kind)
        assert found.order == order and found.uu == pytest.approx(mean * x**order) and (found.uv, found.vv) == (0.0, 0.0)
        assert dict(found.spread) == {"uu": pytest.approx(spread * x**3)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "g", "substeps"),
    [
        ("single", None, math.inf),
        ("single", 2.3, math.inf),
        ("RandomizedMidpoint", 2.3, None),
        ("RandomizedMidpoint", 0.8, None),
        ("single", 0.8, 6),
        ("bernoulli", None, 5),
        ("bernoulli", 0.8, 5),
    ],
)
def test_spread_against_the_moments_of_the_random_variance(name: str, g: float | None, substeps: float | None) -> None:
    """Var of the variance over step^3, extrapolated from three steps, for position and velocity."""
    lam = 1.7
    scheme, kind = scheme_of(name)
    target = Gaussian(0.0, 1 / lam, dim=2)
    system = Overdamped(target) if g is None else Underdamped(target, g)
    options = {} if substeps is None else {"midpoints": kind, "substeps": substeps}
    found = leading_covariance(scheme, lam, g, **options).spread  # type: ignore[arg-type]
    for part, entry, unit in (("position", "uu", 1 / lam), ("velocity", "vv", 1.0)):
        if entry not in found:
            continue
        values = []
        for step in (0.02, 0.01, 0.005):
            law = stationary_law(scheme(system, step, **options), engine="gaussian")
            nodes, weights = getattr(law, part).mixture(2)
            mean = float((nodes * weights).sum())
            values.append(float(((nodes - mean) ** 2 * weights).sum()) / unit**2 / step**3)
        once = (2 * values[1] - values[0], 2 * values[2] - values[1])
        assert (4 * once[1] - once[0]) / 3 == pytest.approx(found[entry], rel=1e-3)


def test_spread_of_a_poisson_process() -> None:
    """Four times that of one midpoint for every friction: E (sum of times) has variance 1/3 in place of 1/12."""
    poisson, single = (covariance_series(PoissonMidpoint, False, kind).spread for kind in ("bernoulli", "single"))
    assert all(sp.simplify(p - 4 * q) == 0 for p, q in zip(poisson, single, strict=True))


class TestWrongInput:
    @pytest.mark.parametrize(
        ("scheme", "options", "name"),
        [
            (Scheme, {}, "scheme"),
            (UncorrelatedNoise, {}, "scheme"),
            (HalvedFriction, {}, "scheme"),
            (DoubledMidpoints, {}, "scheme"),
            (BAOAB, {"friction": None}, "scheme"),
            (UBU, {"friction": 0.0}, "friction"),
            (BUB, {"friction": math.nan}, "friction"),
            (BUB, {"curvature": -1.0}, "curvature"),
            (PoissonMidpoint, {"substeps": 0}, "substeps"),
            (PoissonMidpoint, {"substeps": 2.5}, "substeps"),
            (PoissonMidpoint, {"midpoints": "two"}, "midpoints"),
            (PoissonMidpoint, {"substeps_times_step": 0.0}, "substeps_times_step"),
            (PoissonMidpoint, {"substeps_times_step": 1.0, "growth": 0}, "growth"),
        ],
    )
    def test_named(self, scheme: type[Scheme], options: dict[str, float | str | None], name: str) -> None:
        with pytest.raises(InvalidParameter, match=name):
            leading_covariance(scheme, **{"friction": 2.0, **options})  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("scheme", "g", "part", "dim", "name"),
        [
            (BAOAB, 2.0, "position", 1, "part"),
            (EulerMaruyama, None, "velocity", 1, "part"),
            (EulerMaruyama, None, "joint", 1, "part"),
            (RandomizedMidpoint, 2.0, "joint", 1, "part"),
            (EulerMaruyama, 2.0, "momentum", 1, "part"),
            (EulerMaruyama, 2.0, "position", 0, "dim"),
        ],
    )
    def test_distances(self, scheme: type[Scheme], g: float | None, part: str, dim: int, name: str) -> None:
        with pytest.raises(InvalidParameter, match=name):
            leading_covariance(scheme, 1.0, g).distances(part, dim)
