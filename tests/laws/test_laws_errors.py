"""Each part of the error of a law on the line, where it dominates: what is stated covers a route that shares nothing with the engine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pmmtheory.divergences import chi2, kl, renyi, tv, w2
from pmmtheory.dynamics import Overdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama, Index, Normal, PoissonMidpoint, RandomizedMidpoint, Scheme, Uniform
from pmmtheory.targets import Gaussian, GaussianMixture, Potential
from pmmtheory.targets.target import Target


def lmc(target: Target, step: float, **options: Any) -> Any:
    return stationary_law(EulerMaruyama(Overdamped(target), step), **options)


def on_panels(target: Target, step: float, centres: list[float], reach: float, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and masses of LMC's law by Nystroem's method on Gauss-Legendre panels graded towards the centres, and GTH elimination."""
    near = np.concatenate([c + s * np.geomspace(1e-2, 2 * reach, 30 * level) for c in centres for s in (-1, 1)])
    edges = np.unique(np.concatenate([np.linspace(-reach, reach, round(70 * level)), near[np.abs(near) < reach], centres]))
    t, w = np.polynomial.legendre.leggauss(8)
    x = (edges[:-1, None] + np.diff(edges)[:, None] * (t + 1) / 2).ravel()
    weights = (np.diff(edges)[:, None] * w / 2).ravel()
    middle = x + step * target.drift(torch.as_tensor(x)).numpy()
    p = np.exp(-((x - middle[:, None]) ** 2) / (4 * step)) * weights
    p /= p.sum(1, keepdims=True)
    for k in range(len(p) - 1, 0, -1):
        p[:k, k] /= p[k, :k].sum()
        p[:k, :k] += p[:k, k, None] * p[k, :k]
    masses = np.zeros(len(p))
    masses[0] = 1.0
    for k in range(1, len(p)):
        masses[k] = masses[:k] @ p[:k, k]
    return x, masses / masses.sum()


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

    def test_rounding_is_the_largest_part_of_slow_mixing(self) -> None:
        law = stationary_law(RandomizedMidpoint(Overdamped(GaussianMixture([0.5, 0.5], [-4.2, 4.2], [1.0, 1.0])), 0.1), rtol=1e-6)
        assert law.errors["rounding"] > 1e-12
        assert abs(float(law.cdf(0.0)) - 0.5) <= law.numerical_error


class Kicked(Scheme):
    """A step that jumps in its draw."""

    draws = {"u": Uniform()}
    drift_calls = 1.0
    cut = 0.5

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        kick = torch.where(draws["u"] < self.cut, -3.0, 3.0)
        return x + self.step_size * (self.dynamics.drift(x, t) + kick), math.sqrt(2 * self.step_size)


