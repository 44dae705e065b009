"""KL of underdamped coarse paths against quadrature and Monte Carlo of chains written out, and against theory."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.divergences import kl, path_kl
from pmmtheory.divergences.paths import underdamped
from pmmtheory.divergences.paths.path_kl import _checked
from pmmtheory.dynamics import Underdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, Scheme
from pmmtheory.targets import Gaussian, GaussianMixture
from pmmtheory.testing.broken import DoubledMidpoints
from pmmtheory.theory.path_terms import underdamped_path_constant


def pair(target: Gaussian, friction: float, step: float, substeps: int, midpoints: str = "bernoulli") -> tuple[Scheme, Scheme]:
    system = Underdamped(target, friction)
    return PoissonMidpoint(system, step, substeps, midpoints), EulerMaruyama(system, step / substeps)


def integrator(g: float, h: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A_h, G_h (as what a force on the velocity does) and Gamma_h^2, as printed."""
    e = math.exp(-g * h)
    a, respond = np.array([[1, (1 - e) / g], [0, e]]), np.array([(h - (1 - e) / g) / g, (1 - e) / g])
    noise = np.array([[2 / g * (h - 2 / g * (1 - e) + (1 - e * e) / (2 * g)), (1 - e) ** 2 / g], [(1 - e) ** 2 / g, 1 - e * e]])
    return a, respond, noise


def sets(substeps: int, midpoints: str) -> Iterator[tuple[float, tuple[int, ...]]]:
    if midpoints == "single":
        yield from ((1 / substeps, (i,)) for i in range(substeps))
        return
    p = 1 / substeps
    for n in range(substeps):
        for chosen in itertools.combinations(range(1, substeps), n):
            yield p**n * (1 - p) ** (substeps - 1 - n), chosen


