"""Integrals of |a sum of Hermite polynomials| under the normal density, against roots from a companion matrix and Gauss rules between them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.polynomial import hermite_e

from pmmtheory.divergences import phase_plane_tv
from pmmtheory.divergences.phase_plane_tv import _Lattice


def absolute(c: np.ndarray) -> np.ndarray:
    """int phi |sum_n c_n h_n| for every row."""
    return _Lattice.of(c.shape[1], torch.device("cpu")).absolute(torch.as_tensor(c)).numpy()


def expected(row: np.ndarray) -> float:
    """The same between all real parts of the roots, in pieces no longer than 1/2."""
    series = row / np.sqrt([float(math.factorial(n)) for n in range(len(row))])
    roots = hermite_e.hermeroots(series).real
    ends = np.sort(np.concatenate([np.linspace(-12, 12, 49), roots[np.abs(roots) < 12]]))
    x, w = np.polynomial.legendre.leggauss(20)
    half = np.diff(ends)[:, None] / 2
    v = ends[:-1, None] + half * (1 + x)
    return float((w * half * np.abs(hermite_e.hermeval(v, series)) * np.exp(-v * v / 2)).sum() / math.sqrt(2 * math.pi))


def from_roots(roots: list[float]) -> np.ndarray:
    """The coefficients of a polynomial with these roots."""
    series = hermite_e.hermefromroots(roots)
    row: np.ndarray = series * np.sqrt([float(math.factorial(n)) for n in range(len(series))])
    return row


@pytest.mark.parametrize(("modes", "ratio"), [(2, 1.0), (11, 0.3), (15, 0.5), (23, 0.5), (15, 2.0)])
def test_random_coefficients(modes: int, ratio: float) -> None:
    c = np.random.default_rng(modes).normal(size=(60, modes)) * ratio ** np.arange(modes)
    assert absolute(c) == pytest.approx([expected(row) for row in c], rel=1e-9)


@pytest.mark.parametrize("gap", [0.17, 0.05, 0.01, 0.0])
def test_two_roots_in_a_cell(gap: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever they are; and what is between them counts: with a lattice that takes |f| for convex nowhere, it is missed."""
    c = np.stack([from_roots([-2.1, middle - gap / 2, middle + gap / 2, 2.6]) for middle in np.linspace(-0.6, 0.8, 37)])
    right = np.array([expected(row) for row in c])
    assert absolute(c) == pytest.approx(right, rel=1e-10 if gap > 0.02 else 1e-7)
    if gap > 0.02:
        monkeypatch.setattr(phase_plane_tv, "_roots", crossings)
        assert np.abs(absolute(c) / right - 1).max() > 1e-6


def crossings(values: torch.Tensor, slopes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Roots between neighbours of different signs alone."""
    row, cell = torch.nonzero((values[:, :-1] < 0) != (values[:, 1:] < 0), as_tuple=True)
    low, high = values[row, cell], values[row, cell + 1]
    return row, cell + low / (low - high), low >= 0


def test_no_difference() -> None:
    assert absolute(np.zeros((3, 15))).tolist() == [0.0, 0.0, 0.0]
    assert absolute(-np.eye(4)[:1]) == pytest.approx([1.0], abs=1e-15)
