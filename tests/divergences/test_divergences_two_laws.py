"""Distances between the laws of two chains on the line: closed forms however far apart they are, and what is not known so far out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.divergences import chi2, hellinger, kl, renyi, reverse_kl, tv, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint
from pmmtheory.targets import Gaussian, GaussianMixture
from tests.oracles.chains import lmc


class TestBetweenLaws:
    """The law of LMC on N(m, v) is N(m, v / (1 - h/2v)): every distance has a closed form, however far apart they are."""

    step = 0.1

    def pair(self, m: float, v: float) -> tuple[Any, Gaussian]:
        return lmc(Gaussian(m, v), self.step), Gaussian(m, v / (1 - self.step / (2 * v)))

    @pytest.mark.slow
    @settings(max_examples=6, deadline=None)
    @given(st.floats(-3.0, 3.0), st.floats(0.2, 4.0), st.floats(-3.0, 3.0), st.floats(0.2, 4.0))
    def test_distances(self, m: float, v: float, n: float, w: float) -> None:
        (law, p), (other, q) = self.pair(m, v), self.pair(n, w)
        for distance in (tv, w2, kl):
            estimate, closed = distance(law, other), distance(p, q)
            assert abs(estimate.value - closed.value) <= estimate.error + closed.error + 1e-13 * (1 + closed.value)
            if distance is not kl:
                back = distance(other, law)
                assert abs(estimate.value - back.value) <= estimate.error + back.error

    @pytest.mark.slow
    def test_known_values(self) -> None:
        for seen, exact in (
            (kl(self.pair(0.0, 0.25)[0], self.pair(0.0, 4.0)[0]), 0.819586195316),
            (kl(self.pair(2.0, 0.2)[0], self.pair(-2.0, 0.2)[0]), 30.0),
            (renyi(self.pair(3.0, 0.3)[0], self.pair(-3.0, 1.5)[0], 0.5), 9.661585053794),
        ):
            assert abs(seen.value - exact) <= seen.error + 1e-12
        with pytest.raises(InvalidParameter, match="finite"):
            chi2(self.pair(0.0, 3.0)[0], self.pair(0.0, 0.3)[0])

    @pytest.mark.slow
    @pytest.mark.parametrize(("p", "q"), [((-0.453125, 6.56, 0.524), (-0.109375, 0.111, 0.211)), ((0.5, 8.88, 0.385), (-0.765625, 0.134, 0.155))])
    def test_densities_lost_to_underflow_are_in_the_error(self, p: tuple[float, float, float], q: tuple[float, float, float]) -> None:
        """What log(p/q) is beyond 38 deviations of q, where q underflows, adds 1e-3 to these."""
        law, other = (lmc(Gaussian(m, v), share * v, rtol=1e-8) for m, v, share in (p, q))
        seen, exact = kl(law, other), kl(*(Gaussian(m, v / (1 - share / 2)) for m, v, share in (p, q)))
        assert abs(seen.value - exact.value) <= seen.error < 0.03 * exact.value

    @pytest.mark.slow
    @pytest.mark.parametrize("rtol", [1e-6, 1e-8])
    def test_an_infinite_renyi_divergence_is_no_number(self, rtol: float) -> None:
        """(1 - 3) v_p + 3 v_q < 0."""
        law, other = lmc(Gaussian(-0.0625, 0.865), 0.133 * 0.865, rtol=rtol), lmc(Gaussian(0.09375, 0.145), 0.101 * 0.145, rtol=rtol)
        with pytest.raises(InvalidParameter, match="finite"):
            renyi(law, other, 3.0)

    def test_roots_of_densities_far_apart(self) -> None:
        """The integrand is smooth on the scale of neither law's grid."""
        law, q = lmc(Gaussian(1.734375, 2.96), 0.772 * 2.96, rtol=1e-8), Gaussian(-1.28125, 0.169)
        found, v = renyi(law, q, 0.5), 2.96 / (1 - 0.386)
        joint = (v + 0.169) / 2
        exact = (1.734375 + 1.28125) ** 2 / (4 * joint) + math.log(joint / math.sqrt(v * 0.169))
        assert abs(found.value - exact) <= found.error
        assert found.error < 1e-8

    @pytest.mark.slow
    def test_a_law_much_wider_than_its_target(self) -> None:
        """Its ratio to the target's density grows too fast to be interpolated; its ratio to a wide Gaussian does not."""
        narrow = GaussianMixture([0.3833333333333333, 0.6166666666666667], [-0.046875, -0.921875], [0.282, 0.267])
        wide, other = Gaussian(0.375, 0.975), Gaussian(-1.15625, 1.68)
        law = transient_law(EulerMaruyama(Overdamped(narrow), 0.0304), wide, 1, rtol=1e-5)
        reference = transient_law(EulerMaruyama(Overdamped(Gaussian(-2.7, 0.91)), 0.151), other, 2, rtol=1e-5)
        there, back = w2(law, reference), w2(reference, law)
        assert abs(there.value - back.value) <= there.error + back.error < 1e-7
        x, w = np.polynomial.legendre.leggauss(400)
        at = torch.linspace(-6, 5, 23, dtype=torch.float64)
        start = torch.as_tensor(0.375 + 9 * x)
        masses = torch.as_tensor(9 * w) * wide.density(start)
        moved = start + 0.0304 * narrow.drift(start)
        exact = torch.exp(-((at[:, None] - moved) ** 2) / (4 * 0.0304)) @ masses / math.sqrt(4 * math.pi * 0.0304)
        assert float((law.density(at) - exact).abs().max()) <= 1e-10

    def test_a_reference_that_is_not_known_so_far_out_is_refused(self) -> None:
        near = stationary_law(RandomizedMidpoint(Overdamped(Gaussian(-6.0, 0.3)), 0.05))
        with pytest.raises(InvalidParameter, match="known"):
            kl(lmc(Gaussian(6.0, 0.3), 0.05), near)