def parts_of_step(lam: float, g: float, step: float, substeps: int, midpoints: str) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Weight, matrix and covariance given each set, by the substeps written out: rows are coefficients of (u, v) at the start and of all normals."""
    h = step / substeps
    a, respond, noise = integrator(g, h)
    root, found = np.linalg.cholesky(noise), []
    for weight, chosen in sets(substeps, midpoints):
        state, middle = (np.concatenate([np.eye(2), np.zeros((2, 2 * substeps))], 1) for _ in range(2))
        first = state.copy()
        for i in range(substeps):
            force = -lam * (first[0] + (substeps if i in chosen else 0) * (middle[0] - first[0]))
            state, middle = a @ state + np.outer(respond, force), a @ middle + np.outer(respond, -lam * first[0])
            state[:, 2 + 2 * i : 4 + 2 * i] += root
            middle[:, 2 + 2 * i : 4 + 2 * i] += root
        found.append((weight, state[:, :2], state[:, 2:] @ state[:, 2:].T))
    return found


def fine_step(lam: float, g: float, step: float, substeps: int) -> tuple[np.ndarray, np.ndarray]:
    a, respond, noise = integrator(g, step / substeps)
    one = a - lam * np.outer(respond, [1.0, 0.0])
    matrix, covariance = np.eye(2), np.zeros((2, 2))
    for _ in range(substeps):
        matrix, covariance = one @ matrix, one @ covariance @ one.T + noise
    return matrix, covariance


def log_ratio(start: np.ndarray, end: np.ndarray, parts: list[tuple[float, np.ndarray, np.ndarray]], fine: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """log p/q of steps from start to end, (n, 2, d): the densities themselves."""

    def log_density(matrix: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        off = end - matrix @ start
        return -0.5 * (np.einsum("nid,ij,njd->n", off, np.linalg.inv(covariance), off) + start.shape[2] * math.log(np.linalg.det(covariance)))

    return np.logaddexp.reduce([math.log(w) + log_density(m, q) for w, m, q in parts]) - log_density(*fine)


class TestWrittenOut:
    @pytest.mark.slow
    @pytest.mark.parametrize("substeps, midpoints, step", [(2, "bernoulli", 0.5), (3, "single", 0.5), (3, "bernoulli", 0.4)])
    def test_against_quadrature(self, substeps: int, midpoints: str, step: float) -> None:
        """d = 1: Gauss-Hermite in (u, v) and in both components of the noise, of densities written out."""
        lam, g = 1.3, 1.7
        parts, fine = parts_of_step(lam, g, step, substeps, midpoints), fine_step(lam, g, step, substeps)
        nodes, weights = np.polynomial.hermite_e.hermegauss(16)
        weights = weights / weights.sum()
        at = np.stack(np.meshgrid(nodes, nodes, nodes, nodes, indexing="ij"), -1).reshape(-1, 4)
        shares = np.prod(np.stack(np.meshgrid(weights, weights, weights, weights, indexing="ij"), -1), -1).reshape(-1)
        start = (at[:, :2] * np.array([1 / math.sqrt(lam), 1.0]))[..., None]
        end = fine[0] @ start + (at[:, 2:] @ np.linalg.cholesky(fine[1]).T)[..., None]
        log = log_ratio(start, end, parts, fine)
        exact = float(shares @ (np.exp(log) * (log - 1) + 1))
        found = path_kl(*pair(Gaussian(0.0, 1 / lam), g, step, substeps, midpoints), 1)
        assert abs(found.value - exact) < found.error + 1e-7 * exact and found.error < 0.05 * exact

    @pytest.mark.slow
    @pytest.mark.parametrize("dim, steps", [(1, 3), (4, 2)])
    def test_against_paths(self, dim: int, steps: int) -> None:
        """The chain itself over some steps, from a wider start: E_P[log r + 1/r - 1] of whole paths."""
        lam, g, step, substeps, wide, n = 0.8, 2.0, 0.5, 3, 1.5, 150_000
        rng = np.random.default_rng(dim)
        parts, fine = parts_of_step(lam, g, step, substeps, "bernoulli"), fine_step(lam, g, step, substeps)
        state = rng.standard_normal((n, 2, dim)) * np.array([math.sqrt(wide / lam), 1.0])[:, None]
        log = np.zeros(n)
        for _ in range(steps):
            which = rng.choice(len(parts), n, p=[w for w, _, _ in parts])
            matrix, root = (np.stack([one(part) for part in parts])[which] for one in (lambda part: part[1], lambda part: np.linalg.cholesky(part[2])))
            after = matrix @ state + root @ rng.standard_normal((n, 2, dim))
            log += log_ratio(state, after, parts, fine)
            state = after
        each = log + np.exp(-log) - 1
        found = path_kl(*pair(Gaussian(0.0, 1 / lam, dim=dim), g, step, substeps), steps, Gaussian(0.0, wide / lam, dim=dim))
        spread = each.std() / math.sqrt(n)
        assert abs(found.value - each.mean()) < 4.5 * spread + found.error and spread < 0.03 * found.value and found.error < 0.05 * found.value

    def test_laws_of_later_states(self) -> None:
        """Points that stand for the C_t against all sequences of sets."""
        scheme, fine = pair(Gaussian(), 2.0, 0.4, 3)
        steps = underdamped._steps(_checked(scheme, fine, 4, None), 3, 1)
        points, weights = steps.laws(np.diag([2.0, 1.0]), 4, 3)
        exact, now = np.zeros((3, 3)), [(1.0, np.diag([2.0, 1.0]))]
        for _ in range(4):
            for w, c in now:
                flat = c[[0, 0, 1], [0, 1, 1]]
                exact += w * np.outer(flat, flat) * flat[0]
            now = [(w * share, m @ c @ m.T + q) for w, c in now for share, m, q in zip(steps.weights, steps.matrices, steps.noises, strict=True)]
        assert len(points) <= 20 and weights.sum() == pytest.approx(4)
        assert np.einsum("n,ni,nj,n->ij", weights, points, points, points[:, 0]) == pytest.approx(exact, rel=1e-10)


@cache
def in_own_units() -> float:
    return path_kl(*pair(Gaussian(dim=2), 2.0, 0.2, 3), 2).value


class TestLaws:
    @pytest.mark.slow
    @settings(max_examples=5)
    @given(st.floats(-5, 5), st.floats(0.2, 5))
    def test_shift_and_units(self, shift: float, unit: float) -> None:
        """Lengths and times in another unit, at unit mass: the variance times unit^2, the step times unit, the friction over it."""
        moved = path_kl(*pair(Gaussian([shift, -shift], unit**2), 2.0 / unit, 0.2 * unit, 3), 2)
        assert moved.value == pytest.approx(in_own_units(), rel=1e-7)

    @pytest.mark.slow
    def test_order_of_paths_and_of_the_end(self) -> None:
        """Data processing: the position at the end says less than the path, and a longer path says more."""
        scheme, fine = pair(Gaussian(), 2.0, 0.4, 3)
        end = kl(transient_law(scheme, Gaussian(), 3).position, transient_law(fine, Gaussian(), 9).position)
        assert end < path_kl(scheme, fine, 3) < path_kl(scheme, fine, 4)

    @pytest.mark.slow
    def test_one_substep_is_the_fine_chain(self) -> None:
        found = path_kl(*pair(Gaussian(dim=3), 2.0, 0.1, 1), 5)
        assert found.value <= found.error < 1e-20

    @pytest.mark.slow
    @pytest.mark.parametrize("midpoints, substeps", [("bernoulli", 3), ("bernoulli", 9), ("single", 12)])
    @pytest.mark.parametrize("dim", [1, 30])
    def test_constant(self, midpoints: str, substeps: int, dim: int) -> None:
        """Richardson: KL/step^6 at two small steps, carried to zero."""
        target, friction, step = Gaussian(0.0, 0.7, dim=dim), 2.6, 0.02
        half, whole = (path_kl(*pair(target, friction, h, substeps, midpoints), 1).value / h**6 for h in (step / 2, step))
        assert 2 * half - whole == pytest.approx(underdamped_path_constant(target, friction, substeps, midpoints), rel=4e-3)

    @pytest.mark.slow
    def test_many_substeps(self) -> None:
        """K = 13, whose rule is interpolated between other K, by all 4096 sets."""
        scheme, fine = pair(Gaussian(dim=2), 2.3, 0.2, 13)
        found = path_kl(scheme, fine, 1)
        parts, fixed = parts_of_step(1.0, 2.3, 0.2, 13, "bernoulli"), fine_step(1.0, 2.3, 0.2, 13)
        steps = underdamped._Steps(*(np.stack(part) for part in zip(*parts, strict=True)), *fixed, 13)
        exact = steps.from_law(np.array([1.0, 0.0, 1.0])).half_chi2(2)
        fewer = underdamped._steps(_checked(scheme, fine, 1, None), 3, 1).from_law(np.array([1.0, 0.0, 1.0])).half_chi2(2)
        assert abs(fewer - exact) < found.error and fewer == pytest.approx(exact, rel=1e-6)

    @pytest.mark.slow
    def test_a_broken_midpoint_is_seen(self) -> None:
        """Midpoints with probability 2/K count the change of the force twice: KL is step^3, not step^6."""
        system = Underdamped(Gaussian(), 2.0)
        values = [path_kl(DoubledMidpoints(system, step, 4), EulerMaruyama(system, step / 4), 1).value for step in (0.01, 0.005)]
        assert math.log2(values[0] / values[1]) == pytest.approx(3, abs=0.1)


class TestRefused:
    @staticmethod
    def words(*given: object, **options: object) -> str:
        with pytest.raises(InvalidParameter) as caught:
            path_kl(*given, **options)
        return str(caught.value)

    @pytest.mark.slow
    def test_what_is_not_supported(self) -> None:
        scheme, fine = pair(Gaussian(), 2.0, 0.1, 4)
        assert '"coarse" for chains of positions and velocities' in self.words(scheme, fine, 1, path="fine")
        assert "isotropic Gaussian about its mean" in self.words(scheme, fine, 1, stationary_law(fine))
        assert "isotropic Gaussian about its mean" in self.words(scheme, fine, 1, Gaussian(1.0))
        assert "dynamics of the scheme" in self.words(scheme, EulerMaruyama(Underdamped(scheme.dynamics.target, 3.0), 0.025), 1)
        mixture = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [1.0, 1.0])
        assert "isotropic Gaussian in any dimension" in self.words(*pair(mixture, 2.0, 0.1, 4), 1)  # type: ignore[arg-type]

    @pytest.mark.slow
    def test_likelihood_ratios_that_no_sample_sees(self) -> None:
        with pytest.raises(NotConverged):
            path_kl(*pair(Gaussian(dim=3000), 2.0, 0.3, 6), 1)
