"""Leading constants: by another quadrature, by symbols, and as limits of measured errors."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
import torch
from scipy.special import ndtr

from pmmtheory.divergences import Estimate, kl, tv, w2
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import stationary_law
from pmmtheory.rates import fit_rate
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, LogCosh, Potential
from pmmtheory.theory import LeadingTerm, leading_term
from pmmtheory.theory.expansion import F, phi_slope, x
from tests.oracles.chains import chain
from tests.oracles.gaussian_chain import pmm_variance, rmm_fourth_cumulant
from tests.oracles.lines import BIMODAL, COSINE, SKEWED, SMOOTH

DISTANCES = {"kl": kl, "tv": tv, "w2": w2}


class TestBimodalByMpmath:
    """Everything once more in mpmath, from the formula of the mixture alone."""

    @staticmethod
    def density(y: mp.mpf) -> mp.mpf:
        return (mp.npdf(y, -1.5, 1) + mp.npdf(y, 1.5, 1)) / 2

    @classmethod
    def phi(cls, y: mp.mpf) -> mp.mpf:
        """F'^2/4 - F''/2 with F' = y - 1.5 tanh(1.5 y); not centred."""
        t = mp.tanh(1.5 * y)
        return (y - 1.5 * t) ** 2 / 4 - (1 - 2.25 * (1 - t**2)) / 2

    @classmethod
    def constants(cls) -> dict[str, float]:
        parts = list(range(-10, 11))
        with mp.workdps(20):
            mean = mp.quad(lambda y: cls.phi(y) * cls.density(y), parts)
            variance = mp.quad(lambda y: (cls.phi(y) - mean) ** 2 * cls.density(y), parts)
            turns = [-10.0, *cls.roots(mean), 10.0]
            absolute = sum(abs(mp.quad(lambda y: (cls.phi(y) - mean) * cls.density(y), [a, (a + b) / 2, b])) for a, b in zip(turns, turns[1:], strict=False))
            nodes = torch.linspace(-9, 9, 1801, dtype=torch.float64)
            pi = torch.tensor([float(cls.density(y)) for y in nodes.tolist()], dtype=torch.float64)
            centred = torch.tensor([float(cls.phi(y) - mean) for y in nodes.tolist()], dtype=torch.float64)
            flow = _corrected_cumulative(centred * pi, 0.01)
            squared = float((flow**2 / pi).sum()) * 0.01
        return {"kl": float(variance) / 2, "tv": float(absolute) / 2, "w2": math.sqrt(squared)}

    @classmethod
    def roots(cls, mean: mp.mpf) -> list[float]:
        grid = [i / 10 for i in range(-100, 101)]
        pairs = [(a, b) for a, b in zip(grid, grid[1:], strict=False) if (cls.phi(a) - mean) * (cls.phi(b) - mean) < 0]
        return [float(mp.findroot(lambda y: cls.phi(y) - mean, pair, solver="anderson")) for pair in pairs]

    def test_five_digits(self) -> None:
        term = leading_term(EulerMaruyama, BIMODAL)
        assert (round(term.tv, 5), round(term.kl, 6), round(term.w2, 5)) == (0.14630, 0.066955, 0.21886)

    @pytest.mark.slow
    def test_both_quadratures_agree(self) -> None:
        term, other = leading_term(EulerMaruyama, BIMODAL), self.constants()
        assert term.kl == pytest.approx(other["kl"], rel=1e-9)
        assert term.tv == pytest.approx(other["tv"], rel=1e-9)
        assert term.w2 == pytest.approx(other["w2"], rel=1e-7)


def _corrected_cumulative(values: torch.Tensor, spacing: float) -> torch.Tensor:
    """int_{-inf}^x from the nearer end, by the trapezoid rule with the first Euler-Maclaurin correction."""
    slope = torch.gradient(values, spacing=spacing)[0]
    left = torch.cumulative_trapezoid(values, dx=spacing) - spacing**2 / 12 * (slope[1:] - slope[0])
    whole = torch.cat([torch.zeros(1, dtype=values.dtype), left])
    right = whole - whole[-1]
    return torch.where(torch.arange(len(values)) < len(values) // 2, whole, right)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected", "schemes"),
    [
        ("euler", "F1*F2/2 - F3/2", [(EulerMaruyama, {})]),
        ("single", "-F2*F3/6", [(RandomizedMidpoint, {}), (PoissonMidpoint, {"midpoints": "single"})]),
        ("bernoulli", "F1*F2**2/3 - 5*F2*F3/6", [(PoissonMidpoint, {"midpoints": "bernoulli"})]),
    ],
)
def test_phi_by_symbols(name: str, expected: str, schemes: list[tuple[type[Scheme], dict[str, str]]]) -> None:
    """phi' as derived, in terms of F; and on F = x^2/2 + cos(x + 0.3)/2, against central differences of the numerical phi."""
    order, slope = phi_slope(name)
    assert order == (1 if name == "euler" else 2)
    assert sp.simplify(slope - sp.sympify(expected, locals={f"F{k}": sp.diff(F, x, k) for k in (1, 2, 3)})) == 0
    on_cosine = slope.subs(F, x**2 / 2 + sp.cos(x + sp.Rational(3, 10)) / 2).doit()
    points, h = torch.tensor([-2.1, -0.4, 0.3, 1.7], dtype=torch.float64), 1e-3
    for scheme, options in schemes:
        phi = leading_term(scheme, COSINE, **options).phi  # type: ignore[arg-type]
        measured = (8 * (phi(points + h) - phi(points - h)) - (phi(points + 2 * h) - phi(points - 2 * h))) / (12 * h)
        for at, value in zip(points.tolist(), measured.tolist(), strict=True):
            assert value == pytest.approx(float(on_cosine.subs(x, at)), abs=1e-9)


