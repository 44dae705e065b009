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
from sympy.polys.fields import field
from sympy.polys.matrices import DomainMatrix

from pmmtheory.schemes import Scheme
from pmmtheory.theory.series import ORDER, Array
from pmmtheory.theory.step_series import step_series

curvature, friction = sp.symbols("curvature friction", positive=True)

_FIELD, _, _ = field("root, friction", sp.QQ)
"""Rational functions of the root of the curvature and the friction."""

_DOMAIN = _FIELD.to_domain()

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
    target = DomainMatrix([[_FIELD(entry)] for entry in ((1, 0, 1) if len(step.shift) == 3 else (1,))], (len(step.shift), 1), _DOMAIN)
    residual = [matrix[j] * target + shift[j] for j in range(ORDER + 1)]
    inverse = matrix[1].inv()
    errors: list[Any] = []
    for j in range(1, ORDER):
        known = sum((matrix[i] * errors[j - i] for i in range(2, j + 1)), residual[j + 1])
        errors.append(-inverse * known)
    found = tuple(sp.Matrix([_symbolic(row[0]) for row in error.to_list()]) for error in errors)
    return CovarianceSeries(found, _stationary_spread(matrix[1], spread[SPREAD_ORDER + 1]))


def _powers(entries: Array, power: int, inverse_substeps: Fraction, growth: int) -> Any:
    """The coefficient of step^power with k = inverse_substeps step^growth."""
    share = sp.QQ(inverse_substeps.numerator, inverse_substeps.denominator)

    def one(p: Any) -> Any:
        terms: dict[tuple[int, int], Any] = {}
        for m, c in p.items():
            if m[0] + growth * m[1] == power:
                terms[m[4], m[5]] = terms.get((m[4], m[5]), 0) + c * share ** m[1]
        return _FIELD(_FIELD.ring.from_dict({powers: c for powers, c in terms.items() if c}))

    return DomainMatrix([[one(p) for p in row] for row in entries], entries.shape, _DOMAIN)


def _stationary_spread(lyapunov: Any, spread: Any) -> tuple[Any, ...]:
    """The diagonal of C for the first and the last entry, from the entries of L C + C L' = -spread on and above the diagonal."""
    n = lyapunov.shape[0]
    ends = (0, n - 1) if n > 1 else (0,)
    if spread.is_zero_matrix:
        return tuple(sp.Integer(0) for _ in ends)
    rates, given = lyapunov.to_list(), spread.to_list()
    places = [(i, j) for i in range(n) for j in range(i, n)]
    number = {place: k for k, place in enumerate(places)}
    equations = [[_FIELD(0)] * len(places) for _ in places]
    for row, (i, j) in zip(equations, places, strict=True):
        for k in range(n):
            row[number[min(k, j), max(k, j)]] += rates[i][k]
            row[number[min(i, k), max(i, k)]] += rates[j][k]
    right = DomainMatrix([[-given[i][j]] for i, j in places], (len(places), 1), _DOMAIN)
    solved = DomainMatrix(equations, (len(places), len(places)), _DOMAIN).lu_solve(right).to_list()
    return tuple(_symbolic(solved[number[i, i]][0]) for i in ends)


def _symbolic(value: Any) -> Any:
    """A rational function in the symbols, factored."""
    return _factored(value.numer) / _factored(value.denom) if value else sp.Integer(0)


def _factored(p: Any) -> Any:
    """Of a polynomial in the root of the curvature: in the curvature itself, where all its powers are even or all odd."""
    low = min(m[0] for m in p)
    every = 2 if all((m[0] - low) % 2 == 0 for m in p) else 1
    lead, factors = p.ring.from_dict({((m[0] - low) // every, m[1]): c for m, c in p.items()}).factor_list()
    root = sp.sqrt(curvature)
    return sp.QQ.to_sympy(lead) * root**low * sp.prod([factor.as_expr(root**every, friction) ** power for factor, power in factors])
