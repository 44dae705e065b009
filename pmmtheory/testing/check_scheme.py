"""The laws of sampling, checked one after the other on somebody's scheme."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.errors import InvalidParameter, NotConverged, flag, positive
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Target
from pmmtheory.testing.cost_law import drift_calls
from pmmtheory.testing.examine import examine
from pmmtheory.testing.invariance_law import invariance
from pmmtheory.testing.jumps import find_jumps
from pmmtheory.testing.long_run_laws import law_and_particles, stationary_gaussian, weak_order
from pmmtheory.testing.one_step_laws import mass, small_steps
from pmmtheory.testing.program_laws import batch_equals_loop, precisions, seeds, shapes
from pmmtheory.testing.semigroup_law import affine_semigroup
from pmmtheory.testing.subject import Skipped, Subject, Unclaimed, Violation
from pmmtheory.testing.time_limit import TimeIsUp, limited
from pmmtheory.testing.verdict import BrokenScheme, Checked, UncheckedScheme

Law = Callable[[Subject], str | None]
"""Raises Violation, Skipped or Unclaimed; returns what a check by particles can see."""

LAWS: Mapping[str, Law] = {
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

JUMPING_LAWS: Mapping[str, Law] = {
    ("invariance" if name == "law and particles" else name): (invariance if name == "law and particles" else LAWS[name]) for name in LAWS
}
"""Those of a scheme whose steps jump in a draw at places that no rule knows: it has no exact law, so particles are held against the target."""


def check_scheme(
    scheme: Callable[..., Scheme],
    *,
    order: float | None = None,
    stationary_variance: Callable[[float], float] | None = None,
    skip: Collection[str] = (),
    dynamics: Callable[[Target], Dynamics] = Overdamped,
    strict: bool = False,
    progress: bool = False,
    time_limit: float | None = None,
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

    A step that jumps in a draw at places that no quadrature rule knows (accept or reject, a minibatch of many, `where(u < p, ...)`) has no
    exact law. It is recognised, and held against the target by particles, with what that can see in `.notes`: "invariance" takes the place of
    "law and particles", for a step that stays where it is with positive probability, or claims the order infinity; one that claims a finite
    order is held to it by the bias of one step from the target. `exact_with` is then taken for a claim only where the scheme says it itself.

    What no law here sees: a wrong constant at the right order (compare `theory.leading_term`), and for a Poisson
    midpoint scheme at fixed K any fault of order a, which K itself allows: pass a factory with K = c/a and order=2.
    Nor failures far out in the tails, at steps near the limit of stability, on rough targets, or in mixing times.
    Laws after "affine semigroup" look at the line only. A scheme that is right only as the step -> 0 (a tamed drift,
    two-point noise) breaks "affine semigroup" by design: say so by `exact_with`, as a Splitting does, and the law is checked without force or skipped.

    States of more than one block are those of their dynamics, e.g. (..., 2) and (..., 2, 3) underdamped; N, f and D are
    its `linear`, `forcing` and `diffusion`, and laws of many steps are those of the position. "weak order" then takes some
    seconds.

    Parameters
    ----------
    scheme : Scheme class, or factory (dynamics, step_size) -> Scheme
    order : number, optional
        The weak order it claims of the law of what it observes; that which the scheme declares (`orders`) for these dynamics unless given, and
        skipped without either.
    stationary_variance : callable, optional
        On a Gaussian of curvature lam = 1.7: step * lam -> lam times the stationary variance of the position.
    skip : names of laws
        To be left out.
    dynamics : callable
        Target -> Dynamics.
    strict : bool
        Whether a law that could not be computed, or not in time, is a failure. One that is left out by `skip` is none, nor one for which nothing
        is claimed: no order, no closed form.
    progress : bool
        Whether to print a line to the standard error for each law as it is checked.
    time_limit : number, optional
        Seconds. A law under way by then is interrupted between two operations of Python, later ones are not begun; all are reported.
    options
        Handed to `scheme` after the dynamics and the step size.

    Returns
    -------
    Checked
        The names of the laws that were checked, with `.skipped`: name -> reason for the rest. Printed, a sentence for each.

    Raises
    ------
    BrokenScheme
        An AssertionError in one sentence, with the name of the first law that is broken as `.law`.
    UncheckedScheme
        A BrokenScheme: under `strict`, where none is broken, with the first law that could not be computed.
    InvalidParameter
        Where the scheme cannot be built, a name in `skip` is not that of a law, `order` or `time_limit` is not positive, or `stationary_variance` gives
        no number above 0.

    Examples
    --------
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> check_scheme(EulerMaruyama, skip=["law and particles"])[-1]
    'weak order'
    >>> from pmmtheory.testing.broken import SingleMidpoint
    >>> print(check_scheme(SingleMidpoint, skip=["law and particles", "stationary Gaussian", "mass"]))
    SingleMidpoint: 7 laws checked (shapes, seed, float32 and float64, batch equals loop, drift calls, affine semigroup, small steps).
    The law "mass" was not checked: left out by the caller.
    The law "law and particles" was not checked: left out by the caller.
    The law "stationary Gaussian" was not checked: left out by the caller.
    The law "weak order" was not checked: no order is claimed: `orders` declares none for Overdamped.
    >>> from pmmtheory.dynamics import Underdamped
    >>> check_scheme(EulerMaruyama, dynamics=lambda target: Underdamped(target, friction=2.0), skip=["law and particles", "weak order"])[-1]
    'small steps'
    """
    left_out = _names_of_laws(skip)
    flag("strict", strict)
    flag("progress", progress)
    deadline = None if time_limit is None else time.monotonic() + positive("time_limit", time_limit)
    subject = _looked_at(examine(scheme, options, order, stationary_variance, dynamics), deadline)
    checked, skipped, failures, notes = [], {}, {}, {}
    console = Console(stderr=True, highlight=False, quiet=not progress)
    for name, law in (JUMPING_LAWS if subject.jumping else LAWS).items():
        begun = time.monotonic()
        outcome = _Outcome("left out by the caller") if name in left_out else _outcome(subject, name, law, deadline, console)
        words = outcome.reason or "holds"
        console.print(f"{subject.name}: {name}: {words} ({time.monotonic() - begun:.1f} s)", markup=False, soft_wrap=True)
        if outcome.reason is None:
            checked.append(name)
        else:
            skipped[name] = outcome.reason
        if outcome.failed:
            failures[name] = words
        if outcome.note:
            notes[name] = outcome.note
    if strict and failures:
        first, reason = next(iter(failures.items()))
        raise UncheckedScheme(subject.name, first, reason + (f" (nor for {', '.join(list(failures)[1:])})" if len(failures) > 1 else ""))
    result = Checked(checked)
    result.scheme, result.skipped, result.failures, result.notes = subject.name, skipped, failures, notes
    return result