def test_an_unknown_expansion() -> None:
    with pytest.raises(ValueError, match="scheme = 'heun'"):
        phi_slope("heun")


@pytest.mark.parametrize("target", SMOOTH)
def test_phi_is_centred(target: str) -> None:
    term = leading_term(EulerMaruyama, SMOOTH[target])
    mean = SMOOTH[target].quadrature.expect(term.phi)
    assert mean == pytest.approx(0, abs=1e-10 * math.sqrt(2 * term.kl))
    assert SMOOTH[target].quadrature.expect(lambda y: term.phi(y) ** 2) / 2 == pytest.approx(term.kl, rel=1e-9)


class TestGaussians:
    """With Var = (1 + r)/lam the constants are KL r^2/4, W2 r/(2 sqrt lam), TV r/sqrt(2 pi e); r from exact arithmetic."""

    lam = Fraction(17, 10)
    target = Gaussian(0.3, 1 / 1.7)

    @staticmethod
    def coefficient(kind: str, substeps: int | None, order: int) -> float:
        small = Fraction(1, 10**8)
        return float((pmm_variance(small, substeps, kind) - 1) / small**order)

    def check(self, term: LeadingTerm, order: int, r: float) -> None:
        assert term.order == order
        r *= float(self.lam) ** order
        assert term.kl == pytest.approx(r**2 / 4, rel=1e-6)
        assert term.w2 == pytest.approx(r / 2 / math.sqrt(float(self.lam)), rel=1e-6)
        assert term.tv == pytest.approx(r / math.sqrt(2 * math.pi * math.e), rel=1e-6)

    def test_lmc(self) -> None:
        self.check(leading_term(EulerMaruyama, self.target), 1, 0.5)

    @pytest.mark.parametrize("kind", ["bernoulli", "single"])
    @pytest.mark.parametrize("substeps", [1, 2, 7])
    def test_finite_k(self, kind: str, substeps: int) -> None:
        self.check(leading_term(PoissonMidpoint, self.target, substeps=substeps, midpoints=kind), 1, self.coefficient(kind, substeps, 1))

    def test_a_poisson_process(self) -> None:
        self.check(leading_term(PoissonMidpoint, self.target), 2, self.coefficient("bernoulli", None, 2))

    def test_k_like_one_over_step(self) -> None:
        """x/(2K) + x^2/3 with K = 2/step, in units where lam = 1."""
        term = leading_term(PoissonMidpoint, Gaussian(), substeps_times_step=2.0)
        assert (term.order, term.w2) == (2, pytest.approx((1 / 4 + 1 / 3) / 2, rel=1e-9))

    @pytest.mark.parametrize(("scheme", "options"), [(RandomizedMidpoint, {}), (PoissonMidpoint, {"midpoints": "single"})])
    def test_one_midpoint_is_superconvergent(self, scheme: type[Scheme], options: dict[str, str]) -> None:
        """Order 3: He_2/12 from Var = 1 + x^3/6, and He_4/96 from the fourth cumulant x^3/4, which is 24/96."""
        term = leading_term(scheme, Gaussian(), **options)  # type: ignore[arg-type]
        z = torch.tensor([-1.0, 0.0, 0.5, 2.0], dtype=torch.float64)
        expected = (z**2 - 1) / 12 + (z**4 - 6 * z**2 + 3) / 96
        assert term.order == 3
        assert torch.allclose(term.phi(z), expected, rtol=0, atol=1e-10)
        small = Fraction(1, 10**6)
        assert float((pmm_variance(small, None, "single") - 1) / small**3) == pytest.approx(2 / 12, rel=1e-5)
        assert float(rmm_fourth_cumulant(small) / small**3) == pytest.approx(24 / 96, rel=1e-5)
        assert term.kl == pytest.approx((2 / 12**2 + 24 / 96**2) / 2, rel=1e-9)  # E He_n^2 = n!
        assert term.w2 == pytest.approx(math.sqrt(2 / (12**2 * 2) + 24 / (96**2 * 4)), rel=1e-9)  # the norm in H^-1 divides by n

    def test_the_law_has_that_density(self) -> None:
        """(p/pi - 1)/x^3 at a small step is phi, to the next order."""
        x = 0.04
        law = stationary_law(chain("rmm", Gaussian(), x), rtol=1e-11)
        z = torch.tensor([-1.5, 0.0, 1.0], dtype=torch.float64)
        ratio = (law.density(z) / Gaussian().density(z) - 1) / x**3
        assert torch.allclose(ratio, leading_term(RandomizedMidpoint, Gaussian()).phi(z), rtol=4 * x, atol=x * 0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "scheme", "options"), [("lmc", EulerMaruyama, {}), ("bernoulli inf", PoissonMidpoint, {"midpoints": "bernoulli"})])
