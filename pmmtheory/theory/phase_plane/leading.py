"""The leading error of an underdamped scheme's stationary law on the line: the order and every constant, of position, velocity and both.

If one step is exp(a L) + a^(p+1) A + ..., its stationary law is pi (1 + a^p phi + ...) with L* phi = -A*1 and E_pi phi = 0. phi is found as a series
in orthonormal polynomials, phi = sum c_nm He_n(v) p_m(u), and that of a marginal is the part with n = 0 or m = 0. Then KL = a^(2p) |c|^2/2,
TV = a^p E|phi|/2, and W2 = a^p |phi|_{H^-1}.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from pmmtheory.errors import InvalidParameter, NotConverged, choice, count_or_infinity, scale
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget
from pmmtheory.theory.constant import LeadingConstant
from pmmtheory.theory.order_table import require_class
from pmmtheory.theory.panels import Panels, panels
from pmmtheory.theory.phase_plane.expansion import PhaseExpansion, expand_phase
from pmmtheory.theory.phase_plane.solution import GOAL, NOTHING, Solution, far_out

_SIZES = ((40, 24), (64, 36), (100, 48), (160, 64), (240, 80))
"""Numbers of polynomials of position and velocity, tried one after another."""

_WORST = 1e-2
"""The largest relative error of a constant that is returned."""

_LAWS = ("position", "velocity", "joint")

_READ = 1e-7
"""Relatively, what the coefficients of the step may be off by, as they are read off moments."""


@dataclass(frozen=True)
class Side:
    """The constants of one law: the limits of KL/step^(2p), TV/step^p and, of positions, W2/step^p."""

    kl: LeadingConstant
    tv: LeadingConstant
    w2: LeadingConstant | None = None


@dataclass(frozen=True)
class PhaseLeadingTerm:
    """The stationary law pi (1 + step^order phi + ...) in the phase plane, and the constants that follow.

    Attributes
    ----------
    order : int
        p: TV and W2 fall like step^p, KL like step^(2p).
    position, velocity, joint : Side
        Floats, each an Estimate with its error.
    """

    order: int
    position: Side
    velocity: Side
    joint: Side


def phase_leading_term(scheme: type[Scheme], target: LineTarget, friction: float, substeps: float = math.inf, midpoints: str = "bernoulli") -> PhaseLeadingTerm:
    """The leading term of an underdamped scheme on a smooth one-dimensional target.

    It is that of its states, before `observe`.

    Parameters
    ----------
    scheme : class of schemes
        Any whose step is a power series in the force, the step size and its draws, of one's own as well.
    target : target on the line
        With as many derivatives as the step asks for, and a Lipschitz F'.
    friction : float
    substeps, midpoints
        K and the kind of midpoints, for a scheme that takes them.

    Raises
    ------
    InvalidParameter
        For a scheme that has no such series, or no error of order 1, 2 or 3; or a target that is not on the line, or has kinks.
    NotConverged
        Where a constant is not known to 1%.

    Examples
    --------
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> term = phase_leading_term(EulerMaruyama, Gaussian(), friction=2.0)
    >>> term.order, round(term.position.kl, 9), round(term.position.w2, 9)     # variance 1 + step/4: KL = step^2/64, W2 = step/8
    (1, 0.015625, 0.125)
    """
    if not isinstance(target, LineTarget) or target.dim != 1:
        raise InvalidParameter("target", getattr(target, "name", target), "a target on the line")
    if target.kinks or not math.isfinite(float(target.smoothness)):
        raise InvalidParameter("target", target.name, "a target whose force is smooth and Lipschitz")
    require_class(scheme)
    choice("midpoints", midpoints, ("bernoulli", "single", "interior"))
    k, g = count_or_infinity("substeps", substeps), scale("friction", friction)
    gaussian = isinstance(target, Gaussian)
    found = expand_phase(scheme, Fraction(0) if k == math.inf else Fraction(1, int(k)), midpoints, gaussian)
    if found.order is None:
        raise InvalidParameter("target" if gaussian else "scheme", target.name if gaussian else scheme.__name__, "one with an error of order 1, 2 or 3")
    return _term(found, target, g)


def _term(found: PhaseExpansion, target: LineTarget, friction: float) -> PhaseLeadingTerm:
    """By more and more polynomials, until no constant changes: the last change is the part "resolution"."""
    rule = Panels(target, far_out(target, panels(target)), 16)
    before = Solution(found, rule, friction, *_SIZES[0])
    for sizes in _SIZES[1:]:
        now = Solution(found, rule, friction, *sizes)
        if now.away(before) <= GOAL:
            break
        before = now

    def constant(name: str) -> LeadingConstant:
        value, quadrature = getattr(now, name)
        law, distance = name.split("_")
        if value <= NOTHING[distance] * (now.joint_kl[0] if distance == "kl" else math.sqrt(now.joint_kl[0])):
            return LeadingConstant.of(0.0, "orthonormal polynomials", rounding=value)  # it falls at a higher order
        parts = {"resolution": abs(value - getattr(before, name)[0]), "quadrature": quadrature, "rounding": _READ * abs(value)}
        if not sum(parts.values()) <= _WORST * abs(value) < math.inf:
            raise NotConverged(f"the leading constant of {distance} of {law} on {target.name}, relatively,", sum(parts.values()) / abs(value), _WORST)
        return LeadingConstant.of(value, "orthonormal polynomials", **parts)

    assert found.order is not None
    sides = [Side(constant(f"{law}_kl"), constant(f"{law}_tv"), constant("position_w2") if law == "position" else None) for law in _LAWS]
    return PhaseLeadingTerm(found.order, *sides)
