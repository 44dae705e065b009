"""From the arguments of check_scheme to the subject that its laws look at."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

from pmmtheory.dynamics import Dynamics
from pmmtheory.errors import InvalidParameter, PmmError, positive
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Target
from pmmtheory.testing.subject import CLOSED_FORM_AT, LINE, SPACE, STEP, Subject

_DYNAMICS = "a function of a target that gives its Dynamics"


def examine(
    scheme: Callable[..., Scheme],
    options: Mapping[str, Any],
    order: float | None,
    stationary_variance: Callable[[float], float] | None,
    dynamics: Callable[[Target], Dynamics],
) -> Subject:
    """The subject made of what the caller of check_scheme gave."""
    if not callable(scheme) or inspect.isabstract(scheme):
        raise InvalidParameter("scheme", scheme, "a concrete Scheme class, or a factory (dynamics, step_size) -> Scheme")
    if not callable(dynamics):
        raise InvalidParameter("dynamics", dynamics, _DYNAMICS)
    given, closed_form = _order("order", order), _closed_form(stationary_variance)

    def make(system: Dynamics, step_size: float) -> Scheme:
        return scheme(system, step_size, **options)

    built: dict[int, Scheme] = {}
    refusal: InvalidParameter | None = None
    for dim, target in ((1, LINE), (3, SPACE)):
        system = _asked("dynamics", dynamics, _DYNAMICS, dynamics, target)
        made = system
        if isinstance(system, Dynamics):
            made = _asked("scheme", scheme, "one that is built by scheme(dynamics, step_size, **options)", make, system, STEP)
        elif not isinstance(system, InvalidParameter):
            raise InvalidParameter("dynamics", dynamics, f"{_DYNAMICS}, not {type(system).__name__}")
        if isinstance(made, Scheme):
            built[dim] = made
        elif isinstance(made, InvalidParameter):
            refusal = made
        else:
            raise InvalidParameter("scheme", scheme, f"one that builds a Scheme, not {type(made).__name__}")
    if not built:
        assert refusal is not None
        raise refusal
    example = next(iter(built.values()))
    claimed = given if given is not None else _order("orders", example.order)
    return Subject(make, dynamics, example.name, tuple(built), claimed, closed_form)


def _asked(name: str, value: Any, allowed: str, function: Callable[..., Any], *given: Any) -> Any:
    """What a callable of the caller gives, or the InvalidParameter by which it refuses; one sentence that names it where it raises anything else."""
    try:
        return function(*given)
    except InvalidParameter as refusal:
        return refusal
    except PmmError:
        raise
    except Exception as error:
        raise InvalidParameter(name, value, f"{allowed} (it raised {type(error).__name__}: {error})") from error


def _order(name: str, order: Any) -> float | None:
    allowed = "a number above 0, math.inf, or None"
    if order is None or (isinstance(order, float) and order == math.inf):
        return order
    try:
        return positive(name, order)
    except InvalidParameter:
        raise InvalidParameter(name, order, allowed) from None


def _closed_form(function: Any) -> Callable[[float], float] | None:
    if function is None:
        return None
    allowed = "a function of step * lam that gives a number above 0"
    if not callable(function):
        raise InvalidParameter("stationary_variance", function, allowed)

    def variance(product: float) -> float:
        found = _asked("stationary_variance", function, allowed, function, product)
        try:
            return positive("stationary_variance", found)
        except InvalidParameter:
            raise InvalidParameter("stationary_variance", function, f"{allowed}, not {found!r} at {product:g}") from None

    for product in CLOSED_FORM_AT:
        variance(product)
    return variance
