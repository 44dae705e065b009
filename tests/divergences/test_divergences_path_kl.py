"""KL of paths against enumeration with mpmath, nested quadrature, Monte Carlo of paths written out, and each route against the other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from torch import Tensor

from pmmtheory.divergences import kl, path_kl
from pmmtheory.divergences.paths import gaussian as radial
from pmmtheory.divergences.paths import hidden, hidden_line, line, midpoint_sums, step_mixture
from pmmtheory.divergences.paths.around_axis import COARSE, FINE, kl_around_axis
from pmmtheory.divergences.paths.path_kl import _checked
from pmmtheory.dynamics import Overdamped, Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Cosine, DoubleWell, Gaussian, GaussianMixture, LogCosh, Target
from pmmtheory.testing.broken import DoubledMidpoints
from pmmtheory.theory.path_terms import coarse_path_constant, far_start_constant, fine_path_constant

TWO = GaussianMixture([0.3, 0.7], [-1.2, 1.0], [0.7, 1.1])


def pair(target: Target, step: float, substeps: int, midpoints: str = "bernoulli", kind: type[PoissonMidpoint] = PoissonMidpoint) -> tuple[Scheme, Scheme]:
    dynamics = Overdamped(target)
    return kind(dynamics, step, substeps, midpoints), EulerMaruyama(dynamics, step / substeps)


def sets(substeps: int, midpoints: str) -> list[tuple[float, set[int]]]:
    """Sets of midpoints with their probabilities."""
    if midpoints == "single":
        return [(1 / substeps, {i}) for i in range(substeps)]
    p, every = 1 / substeps, range(1, substeps)
    chosen = [set(some) for n in range(substeps) for some in itertools.combinations(every, n)]
    return [(p ** len(some) * (1 - p) ** (substeps - 1 - len(some)), some) for some in chosen]


def parts_of_step(step: float, substeps: int, midpoints: str, lam: float = 1.0) -> list[tuple[float, float, float]]:
    """Weight, slope and variance given each set, by the substeps written out: coefficients of x and of the normals."""
    found, h = [], step / substeps
    for weight, chosen in sets(substeps, midpoints):
        state, middle = np.zeros(substeps + 1), np.zeros(substeps + 1)
        state[-1] = middle[-1] = 1.0
        first = state.copy()
        for i in range(substeps):
            force = -lam * (first + (substeps if i in chosen else 0) * (middle - first))
            state, middle = state + h * force, middle - h * lam * first
            state[i] += math.sqrt(2 * h)
            middle[i] += math.sqrt(2 * h)
        found.append((weight, state[-1], float((state[:-1] ** 2).sum())))
    return found


def kl_on_line(parts: list[tuple[float, float, float]], slope: float, variance: float, x: float) -> mp.mpf:
    """KL of the mixture from N(slope x, variance), by mpmath."""

    def density(y: mp.mpf) -> mp.mpf:
        return mp.fsum(w * mp.npdf(y, m * x, mp.sqrt(v)) for w, m, v in parts)

    def term(y: mp.mpf) -> mp.mpf:
        p, q = density(y), mp.npdf(y, slope * x, mp.sqrt(variance))
        return p * mp.log(p / q) - p + q

    width, middle = mp.sqrt(variance), slope * x
    return mp.quad(term, [middle + k * width for k in (-11, -5, -2, 0, 2, 5, 11)])


class TestAgainstEnumeration:
    """A Gaussian of curvature 1 on the line, sets of midpoints listed by hand."""

    @pytest.mark.slow
    @pytest.mark.parametrize("substeps, midpoints", [(2, "bernoulli"), (3, "bernoulli"), (3, "single")])
    def test_coarse_at_one_x(self, substeps: int, midpoints: str) -> None:
        step = 0.3
        parts = parts_of_step(step, substeps, midpoints)
        h = step / substeps
        slope, variance = (1 - h) ** substeps, 2 * h * sum((1 - h) ** (2 * i) for i in range(substeps))
        scheme, fine = pair(Gaussian(), step, substeps, midpoints)
        seen = step_mixture.step_mixture(scheme, fine, substeps, 1.0, 9)
        for x in (0.0, 0.7, 3.0):
            with mp.workdps(25):
                exact = float(kl_on_line(parts, slope, variance, x))
            for grid, rel in ((FINE, 1e-10), (COARSE, 1e-9)):
                assert kl_around_axis(1, seen.weights, seen.shifts * x, seen.excess, grid) == pytest.approx(exact, rel=rel)

    @pytest.mark.slow
    @pytest.mark.parametrize("substeps, midpoints", [(2, "bernoulli"), (3, "bernoulli"), (3, "single")])
    def test_coarse_over_steps(self, substeps: int, midpoints: str) -> None:
        """Two steps, E over x by Gauss-Hermite of a Gaussian, then of the mixture that the first step makes of it."""
        step, wide = 0.25, 1.6
        parts = parts_of_step(step, substeps, midpoints)
        h = step / substeps
        slope, variance = (1 - h) ** substeps, 2 * h * sum((1 - h) ** (2 * i) for i in range(substeps))

        def mean_kl(spread: float) -> float:
            nodes, weights = np.polynomial.hermite_e.hermegauss(24)
            x, y = math.sqrt(spread) * nodes[:, None], math.sqrt(variance) * np.linspace(-11, 11, 1500)
            q = np.exp(-y * y / (2 * variance)) / math.sqrt(2 * math.pi * variance)
            p = sum(w * np.exp(-((y + (slope - m) * x) ** 2) / (2 * v)) / math.sqrt(2 * math.pi * v) for w, m, v in parts)
            return float(weights @ (p * np.log(p / q) - p + q).sum(1)) * (y[1] - y[0]) / math.sqrt(2 * math.pi)

        exact = mean_kl(wide) + sum(w * mean_kl(m * m * wide + v) for w, m, v in parts)
        found = path_kl(*pair(Gaussian(), step, substeps, midpoints), 2, Gaussian(0.0, wide))
        assert abs(found.value - exact) < found.error + 1e-8 * exact

    def test_fine_with_two_substeps(self) -> None:
        """X_1 is N, and X_2 given X_1 a mixture of two Gaussians whose distance is a function of X_1 alone: nested quadrature."""
        step = 0.2
        h = step / 2

        def inner(gap: float) -> float:
            """KL( (N(0, 1) + N(2 gap, 1))/2 || N(gap, 1) )."""

            def term(y: float) -> float:
                log = math.log(math.cosh(gap * (y - gap))) - gap * gap / 2
                return math.exp(-((y - gap) ** 2) / 2) / math.sqrt(2 * math.pi) * (math.exp(log) * (log - 1) + 1)

            return integrate.quad(term, gap - 10, gap + 10, epsabs=1e-15, epsrel=1e-11, limit=200)[0]

        # the force at X_1 less that at x is x - X_1, over the noise sqrt(2 h), times h; X_1 - x has variance h^2 + 2 h from x ~ N(0, 1)
        spread = math.sqrt(h**2 + 2 * h) * h / math.sqrt(2 * h)
        exact = 2 * integrate.quad(lambda z: inner(spread * z) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi), 0, 9, epsabs=1e-15, epsrel=1e-9)[0]
        found = path_kl(*pair(Gaussian(), step, 2), 1, path="fine")
        assert found.error < 1e-6 * found.value and abs(found.value - exact) < found.error + 1e-8 * exact


class TestRoutesAgree:
    @pytest.mark.slow
    @settings(max_examples=6)
    @given(st.floats(0.01, 0.3), st.integers(2, 5), st.sampled_from(["bernoulli", "single"]), st.floats(0.4, 3.0), st.integers(1, 6))
    def test_coarse_radial_and_grid(self, step: float, substeps: int, midpoints: str, wide: float, steps: int) -> None:
        scheme, fine = pair(Gaussian(0.0, 0.8), step, substeps, midpoints)
        paths = _checked(scheme, fine, steps, Gaussian(0.0, 0.8 * wide))
        one, other = radial.GaussianPaths().kl(paths), line.LinePaths().kl(paths)
        assert one.agrees(other) and one.error < 1e-4 * one.value and other.error < 1e-4 * other.value

    @pytest.mark.slow
    @settings(max_examples=6)
    @given(st.floats(0.005, 0.06), st.integers(2, 4), st.sampled_from(["bernoulli", "single"]), st.integers(1, 3))
    def test_fine_sampled_and_quadrature(self, step: float, substeps: int, midpoints: str, steps: int) -> None:
        paths = _checked(*pair(Gaussian(), step, substeps, midpoints), steps, Gaussian())
        one, other = hidden.HiddenMidpoints().kl(paths), hidden_line.HiddenOnLine().kl(paths)
        assert one.agrees(other) and one.error < 0.05 * one.value and other.error < 1e-4 * other.value

    @pytest.mark.slow
    @pytest.mark.parametrize("substeps", [13, 16])
    def test_sums_in_place_of_sets(self, substeps: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """Above K = 12 pairs with equal moments stand for the sets: at K = 12 both are known; above, moments by hand."""
        pairs, weights = midpoint_sums.midpoint_sums(substeps, 1.0, 9)
        s, p = np.arange(1, substeps), 1 / substeps
        assert weights.sum() == pytest.approx(1, abs=1e-14) and (weights > 0).all()
        assert weights @ pairs[:, 0] == pytest.approx(p * s.sum(), rel=1e-13)
        assert weights @ pairs[:, 0] ** 2 - (p * s.sum()) ** 2 == pytest.approx(p * (1 - p) * (s**2).sum(), rel=1e-11)
        assert weights @ pairs[:, 1] == pytest.approx(p * s.sum() + p * p * (np.minimum.outer(s, s).sum() - s.sum()), rel=1e-13)
        scheme, fine = pair(Gaussian(dim=3), 0.2, 12)
        listed = path_kl(scheme, fine, 2)
        monkeypatch.setattr(step_mixture, "LISTED", 11)
        summed = path_kl(scheme, fine, 2)
        assert listed.agrees(summed) and summed.value == pytest.approx(listed.value, rel=1e-6)

    @pytest.mark.slow
    def test_finer_resolutions_are_within_the_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cases = [(0.3, 8, 100, 3), (0.5, 12, 2, 4), (0.1, 12, 1000, 2), (0.4, 4, 1, 5)]
        found = [path_kl(*pair(Gaussian(dim=d), step, k), n) for step, k, d, n in cases]
        finest = radial._Level(12, 15, radial.Resolution(0.06, 18), 3)
        monkeypatch.setattr(radial, "_LEVELS", (finest, radial._LEVELS[0]))
        monkeypatch.setattr(step_mixture, "_FEW", 400)
        for (step, k, d, n), seen in zip(cases, found, strict=True):
            better = path_kl(*pair(Gaussian(dim=d), step, k), n)
            assert abs(seen.value - better.value) <= seen.error + better.error, (step, k, d)


def simulated(target: Target, step: float, substeps: int, n: int, seed: int) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Paths (n, K + 1) of one large step on the line, substep by substep, and the log likelihood ratio of such a path, by the sum over all sets."""
    rng, h = np.random.default_rng(seed), step / substeps

    def force(x: np.ndarray) -> np.ndarray:
        return np.asarray(target.drift(torch.as_tensor(x)))

    x = np.asarray(target.sample(n, seed))
    path, middle, b0 = [x], x.copy(), force(x)
    for _ in range(substeps):
        mark, noise = rng.random(n) < 1 / substeps, math.sqrt(2 * h) * rng.standard_normal(n)
        path.append(path[-1] + h * (b0 + substeps * mark * (force(middle) - b0)) + noise)
        middle = middle + h * b0 + noise
    states = np.stack(path, 1)

    def log_ratio(y: np.ndarray) -> np.ndarray:
        b0, fine = force(y[:, 0]), sum((y[:, i + 1] - y[:, i] - h * force(y[:, i])) ** 2 for i in range(substeps))
        terms = []
        for weight, chosen in sets(substeps, "bernoulli"):
            off, cost = np.zeros(len(y)), np.zeros(len(y))
            for i in range(substeps):
                pushed = h * substeps * (force(y[:, i] - off) - b0) if i in chosen else 0.0
                cost += (y[:, i + 1] - y[:, i] - h * b0 - pushed) ** 2
                off = off + pushed
            terms.append(math.log(weight) + (fine - cost) / (4 * h))
        return np.logaddexp.reduce(terms)

    return states, log_ratio


