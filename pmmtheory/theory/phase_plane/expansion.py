"""How one underdamped step differs from the diffusion, and what that does to the invariant law.

With E f(U', V') = sum c_jk d^j/du^j d^k/dv^k f one step is an operator, that of the diffusion is exp(step L). Where they first differ, by A at
step^(p+1), the local weak order is p. The stationary law is pi (1 + step^p phi + ...) with p the first order at which the source A*1, the adjoint in
L^2(pi), does not vanish: L* phi = -A*1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import Scheme
from pmmtheory.theory.jets.phase_moments import HIGHEST
from pmmtheory.theory.jets.series import NoSeries
from pmmtheory.theory.phase_plane import polynomials
from pmmtheory.theory.phase_plane.operator import Operator, diffusion, operator
from pmmtheory.theory.phase_plane.polynomials import RING, Polynomial

_ROUNDING = 1e-5
"""Coefficients of a difference below it are none: they are read off moments."""


@dataclass(frozen=True)
class PhaseExpansion:
    """The difference of one step from the diffusion.

    Attributes
    ----------
    difference : mapping
        (m, j, k) to the coefficient of step^m d^j/du^j d^k/dv^k up to step^4: polynomials in the velocity, the friction and F', F'', ....
    gaussian : bool
        Whether the target is a Gaussian, with F''' = F'''' = ... = 0.
    """

    difference: Operator
    gaussian: bool = False

    @property
    def local_order(self) -> int | None:
        """p where one step is that of the diffusion up to step^(p+1), in weak sense; None where no difference is seen."""
        return min((m - 1 for m, _, _ in self.difference), default=None)

    @cached_property
    def sources(self) -> dict[int, Polynomial]:
        """p to A*1 of the operators A at step^(p+1); those that vanish are missing."""
        found = {}
        for p in range(1, HIGHEST):
            source = sum((polynomials.adjoint(d, j, k) for (m, j, k), d in self.difference.items() if m == p + 1), RING(0))
            source = polynomials.without(polynomials.on_gaussians(source) if self.gaussian else source, _ROUNDING)
            if source:
                found[p] = source
        return found

    @property
    def order(self) -> int | None:
        """p where the stationary law is the target up to step^p; None beyond step^3."""
        return min(self.sources, default=None)

    @property
    def leading(self) -> dict[tuple[int, int], Polynomial]:
        """The operator A at that order, by (j, k)."""
        return {} if self.order is None else {(j, k): d for (m, j, k), d in self.difference.items() if m == self.order + 1}


def expand_phase(
    scheme: Callable[..., Scheme], inverse_substeps: Fraction = Fraction(0), midpoints: str = "bernoulli", gaussian: bool = False
) -> PhaseExpansion:
    """Expand one step of an underdamped scheme on the line, with this 1/K where it has substeps.

    Raises
    ------
    InvalidParameter
        Naming `scheme`, where its step is no power series in the force, the step size and its draws, or that of another diffusion.

    Examples
    --------
    >>> from pmmtheory.schemes import BAOAB
    >>> found = expand_phase(BAOAB)
    >>> found.order, found.sources[2]
    (2, -1/12*v**3*F3 - 1/4*v**2*g*F2 + 1/4*v*F1*F2 + 1/4*g*F2)
    """
    name = str(getattr(scheme, "__name__", scheme))
    try:
        own = operator(scheme, midpoints)
    except NoSeries as reason:
        raise InvalidParameter("scheme", name, f"one whose step is a power series in the force, its draws and the step: {reason}") from reason
    inverse = RING.domain(inverse_substeps.numerator, inverse_substeps.denominator)
    difference = {key: -part for key, part in diffusion().items()}
    for key, part in own.items():
        difference[key] = difference.get(key, RING(0)) + polynomials.in_substeps(part, inverse)
    kept = {key: polynomials.without(part, _ROUNDING) for key, part in difference.items()}
    found = PhaseExpansion({key: part for key, part in kept.items() if part}, gaussian)
    if found.local_order is not None and found.local_order < 1:
        raise InvalidParameter("scheme", name, "one whose small steps are those of Langevin dynamics")
    return found
