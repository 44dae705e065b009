"""Polynomials in the velocity, the friction and F', F'', ..., with 1/K as a further variable."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.polys.rings import ring

from pmmtheory.theory.jets.series import INFINITESIMALS, Monomial

Polynomial = Any
"""An element of RING."""

DERIVATIVES = 10
"""The highest derivative that has a variable."""

RING, *_VARIABLES = ring(["k", "v", "g", *(f"F{n}" for n in range(1, DERIVATIVES + 1))], sp.QQ)
K, V, FRICTION = _VARIABLES[:3]
"""1/K, the velocity and the friction."""
F = dict(enumerate(_VARIABLES[3:], 1))
"""The n-th derivative of F, by n."""
_FIRST = 3


def term(monomial: Monomial, velocity: int, friction: int, value: Any) -> Polynomial:
    """One monomial in b_n = -F^(n+1), times powers of the velocity and the friction."""
    powers = monomial[INFINITESIMALS : INFINITESIMALS + DERIVATIVES]
    return RING.from_dict({(0, velocity, friction, *powers): value * (-1) ** sum(powers)}) if value else RING(0)


def slope(p: Polynomial) -> Polynomial:
    """d/du."""
    return sum((p.diff(F[n]) * F[n + 1] for n in range(1, DERIVATIVES) if p.degree(F[n]) > 0), RING(0))


def adjoint(p: Polynomial, positions: int, velocities: int) -> Polynomial:
    """(-1)^(j+k)/pi d^j/du^j d^k/dv^k (p pi): the adjoint of p d^j/du^j d^k/dv^k, of one."""
    for _ in range(velocities):
        p = V * p - p.diff(V)
    for _ in range(positions):
        p = F[1] * p - slope(p)
    return p


def without(p: Polynomial, size: float) -> Polynomial:
    """Without terms whose coefficients are no larger than `size`."""
    return RING.from_dict({m: c for m, c in p.items() if abs(float(c)) > size})


def on_gaussians(p: Polynomial) -> Polynomial:
    """Without the derivatives of F beyond the second."""
    return RING.from_dict({m: c for m, c in p.items() if not any(m[_FIRST + 2 :])})


def by_velocity(p: Polynomial) -> dict[int, dict[tuple[int, ...], Any]]:
    """The coefficients of powers of the velocity: of each, powers of the friction and of F', F'', ... with their factors."""
    found: dict[int, dict[tuple[int, ...], Any]] = {}
    for (_, velocity, *powers), c in p.items():
        found.setdefault(velocity, {})[tuple(powers)] = c
    return found


def in_substeps(p: Polynomial, inverse: Any) -> Polynomial:
    """p at this 1/K."""
    total = RING(0)
    for m, c in p.items():
        total += RING.from_dict({(0, *m[1:]): c * inverse ** m[0]}) if inverse or not m[0] else RING(0)
    return total
