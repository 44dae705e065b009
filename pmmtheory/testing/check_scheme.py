"""The laws of sampling, checked one after the other on somebody's scheme."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Target
from pmmtheory.testing.cost_law import drift_calls
from pmmtheory.testing.long_run_laws import law_and_particles, stationary_gaussian, weak_order
from pmmtheory.testing.one_step_laws import mass, small_steps
from pmmtheory.testing.program_laws import batch_equals_loop, precisions, seeds, shapes
from pmmtheory.testing.semigroup_law import affine_semigroup
from pmmtheory.testing.subject import Skipped, Subject, Violation, examine

LAWS: Mapping[str, Callable[[Subject], None]] = {
    "shapes": shapes,
    "seed": seeds,
    "float32 and float64": precisions,
    "batch equals loop": batch_equals_loop,
    "drift calls": drift_calls,
    "mass": mass,
    "affine semigroup": affine_semigroup,
    "small steps": small_steps,
    "law and particles": law_and_particles,
    "stationary Gaussian": stationary_gaussian,
    "weak order": weak_order,
}
"""Every law by name, in the order in which they are checked: cheap and plain ones first."""


class BrokenScheme(AssertionError):
    """A scheme breaks a law of sampling.

    Attributes
    ----------
    law : str
        The name of the law, one of LAWS.
    """

    def __init__(self, scheme: str, law: str, seen: str):
        super().__init__(scheme, law, seen)
        self.law = law

    def __str__(self) -> str:
        scheme, law, seen = self.args
        return f'{scheme} breaks the law "{law}": {seen}.'


class Checked(tuple[str, ...]):
    """The names of the laws that were checked; `skipped` maps each of the others to the reason."""

    skipped: Mapping[str, str]


def check_scheme(
    scheme: Callable[..., Scheme],
    *,
    order: float | None = None,
    stationary_variance: Callable[[float], float] | None = None,
    skip: Collection[str] = (),
    dynamics: Callable[[Target], Dynamics] = Overdamped,
    **options: Any,
) -> Checked:
    """Raise BrokenScheme with the first law of sampling that a scheme breaks.

    | law | formula | sees |
    |---|---|---|
    | shapes | mean has x's shape, dtype and device, mean + factor Z too | casts, NaN, lost axes, x changed in place |
    | seed | one seed one table, first particles do not feel the last | random numbers from elsewhere |
    | float32 and float64 | equal for equal draws, to rounding | cancellation |
    | batch equals loop | step(x, draws)_i = step(x_i, draws_i) | particles that feel each other, a wrong axis |
    | drift calls | E(evaluations a step at positions new to it) = drift_calls | a wrong declared cost |
    | mass | E exp(i 0 X') = 1, rows of the kernel sum to 1 | draws with a wrong quadrature rule |
    | affine semigroup | with a constant drift, n steps of a/n are one of a: X' ~ N(A_a x + G_a b, Gamma_a^2) | wrong noise, correlated coordinates, casts |
    | small steps | E(X'-x)/a -> N x + f b(x), Cov/a -> D, kappa_3/a -> 0 (overdamped b(x), 2, 0) | another SDE |
    | law and particles | the exact law and 10^5 particles agree after 3 steps | draws whose samples and rule differ |
    | stationary Gaussian | Var = the closed form given | any wrong constant, on Gaussians |
    | weak order | TV(stationary law, target) = O(a^order) | lost orders: independent noise, a wrong rate of midpoints |

    What no law here sees: a wrong constant at the right order (compare `theory.leading_term`), and for a Poisson
    midpoint scheme at fixed K any fault of order a, which K itself allows: pass a factory with K = c/a and order=2.
    Nor failures far out in the tails, at steps near the limit of stability, on rough targets, or in mixing times.
    Laws after "affine semigroup" look at the line only. A scheme that is right only as the step -> 0 (a tamed drift,
    two-point noise) breaks "affine semigroup" by design: say so by `exact_with`, as a Splitting does, and the law is checked without force or skipped.

    States of more than one block are those of their dynamics, e.g. (..., 2) and (..., 2, 3) underdamped; N, f and D are
    its `linear`, `forcing` and `diffusion`, and laws of many steps are those of the position. "weak order" then takes some ten
    seconds.

    Parameters
    ----------
    scheme : Scheme class, or factory (dynamics, step_size) -> Scheme
    order : number, optional
        The weak order it claims; that which the scheme declares (`orders`) for these dynamics unless given, and skipped without either.
    stationary_variance : callable, optional
        On a Gaussian of curvature lam = 1.7: step * lam -> lam times the stationary variance of the position.
    skip : names of laws
        To be left out.
    dynamics : callable
        Target -> Dynamics.
    options
        Handed to `scheme` after the dynamics and the step size.

    Returns
    -------
    Checked
        The names of the laws that were checked, with `.skipped`: name -> reason for the rest.

    Raises
    ------
    BrokenScheme
        An AssertionError in one sentence, with the name of the law as `.law`.
    InvalidParameter
        Where the scheme cannot be built, or a name in `skip` is not that of a law.

    Examples
    --------
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> check_scheme(EulerMaruyama, skip=["law and particles"])[-1]
    'weak order'
    >>> from pmmtheory.testing.broken import SingleMidpoint
    >>> check_scheme(SingleMidpoint, skip=["law and particles"]).skipped["weak order"]
    'no order is claimed'
    >>> from pmmtheory.dynamics import Underdamped
    >>> check_scheme(EulerMaruyama, dynamics=lambda target: Underdamped(target, friction=2.0), skip=["law and particles", "weak order"])[-1]
    'small steps'
    """
    unknown = sorted(set(skip) - set(LAWS))
    if unknown:
        raise InvalidParameter("skip", unknown, f"names of laws: {', '.join(LAWS)}")
    subject = examine(scheme, options, order, stationary_variance, dynamics)
    checked, skipped = [], {}
    for name, law in LAWS.items():
        reason = "left out by the caller" if name in skip else _outcome(subject, name, law)
        if reason is None:
            checked.append(name)
        else:
            skipped[name] = reason
    result = Checked(checked)
    result.skipped = skipped
    return result


def _outcome(subject: Subject, name: str, law: Callable[[Subject], None]) -> str | None:
    """None where the law holds, and the reason where it could not be checked."""
    try:
        law(subject)
    except (Skipped, InvalidParameter, NotConverged) as reason:
        return str(reason)
    except Violation as violation:
        raise BrokenScheme(subject.name, name, str(violation)) from violation.__cause__
    except Exception as error:  # the scheme's own code may raise anything
        raise BrokenScheme(subject.name, name, f"its step raised {type(error).__name__}: {error}") from error
    return None
