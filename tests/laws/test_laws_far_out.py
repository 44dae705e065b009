"""The error of a law on the line where mass is far out: modes apart, power tails, large steps, and a grid too large."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.divergences import chi2, kl, tv, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import stationary_law
from pmmtheory.schemes import PoissonMidpoint, RandomizedMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture
from tests.oracles.chains import lmc
from tests.oracles.nystroem import on_panels


class TestFarModes:
    @pytest.mark.slow
    @pytest.mark.parametrize(("far", "right"), [(12.0, 0.403576606), (6.0, None)])
    def test_weights(self, far: float, right: float | None) -> None:
        """The right mode is 0.403576606 of LMC's law at 12, computed elsewhere to these digits."""
        target = GaussianMixture([0.6, 0.4], [-far, far], [1.0, 1.0])
        law = lmc(target, 0.1)
        x, masses = on_panels(target, 0.1, [(math.log(1.5)) / (2 * far)], far + 9, 1)
        oracle = float(masses[x > 0].sum())
        seen = 1 - float(law.cdf(0.0))
        assert abs(seen - oracle) <= law.numerical_error + 1e-9
        mean = law.moment(1)
        assert abs(mean.value - float(masses @ x)) <= mean.error + 1e-8
        if right is not None:
            assert seen == pytest.approx(right, abs=6e-10) and mean.value == pytest.approx(-2.31416144586, abs=6e-12)

    @pytest.mark.slow
    @settings(max_examples=6, deadline=None)
    @given(st.floats(5.0, 11.0), st.floats(0.01, 0.99), st.floats(-1e5, 1e5))
    def test_wherever_they_are(self, far: float, weight: float, shift: float) -> None:
        """Reflected and shifted, the weights are the same."""
        one = lmc(GaussianMixture([weight, 1 - weight], [-far, far], [1.0, 0.8]), 0.15)
        other = lmc(GaussianMixture([1 - weight, weight], [shift - far, shift + far], [0.8, 1.0]), 0.15)
        left, right = float(one.cdf(0.0)), 1 - float(other.cdf(shift))
        assert abs(left - right) <= one.numerical_error + other.numerical_error + 1e-13

    @pytest.mark.slow
    def test_what_double_precision_cannot_tell_is_refused(self) -> None:
        """The operator of a midpoint is known to absolute accuracy only."""
        with pytest.raises(NotConverged, match="steps to mix, more than double precision resolves"):
            stationary_law(RandomizedMidpoint(Overdamped(GaussianMixture([0.6, 0.4], [-12.0, 12.0], [1.0, 1.0])), 0.1))

    @pytest.mark.slow
    def test_rounding_is_the_largest_part_of_slow_mixing(self) -> None:
        law = stationary_law(RandomizedMidpoint(Overdamped(GaussianMixture([0.5, 0.5], [-4.2, 4.2], [1.0, 1.0])), 0.1), rtol=1e-6)
        assert law.errors["rounding"] > 1e-12
        assert abs(float(law.cdf(0.0)) - 0.5) <= law.numerical_error


class TestTails:
    scheme = RandomizedMidpoint(Overdamped(Gaussian()), 1.2)
    law = stationary_law(scheme, rtol=1e-5)

    @pytest.mark.parametrize("order", [2, 4, 12])
    def test_moments_of_a_power_tail(self, order: int) -> None:
        """By the recursion of the moments of a random affine map, with u uniform: X' = (1 - a + u a^2) X + N(0, 2 a (1 - 2 a u + a^2 u))."""
        t, w = np.polynomial.legendre.leggauss(40)
        u, weights, a = (t + 1) / 2, w / 2, 1.2
        factor, variance = 1 - a + u * a * a, 2 * a * ((1 - a) ** 2 * u + 1 - u)
        moments = {0: 1.0}
        for k in range(2, order + 1, 2):
            rest = sum(
                math.comb(k, j) * moments[k - j] * float(weights @ (factor ** (k - j) * variance ** (j // 2))) * math.prod(range(1, j, 2))
                for j in range(2, k + 1, 2)
            )
            moments[k] = rest / (1 - float(weights @ factor**k))
        seen = self.law.moment(order)
        assert abs(seen.value - moments[order]) <= seen.error
        assert seen.parts["tails"] == max(seen.parts.values())

    def test_an_infinite_moment_is_refused(self) -> None:
        assert self.law.accuracy.tail_index == pytest.approx(12.95, abs=0.01)
        with pytest.raises(InvalidParameter, match="infinite"):
            self.law.moment(20)

    @pytest.mark.slow
    def test_chi2_is_infinite(self) -> None:
        for scheme in (self.scheme, PoissonMidpoint(Overdamped(Gaussian()), 0.2)):
            with pytest.raises(InvalidParameter, match="finite"):
                chi2(stationary_law(scheme, rtol=1e-5), Gaussian())

    @pytest.mark.slow
    @pytest.mark.parametrize("shift", [0.0, 1e3, 1e6])
    def test_large_steps_at_any_origin(self, shift: float) -> None:
        """LMC of step 1.9 on N(m, 1) has variance 20."""
        target = Gaussian(shift, 1.0)
        law, exact = lmc(target, 1.9, rtol=1e-2), Gaussian(shift, 20.0)
        for distance in (kl, tv, w2):
            estimate, closed = distance(law, target), distance(exact, target)
            assert abs(estimate.value - closed.value) <= estimate.error + closed.error + 1e-13


def test_a_grid_too_large_is_refused_before_it_is_made() -> None:
    target = GaussianMixture([0.5, 0.5], [0.0, 1.0], [1.0, 1e-10])
    with pytest.raises(NotConverged, match="points"):
        lmc(target, 1e-10)
