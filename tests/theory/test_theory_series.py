"""The algebra of truncated series: sums over times, products, and the semigroup of the integrators."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pmmtheory.theory.series import ORDER, RING, a, array, k, mean_over_times, product, r, s
from pmmtheory.theory.step_series import System


def value(p: object, **at: Fraction) -> Fraction:
    """A polynomial at a point; variables that are not named are zero."""
    numbers = [at.get(str(x), Fraction(0)) for x in RING.gens]
    total = Fraction(0)
    for powers, c in RING(p).items():
        term = Fraction(int(c.numerator), int(c.denominator))
        for base, power in zip(numbers, powers, strict=True):
            term *= base**power
        total += term
    return total


@pytest.mark.parametrize("n", range(6))
@pytest.mark.parametrize("substeps", [1, 2, 7])
def test_sums_over_times(n: int, substeps: int) -> None:
    times = [Fraction(i, substeps) for i in range(substeps)]
    share = Fraction(1, substeps)
    whole = mean_over_times(array([[s**n]]))[0, 0]
    assert value(whole, k=share) == share * sum(t**n for t in times)
    for i, first in enumerate(times):
        later = mean_over_times(array([[s**n]]), start=r + k)[0, 0]
        assert value(later, k=share, r=first) == share * sum(t**n for t in times[i + 1 :])


def test_integrals_over_times() -> None:
    assert value(mean_over_times(array([[s**3]]))[0, 0]) == Fraction(1, 4)
    assert value(mean_over_times(array([[s**3]]), start=r)[0, 0], r=Fraction(1, 2)) == Fraction(15, 64)


def test_products_are_truncated() -> None:
    power = array([[a**3 + a]])
    assert product(power, power)[0, 0] == a**6 + 2 * a**4 + a**2
    assert all(powers[0] <= ORDER for powers in product(power, power, power)[0, 0])


@pytest.mark.parametrize("overdamped", [True, False])
def test_semigroup(overdamped: bool) -> None:
    """A_h A_k = A_{h+k}, A_k G_h + G_k = G_{h+k} and A_k Gamma_h^2 A_k' + Gamma_k^2 = Gamma_{h+k}^2, up to the truncation."""
    system = System(overdamped)
    h, rest = a * s, a * (1 - s)
    after = system.transport(rest)
    assert (product(after, system.transport(h)) == system.transport(a)).all()
    assert (product(after, system.response(h)) + system.response(rest) == system.response(a)).all()
    assert (product(after, system.noise(h), after.T) + system.noise(rest) == system.noise(a)).all()