def test_measured_errors_have_the_predicted_constants(name: str, scheme: type[Scheme], options: dict[str, str]) -> None:
    """Rate and constant of three distances in the fitted intervals, and the constant within half a percent."""
    target = Cosine(0.4, 1.3, 0.5)
    term = leading_term(scheme, target, **options)  # type: ignore[arg-type]
    steps = [0.08 / float(target.smoothness) * 0.5**i for i in range(5)]
    laws = [stationary_law(chain(name, target, step)) for step in steps]
    for distance, measure in DISTANCES.items():
        predicted = term.order * (2 if distance == "kl" else 1)
        fit = fit_rate(steps, [measure(law, target) for law in laws], predicted=predicted, constant=getattr(term, distance))
        assert fit.verdict == "pass", (distance, fit.reason)
        assert fit.constant == pytest.approx(getattr(term, distance), rel=5e-3)
        assert fit_rate(steps, [measure(law, target) for law in laws], predicted=predicted, constant=1.1 * getattr(term, distance)).verdict == "fail"


HUBER = Potential(lambda y: torch.where(y.abs() < 1, y**2 / 2, y.abs() - 0.5), name="huber")


class TestWhereTheCurvatureJumps:
    """F = y^2/2 within [-1, 1], linear outside: phi jumps with F''."""

    def test_the_constants_by_hand(self) -> None:
        """LMC: phi is y^2/4 - 1/2 inside and 1/4 outside, less its mean m."""
        term = leading_term(EulerMaruyama, HUBER)
        with mp.workdps(30):
            inside, tail = mp.sqrt(2 * mp.pi) * mp.erf(1 / mp.sqrt(2)), 2 * mp.exp(-mp.mpf(1) / 2)
            moments = [mp.quad(lambda y, k=k: y**k * mp.exp(-(y**2) / 2), [-1, 0, 1]) / (inside + tail) for k in (0, 2, 4)]
            outer = tail / (inside + tail)
            m = moments[1] / 4 - moments[0] / 2 + outer / 4
            square = moments[2] / 16 - moments[1] / 4 + moments[0] / 4 + outer / 16
            absolute = 2 * outer * (mp.mpf(1) / 4 - m)  # phi is positive only outside
            assert y_of(m) > 1
            assert abs(term.kl - (square - m**2) / 2) <= term.kl.error
            assert abs(term.tv - absolute / 2) <= term.tv.error

    def test_kl_of_lmc_tends_to_it(self) -> None:
        """Values computed to nine digits: over step^2 they go to the constant like the root of the step."""
        steps = [0.1 / 2**k for k in range(6)]
        values = [5.420469081e-4, 1.364841883e-4, 3.442454903e-5, 8.678418223e-6, 2.184921146e-6, 5.492795330e-7]
        scaled = [value / step**2 for step, value in zip(steps, values, strict=True)]
        halves = [(math.sqrt(2) * b - a) / (math.sqrt(2) - 1) for a, b in zip(scaled, scaled[1:], strict=False)]
        whole = [2 * b - a for a, b in zip(halves, halves[1:], strict=False)]
        assert float(leading_term(EulerMaruyama, HUBER).kl) == pytest.approx(whole[-1], rel=5e-4)

    @pytest.mark.parametrize("scheme", [RandomizedMidpoint, PoissonMidpoint])
    def test_the_defect_of_one_step(self, scheme: type[Scheme]) -> None:
        """E_pi (P f - f)/step^3 for f = y^2 goes to -E_pi phi Lf, like the root of the step; the law of one step by Gaussian integrals."""
        phi = leading_term(scheme, HUBER).phi
        weight = HUBER.density
        exact = -float(simpson(lambda y: weight(y) * phi(y) * (2 - 2 * y * y.clamp(-1, 1))))
        # one midpoint, and for a Poisson process the variance of what several add: (2/3) E F''^2
        extra = 2 / 3 * float(simpson(lambda y: weight(y) * (y.abs() < 1).double())) if scheme is PoissonMidpoint else 0.0
        found = [defect(step) + extra for step in (0.02, 0.005, 0.00125)]
        roots = [2 * b - a for a, b in zip(found, found[1:], strict=False)]
        assert (4 * roots[1] - roots[0]) / 3 == pytest.approx(exact, rel=3e-3)

    @pytest.mark.slow
    def test_named_kinks_change_nothing(self) -> None:
        class Named(Potential):
            kinks = (-1.0, 1.0)

        other = Named(lambda y: torch.where(y.abs() < 1, y**2 / 2, y.abs() - 0.5))
        for scheme in (EulerMaruyama, RandomizedMidpoint, PoissonMidpoint):
            one, two = leading_term(scheme, HUBER), leading_term(scheme, other)
            for name in DISTANCES:
                a, b = getattr(one, name), getattr(two, name)
                assert abs(a - b) <= a.error + b.error


