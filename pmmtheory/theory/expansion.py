"""The leading error of any overdamped scheme on the line, derived by running its own step on series in the derivatives of a force left open.

With E f(X') = sum_k c_k f^(k) one step is the operator sum_k c_k d^k/dx^k, that of the diffusion is exp(a L). Where they first differ, by
A = sum_k d_k d^k/dx^k at step^(p+1), the local weak order is p. The stationary law is pi (1 + a^p phi + ...) with p the first order at which the flux

    phi' = -(1/pi) sum_k (-1)^k d^(k-1)/dx^(k-1) (d_k pi)

does not vanish, as L phi = (pi phi')'/pi = -A*1 is integrated once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import sympy as sp

from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, Scheme
from pmmtheory.theory.jets import polynomials
from pmmtheory.theory.jets.moments import HIGHEST
from pmmtheory.theory.jets.operator import Operator, diffusion, operator, operator_at
from pmmtheory.theory.jets.polynomials import RING, Polynomial
from pmmtheory.theory.jets.series import NoSeries

_ROUNDING = 1e-6
"""Coefficients of a difference below it are none: a step may have constants in single precision."""

x = sp.Symbol("x")
F = sp.Function("F")(x)


@dataclass(frozen=True)
class Expansion:
    """How one step differs from the diffusion, and the flux of the leading error of its stationary law.

    Attributes
    ----------
    difference : mapping
        (m, k) to the coefficient of step^(m/2) d^k/dx^k in which the scheme differs from the diffusion, up to step^4: polynomials in F', F'', ....
    gaussian : bool
        Whether the target is a Gaussian, with F''' = F'''' = ... = 0.
    """

    difference: Operator
    gaussian: bool = False

    @cached_property
    def local_order(self) -> float | None:
        """p where one step is that of the diffusion up to step^(p+1) in weak sense; None where no difference is seen."""
        return min((m / 2 - 1 for m, _ in self.difference), default=None)

    @cached_property
    def fluxes(self) -> dict[int, Polynomial]:
        """m to what phi' is at step^(m/2 - 1) where nothing comes before; those that vanish are missing."""
        found = {}
        for m in sorted({m for m, _ in self.difference}):
            flux = -sum(((-1) ** k * polynomials.adjoint(d, k - 1) for (n, k), d in self.difference.items() if n == m), RING(0))
            flux = polynomials.on_gaussians(flux) if self.gaussian else flux
            if flux:
                found[m] = flux
        return found

    @property
    def order(self) -> float | None:
        """p where the stationary law is the target up to step^p; None beyond step^3."""
        return min((m / 2 - 1 for m in self.fluxes), default=None)

    @property
    def flux(self) -> Polynomial:
        """phi' at that order."""
        return self.fluxes[min(self.fluxes)] if self.fluxes else RING(0)

    def slope(self) -> sp.Expr:
        """phi' in terms of F(x) and the sign of F'."""
        return polynomials.symbolic(self.flux, {n: sp.diff(F, x, n) for n in range(1, polynomials.DERIVATIVES + 1)}, sign=sp.sign(sp.diff(F, x)))


def expand(
    scheme: Callable[..., Scheme], inverse_substeps: Fraction | None = Fraction(0), growth: int = 0, midpoints: str = "bernoulli", gaussian: bool = False
) -> Expansion:
    """Expand one step of a scheme on the line, overdamped, with 1/K = inverse_substeps step^growth where it has substeps; None leaves a variable.

    Raises
    ------
    InvalidParameter
        Naming `scheme`, where its step is no power series in the force, the step size and its draws, or that of another diffusion with the same law.

    Examples
    --------
    >>> found = expand(EulerMaruyama)
    >>> found.order, found.slope()
    (1.0, Derivative(F(x), x)*Derivative(F(x), (x, 2))/2 - Derivative(F(x), (x, 3))/2)
    """
    local = _local(scheme, inverse_substeps, growth, midpoints)
    difference = Operator()
    for sign, part in ((1, local), (-1, diffusion())):
        for (m, k), c in part.items():
            for added, p in polynomials.in_substeps(c, inverse_substeps, growth):
                if m + 2 * added <= HIGHEST:
                    difference[m + 2 * added, k] = difference.get((m + 2 * added, k), RING(0)) + sign * p
    kept = {key: polynomials.without(d, _ROUNDING) for key, d in difference.items()}
    found = Expansion({key: d for key, d in kept.items() if d}, gaussian)
    if found.local_order == 0 and 2 not in found.fluxes:
        raise InvalidParameter("scheme", _name(scheme), "one whose small steps are those of the diffusion, not of another with the same invariant law")
    return found


def _local(scheme: Callable[..., Scheme], inverse_substeps: Fraction | None, growth: int, midpoints: str) -> Operator:
    """With K as a variable, or at one K alone where the scheme is no polynomial in 1/K."""
    try:
        try:
            return operator(scheme, midpoints)
        except NoSeries:
            if growth or not inverse_substeps or inverse_substeps.numerator != 1:
                raise
            return operator_at(scheme, float(1 / inverse_substeps), midpoints)
    except NoSeries as reason:
        raise InvalidParameter("scheme", _name(scheme), f"one whose step is a power series in the force, its draws and the step: {reason}") from reason


def _name(scheme: Callable[..., Scheme]) -> str:
    return str(getattr(scheme, "__name__", scheme))


def phi_slope(scheme: str) -> tuple[int, sp.Expr]:
    """The order p and phi'(x) in terms of F, for "euler", "single" (the randomized midpoint) or "bernoulli" (K = inf).

    Examples
    --------
    >>> order, slope = phi_slope("euler")
    >>> order, sp.simplify(slope - sp.diff(sp.diff(F, x) ** 2 / 4 - sp.diff(F, x, 2) / 2, x))
    (1, 0)
    """
    if scheme not in ("euler", "single", "bernoulli"):
        raise ValueError(f'scheme = {scheme!r} is not allowed: "euler", "single" or "bernoulli".')
    found = expand(EulerMaruyama) if scheme == "euler" else expand(PoissonMidpoint, midpoints=scheme)
    assert found.order is not None
    return int(found.order), found.slope()
