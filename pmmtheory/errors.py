"""The errors of pmmtheory: one clear sentence each, all of the ValueError family."""

from __future__ import annotations

import math
from typing import Any


class PmmError(ValueError):
    """Base of every error that pmmtheory raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), str(self), self.__dict__)


class InvalidParameter(PmmError):
    """A parameter is outside what is allowed; the message names it, its value and the rule."""

    def __init__(self, name: str, value: Any, allowed: str):
        super().__init__(f"{name} = {value!r} is not allowed: {allowed}.")
        self.name, self.value, self.allowed = name, value, allowed


class NotNormalisable(InvalidParameter):
    """A potential whose exp(-F) has no finite integral, or whose tail is too heavy to be integrated."""


class UnstableStep(InvalidParameter):
    """A step size beyond which the chain has no stationary law with a second moment.

    Attributes
    ----------
    limit : float
        The largest mean-square stable step size (NaN when no step size is stable).
    """

    def __init__(self, value: float, limit: float, scheme: str):
        bound = f"steps below {limit:.6g}" if math.isfinite(limit) and limit > 0 else "no step at all on this target"
        super().__init__("step_size", value, f"{scheme} is mean-square stable for {bound}")
        self.limit = limit


class NotMonotone(PmmError):
    """A deterministic sampler that does not keep the order of points on the line: its law does not come by a change of variables.

    Attributes
    ----------
    where : float
        A point at which its derivative is not positive.
    """

    def __init__(self, what: str, where: float, slope: float):
        super().__init__(f"{what} is not an increasing map of the line: its derivative at {where:.6g} is {slope:.3g}; particles still have its law.")
        self.where = where


class Diverged(PmmError):
    """Particles of a chain that left every bound: they are infinite or not a number.

    Attributes
    ----------
    step : int
        The number of steps after which a particle was not finite.
    """

    def __init__(self, what: str, step: int, steps: int, lost: int, particles: int, advice: str):
        super().__init__(f"{what} diverged: after step {step} of {steps}, {lost} of {particles} particles are not finite; {advice}.")
        self.step = step


class NotConverged(PmmError):
    """A computation that could not reach the accuracy asked for.

    Attributes
    ----------
    what : str
    reached : float
        The accuracy that was reached; not a number or infinite where nothing was computed.
    wanted : float
        The accuracy asked for.
    """

    def __init__(self, what: str, reached: float, wanted: float, advice: str = ""):
        digits = next((n for n in range(2, 17) if f"{reached:.{n}g}" != f"{wanted:.{n}g}"), 17)
        seen = f"reached a numerical error of {reached:.{digits}g}, not" if math.isfinite(reached) else "is out of reach at"
        super().__init__(f"{what} {seen} the {wanted:.{digits}g} asked for{f'; {advice}' if advice else ''}.")
        self.what, self.reached, self.wanted = what, reached, wanted

    def restated(self, wanted: float, advice: str = "") -> NotConverged:
        """The same for who asked for another accuracy; one that was reached inside a computation, but did not do there, is left out."""
        return NotConverged(self.what, math.nan if self.reached <= wanted else self.reached, wanted, advice)


def _restored(kind: type[PmmError], message: str, state: dict[str, Any]) -> PmmError:
    """An error as it was in another process, whatever its constructor takes."""
    error = kind.__new__(kind, message)
    error.__dict__.update(state)
    return error


def positive(name: str, value: Any) -> float:
    """Return `value` as a float; raise InvalidParameter unless it is a finite number above zero."""
    number = real(name, value, "a finite number above 0")
    if not number > 0:
        raise InvalidParameter(name, value, "a finite number above 0")
    return number


def real(name: str, value: Any, allowed: str = "a finite number") -> float:
    """Return `value` as a float; raise InvalidParameter unless it is one finite number."""
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError):
        raise InvalidParameter(name, value, allowed) from None
    if isinstance(value, bool) or not math.isfinite(number):
        raise InvalidParameter(name, value, allowed)
    return number


def required(name: str, value: Any) -> Any:
    """Return `value`; raise InvalidParameter where it is None."""
    if value is None:
        raise InvalidParameter(name, None, "given, where no Chain says it")
    return value


def count(name: str, value: Any, least: int = 1) -> int:
    """Return `value` as an int; raise InvalidParameter unless it is a whole number of at least `least`."""
    allowed = f"a whole number of at least {least}"
    number = real(name, value, allowed)
    if number != int(number) or number < least:
        raise InvalidParameter(name, value, allowed)
    return int(number)


def count_or_infinity(name: str, value: Any) -> float:
    """Return `value` unchanged in value; raise InvalidParameter unless it is a whole number >= 1 or math.inf."""
    if isinstance(value, float) and value == math.inf:
        return math.inf
    try:
        return count(name, value)
    except InvalidParameter:
        raise InvalidParameter(name, value, "a whole number of at least 1, or math.inf") from None
