"""Few frequencies that tell a characteristic function at many others."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pmmtheory.numerics.few_waves import FewWaves


def lattice(highest: float) -> np.ndarray:
    first, second = np.linspace(-highest, highest, 23), np.linspace(0, highest, 12)
    grid = np.stack(np.meshgrid(first, second, indexing="ij"), -1).reshape(-1, 2)
    return grid[(grid[:, 1] > 0) | (grid[:, 0] >= 0)]


def mixture(zeta: np.ndarray, size: float, generator: np.random.Generator) -> np.ndarray:
    """The characteristic function of a Gaussian of variances .9 and 1.1 whose middle is one of twelve points."""
    places, weights = size * generator.normal(size=(12, 2)), generator.dirichlet(np.ones(12))
    found: np.ndarray = np.exp(1j * zeta @ places.T) @ weights * np.exp(-(zeta**2 @ [0.9, 1.1]) / 2)
    return found


def told(few: FewWaves, zeta: np.ndarray, size: float, seed: int) -> float:
    """By how much what few frequencies tell of a mixture is off."""
    real, imaginary = few.carry(zeta)
    known, right = (mixture(places, size, np.random.default_rng(seed)) for places in (few.zeta, zeta))
    return float(np.abs(real @ known.real + 1j * (imaginary @ known.imag) - right).max())


@settings(max_examples=15)
@given(highest=st.floats(1.0, 7.0), seed=st.integers(0, 1000), size=st.floats(0.05, 0.4))
def test_more_of_them_tell_more(highest: float, seed: int, size: float) -> None:
    zeta, deviations = lattice(highest), np.sqrt([0.9, 1.1])
    off = [told(FewWaves.among(zeta, deviations, degree), zeta, size, seed) for degree in (5, 11, 17)]
    assert off[2] < 1e-5 + 0.3 * off[0]
    assert off[2] < 2e-3 and (size > 0.15 or off[2] < 1e-7)


def test_how_many_there_are_and_where_they_serve() -> None:
    """Half as many as a polynomial of the degree has terms, rounded up; on other frequencies of the same range too; not beyond it."""
    zeta, deviations = lattice(4.0), np.ones(2)
    for degree in (3, 9, 13):
        few = FewWaves.among(zeta, deviations, degree)
        assert len(few.zeta) == (degree + 1) * (degree + 3) // 4
        assert all((zeta == one).all(1).any() for one in few.zeta)
    between = lattice(4.0) * 0.97
    assert told(few, between, 0.15, 3) < 1e-6
    assert told(few, lattice(9.0), 1.5, 3) > 1e-2
