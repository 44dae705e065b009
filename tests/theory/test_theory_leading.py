"""Leading constants: by another quadrature, by symbols, and as limits of measured errors."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath as mp
import pytest
import sympy as sp
import torch

from pmmtheory.divergences import kl, tv, w2
from pmmtheory.laws import stationary_law
from pmmtheory.rates import fit_rate
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Cosine, Gaussian, LogCosh
from pmmtheory.theory import LeadingTerm, leading_term
from pmmtheory.theory.expansion import F, phi_slope, x
from tests.oracles.chains import chain
from tests.oracles.gaussian_chain import pmm_variance, rmm_fourth_cumulant
from tests.oracles.lines import BIMODAL, COSINE, SMOOTH

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

    @pytest.mark.slow
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


def test_tails_that_are_exponential() -> None:
    """The sum over a support that decays slowly still gives KL as the variance: E phi^2 by the target's own quadrature."""
    target = LogCosh(1.0)
    term = leading_term(EulerMaruyama, target)
    with mp.workdps(20):
        # F'^2/4 - F''/2 = 1/4 - (3/4) sech^2, and E sech^2 = 1/2, E sech^4 = 3/8 under sech/pi
        variance = mp.mpf(9) / 16 * (mp.mpf(3) / 8 - mp.mpf(1) / 4)
    assert term.kl == pytest.approx(float(variance) / 2, rel=1e-9)
