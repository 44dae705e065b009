"""phi of the leading error at points, from the polynomial in F', F'', ... that is its derivative."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory.expansion import Expansion
from pmmtheory.theory.jets import polynomials
from pmmtheory.theory.jets.polynomials import Polynomial
from pmmtheory.theory.panels import Points
from pmmtheory.theory.perturbed import Phi


def phi_of(found: Expansion, target: LineTarget) -> Phi:
    """phi up to a constant: what can be integrated is, and the rest is left to quadrature.

    Raises InvalidParameter, naming `target`, where it takes more derivatives of F than there are.
    """
    whole, rest = polynomials.antiderivative(found.flux, found.gaussian)
    needed = max(polynomials.highest(whole), polynomials.highest(rest))
    if needed > 2 and target.kinks:
        raise InvalidParameter("target", target.name, f"a target whose F has {needed} derivatives, for this scheme")
    if not rest:
        return lambda p: _at(whole, p)
    return lambda p: _at(whole, p) + p.antiderivative(lambda q: _at(rest, q))


def bends(found: Expansion, target: LineTarget, edges: Tensor) -> list[float]:
    """Where phi is not smooth though the force is: the zeros of F', where it has the sign of that; between neighbours among 64 points in every panel."""
    if not any(signs % 2 for _, signs, *_ in found.flux):
        return []
    x = torch.lerp(edges[:-1, None], edges[1:, None], torch.linspace(0, 1, 65, dtype=torch.float64)).reshape(-1)
    force = target.drift(x).detach()
    place = torch.nonzero(force[:-1].sign() != force[1:].sign()).flatten()
    low, high, left = x[place], x[place + 1], force[place].sign()
    for _ in range(60):
        middle = (low + high) / 2
        before = target.drift(middle).detach().sign() == left
        low, high = torch.where(before, middle, low), torch.where(before, high, middle)
    found_at: list[float] = torch.unique(high).tolist()
    return found_at


def _at(polynomial: Polynomial, p: Points) -> Tensor:
    """Its value at points."""
    derivatives = {n: p.derivative(n) for n in range(1, polynomials.highest(polynomial) + 1)}
    sign = torch.sign(p.slope)
    total = torch.zeros_like(p.slope)
    for (_, signs, *powers), c in polynomial.items():
        term = torch.full_like(p.slope, float(c))
        for n, power in enumerate(powers, 1):
            if power:
                term = term * derivatives[n] ** power
        total = total + (term * sign if signs % 2 else term)
    return total
