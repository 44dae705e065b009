"""Polynomials in F', F'', ..., the derivatives of a potential on the line, with 1/K and the sign of F' as further variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.polys.rings import ring

from pmmtheory.theory.jets.series import INFINITESIMALS, WEIGHT, Monomial

Polynomial = Any
"""An element of RING."""

DERIVATIVES = WEIGHT + 6
"""The highest derivative that has a variable: what is derived of a step differentiates it again."""

RING, *_VARIABLES = ring(["k", "sign", *(f"F{n}" for n in range(1, DERIVATIVES + 1))], sp.QQ)
K, SIGN = _VARIABLES[:2]
"""1/K, and the sign of F'."""
F = dict(enumerate(_VARIABLES[2:], 1))
"""The n-th derivative of F, by n."""
_FIRST = 2


def polynomial(terms: Mapping[Monomial, Fraction]) -> Polynomial:
    """From monomials in b_n = -F^(n+1)."""
    total = RING(0)
    for monomial, c in terms.items():
        powers = monomial[INFINITESIMALS:]
        signed = number(c) * (-1) ** sum(powers)
        total += RING.from_dict({(0, 0, *powers, *(0,) * (DERIVATIVES - len(powers))): signed})
    return total


def number(value: Fraction) -> Any:
    """In the field of the coefficients."""
    return sp.QQ(value.numerator, value.denominator)


def slope(p: Polynomial) -> Polynomial:
    """d/dx."""
    return sum((p.diff(F[n]) * F[n + 1] for n in range(1, DERIVATIVES) if p.degree(F[n]) > 0), RING(0))


def adjoint(p: Polynomial, times: int) -> Polynomial:
    """(1/pi) d^n/dx^n (p pi)."""
    for _ in range(times):
        p = slope(p) - F[1] * p
    return p


def without(p: Polynomial, size: float) -> Polynomial:
    """Without terms whose coefficients are no larger than `size`."""
    return RING.from_dict({m: c for m, c in p.items() if abs(float(c)) > size})


def on_gaussians(p: Polynomial) -> Polynomial:
    """Without the derivatives of F beyond the second."""
    return RING.from_dict({m: c for m, c in p.items() if not any(m[_FIRST + 2 :])})


def highest(p: Polynomial) -> int:
    """The highest derivative in p, 0 where there is none."""
    return max((n for m in p for n, power in enumerate(m[_FIRST:], 1) if power), default=0)


def antiderivative(p: Polynomial, gaussian: bool = False) -> tuple[Polynomial, Polynomial]:
    """Q and R with p = dQ/dx + R and no more in R than cannot be integrated: powers of F' alone and of the highest derivatives, times any.

    `gaussian` says that F'' is a constant.
    """
    total, rest = RING(0), RING(0)
    while p:
        n = highest(p)
        if gaussian and n <= 2:
            whole = RING.from_dict({_raised(m): c / (m[_FIRST] + 1) for m, c in p.items() if m[_FIRST + 1]})
            return total + whole, rest + RING.from_dict({m: c for m, c in p.items() if not m[_FIRST + 1]})
        place = _FIRST + n - 1
        linear = {m: c for m, c in p.items() if n > 1 and m[place] == 1}
        rest += RING.from_dict({m: c for m, c in p.items() if n <= 1 or m[place] > 1})
        part = RING.from_dict({_integrated(m, place): c / (m[place - 1] + 1) for m, c in linear.items()}) if linear else RING(0)
        lower = RING.from_dict({m: c for m, c in p.items() if n > 1 and m[place] == 0})
        total += part
        p = lower + RING.from_dict(linear) - slope(part) if linear else lower
    return total, rest


def _integrated(m: tuple[int, ...], place: int) -> tuple[int, ...]:
    """Of a monomial linear in the variable at `place`: its integral over the one before."""
    return (*m[: place - 1], m[place - 1] + 1, 0, *m[place + 1 :])


def _raised(m: tuple[int, ...]) -> tuple[int, ...]:
    """F'^j F''^k as the derivative of F'^(j+1) F''^(k-1)/(j+1) where F'' is constant."""
    return (*m[:_FIRST], m[_FIRST] + 1, m[_FIRST + 1] - 1, *m[_FIRST + 2 :])


def in_substeps(p: Polynomial, inverse: Fraction | None, growth: int) -> Iterator[tuple[int, Polynomial]]:
    """p at 1/K = inverse step^growth, by the powers of the step that this adds; with None, the variable stays for what multiplies step^growth."""
    shares: dict[int, dict[tuple[int, ...], Any]] = {}
    for m, c in p.items():
        part = shares.setdefault(growth * m[0], {})
        key, share = (m, sp.QQ(1)) if inverse is None else ((0, *m[1:]), number(inverse) ** m[0])
        part[key] = part.get(key, sp.QQ(0)) + c * share
    for power, terms in shares.items():
        yield power, RING.from_dict({m: c for m, c in terms.items() if c})


def symbolic(p: Polynomial, derivatives: Mapping[int, Any], substeps: Any = None, sign: Any = None) -> sp.Expr:
    """In sympy, with these for the derivatives of F, 1/K and the sign of F'."""
    values = [sp.Symbol("k") if substeps is None else substeps, sp.Symbol("sign") if sign is None else sign]
    values += [derivatives.get(n, sp.Symbol(f"F{n}")) for n in range(1, DERIVATIVES + 1)]
    return p.as_expr(*values) if p else sp.Integer(0)