class TestAReferenceThatIsNotToldFromNone:
    """Densities of a law after some steps are known to 1e-16 of the largest: what lies below may be anything, and adds so much to the error."""

    @pytest.mark.parametrize(("step", "share"), [(1.5, 1e-8), (1.2, 1e-8), (0.5, 1e-2)])
    def test_divergences_are_those_of_the_closed_forms(self, step: float, share: float) -> None:
        chain = EulerMaruyama(Overdamped(Gaussian()), step)
        law, other = stationary_law(chain), transient_law(chain, 0.5, 2)
        there = [Gaussian(0.0, 1 / (1 - step / 2)), Gaussian(0.5 * (1 - step) ** 2, 2 * step * (1 + (1 - step) ** 2))]
        for divergence in (kl, reverse_kl, hellinger, lambda p, q: renyi(p, q, 0.3)):
            seen, exact = divergence(law, other), divergence(*there)
            assert abs(seen.value - exact.value) <= seen.error + exact.error and seen.error <= share * exact.value

    def test_what_only_such_densities_tell_is_refused_by_name(self) -> None:
        chain = PoissonMidpoint(Overdamped(Gaussian()), 0.1, 2)
        for divergence in (kl, chi2, lambda p, q: renyi(p, q, 1.5)):
            with pytest.raises(InvalidParameter, match="^other = .* is decided by densities that are known"):
                divergence(transient_law(chain, 0.5, 1), transient_law(chain, 8.0, 1))

    def test_laws_without_draws_are_told_however_far_apart_they_are(self) -> None:
        chain = EulerMaruyama(Overdamped(Gaussian()), 0.1)
        law, other, there = transient_law(chain, 0.5, 1), transient_law(chain, 8.0, 1), (Gaussian(0.45, 0.2), Gaussian(7.2, 0.2))
        for divergence in (kl, reverse_kl):
            seen, exact = divergence(law, other), divergence(*there)
            assert abs(seen.value - exact.value) <= seen.error + exact.error and seen.error < 1e-8 * exact.value


def test_the_rounding_of_one_is_no_mass_beyond_a_grid() -> None:
    """KL of 2e-13 to a law on the line, whose tails beyond the grid of the first have less than 1e-17."""
    system = Overdamped(GaussianMixture([0.5, 0.5], [-1.5, 1.5], [1.0, 1.0]))
    law, fine = stationary_law(PoissonMidpoint(system, 0.004, 8, midpoints="single")), stationary_law(EulerMaruyama(system, 0.0005))
    found = kl(law, fine)
    assert found.parts["ends"] < 1e-4 * found.value
