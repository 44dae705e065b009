"""The leading error of a scheme's stationary law, by quadrature: the order and every constant.

If one step is exp(a L) + a^(p+1) A + ..., its stationary law is pi (1 + a^p phi + ...) with L phi = -A*1 and
E_pi phi = 0. Then KL = a^(2p) Var(phi)/2, TV = a^p E|phi|/2 and W2 = a^p |phi|_{H^-1(pi)}.
The phi below are derived symbolically in theory.expansion.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from pmmtheory.errors import InvalidParameter, NotConverged, choice, count_or_infinity, positive
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory.constant import LeadingConstant
from pmmtheory.theory.panels import Panels, Points, panels, refined
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
        """The limit of W2/step^p; raises NotConverged where it is not known to 1%: between modes that double precision cannot weigh against each other."""
        return self._w2()


def leading_term(
    scheme: type[Scheme], target: LineTarget, substeps: float = math.inf, midpoints: str = "bernoulli", substeps_times_step: float | None = None
) -> LeadingTerm:
    """The leading term of a scheme on a one-dimensional target with a Lipschitz F', overdamped; F'' may jump, and phi with it.

    Parameters
    ----------
    scheme : EulerMaruyama, RandomizedMidpoint or PoissonMidpoint
    target : target on the line
    substeps, midpoints
        K and the kind of midpoints, for PoissonMidpoint.
    substeps_times_step : float, optional
        For PoissonMidpoint with K = c/step: this c. The terms of order step/K and step^2 then join.

    Raises
    ------
    InvalidParameter
        For a scheme without a known leading term, or a target that is not on the line or whose F' jumps.
    NotConverged
        Where a constant is not known to 1%.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> term = leading_term(EulerMaruyama, Gaussian())
    >>> term.order, round(term.kl, 10), round(term.w2, 10)     # variance 1 + step/2: KL = step^2/16, W2 = step/4
    (1, 0.0625, 0.25)
    """
    if not isinstance(target, LineTarget) or target.dim != 1:
        raise InvalidParameter("target", getattr(target, "name", target), "a target on the line")
    if not (isinstance(scheme, type) and issubclass(scheme, Scheme)):
        raise InvalidParameter("scheme", scheme, "EulerMaruyama, RandomizedMidpoint or PoissonMidpoint, the class itself")
    k = count_or_infinity("substeps", substeps)
    c = None if substeps_times_step is None else positive("substeps_times_step", substeps_times_step)
    choice("midpoints", midpoints, ("bernoulli", "single"))
    if issubclass(scheme, EulerMaruyama):
        return _term(target, 1, _euler)
    superconvergent = isinstance(target, Gaussian)
    if issubclass(scheme, RandomizedMidpoint):
        return _term(target, 3, _gaussian_randomized) if superconvergent else _term(target, 2, _randomized)
    if not issubclass(scheme, PoissonMidpoint):
        raise InvalidParameter("scheme", scheme.__name__, "EulerMaruyama, RandomizedMidpoint or PoissonMidpoint")
    second = _poisson if midpoints == "bernoulli" else _randomized
    if c is not None:
        return _term(target, 2, lambda p: _euler(p) / c + second(p))
    if k == math.inf and midpoints == "single" and superconvergent:
        return _term(target, 3, _gaussian_randomized)
    return _term(target, 2, second) if k == math.inf else _term(target, 1, lambda p: _euler(p) / k)


def _euler(p: Points) -> Tensor:
    """|F'|^2/4 - F''/2."""
    return p.slope**2 / 4 - p.curvature / 2


def _randomized(p: Points) -> Tensor:
    """-F''^2/12."""
    return -(p.curvature**2) / 12


def _gaussian_randomized(p: Points) -> Tensor:
    """He_2/12 + He_4/96 of the standardised variable, times lam^3: on a Gaussian of curvature lam order 2 vanishes.

    The relative error of the variance is (a lam)^3/6; the law is a scale mixture whose random variance has relative
    variance (a lam)^3/12, so that the fourth cumulant enters at the same order.
    """
    lam = p.curvature
    square = p.slope**2 / lam
    return lam**3 * ((square - 1) / 12 + (square**2 - 6 * square + 3) / 96)


def _poisson(p: Points) -> Tensor:
    """-(5/12) F''^2 + (1/3) int F''^2 F' dx, from the median."""
    return -5 / 12 * p.curvature**2 + p.antiderivative(lambda p: p.curvature**2 * p.slope) / 3


def _term(target: LineTarget, order: int, phi: Phi) -> LeadingTerm:
    """Each constant by two rules on different panels: their change is the part "resolution"."""
    edges = panels(target)
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
