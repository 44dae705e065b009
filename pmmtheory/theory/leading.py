"""The leading error of a scheme's stationary law, by quadrature: the order and every constant.

If one step is exp(a L) + a^(p+1) A + ..., its stationary law is pi (1 + a^p phi + ...) with L phi = -A*1 and
E_pi phi = 0. Then KL = a^(2p) Var(phi)/2, TV = a^p E|phi|/2 and W2 = a^p |phi|_{H^-1(pi)}.
phi is derived by theory.expansion from the scheme's own step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from torch import Tensor

from pmmtheory.errors import InvalidParameter, NotConverged, choice, count_or_infinity, positive
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory.constant import LeadingConstant
from pmmtheory.theory.expansion import Expansion as Flux
from pmmtheory.theory.expansion import expand
from pmmtheory.theory.flux import bends, phi_of
from pmmtheory.theory.order_table import require_class
from pmmtheory.theory.panels import Panels, panels, refined
from pmmtheory.theory.perturbed import Expansion, Phi

_WORST = 1e-2
"""The largest relative error of a constant that is returned."""


@dataclass(frozen=True)
class LeadingTerm:
    """The stationary law pi (1 + step^order phi + ...) and the constants that follow.

    Attributes
    ----------
    order : int
        p: TV and W2 fall like step^p, KL like step^(2p).
    kl, tv : LeadingConstant
        The limits of KL/step^(2p) and TV/step^p: floats, each an Estimate with its error.
    phi : callable
        At points of any shape.
    """

    order: int
    kl: LeadingConstant
    tv: LeadingConstant
    phi: Callable[[Tensor], Tensor]
    _w2: Callable[[], LeadingConstant] = field(repr=False)

    @property
    def w2(self) -> LeadingConstant:
        """The limit of W2/step^p; raises NotConverged where it is not known to 1%: between modes that double precision cannot weigh against each other.

        Between far modes steps must be small for it: so small that less mass crosses the gap than lies there.
        """
        return self._w2()


def leading_term(
    scheme: type[Scheme], target: LineTarget, substeps: float = math.inf, midpoints: str = "bernoulli", substeps_times_step: float | None = None
) -> LeadingTerm:
    """The leading term of a scheme on a one-dimensional target with a Lipschitz F', overdamped; F'' may jump, and phi with it.

    It is that of its states, before `observe`.

    Parameters
    ----------
    scheme : class of schemes
        Any whose step is a power series in the force, the step size and its draws, of one's own as well: its step is run on series (theory.expansion).
    target : target on the line
    substeps, midpoints
        K and the kind of midpoints, for a scheme that takes them.
    substeps_times_step : float, optional
        For a scheme with substeps, K = c/step: this c. The terms of order step/K and step^2 then join.

    Raises
    ------
    InvalidParameter
        For a scheme that has no such series, or no error of order 1, 2 or 3; or a target that is not on the line, whose F' jumps, or whose F'' does where
        phi has more derivatives than that.
    NotConverged
        Where a constant is not known to 1%.

    Examples
    --------
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> term = leading_term(EulerMaruyama, Gaussian())
    >>> term.order, round(term.kl, 10), round(term.w2, 10)     # variance 1 + step/2: KL = step^2/16, W2 = step/4
    (1, 0.0625, 0.25)
    """
    if not isinstance(target, LineTarget) or target.dim != 1:
        raise InvalidParameter("target", getattr(target, "name", target), "a target on the line")
    require_class(scheme)
    k = count_or_infinity("substeps", substeps)
    c = None if substeps_times_step is None else positive("substeps_times_step", substeps_times_step)
    choice("midpoints", midpoints, ("bernoulli", "single", "interior"))
    gaussian = isinstance(target, Gaussian)
    inverse = 1 / Fraction(c) if c is not None else Fraction(0) if k == math.inf else Fraction(1, int(k))
    found = expand(scheme, inverse, int(c is not None), midpoints, gaussian)
    order = found.order
    if order is None:
        raise InvalidParameter("target" if gaussian else "scheme", target.name if gaussian else scheme.__name__, "one with an error of order 1, 2 or 3")
    if order < 1 or not order.is_integer():
        raise InvalidParameter("scheme", scheme.__name__, f"one whose stationary law approaches the target like a power 1, 2 or 3 of the step, not {order:g}")
    return _term(target, int(order), phi_of(found, target), found)


def _term(target: LineTarget, order: int, phi: Phi, found: Flux) -> LeadingTerm:
    """Each constant by two rules on different panels: their change is the part "resolution"."""
    edges = panels(target)
    edges = refined(edges, bends(found, target, edges))
    coarse, fine = Expansion(target, edges, 16, phi), Expansion(target, refined(edges, (), 0.4), 12, phi)
    _require_lipschitz(target, fine.panels)
    if not fine.absolute > 1e-10 * fine.size:
        raise InvalidParameter("target", target.name, f"one whose error of order {order} does not vanish")

    def constant(name: str) -> LeadingConstant:
        value = getattr(fine, name)
        parts = {"resolution": abs(value - getattr(coarse, name)), "rounding": fine.rounding[name], "ends": fine.ends[name]}
        error = sum(parts.values())
        if not error <= _WORST * value < math.inf:
            raise NotConverged(f"the leading constant of {name} on {target.name}, relatively,", error / value if value else math.inf, _WORST)
        return LeadingConstant.of(value, "quadrature", **parts)

    return LeadingTerm(order, constant("kl"), constant("tv"), fine.at, lambda: constant("w2"))


def _require_lipschitz(target: LineTarget, p: Panels) -> None:
    """E F'^2 = E F'' unless F' jumps, and E (x - c) F' = 1 unless the drift is not that of the density."""
    square, middle = p.expect(p.slope**2), float(p.x[p.middle].mean())
    moment = (p.x - middle) * p.slope
    if not math.isfinite(float(target.smoothness)) or abs(p.expect(p.curvature) - square) > 1e-7 * (square + p.expect(p.curvature.abs())):
        raise InvalidParameter("target", target.name, "a target whose F' is Lipschitz, without jumps: elsewhere there is no leading term of this form")
    if abs(p.expect(moment) - 1) > 1e-7 * (1 + p.expect(moment.abs())):
        raise InvalidParameter("target", target.name, "a target whose drift is the derivative of its log density")