def y_of(mean: mp.mpf) -> mp.mpf:
    """Where y^2/4 - 1/2 is this mean."""
    return mp.sqrt(4 * mean + 2)


def simpson(f) -> torch.Tensor:  # type: ignore[no-untyped-def]
    """Over [-40, 40] with a node at every kink."""
    parts = [torch.linspace(a, b, 2001, dtype=torch.float64) for a, b in ((-40.0, -1.0 - 1e-12), (-1.0 + 1e-12, 1.0 - 1e-12), (1.0 + 1e-12, 40.0))]
    weights = torch.ones(2001, dtype=torch.float64)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return sum((f(y) * weights).sum() * (y[1] - y[0]) / 3 for y in parts)  # type: ignore[return-value]


def defect(step: float) -> float:
    """E_pi (E X'^2 - x^2)/step^3 for one step of the randomized midpoint on HUBER: E b(Y), E b(Y)^2 and E b'(Y) of Gaussian Y, over x and u."""
    near = 1 + math.sqrt(step) / 3 * np.arange(-int(2.9 / math.sqrt(step)), 31)
    edges = np.concatenate([[0.0], near[near > 0.02], np.arange(near[-1] + 1, 45, 1.0)])
    nodes, shares = np.polynomial.legendre.leggauss(20)
    x = ((edges[:-1] + edges[1:])[:, None] / 2 + np.diff(edges)[:, None] / 2 * nodes).ravel()
    mass = (np.diff(edges)[:, None] / 2 * shares).ravel() * np.exp(-np.where(x < 1, x**2 / 2, x - 0.5))
    mass /= mass.sum()
    total = 2 * step
    for root, share in zip((nodes + 1) / 2, shares / 2, strict=True):
        u = root**2
        m, s = x - u * step * np.clip(x, -1, 1), math.sqrt(2 * step * u)
        low, high = (-1 - m) / s, (1 - m) / s
        bell_low, bell_high = (np.exp(-z * z / 2) / math.sqrt(2 * math.pi) for z in (low, high))
        inside, below, above = ndtr(high) - ndtr(low), ndtr(low), ndtr(-high)
        first = m * inside + s * (bell_low - bell_high)
        second = (m**2 + s**2) * inside + 2 * m * s * (bell_low - bell_high) + s**2 * (low * bell_low - high * bell_high)
        drift, square = -(first + above - below), second + below + above
        total += share * 2 * root * float((mass * (2 * x * step * drift + step**2 * square - 4 * u * step**2 * inside)).sum())
    return total / step**3