def _names_of_laws(skip: Any) -> list[str]:
    known = tuple({**LAWS, **JUMPING_LAWS})
    allowed = f"names of laws: {', '.join(known)}"
    if isinstance(skip, str | bytes | Mapping) or not isinstance(skip, Iterable):
        raise InvalidParameter("skip", skip, f"a collection of {allowed}")
    try:
        names = list(skip)
    except TypeError:  # of an array that holds one number and is not to be iterated over
        raise InvalidParameter("skip", skip, f"a collection of {allowed}") from None
    if unknown := [name for name in names if not isinstance(name, str) or name not in known]:
        raise InvalidParameter("skip", unknown, allowed)
    return names


@dataclass(frozen=True)
class _Outcome:
    """Why a law was not checked, None where it holds; whether that is for want of an answer; and what a check by particles can see."""

    reason: str | None = None
    failed: bool = False
    note: str | None = None


def _looked_at(subject: Subject, deadline: float | None) -> Subject:
    """The subject with its jumps; without, where there is no time to look for them."""
    try:
        return limited(None if deadline is None else deadline - time.monotonic(), lambda: replace(subject, jumps=find_jumps(subject.everywhere()[0])))
    except TimeIsUp:
        return subject


def _outcome(subject: Subject, name: str, law: Law, deadline: float | None, console: Console) -> _Outcome:
    left = None if deadline is None else deadline - time.monotonic()
    if left is not None and left <= 0:
        return _Outcome("not run, as the time limit was reached before", failed=True)
    try:
        return _Outcome(note=limited(left, lambda: law(subject)))
    except TimeIsUp:
        return _Outcome("not finished within the time limit", failed=True)
    except Unclaimed as reason:
        return _Outcome(str(reason))
    except (Skipped, InvalidParameter, NotConverged) as reason:
        return _Outcome(str(reason), failed=True)
    except Violation as violation:
        seen, cause = str(violation), violation.__cause__
    except Exception as error:  # the scheme's own code may raise anything
        seen, cause = f"its step raised {type(error).__name__}: {error}", error
    console.print(f"{subject.name}: {name}: broken", markup=False)
    raise BrokenScheme(subject.name, name, seen) from cause
