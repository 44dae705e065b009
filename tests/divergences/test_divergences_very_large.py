"""Divergences near the end of double precision: of chains that run away, and of thousands of coordinates."""

from __future__ import annotations

import math

import pytest

from pmmtheory.divergences import chi2, hellinger, kl, renyi, tv
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import LinearLaw, stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama
from pmmtheory.targets import Gaussian, Product


class TestAChainThatRunsAway:
    """LMC at step 3 on N(0, 1) from N(1, 4): the mean is (-2)^n, the variance 6 (4^n - 1)/3 + 4^(n + 1)."""

    @staticmethod
    def law(n: int) -> LinearLaw:
        found: LinearLaw = transient_law(EulerMaruyama(Overdamped(Gaussian()), 3.0), Gaussian(1.0, 4.0), n, engine="gaussian")
        return found

    @pytest.mark.parametrize("n", [20, 400])
    def test_distances(self, n: int) -> None:
        seen, square, variance = kl(self.law(n), Gaussian()), 2 ** (2 * n), 2 * (4**n - 1) + 4 ** (n + 1)
        assert abs(seen.value - (square + variance - 1 - math.log(variance)) / 2) <= seen.error < 1e-12 * seen.value
        apart = tv(self.law(n), Gaussian())
        assert abs(apart.value - 1) <= apart.error + 2 / 2**n <= 3e-6

    def test_what_no_number_holds_is_refused_as_such(self) -> None:
        with pytest.raises(InvalidParameter, match="^law = .*: laws whose kl, with its error, is below 1e308"):
            kl(Gaussian(1e160, 1.0), Gaussian())


class TestManyCoordinates:
    """chi2 multiplies over the coordinates: of LMC at step 0.8 on N(0, 1), of variance 5/3, 1 + chi2 = (9/5)^(n/2) (times what is below)."""

    @staticmethod
    def pair(n: int) -> tuple[object, Product]:
        target = Product([Gaussian()] * n)
        return stationary_law(EulerMaruyama(Overdamped(target), 0.8)), target

    @pytest.mark.parametrize("n", [3, 500])
    def test_chi2(self, n: int) -> None:
        seen, v = chi2(*self.pair(n)), 1 / 0.6
        assert abs(seen.value - math.expm1(-n / 2 * math.log(v * (2 - v)))) <= seen.error <= 1e-3 * seen.value

    def test_chi2_of_thousands_is_refused_and_its_logarithm_is_not(self) -> None:
        pair, v = self.pair(20_000), 1 / 0.6
        with pytest.raises(InvalidParameter, match=r"chi2 of exp\(5877.87\).* double precision holds: `renyi` of order 2"):
            chi2(*pair)
        seen = renyi(*pair, 2.0)
        assert abs(seen.value + 10_000 * math.log(v * (2 - v))) <= seen.error <= 1e-4 * seen.value
        far = hellinger(*pair)
        assert abs(far.value - 1) <= far.error <= 1e-12

    def test_laws_that_do_not_overlap_have_no_known_renyi_divergence(self) -> None:
        one, other = (Product([Gaussian(m, 0.01), Gaussian(0.0, 0.01)]) for m in (0.0, 5.0))
        law = stationary_law(EulerMaruyama(Overdamped(one), 0.001))
        with pytest.raises(InvalidParameter, match="whose overlap with the other is not told from none"):
            renyi(law, other, 0.5)
        seen = hellinger(law, other)
        assert abs(seen.value - 1) <= seen.error <= 1e-6