class TestErrors:
    @pytest.mark.parametrize("target", SMOOTH)
    @pytest.mark.parametrize("scheme", [EulerMaruyama, RandomizedMidpoint, PoissonMidpoint])
    def test_stated_and_small(self, target: str, scheme: type[Scheme]) -> None:
        term = leading_term(scheme, SMOOTH[target])
        for name in DISTANCES:
            constant = getattr(term, name)
            assert constant.parts.keys() == {"resolution", "rounding", "ends"}
            assert 0 < constant.error < 1e-6 * constant

    @pytest.mark.slow
    @pytest.mark.parametrize("centre", [0.0, 7e3])
    @pytest.mark.parametrize("scale", [1e-2, 1.0, 10.0])
    @pytest.mark.parametrize("scheme", [EulerMaruyama, RandomizedMidpoint, PoissonMidpoint])
    def test_neither_origin_nor_scale_matters(self, centre: float, scale: float, scheme: type[Scheme]) -> None:
        """x -> c x, step -> c^2 step: TV over step^p falls like c^-2p, W2 like c^(1 - 2p)."""
        plain = leading_term(scheme, SKEWED)
        moved = leading_term(scheme, GaussianMixture(SKEWED.weights, scale * (SKEWED.means[:, 0] + centre), scale**2 * SKEWED.variances))
        factors = {"kl": scale ** (-4 * plain.order), "tv": scale ** (-2 * plain.order), "w2": scale ** (1 - 2 * plain.order)}
        for name, factor in factors.items():
            a, b = getattr(plain, name), getattr(moved, name)
            assert abs(b / factor - a) <= a.error + b.error / factor

    def test_far_modes(self) -> None:
        """KL and TV are those of one mode; W2 is refused where the flow between the modes is rounding."""
        near, far = (leading_term(EulerMaruyama, GaussianMixture([0.6, 0.4], [-m, m], [1.0, 1.0])) for m in (5.0, 12.0))
        alone = leading_term(EulerMaruyama, Gaussian())
        assert near.w2.parts["rounding"] > 10 * near.w2.parts["resolution"]
        assert abs(far.kl - alone.kl) <= far.kl.error + alone.kl.error
        assert abs(far.tv - alone.tv) <= far.tv.error + alone.tv.error
        with pytest.raises(NotConverged, match="the leading constant of w2 on GaussianMixture"):
            _ = far.w2

    def test_modes_of_two_widths(self) -> None:
        """Two modes that do not touch: the variance of phi within them and between their means, -1/(4 v) each."""
        term = leading_term(EulerMaruyama, GaussianMixture([0.5, 0.5], [0.0, 12.0], [1.0, 0.25]))
        a, b = (leading_term(EulerMaruyama, Gaussian(0.0, v)) for v in (1.0, 0.25))
        mean_apart = (-4 / 4 + 1 / 4) / 2
        assert float(term.kl) == pytest.approx((a.kl + b.kl) / 2 + mean_apart**2 / 2, rel=1e-9)

    def test_a_constant_is_a_float_and_an_estimate(self) -> None:
        constant = leading_term(EulerMaruyama, Gaussian()).w2
        assert isinstance(constant, float) and isinstance(constant, Estimate)
        assert constant * 4 == pytest.approx(1.0) and constant.value == float(constant)
        again = pickle.loads(pickle.dumps(constant))
        assert (again, again.error, again.parts) == (constant, constant.error, constant.parts)