class TestJumps:
    def test_mean_and_square(self) -> None:
        law = stationary_law(Kicked(Overdamped(Gaussian()), 0.5))
        first, second = law.moment(1), law.moment(2)
        assert abs(first.value) <= first.error and abs(second.value - 13 / 3) <= second.error
        assert second.error < 1e-8

    def test_an_index_jumps_by_itself(self) -> None:
        class Indexed(Kicked):
            draws = {"u": Index(2)}

        one, other = (stationary_law(kind(Overdamped(Gaussian()), 0.5)) for kind in (Kicked, Indexed))
        assert float(tv(one, other)) <= one.numerical_error + other.numerical_error + 1e-12

    def test_uneven(self) -> None:
        class Uneven(Kicked):
            cut = 0.23

        mean = stationary_law(Uneven(Overdamped(Gaussian()), 0.5)).moment(1)
        assert abs(mean.value - 3 * (1 - 2 * 0.23)) <= mean.error

    @pytest.mark.parametrize(("kicks", "variance", "step"), [((-2.4, 1.3974683544303796), 3.17, 1.04), ((-2.93, 2.58), 2.64, 0.322)])
    def test_what_the_ends_cost_is_seen(self, kicks: tuple[float, float], variance: float, step: float) -> None:
        """A law much wider than the target: at 1e-5 the grid cuts it where both resolutions would agree on what is lost."""

        class Uneven(Kicked):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                kick = torch.where(draws["u"] < 0.37, *(torch.as_tensor(k, dtype=x.dtype) for k in kicks))
                return x + self.step_size * (self.dynamics.drift(x, t) + kick), math.sqrt(2 * self.step_size)

        law = stationary_law(Uneven(Overdamped(Gaussian(0.0, variance)), step), rtol=1e-5)
        push, pull = 0.37 * kicks[0] + 0.63 * kicks[1], step / variance
        mean = variance * push
        square = (step**2 * 0.37 * 0.63 * (kicks[1] - kicks[0]) ** 2 + 2 * step) / (pull * (2 - pull)) + mean**2
        for k, exact in ((1, mean), (2, square)):
            assert abs(law.moment(k).value - exact) <= law.moment(k).error
            assert law.moment(k).error < 1e-6

    def test_a_jump_in_a_normal_draw(self) -> None:
        class Pushed(Kicked):
            draws = {"u": Normal()}
            cut = 0.3

        law = stationary_law(Pushed(Overdamped(Gaussian()), 0.5), rtol=1e-7)
        p = 0.5 * math.erfc(-0.3 / math.sqrt(2))
        mean, variance = 3 - 6 * p, (0.25 * 36 * p * (1 - p) + 1.0) / 0.75
        assert abs(law.moment(1).value - mean) <= law.moment(1).error
        assert abs(law.moment(2).value - variance - mean**2) <= law.moment(2).error
        assert law.moment(2).error < 1e-6

    def test_a_place_that_depends_on_the_state_is_refused(self) -> None:
        class Moving(Kicked):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                kick = torch.where(draws["u"] < torch.sigmoid(x), -3.0, 3.0)
                return x + self.step_size * (self.dynamics.drift(x, t) + kick), math.sqrt(2 * self.step_size)

        with pytest.raises(InvalidParameter, match="jumps in a uniform draw"):
            stationary_law(Moving(Overdamped(Gaussian()), 0.5))


def huber(x: Tensor) -> Tensor:
    return torch.where(torch.abs(x) < 1, x * x / 2, torch.abs(x) - 0.5)


class TestKinks:
    @pytest.mark.slow
    def test_huber(self) -> None:
        """E X^2 = 2.610375942 for LMC of step 0.4, from panels split at the kinks."""
        target = Potential(huber)
        square = lmc(target, 0.4, rtol=1e-4).moment(2)
        x, masses = on_panels(target, 0.4, [-1.0, 1.0], 45.0, 1)
        assert abs(square.value - float(masses @ x**2)) <= square.error + 2e-9
        assert square.error < 1e-7

    def test_shifted(self) -> None:
        one, other = lmc(Potential(huber), 0.3), lmc(Potential(lambda x: huber(x - 40.3)), 0.3)
        assert abs(one.covariance - other.covariance) <= one.moment(2).error + 200 * other.numerical_error

    def test_after_some_steps(self) -> None:
        """From N(0, 1), two steps: against a rule split at the kinks."""
        target = Potential(huber)
        law = transient_law(EulerMaruyama(Overdamped(target), 0.4), Gaussian(), 2)
        t, w = np.polynomial.legendre.leggauss(40)
        edges = np.unique(np.concatenate([np.linspace(-14, 14, 57), [-1.0, 1.0]]))
        x, weights = (edges[:-1, None] + np.diff(edges)[:, None] * (t + 1) / 2).ravel(), (np.diff(edges)[:, None] * w / 2).ravel()
        middle = x + 0.4 * target.drift(torch.as_tensor(x)).numpy()
        kernel = np.exp(-((x - middle[:, None]) ** 2) / 1.6) / math.sqrt(1.6 * math.pi) * weights
        masses = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) * weights @ kernel @ kernel
        square = law.moment(2)
        assert abs(square.value - float(masses @ x**2)) <= square.error + 1e-12


