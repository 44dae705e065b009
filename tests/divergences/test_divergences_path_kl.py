"""KL of paths against enumeration with mpmath, nested quadrature and Monte Carlo of paths written out."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
import torch
from scipy import integrate

from experiments.measures._written_out import midpoint_sets
from pmmtheory.divergences import path_kl
from pmmtheory.divergences.paths import step_mixture
from pmmtheory.divergences.paths.around_axis import COARSE, FINE, kl_around_axis
from pmmtheory.targets import Gaussian, Target
from tests.divergences.paths_by_hand import TWO, pair, parts_of_step


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
                assert kl_around_axis(1, seen.weights, seen.shifts * x, seen.excess, grid).kl == pytest.approx(exact, rel=rel)

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
        for weight, chosen in midpoint_sets(substeps, "bernoulli"):
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
