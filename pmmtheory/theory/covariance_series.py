"""The stationary covariance of a chain on a Gaussian target as a power series in the step, from one step, order by order.

With M - I = a L_1 + a^2 L_2 + ... and the residual rho = M y + c - y at the target, the error e = a e_1 + a^2 e_2 + ... obeys
(M - I) e = -rho, so

    L_1 e_j = -(rho_{j+1} + L_2 e_{j-1} + ... + L_j e_1),

where L_1 is the Lyapunov operator of the diffusion. What the random times add at each step spreads the covariance given the times:
the covariance C of its entries obeys L_1 C + C L_1' = -spread, at leading order.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from pmmtheory.schemes import Scheme
from pmmtheory.theory.series import ORDER, Array
from pmmtheory.theory.step_series import step_series

curvature, friction = sp.symbols("curvature friction", positive=True)

SPREAD_ORDER = 3
"""Random midpoints spread the covariance by step^(3/2): its variance is of order 3."""


@dataclass(frozen=True)
class CovarianceSeries:
    """Symbolic, in `curvature` and `friction`.

    errors : the coefficients of step, step^2, ... in (curvature E U^2 - 1, sqrt(curvature) E UV, E V^2 - 1), or the first of these alone.
    spread : the coefficients of step^3 in the variance, over the random times, of curvature E U^2 and of E V^2.
    """

    errors: tuple[Any, ...]
    spread: tuple[Any, ...]


@lru_cache(maxsize=64)
def covariance_series(
    scheme: type[Scheme], overdamped: bool, midpoints: str = "bernoulli", inverse_substeps: Fraction = Fraction(0), growth: int = 0
) -> CovarianceSeries:
    """The series of a scheme with 1/K = inverse_substeps step^growth.

    Examples
    --------
    >>> from pmmtheory.schemes import OBABO
    >>> covariance_series(OBABO, overdamped=False).errors[1].T
    Matrix([[curvature/4, 0, 0]])
    """
    step = step_series(scheme, overdamped, midpoints)
    parts = [[_powers(part, j, inverse_substeps, growth) for j in range(ORDER + 1)] for part in (step.matrix, step.shift[:, None], step.spread)]
    matrix, shift, spread = parts
    size = len(step.shift)
    target = sp.Matrix([1, 0, 1] if size == 3 else [1])
    residual = [matrix[j] * target + shift[j] for j in range(ORDER + 1)]
    inverse = matrix[1].inv()
    errors: list[Any] = []
    for j in range(1, ORDER):
        known = sum((matrix[i] * errors[j - i] for i in range(2, j + 1)), residual[j + 1])
        errors.append((-inverse * known).applyfunc(sp.factor))
    return CovarianceSeries(tuple(errors), _stationary_spread(matrix[1], spread[SPREAD_ORDER + 1]))


def _powers(entries: Array, power: int, inverse_substeps: Fraction, growth: int) -> Any:
    """The coefficient of step^power with k = inverse_substeps step^growth."""
    root = sp.sqrt(curvature)
    share = sp.Rational(inverse_substeps.numerator, inverse_substeps.denominator)

    def one(p: Any) -> Any:
        return sum(
            (sp.Rational(c.numerator, c.denominator) * share ** m[1] * root ** m[4] * friction ** m[5] for m, c in p.items() if m[0] + growth * m[1] == power),
            sp.Integer(0),
        )

    return sp.Matrix([[one(p) for p in row] for row in entries])


def _stationary_spread(lyapunov: Any, spread: Any) -> tuple[Any, ...]:
    """The diagonal of C for the first and the last entry."""
    n = lyapunov.rows
    places = [(i, j) for i in range(n) for j in range(i, n)]
    unknown = {place: sp.Symbol(f"c{place[0]}{place[1]}") for place in places}
    c = sp.Matrix(n, n, lambda i, j: unknown[min(i, j), max(i, j)])
    equations = lyapunov * c + c * lyapunov.T + spread
    solved = sp.solve([equations[place] for place in places], list(unknown.values()), dict=True)[0]
    return tuple(sp.factor(solved[unknown[i, i]]) for i in ((0, n - 1) if n > 1 else (0,)))
