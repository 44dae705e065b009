"""The KL divergence of paths."""

from __future__ import annotations

import math
from typing import Any

from pmmtheory.divergences.paths.paths import Paths, path_comparisons
from pmmtheory.errors import InvalidParameter, NotConverged, choice, count
from pmmtheory.estimate import Estimate
from pmmtheory.laws.engine import Refusal, homogeneous
from pmmtheory.laws.law import Law
from pmmtheory.schemes import Scheme
from pmmtheory.targets.target import Target

_MOST = 1e4
"""Fine steps in a large one."""

_WHOLE = 1e-9
"""How far the ratio of the two steps may be from a whole number."""


def path_kl(scheme: Any, fine: Any, steps: Any, start: Any = None, path: Any = "coarse") -> Estimate:
    """KL(paths of a chain || paths of a finer chain from the same start), in nats, by the chain rule over the large steps.

    With P and Q what one large step and K fine ones make of x, and X the chain of the scheme,

        KL = sum_{t < steps} E KL( P(. | X_t) || Q(. | X_t) ):

    of X_0, X_1, ... alone for path = "coarse", where P and Q are laws of the next state; for "fine" they are those of all states at the substeps, whose
    midpoints stay hidden.

    Parameters
    ----------
    scheme : Scheme
        PoissonMidpoint, or another with a law of its step; time-homogeneous. Underdamped, on an isotropic Gaussian target in any dimension, with at most
        2048 sets of midpoints, and for path = "coarse": paths of positions and velocities.
    fine : Scheme
        EulerMaruyama on the same dynamics, whose step is that of the scheme over a whole number, which is K for path = "fine".
    steps : int
        The number of large steps.
    start : target or law, optional
        The law of X_0: the target unless given. On an isotropic Gaussian target in any dimension an isotropic Gaussian, or law, about its mean; on the
        line any smooth target or law; underdamped an isotropic Gaussian of positions about its mean, with velocities from N(0, I).
    path : "coarse" or "fine"

    Returns
    -------
    Estimate
        For "coarse" all parts of the error are bounds. For "fine", and underdamped, half the mean square of the likelihood ratio is exact on Gaussians, and
        the rest a mean over sampled paths, whose part "sampling" of the error is four standard errors.

    Raises
    ------
    InvalidParameter
        Naming what is not supported.
    NotConverged
        Where two resolutions differ by more than 1%, sampled paths leave more than 5%, or few paths have most of chi2.

    Source: Kandasamy & Nagaraj 2024 (arXiv 2405.17068), Theorems 1 to 3, which bound it.

    Examples
    --------
    At stationarity on a Gaussian of curvature 1, step^4 (1/144 + 1/3) for large K and small steps; one substep is the fine chain itself.

    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint
    >>> from pmmtheory.targets import Gaussian
    >>> dynamics = Overdamped(Gaussian())
    >>> found = path_kl(PoissonMidpoint(dynamics, 0.01, substeps=10), EulerMaruyama(dynamics, 0.001), steps=1)
    >>> round(found.value / 0.01**4, 4)
    0.2048
    >>> path_kl(PoissonMidpoint(dynamics, 0.1, substeps=1), EulerMaruyama(dynamics, 0.1), steps=7) < 1e-25
    True
    """
    hidden = choice("path", path, ("coarse", "fine")) == "fine"
    paths = _checked(scheme, fine, steps, start)
    refusals: list[Refusal] = []
    missed: NotConverged | None = None
    blocks = scheme.dynamics.blocks
    if not (comparisons := path_comparisons(hidden, blocks)):
        raise InvalidParameter("path", path, '"coarse" for chains of positions and velocities')
    for comparison in comparisons:
        if (refusal := comparison.supports(paths)) is not None:
            refusals.append(refusal)
            continue
        try:
            return comparison.kl(paths)
        except NotConverged as error:  # another may do
            missed = missed or error
    if missed is not None:
        raise missed
    raise ([refusal for refusal in refusals if refusal.parameter != "target"] or refusals)[-1].error


def _checked(scheme: Any, fine: Any, steps: Any, start: Any) -> Paths:
    """The two chains; raises InvalidParameter where they are none, or of other dynamics, or the one step is no whole number of the other."""
    for name, given in (("scheme", scheme), ("fine", fine)):
        if not isinstance(given, Scheme):
            raise InvalidParameter(name, given, "a pmmtheory scheme")
        if homogeneous(given) is not None or given.dynamics.blocks > 2:
            raise InvalidParameter(
                name, f"{given.name} on {type(given.dynamics).__name__}", "a chain whose steps do not depend on time: overdamped or underdamped"
            )
    one, other = scheme.dynamics, fine.dynamics
    if type(one) is not type(other) or one.target is not other.target or getattr(one, "friction", None) != getattr(other, "friction", None):
        raise InvalidParameter("fine", fine.name, "a chain on the dynamics of the scheme, over the same target object")
    ratio = scheme.step_size / fine.step_size
    if not (ratio < _MOST and round(ratio) >= 1 and math.isclose(ratio, round(ratio), rel_tol=_WHOLE)):
        raise InvalidParameter("fine", fine.step_size, f"a step_size that is {scheme.step_size:g} over a whole number below {_MOST:g}")
    if not (start is None or isinstance(start, Target | Law)):
        raise InvalidParameter("start", start, "a target or a law")
    exact = fine.with_step(scheme.step_size / round(ratio))
    return Paths(scheme, exact, round(ratio), count("steps", steps), one.target if start is None else start)
