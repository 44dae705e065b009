"""The exact moments of chains on a Gaussian target of curvature lam, by sums over the substeps; x = step * lam.

On this target a step is X' = c X + N given the midpoints H, in units where lam = 1, with

    c = 1 - x + x^2 sum_i H_i i/K,   Var N = 2x (1 - 2x sum_i H_i i/K + x^2 sum_ij H_i H_j min(i, j)/K),

so the stationary variance is E Var N / (1 - E c^2), and the fourth moment solves one more linear equation.
Nothing here is shared with the package.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product


def lmc_variance(x: Fraction) -> Fraction:
    """1/(1 - x/2)."""
    return 2 * x / (1 - (1 - x) ** 2)


def pmm_variance(x: Fraction, substeps: int | None, kind: str) -> Fraction:
    """Var * lam of the Poisson midpoint method; substeps None is K = infinity."""
    times, time_pairs, minima = midpoint_sums(substeps, kind)
    square = (1 - x) ** 2 + 2 * (1 - x) * x**2 * times + x**4 * time_pairs
    noise = 2 * x * (1 - 2 * x * times + x**2 * minima)
    return noise / (1 - square)


def midpoint_sums(substeps: int | None, kind: str) -> tuple[Fraction, Fraction, Fraction]:
    """E sum_i H_i i/K, E (sum_i H_i i/K)^2 and E sum_ij H_i H_j min(i, j)/K."""
    if substeps is None:
        half, third = Fraction(1, 2), Fraction(1, 3)
        return (half, third + half**2, half + third) if kind == "bernoulli" else (half, third, half)
    k = substeps
    chance = {True: Fraction(1, k), False: Fraction(1, k * k) if kind == "bernoulli" else Fraction(0)}
    pairs = [(i, j, chance[i == j]) for i, j in product(range(k), repeat=2)]
    times = sum((Fraction(i, k * k) for i in range(k)), Fraction(0))
    return times, sum((p * i * j for i, j, p in pairs), Fraction(0)) / k**2, sum((p * min(i, j) for i, j, p in pairs), Fraction(0)) / k


def rmm_fourth_cumulant(x: Fraction) -> Fraction:
    """The fourth cumulant of the randomized midpoint method's stationary law, times lam^2.

    E X^4 (1 - E c^4) = 6 E[c^2 v] E X^2 + 3 E v^2 with c = 1 - x + u x^2, v = 2x (1 - 2xu + x^2 u), u uniform.
    """
    c, v = [1 - x, x**2], [2 * x, 2 * x * (x**2 - 2 * x)]
    second = _mean(v) / (1 - _mean(_times(c, c)))
    c2 = _times(c, c)
    fourth = (6 * _mean(_times(c2, v)) * second + 3 * _mean(_times(v, v))) / (1 - _mean(_times(c2, c2)))
    return fourth - 3 * second**2


def _times(p: list[Fraction], q: list[Fraction]) -> list[Fraction]:
    """The product of two polynomials in u."""
    result = [Fraction(0)] * (len(p) + len(q) - 1)
    for (i, a), (j, b) in product(enumerate(p), enumerate(q)):
        result[i + j] += a * b
    return result


def _mean(p: list[Fraction]) -> Fraction:
    """Its mean over u uniform on [0, 1]."""
    return sum((a / (i + 1) for i, a in enumerate(p)), Fraction(0))