class TestAgainstMonteCarlo:
    @pytest.mark.slow
    @pytest.mark.parametrize("target, step", [(Gaussian(), 0.4), (TWO, 0.25)])
    def test_fine(self, target: Target, step: float) -> None:
        """E_P[log r + 1/r - 1] by paths of the scheme itself."""
        states, log_ratio = simulated(target, step, 3, 250_000, 5)
        log = log_ratio(states)
        each = log + np.exp(-log) - 1
        found = path_kl(*pair(target, step, 3), 1, path="fine")
        assert abs(found.value - each.mean()) < 4.5 * each.std() / math.sqrt(len(each)) + found.error
        assert each.std() / math.sqrt(len(each)) < 0.04 * found.value

    @pytest.mark.slow
    @pytest.mark.parametrize("dim", [2, 5])
    def test_coarse_in_dimensions(self, dim: int) -> None:
        """Three parts at K = 3 written out, x and X' drawn in R^d: no axis, no radius."""
        step, rng, n = 0.4, np.random.default_rng(dim), 200_000
        parts, h = parts_of_step(step, 3, "bernoulli"), step / 3
        slope, variance = (1 - h) ** 3, 2 * h * sum((1 - h) ** (2 * i) for i in range(3))
        x = rng.standard_normal((n, dim))
        y = slope * x + math.sqrt(variance) * rng.standard_normal((n, dim))
        fine = ((y - slope * x) ** 2).sum(1) / (2 * variance)
        r = sum(w * (variance / v) ** (dim / 2) * np.exp(fine - ((y - m * x) ** 2).sum(1) / (2 * v)) for w, m, v in parts)
        each = r * np.log(r) - r + 1
        found = path_kl(*pair(Gaussian(dim=dim), step, 3), 1)
        assert abs(found.value - each.mean()) < 4.5 * each.std() / math.sqrt(n) + found.error
        assert each.std() / math.sqrt(n) < 0.05 * found.value