class TestRefused:
    @pytest.mark.parametrize("potential", [lambda y: y.abs(), lambda y: torch.where(y < 0, y**2, y**2 / 2 + y)], ids=["abs", "jump"])
    def test_forces_that_jump(self, potential) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises(InvalidParameter):
            leading_term(EulerMaruyama, Potential(potential))

    def test_a_drift_of_another_density(self) -> None:
        class Wrong(Cosine):
            def drift(self, x: torch.Tensor) -> torch.Tensor:
                return -x

            def curvature(self, x: torch.Tensor) -> torch.Tensor:
                return torch.ones_like(x)

        with pytest.raises(InvalidParameter, match="F' is Lipschitz|drift is the derivative"):
            leading_term(EulerMaruyama, Wrong(0.4, 1.3, 0.5))

    def test_no_error_of_the_order(self) -> None:
        """A quadratic potential that does not say that it is a Gaussian."""
        with pytest.raises(InvalidParameter, match="whose error of order 2 does not vanish"):
            leading_term(RandomizedMidpoint, Potential(lambda y: (y - 3) ** 2 / 2))


class TestWrongInput:
    @pytest.mark.parametrize(
        ("scheme", "target", "options", "name"),
        [
            (EulerMaruyama, Gaussian(dim=2), {}, "target"),
            (EulerMaruyama, "gaussian", {}, "target"),
            (Scheme, Gaussian(), {}, "scheme"),
            (PoissonMidpoint, Gaussian(), {"midpoints": "x"}, "midpoints"),
            (PoissonMidpoint, Gaussian(), {"substeps": 0}, "substeps"),
            (PoissonMidpoint, Gaussian(), {"substeps": 1.5}, "substeps"),
            (PoissonMidpoint, Gaussian(), {"substeps_times_step": -1.0}, "substeps_times_step"),
        ],
    )
    def test_named(self, scheme: type[Scheme], target: Gaussian, options: dict[str, float], name: str) -> None:
        with pytest.raises(InvalidParameter, match=name):
            leading_term(scheme, target, **options)  # type: ignore[arg-type]


def test_tails_that_are_exponential() -> None:
    """The sum over a support that decays slowly still gives KL as the variance: E phi^2 by the target's own quadrature."""
    target = LogCosh(1.0)
    term = leading_term(EulerMaruyama, target)
    with mp.workdps(20):
        # F'^2/4 - F''/2 = 1/4 - (3/4) sech^2, and E sech^2 = 1/2, E sech^4 = 3/8 under sech/pi
        variance = mp.mpf(9) / 16 * (mp.mpf(3) / 8 - mp.mpf(1) / 4)
    assert term.kl == pytest.approx(float(variance) / 2, rel=1e-9)
