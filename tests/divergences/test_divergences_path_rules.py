"""KL of paths: one route against the other, the chain rule, what changes nothing, and theory."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.divergences import kl, path_kl
from pmmtheory.divergences.paths import gaussian as radial
from pmmtheory.divergences.paths import hidden, hidden_line, line, midpoint_sums, step_mixture
from pmmtheory.divergences.paths.path_kl import _checked
from pmmtheory.laws import stationary_law, transient_law
from pmmtheory.targets import Cosine, Gaussian, GaussianMixture, Target
from pmmtheory.testing.broken import DoubledMidpoints
from pmmtheory.theory.path_terms import coarse_path_constant, far_start_constant, fine_path_constant
from tests.divergences.paths_by_hand import TWO, pair


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
        monkeypatch.setattr(radial, "_LEVELS", (finest, *radial._LEVELS[:2]))
        monkeypatch.setattr(step_mixture, "_FEW", 400)
        for (step, k, d, n), seen in zip(cases, found, strict=True):
            better = path_kl(*pair(Gaussian(dim=d), step, k), n)
            assert abs(seen.value - better.value) <= seen.error + better.error, (step, k, d)


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


@cache
def plain(path: str) -> float:
    return path_kl(*pair(Gaussian(dim=2), 0.05, 3), 2, path=path).value


class TestInvariance:
    @pytest.mark.slow
    @settings(max_examples=6)
    @given(st.floats(-5, 5), st.floats(0.05, 30), st.sampled_from(["coarse", "fine"]))
    def test_shift_and_scale_on_gaussians(self, shift: float, width: float, path: str) -> None:
        """Gaussians of any mean and variance: the step in units of the variance is all there is."""
        moved = path_kl(*pair(Gaussian([shift, -shift], width), 0.05 * width, 3), 2, path=path)
        assert moved.value == pytest.approx(plain(path), rel=1e-8)

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