class TestChainRule:
    @pytest.mark.slow
    @pytest.mark.parametrize("target, path", [(Gaussian(), "coarse"), (TWO, "coarse"), (TWO, "fine")])
    def test_steps_add_up(self, target: Target, path: str) -> None:
        """Three steps are two, and one from the law after two."""
        scheme, fine = pair(target, 0.1, 3)
        middle = transient_law(scheme, target, 2, rtol=1e-10)
        whole, first, last = path_kl(scheme, fine, 3, path=path), path_kl(scheme, fine, 2, path=path), path_kl(scheme, fine, 1, middle, path)
        assert whole.value == pytest.approx(first.value + last.value, rel=1e-6, abs=whole.error + first.error + last.error)

    @pytest.mark.slow
    @pytest.mark.parametrize("target", [Gaussian(), TWO])
    def test_order_of_paths_and_of_the_end(self, target: Target) -> None:
        """Data processing: the last state says less than the coarse path, and that less than the fine."""
        scheme, fine = pair(target, 0.1, 3)
        end = kl(transient_law(scheme, target, 4, rtol=1e-10), transient_law(fine, target, 12, rtol=1e-10))
        coarse, every = path_kl(scheme, fine, 4), path_kl(scheme, fine, 4, path="fine")
        assert end < coarse < every

    @pytest.mark.slow
    @pytest.mark.parametrize("path", ["coarse", "fine"])
    @pytest.mark.parametrize("target", [Gaussian(dim=3), Gaussian(), TWO])
    def test_one_substep_is_the_fine_chain(self, target: Target, path: str) -> None:
        found = path_kl(*pair(target, 0.1, 1), 5, path=path)
        assert found.value <= found.error < 1e-12

    @pytest.mark.slow
    def test_stationary_start(self) -> None:
        """T steps from the law that the chain keeps are T times one."""
        scheme, fine = pair(Gaussian(dim=3), 0.2, 4)
        law = stationary_law(scheme)
        one, many = path_kl(scheme, fine, 1, law), path_kl(scheme, fine, 50, law)
        assert many.value == pytest.approx(50 * one.value, rel=1e-8)


