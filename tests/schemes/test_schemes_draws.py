"""The quadrature rules of the draws integrate what they claim, and their samples have their law."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import Index, Midpoints, Normal, Uniform
from pmmtheory.schemes.draws import discrete_gauss, smooth_in, some_of

EPS = float(np.finfo(float).eps)
levels = st.integers(0, 4)


class TestNormal:
    @given(levels, st.floats(0, 18))
    def test_waves(self, level: int, c: float) -> None:
        """E exp(i c Z) = exp(-c^2/2), but for the alias of the trapezoid rule at 2 pi/spacing - c."""
        z, w = Normal().rule(level)
        alias = 2 * math.exp(-((2 * math.pi / (z[1] - z[0]) - c) ** 2) / 2)
        assert abs(np.sum(w * np.exp(1j * c * z)) - cmath.exp(-(c**2) / 2)) < 40 * EPS + alias

    def test_the_claim_ends_at_the_alias(self) -> None:
        z, w = Normal().rule(0)
        c = 2 * math.pi / (z[1] - z[0])
        assert abs(np.sum(w * np.exp(1j * c * z))) == pytest.approx(1, abs=1e-9)

    @given(levels, st.integers(0, 12))
    def test_moments(self, level: int, n: int) -> None:
        z, w = Normal().rule(level)
        exact = math.prod(range(1, 2 * n, 2))
        assert float(w @ z ** (2 * n)) == pytest.approx(exact, rel=1e-12 + 8.5 ** (2 * n) * math.exp(-(8.5**2) / 2) / exact)


class TestUniform:
    @given(levels, st.integers(0, 21))
    def test_powers(self, level: int, k: int) -> None:
        """E u^k = 1/(k+1), up to degree 2n - 1."""
        u, w = Uniform().rule(level)
        assert float(w @ u**k) == pytest.approx(1 / (k + 1), rel=50 * EPS)

    def test_samples(self) -> None:
        u = Uniform().sample((20_000,), torch.Generator().manual_seed(1), torch.float64)
        assert scipy.stats.kstest(u.numpy(), "uniform").pvalue > 1e-3


class TestIndex:
    @given(levels, st.sampled_from([1, 2, 5, 18, 19, 24, 25, 60, 1000, 20_000]), st.integers(0, 21))
    def test_sums(self, level: int, n: int, k: int) -> None:
        """(1/n) sum_i (i/n)^k, exactly for small n and to degree 2 order - 1 for large."""
        for u, w in (Index(n).rule(level), smooth_in(n, level)):
            assert float(w @ u**k) == pytest.approx(float(np.mean((np.arange(n) / n) ** k)), rel=1e-12)
        assert len(u) <= max(11, round(11 * 1.25**level))

    @given(levels, st.sampled_from([2, 18, 30, 49, 60, 99, 999]), st.integers(0, 17))
    def test_some_of_the_values_do(self, level: int, n: int, k: int) -> None:
        """Where nothing can be asked for between them: positive weights, exact to degree 17 and more."""
        u, w = some_of(n, level)
        assert np.isin(u, np.arange(n) / n).all() and len(u) <= max(27, round(18 * 1.25**level) * 1.5) and float(w.min()) > 0
        assert float(w @ u**k) == pytest.approx(float(np.mean((np.arange(n) / n) ** k)), rel=1e-12)

    def test_infinitely_many_are_uniform(self) -> None:
        for one, other in zip(Index(math.inf).rule(2), Uniform().rule(2), strict=True):
            assert np.array_equal(one, other)

    @given(st.sampled_from([30, 77, 500]), st.floats(-20, 20))
    def test_smooth_functions(self, n: int, c: float) -> None:
        v, w = discrete_gauss(n, 28)
        exact = np.mean(np.exp(1j * c * np.arange(n) / n))
        assert abs(np.sum(w * np.exp(1j * c * v)) - exact) < 1e-12

    def test_order_next_to_the_number_of_points(self) -> None:
        v, w = discrete_gauss(56, 55)
        for k in range(110):
            assert float(w @ v**k) == pytest.approx(float(np.mean((np.arange(56) / 56) ** k)), rel=1e-11)
        assert float(w.min()) > 0 and float(w.sum()) == pytest.approx(1, abs=100 * EPS)

    @pytest.mark.parametrize("n", [1, 4, 10])
    def test_samples(self, n: int) -> None:
        u = Index(n).sample((20_000,), torch.Generator().manual_seed(2), torch.float64)
        counts = torch.bincount((u * n).round().long(), minlength=n).numpy()
        assert len(counts) == n
        if n > 1:
            assert scipy.stats.chisquare(counts).pvalue > 1e-3


class TestMidpoints:
    particles = 40_000

    def drawn(self, substeps: float, kind: str = "bernoulli", intensity: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
        return Midpoints(substeps, kind, intensity).sample((self.particles,), torch.Generator().manual_seed(3), torch.float64)

    @pytest.mark.parametrize(("substeps", "intensity"), [(2, 1.0), (3, 1.0), (20, 1.0), (20, 2.0), (10**6, 1.0), (math.inf, 1.0), (math.inf, 2.0)])
    def test_counts(self, substeps: float, intensity: float) -> None:
        """Binomial(K, intensity/K), and Poisson(intensity) for K = infinity."""
        _, marks = self.drawn(substeps, intensity=intensity)
        counts = marks.sum(0)
        law = scipy.stats.poisson(intensity) if substeps == math.inf else scipy.stats.binom(substeps, intensity / substeps)
        last = 5 if substeps > 5 else int(substeps)
        seen = [int((counts == n).sum()) for n in range(last)] + [int((counts >= last).sum())]
        expected = [law.pmf(n) for n in range(last)] + [law.sf(last - 1)]
        assert scipy.stats.chisquare(seen, self.particles * np.array(expected)).pvalue > 1e-3

    def test_counts_of_another_law_are_told_apart(self) -> None:
        _, marks = self.drawn(3)
        seen = [int((marks.sum(0) == n).sum()) for n in range(4)]
        assert scipy.stats.chisquare(seen, self.particles * scipy.stats.binom(4, 1 / 4).pmf(range(4)) / scipy.stats.binom(4, 1 / 4).cdf(3)).pvalue < 1e-6

    @pytest.mark.parametrize("kind", ["bernoulli", "single"])
    @pytest.mark.parametrize("substeps", [3, 20, math.inf])
    def test_times(self, kind: str, substeps: float) -> None:
        """All midpoints together are uniform on the substeps, or on [0, 1)."""
        times, marks = self.drawn(substeps, kind)
        chosen = times[marks].numpy()
        assert chosen.min() >= 0 and chosen.max() < 1
        if substeps == math.inf:
            assert scipy.stats.kstest(chosen, "uniform").pvalue > 1e-3
        else:
            index = chosen * substeps
            assert np.abs(index - np.round(index)).max() < 1e-9
            assert scipy.stats.chisquare(np.bincount(np.round(index).astype(int), minlength=int(substeps))).pvalue > 1e-3

    @pytest.mark.parametrize("substeps", [4, 50, math.inf])
    def test_times_ascend_and_marks_come_first(self, substeps: float) -> None:
        times, marks = self.drawn(substeps)
        gaps = torch.diff(times, dim=0)
        assert float(gaps.min()) >= 0
        assert bool((gaps[marks[1:]] > 0).all()), "midpoints are distinct"
        assert bool((marks[:-1] >= marks[1:]).all())
        assert bool((gaps[~marks[1:]] == 0).all())

    def test_independent_substeps(self) -> None:
        """Every pattern of H in {0,1}^3 has its own probability."""
        times, marks = self.drawn(3)
        pattern = ((2 ** (times * 3).round()) * marks).sum(0).long()
        seen = torch.bincount(pattern, minlength=8).numpy()
        expected = [(1 / 3) ** bin(n).count("1") * (2 / 3) ** (3 - bin(n).count("1")) for n in range(8)]
        assert scipy.stats.chisquare(seen, self.particles * np.array(expected)).pvalue > 1e-3

    def test_one_substep_always_has_its_midpoint(self) -> None:
        times, marks = self.drawn(1)
        assert times.shape == (1, self.particles) and bool(marks.all()) and bool((times == 0).all())

    def test_shapes_and_precision(self) -> None:
        times, marks = Midpoints(math.inf, "bernoulli").sample((7, 1), torch.Generator().manual_seed(0), torch.float32)
        assert times.shape[1:] == marks.shape[1:] == (7, 1) and times.dtype == torch.float32
        assert bool((times <= 1).all())

    @pytest.mark.parametrize("substeps", [0, -1, 1.5, math.nan, "ten", None, True])
    def test_wrong_substeps(self, substeps: float) -> None:
        with pytest.raises(InvalidParameter, match="substeps"):
            Midpoints(substeps, "bernoulli")

    def test_wrong_kind(self) -> None:
        with pytest.raises(InvalidParameter, match="midpoints = 'x'"):
            Midpoints(3, "x")
