"""The errors of pmmtheory: one clear sentence each, all of the ValueError family."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

COUNTABLE = 2**53
"""The largest whole number up to which floats are all whole numbers."""

_LONGEST = 300
"""Characters of a value that a message shows."""

MEMORY_SHARE = 0.25
"""What one array may take of the machine's memory."""


class PmmError(ValueError):
    """Base of every error that pmmtheory raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), str(self), self.__dict__)


class InvalidParameter(PmmError):
    """A parameter is outside what is allowed; the message names it, its value and the rule."""

    def __init__(self, name: str, value: Any, allowed: str):
        super().__init__(f"{name} = {_brief(value)} is not allowed: {' '.join(allowed.split())}.")
        self.name, self.value, self.allowed = name, value, allowed


def _brief(value: Any) -> str:
    """A value on one line, of which the end is left out where it is long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


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
    reached, wanted : floats
        The accuracy that was reached, not a number or infinite where nothing was computed; and that asked for, if any.
    """

    def __init__(self, what: str, reached: float = math.nan, wanted: float = math.nan, advice: str = ""):
        digits = next((n for n in range(2, 17) if f"{reached:.{n}g}" != f"{wanted:.{n}g}"), 17)
        asked = f" the {wanted:.{digits}g} asked for" if math.isfinite(wanted) else ""
        seen = f"reached a numerical error of {reached:.{digits}g}, not" if math.isfinite(reached) else f"is out of reach{' at' if asked else ''}"
        super().__init__(f"{what} {seen}{asked}{f'; {advice}' if advice else ''}.")
        self.what, self.reached, self.wanted = what, reached, wanted

    def restated(self, wanted: float, advice: str = "") -> NotConverged:
        """The same for who asked for another accuracy; one that was reached inside a computation, but did not do there, is left out."""
        return NotConverged(self.what, math.nan if self.reached <= wanted else self.reached, wanted, advice)


class TooLarge(NotConverged):
    """A computation that was not begun, as an array of it would take more than a quarter of the memory."""

    def __init__(self, what: str, taken: str, advice: str = ""):
        PmmError.__init__(self, f"{what} takes an array of {taken}, which is a quarter of the memory{f'; {advice}' if advice else ''}.")
        self.what, self.taken, self.reached, self.wanted = what, taken, math.nan, math.nan

    def restated(self, wanted: float, advice: str = "") -> NotConverged:
        return TooLarge(self.what, self.taken, advice)


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


def scale(name: str, value: Any) -> float:
    """Return `value` as a float; raise InvalidParameter unless it is a number above zero whose square and inverse square are floats too."""
    number = positive(name, value)
    if not 1e-150 <= number <= 1e150:
        raise InvalidParameter(name, value, "a number from 1e-150 to 1e150, whose square is a number in double precision too")
    return number


def real(name: str, value: Any, allowed: str = "a finite number") -> float:
    """Return `value` as a float; raise InvalidParameter unless it is one finite number."""
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise InvalidParameter(name, value, allowed) from None
    if isinstance(value, bool) or not math.isfinite(number):
        raise InvalidParameter(name, value, allowed)
    return number


def reals(name: str, values: Any, allowed: str = "a sequence of finite numbers") -> list[float]:
    """Return values as floats; raise InvalidParameter unless they are one finite number after the other."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InvalidParameter(name, values, allowed)
    try:
        return [real(name, value, allowed) for value in values]
    except TypeError:  # of an array that holds one number and is not to be iterated over
        raise InvalidParameter(name, values, allowed) from None


def required(name: str, value: Any) -> Any:
    """Return `value`; raise InvalidParameter where it is None."""
    if value is None:
        raise InvalidParameter(name, None, "given, where no Chain says it")
    return value


def count(name: str, value: Any, least: int = 1, most: int = COUNTABLE) -> int:
    """Return `value` as an int; raise InvalidParameter unless it is a whole number of at least `least`, and at most `most`."""
    allowed = f"a whole number of at least {least}"
    number = real(name, value, allowed)
    if number != int(number) or number < least:
        raise InvalidParameter(name, value, allowed)
    if number > most:
        raise InvalidParameter(name, value, f"{allowed} and at most {most}")
    return int(number)


def choice(name: str, value: Any, options: Iterable[str]) -> str:
    """Return `value`; raise InvalidParameter unless it is one of the options."""
    known = tuple(options)
    if not isinstance(value, str) or value not in known:
        *others, last = (f'"{option}"' for option in known)
        raise InvalidParameter(name, value, f"{', '.join(others)} or {last}" if others else last)
    return value


def flag(name: str, value: Any) -> bool:
    """Return `value`; raise InvalidParameter unless it is True or False."""
    if not isinstance(value, bool):
        raise InvalidParameter(name, value, "True or False")
    return value


def whole(name: str, value: Any) -> int:
    """Return `value` as an int, of any size and sign, as seeds are; raise InvalidParameter unless it is a whole number."""
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except (TypeError, RuntimeError):
        pass
    raise InvalidParameter(name, value, "a whole number")


def fits(name: str, value: Any, numbers: float, size: int = 8) -> None:
    """Raise InvalidParameter where so many numbers, of `size` bytes each, take more than a quarter of the memory."""
    if taken := _too_large(numbers, size):
        raise InvalidParameter(name, value, f"what fits into a quarter of the memory, and this takes {taken}")


def room_for(what: str, numbers: float, size: int = 8) -> None:
    """Raise TooLarge, before it is allocated, where an array of a computation takes more than a quarter of the memory."""
    if taken := _too_large(numbers, size):
        raise TooLarge(what, taken)


def _too_large(numbers: float, size: int) -> str:
    """What an array takes, as text, where that is more than its share of the memory; empty where it fits."""
    wanted, most = float(numbers) * size, MEMORY_SHARE * _memory()
    return f"{wanted / 2**30:.3g} GiB, more than {most / 2**30:.3g} GiB" if wanted > most else ""


@lru_cache(maxsize=1)
def _memory() -> float:
    """Bytes that this process may have: of the machine, of its control group, of its own limit; infinite where nothing says."""
    known = []
    try:
        known.append(float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")))
        known.append(float(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (AttributeError, ValueError, OSError):  # another system, no control group, or one without a limit
        pass
    return min(known, default=math.inf)


def count_or_infinity(name: str, value: Any) -> float:
    """Return `value` unchanged in value; raise InvalidParameter unless it is a whole number >= 1 or math.inf."""
    if isinstance(value, float) and value == math.inf:
        return math.inf
    try:
        return count(name, value)
    except InvalidParameter:
        raise InvalidParameter(name, value, "a whole number of at least 1, or math.inf") from None