class TestInvariance:
    @pytest.mark.slow
    @settings(max_examples=6)
    @given(st.floats(-5, 5), st.floats(0.05, 30), st.sampled_from(["coarse", "fine"]))
    def test_shift_and_scale_on_gaussians(self, shift: float, width: float, path: str) -> None:
        """Gaussians of any mean and variance: the step in units of the variance is all there is."""
        plain = path_kl(*pair(Gaussian(dim=2), 0.05, 3), 2, path=path)
        moved = path_kl(*pair(Gaussian([shift, -shift], width), 0.05 * width, 3), 2, path=path)
        assert moved.value == pytest.approx(plain.value, rel=1e-8)

    @pytest.mark.slow
    @pytest.mark.parametrize("path", ["coarse", "fine"])
    def test_shift_scale_and_reflection_on_the_line(self, path: str) -> None:
        plain = path_kl(*pair(TWO, 0.05, 3), 2, path=path)
        moved = path_kl(*pair(GaussianMixture([0.3, 0.7], [2.0 + 2.4, 2.0 - 2.0], [2.8, 4.4]), 0.2, 3), 2, path=path)
        assert plain.agrees(moved) and moved.value == pytest.approx(plain.value, rel=1e-6)


class TestAgainstTheory:
    """Richardson: KL/step^4 at two small steps, carried to zero, against the constants; the rest is of the order of the step squared."""

    @staticmethod
    def limit(measure: Callable[[float], float], step: float = 0.004) -> float:
        return 2 * measure(step / 2) / (step / 2) ** 4 - measure(step) / step**4

    @pytest.mark.slow
    @pytest.mark.parametrize("target", [Gaussian(), Gaussian(0.0, 0.6, dim=7), TWO, Cosine(amplitude=0.5)])
    @pytest.mark.parametrize("midpoints", ["bernoulli", "single"])
    def test_coarse(self, target: Target, midpoints: str) -> None:
        found = self.limit(lambda step: path_kl(*pair(target, step, 3, midpoints), 1).value, 0.01)
        assert found == pytest.approx(coarse_path_constant(target, 3, midpoints), rel=3e-3)

    @pytest.mark.slow
    @pytest.mark.parametrize("target", [Gaussian(), Gaussian(0.0, 0.6, dim=7), TWO])
    def test_fine(self, target: Target) -> None:
        found = self.limit(lambda step: path_kl(*pair(target, step, 4), 1, path="fine").value, 0.01)
        assert found == pytest.approx(fine_path_constant(target, 4), rel=3e-3)

    @pytest.mark.slow
    @pytest.mark.parametrize("dim", [1, 6])
    def test_far_start(self, dim: int) -> None:
        def added(step: float) -> float:
            scheme, fine = pair(Gaussian(dim=dim), step, 5)
            return (path_kl(scheme, fine, round(8 / step), Gaussian(0.0, 2.5, dim=dim)) - path_kl(scheme, fine, round(8 / step))).value

        assert self.limit(added, 0.01) == pytest.approx(far_start_constant(dim, 5, 1.5), rel=3e-3)

    @pytest.mark.slow
    def test_a_broken_midpoint_is_seen(self) -> None:
        """Midpoints with probability 2/K change the variance at order step: KL is step^2, not step^4."""
        values = [path_kl(*pair(Gaussian(), step, 4, kind=DoubledMidpoints), 1).value for step in (0.01, 0.005)]
        assert math.log2(values[0] / values[1]) == pytest.approx(2, abs=0.1)