class TestW2AcrossKinks:
    """Where the third derivative of the map jumps, no rule of a fixed panel sees it: W2 and its mirror image agree."""

    @pytest.mark.parametrize(("steep", "step"), [(3.92, 0.239), (2.0, 0.3)])
    def test_mirrored(self, steep: float, step: float) -> None:
        def half(x: Tensor, sign: float) -> Tensor:
            return torch.where(sign * x < 0, steep, 1.0).to(x.dtype) * x * x / 2

        one, other = (Potential(lambda x, sign=sign: half(x, sign)) for sign in (1.0, -1.0))
        first, second = (w2(lmc(target, step, rtol=1e-4), target) for target in (one, other))
        assert abs(first.value - second.value) <= first.error + second.error < 1e-8


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

    @pytest.mark.parametrize("shift", [0.0, 1e3, 1e6])
    def test_large_steps_at_any_origin(self, shift: float) -> None:
        """LMC of step 1.9 on N(m, 1) has variance 20."""
        target = Gaussian(shift, 1.0)
        law, exact = lmc(target, 1.9, rtol=1e-2), Gaussian(shift, 20.0)
        for distance in (kl, tv, w2):
            estimate, closed = distance(law, target), distance(exact, target)
            assert abs(estimate.value - closed.value) <= estimate.error + closed.error + 1e-13


class TestBetweenLaws:
    """The law of LMC on N(m, v) is N(m, v / (1 - h/2v)): every distance has a closed form, however far apart they are."""

    step = 0.1

    def pair(self, m: float, v: float) -> tuple[Any, Gaussian]:
        return lmc(Gaussian(m, v), self.step), Gaussian(m, v / (1 - self.step / (2 * v)))

    @pytest.mark.slow
    @settings(max_examples=8, deadline=None)
    @given(st.floats(-3.0, 3.0), st.floats(0.2, 4.0), st.floats(-3.0, 3.0), st.floats(0.2, 4.0))
    def test_distances(self, m: float, v: float, n: float, w: float) -> None:
        (law, p), (other, q) = self.pair(m, v), self.pair(n, w)
        for distance in (tv, w2, kl):
            estimate, closed = distance(law, other), distance(p, q)
            assert abs(estimate.value - closed.value) <= estimate.error + closed.error + 1e-13 * (1 + closed.value)
        assert abs(tv(law, other).value - tv(other, law).value) <= tv(law, other).error + tv(other, law).error
        assert abs(w2(law, other).value - w2(other, law).value) <= w2(law, other).error + w2(other, law).error

    def test_known_values(self) -> None:
        for seen, exact in (
            (kl(self.pair(0.0, 0.25)[0], self.pair(0.0, 4.0)[0]), 0.819586195316),
            (kl(self.pair(2.0, 0.2)[0], self.pair(-2.0, 0.2)[0]), 30.0),
            (renyi(self.pair(3.0, 0.3)[0], self.pair(-3.0, 1.5)[0], 0.5), 9.661585053794),
        ):
            assert abs(seen.value - exact) <= seen.error + 1e-12
        with pytest.raises(InvalidParameter, match="finite"):
            chi2(self.pair(0.0, 3.0)[0], self.pair(0.0, 0.3)[0])

    @pytest.mark.parametrize(("p", "q"), [((-0.453125, 6.56, 0.524), (-0.109375, 0.111, 0.211)), ((0.5, 8.88, 0.385), (-0.765625, 0.134, 0.155))])
    def test_densities_lost_to_underflow_decide_nothing(self, p: tuple[float, float, float], q: tuple[float, float, float]) -> None:
        """What log(p/q) is beyond 38 deviations of q, where q underflows, adds 1e-3 to these."""
        law, other = (lmc(Gaussian(m, v), share * v, rtol=1e-8) for m, v, share in (p, q))
        with pytest.raises(InvalidParameter, match="kl"):
            kl(law, other)

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


def test_a_grid_too_large_is_refused_before_it_is_made() -> None:
    target = GaussianMixture([0.5, 0.5], [0.0, 1.0], [1.0, 1e-10])
    with pytest.raises(NotConverged, match="points"):
        lmc(target, 1e-10)
