"""Distances of chains on the line from their targets: against closed forms, adaptive quadrature, optimal transport codes and finer laws."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import ot
import pytest
import torch
from scipy.integrate import quad

from pmmtheory.divergences import Estimate, chi2, kl, renyi, tv, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LineLaw, stationary_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian, Potential
from pmmtheory.testing.broken import HalvedNoise
from tests.divergences.line_distances import CLOSED, DISTANCES, EPS
from tests.oracles.chains import chain, stationary
from tests.oracles.gaussian_chain import lmc_variance, pmm_variance
from tests.oracles.lines import LINES, SKEWED


def solve_rounding(law: LineLaw, step_size: float, distance: float) -> float:
    """Relative: what the linear solve loses (n eps, magnified by 1/gap) over the total variation distance measured."""
    return len(law.grid) * EPS / step_size / distance


class TestChainsOnGaussians:
    """The law of LMC is a Gaussian whose variance is known: the distances must be those of the closed forms."""

    @pytest.mark.parametrize("name", DISTANCES)
    @pytest.mark.parametrize("x", [Fraction(1, 100), Fraction(1, 20), Fraction(1, 5), Fraction(1, 2)])
    def test_lmc(self, name: str, x: Fraction) -> None:
        target = Gaussian(0.7, 1 / 1.7)
        step = float(x) / 1.7
        law = stationary_law(chain("lmc", target, step))
        exact = Gaussian(0.7, float(lmc_variance(x)) / 1.7)
        estimate = DISTANCES[name](law, target)
        closed = _bures(exact, target) if name == "w2" else CLOSED[name](exact, target)
        rounding = 4 * solve_rounding(law, step, float(tv(exact, target)))
        assert abs(estimate.value - closed) <= 4 * estimate.error + rounding * closed
        assert estimate.relative_error < 1e-3

    @pytest.mark.slow
    def test_the_law_of_a_mixture_of_scales_is_no_gaussian(self) -> None:
        """The same comparison fails for the randomized midpoint, whose law has its own fourth cumulant."""
        target, x = Gaussian(), Fraction(1, 2)
        law = stationary_law(chain("rmm", target, float(x)))
        estimate = kl(law, target)
        assert abs(estimate.value - float(kl(Gaussian(0.0, float(pmm_variance(x, None, "single"))), target))) > 100 * estimate.error


def _bures(p: Gaussian, q: Gaussian) -> float:
    """|sd - sd'| for equal means, without cancellation."""
    return abs(p.covariance - q.covariance) / (math.sqrt(p.covariance) + math.sqrt(q.covariance))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "target", "step"), [("lmc", "bimodal", 0.05), ("bernoulli 3", "bimodal", 0.05), ("rmm", "bimodal", 0.05), ("single 5", "own", 0.05)]
)
def test_the_stated_error_holds_against_a_finer_law(name: str, target: str, step: float) -> None:
    """A law to a hundred times the accuracy gives the same distances within the errors that were stated."""
    law, fine = stationary(name, target, step), stationary_law(chain(name, LINES[target], step), rtol=1e-10)
    total = float(tv(law, LINES[target]))
    for distance in DISTANCES.values():
        rough, sharp = distance(law, LINES[target]), distance(fine, LINES[target])
        assert abs(rough.value - sharp.value) <= 4 * (rough.error + sharp.error) + 4 * solve_rounding(fine, step, total) * rough.value