def refused(*args: object, **options: object) -> str:
    with pytest.raises(InvalidParameter) as caught:
        path_kl(*args, **options)
    return str(caught.value)


class TestBadInput:
    def test_what_is_no_chain(self) -> None:
        scheme, fine = pair(Gaussian(), 0.1, 4)
        assert "scheme" in refused("PMM", fine, 1) and "fine" in refused(scheme, 0.025, 1)
        assert (
            "steps = 0" in refused(scheme, fine, 0)
            and "path = 'all'" in refused(scheme, fine, 1, path="all")
            and "start = 2.0" in refused(scheme, fine, 1, 2.0)
        )

    def test_chains_that_do_not_go_together(self) -> None:
        scheme, fine = pair(Gaussian(), 0.1, 4)
        assert "same target" in refused(scheme, pair(Gaussian(), 0.1, 4)[1], 1)
        assert "whole number" in refused(scheme, fine.with_step(0.03), 1) and "one Gaussian" in refused(scheme, RandomizedMidpoint(scheme.dynamics, 0.025), 1)
        assert "the substep" in refused(scheme, fine.with_step(0.05), 1, path="fine")
        under = Underdamped(Gaussian(), 2.0)
        assert "coarse" in refused(PoissonMidpoint(under, 0.1, 4), EulerMaruyama(under, 0.025), 1, path="fine")

    def test_targets_and_starts(self) -> None:
        assert "isotropic" in refused(*pair(Gaussian([0.0, 0.0], [1.0, 2.0]), 0.1, 4), 1)
        assert "at most linearly" in refused(*pair(DoubleWell(), 0.01, 4), 1)
        assert "start" in refused(*pair(Gaussian(dim=2), 0.1, 4), 1, Gaussian([1.0, 0.0], 1.0))

    @pytest.mark.slow
    def test_axes_that_are_not_alike(self) -> None:
        """One axis would stand for both."""

        class Uneven(PoissonMidpoint):
            def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
                mean, factor = super().step(x, t, draws)
                return mean, factor * torch.tensor([1.0, 0.5], dtype=x.dtype)

        scheme, fine = pair(Gaussian(dim=2), 0.1, 4, kind=Uneven)
        assert "each axis" in refused(scheme, fine, 3) and path_kl(*pair(Gaussian(dim=2), 0.1, 4), 3).value > 0

    @pytest.mark.slow
    def test_too_many_sets(self) -> None:
        assert "at most 10" in refused(*pair(Gaussian(dim=2), 0.1, 11), 1, path="fine") and "at most 6" in refused(*pair(TWO, 0.1, 7), 1, path="fine")

    @pytest.mark.slow
    def test_likelihood_ratios_that_no_sample_sees(self) -> None:
        """Where K step^2 d is not small few paths have most of chi2: no number comes of it."""
        with pytest.raises(NotConverged):
            path_kl(*pair(Gaussian(dim=100), 0.05, 8), 1, path="fine")

    def test_too_fine_a_grid(self) -> None:
        with pytest.raises(NotConverged, match="points"):
            path_kl(*pair(LogCosh(), 0.001, 8), 1)

    @pytest.mark.slow
    def test_results_are_estimates(self) -> None:
        found = path_kl(*pair(Gaussian(), 0.1, 4), 3)
        assert isinstance(found, Estimate) and set(found.parts) == {"resolution", "rounding"}