class TestAgainstQuadrature:
    """A law far from its target (half the noise), by adaptive rules on the two densities."""

    law = stationary_law(HalvedNoise(Overdamped(SKEWED), 0.2))
    ends = (-9.0, 9.0)

    def integral(self, f) -> tuple[float, float]:  # type: ignore[no-untyped-def]
        """int f(p, q) dx and its error, split at the crossings of p and q."""
        x = torch.linspace(*self.ends, 2001, dtype=torch.float64)
        gap = self.law.density(x) - SKEWED.density(x)
        crossings = [float(y) for y in x[:-1][torch.diff(torch.sign(gap)) != 0]]
        value, error = quad(
            lambda y: f(float(self.law.density(y)), float(SKEWED.density(y))), *self.ends, points=crossings, epsabs=1e-12, epsrel=1e-12, limit=400
        )
        return value, error

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("name", "integrand"),
        [
            ("kl", lambda p, q: p * math.log(p / q) if p > 0 else 0.0),
            ("tv", lambda p, q: abs(p - q) / 2),
            ("chi2", lambda p, q: (p - q) ** 2 / q),
        ],
    )
    def test_kl_tv_chi2(self, name: str, integrand) -> None:  # type: ignore[no-untyped-def]
        estimate = DISTANCES[name](self.law, SKEWED)
        value, error = self.integral(integrand)
        assert estimate.value == pytest.approx(value, abs=4 * (error + estimate.error) + 1e-11)
        assert value > 0.05

    @pytest.mark.slow
    @pytest.mark.parametrize("order", [0.3, 0.5, 2.0, 3.0])
    def test_renyi(self, order: float) -> None:
        estimate = renyi(self.law, SKEWED, order)
        value, error = self.integral(lambda p, q: max(p, 0.0) ** order * q ** (1 - order))
        expected = math.log(value) / (order - 1)
        assert estimate.value == pytest.approx(expected, abs=4 * (error / value / abs(order - 1) + estimate.error) + 1e-11)

    @pytest.mark.slow
    def test_w2_by_quantiles(self) -> None:
        """int (Q_t(P(x)) - x)^2 p dx, with the target's own quantile function."""
        x = torch.linspace(-6, 6, 4001, dtype=torch.float64)
        shift = SKEWED.quantile(self.law.cdf(x).clamp(1e-13, 1 - 1e-13)) - x
        squared = float((shift**2 * self.law.density(x)).sum()) * float(x[1] - x[0])
        outside = float(self.law.cdf(-6.0) + 1 - self.law.cdf(6.0)) * 4
        estimate = w2(self.law, SKEWED)
        assert estimate.value**2 == pytest.approx(squared, abs=8 * estimate.value * estimate.error + outside + 1e-9)

    def test_w2_by_an_optimal_transport_code(self) -> None:
        """Both laws as masses in cells of width h: moving mass to the centres costs at most h/2 each."""
        h = 2e-3
        edges = torch.arange(-7, 7, h, dtype=torch.float64)
        centres = (edges[:-1] + h / 2).numpy()
        masses = [np.clip(torch.diff(t.cdf(edges)).numpy(), 0, None) for t in (self.law, SKEWED)]
        p, q = (m / m.sum() for m in masses)
        cost = ot.emd2_1d(centres, centres, p, q, metric="sqeuclidean")
        estimate = w2(self.law, SKEWED)
        assert estimate.value == pytest.approx(math.sqrt(cost), abs=h + estimate.error)
        assert estimate.value > 50 * h


@pytest.mark.parametrize("name", DISTANCES)
def test_a_law_is_at_distance_zero_from_itself(name: str) -> None:
    law = stationary("bernoulli 3", "skewed", 0.05)
    estimate = DISTANCES[name](law, law)
    assert estimate.value <= 1e-15 + estimate.error
    assert isinstance(estimate, Estimate) and estimate.method == "exact law on the line"


class TestSupports:
    """A law on a narrow grid against a target with mass beyond it: what is off the grid counts, too."""

    law = stationary_law(chain("lmc", Gaussian(0.0, 0.01), 0.001))
    own = Gaussian(0.0, law.covariance)

    @pytest.mark.parametrize("name", ["kl", "tv", "w2"])
    @pytest.mark.parametrize("other", [Gaussian(5.0, 1.0), Gaussian(0.0, 1.0)], ids=["apart", "wide"])
    def test_beyond_the_grid(self, name: str, other: Gaussian) -> None:
        estimate = DISTANCES[name](self.law, other)
        assert abs(estimate.value - CLOSED[name](self.own, other)) <= 4 * estimate.error + 1e-9

    def test_within_the_grid(self) -> None:
        other = Gaussian(0.03, 0.009)
        for name, distance in DISTANCES.items():
            estimate = distance(self.law, other)
            assert abs(estimate.value - CLOSED[name](self.own, other)) <= 4 * estimate.error + 1e-9


def test_an_infinite_chi2_is_not_given_as_a_number() -> None:
    """The law is N(0, 2.5): chi2 against N(0, 1) and the Renyi divergence of order 2 are infinite."""
    with pytest.raises(ValueError, match="finite"):
        renyi(stationary_law(chain("lmc", Gaussian(), 1.2)), Gaussian(), 2.0)


@pytest.mark.slow
@pytest.mark.parametrize("place", [0.0, -30.0])
def test_a_chi2_whose_error_no_number_holds_is_refused(place: float) -> None:
    """Left of the kink the law has many times the variance of the target: the integral is infinite, 1e170 as far as densities are known."""
    target = Potential(lambda x: torch.where(x < place, 3.54 * (x - place) ** 2, (x - place) ** 2) / 2)
    law = stationary_law(EulerMaruyama(Overdamped(target), 0.534), rtol=1e-4)
    with pytest.raises(InvalidParameter, match="chi2 is finite"):
        chi2(law, target)
    assert kl(law, target).error < 1e-3
