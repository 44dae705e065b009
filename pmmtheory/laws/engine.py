"""What computes the law of a chain: engines behind one interface, one a folder."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from pmmtheory.chain import Chain
from pmmtheory.discover import classes
from pmmtheory.errors import COUNTABLE, InvalidParameter
from pmmtheory.laws.law import Law
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Target


@dataclass(frozen=True)
class Refusal:
    """Why an engine does not compute a law: the parameter that it is about, its value, and what is allowed."""

    parameter: str
    value: Any
    allowed: str

    @property
    def error(self) -> InvalidParameter:
        """The same, to be raised."""
        return InvalidParameter(self.parameter, self.value, self.allowed)


class Engine(ABC):
    """A way to compute laws of chains. A subclass in a folder of pmmtheory.laws is found there.

    Attributes
    ----------
    name : str
        What the user asks for with `engine=`.
    rank : int
        Engines are asked in ascending order; the first that supports a chain computes its law.
    default_rtol : float
        The accuracy of a law unless the user gives one.
    quick : bool
        Whether it costs so little that it is tried for a law that another engine did not reach, to say that it would do.
    most_steps : int
        The largest number of steps that it takes: fewer where it computes one after the other, at some milliseconds each.
    """

    name: ClassVar[str]
    rank: ClassVar[int]
    default_rtol: ClassVar[float]
    quick: ClassVar[bool] = False
    most_steps: ClassVar[int] = COUNTABLE

    @abstractmethod
    def supports(self, chain: Chain, stationary: bool) -> Refusal | None:
        """None where it computes the stationary, or the transient laws of such a chain; else why not."""

    def stationary(self, scheme: Scheme, rtol: float, device: str) -> Law:
        """The stationary law, whose stated error is below rtol; asked for only where it is supported."""
        raise NotImplementedError

    def transients(self, chain: Chain, steps: Sequence[int], rtol: float, device: str) -> Sequence[Law]:
        """The laws after each of the given numbers of steps (ascending), starting at time 0.

        No step changes a law that the chain starts from; and none enlarges what that one is off by.
        """
        if steps[-1] > self.most_steps:
            raise InvalidParameter("steps", steps[-1], f"at most {self.most_steps} for the engine {self.name}, which computes them one after the other")
        if not chain.from_law:
            return self.evolved(chain.scheme, chain.start, steps, rtol, device)
        later = [n for n in steps if n > 0]
        laws = self.evolved(chain.scheme, chain.start, later, rtol, device) if later else []
        for law in laws:
            law.inherit(chain.start.numerical_error)
        return [*(copy.copy(chain.start) for _ in steps[len(later) :]), *laws]

    @abstractmethod
    def evolved(self, scheme: Scheme, start: Any, steps: Sequence[int], rtol: float, device: str) -> Sequence[Law]:
        """The same; of what a law to start from is off by they need not tell, and from one are never asked for after no step."""


@lru_cache(maxsize=1)
def engines() -> tuple[Engine, ...]:
    """All engines, in the order in which they are asked."""
    return tuple(sorted((kind() for kind in classes("pmmtheory.laws", Engine).values()), key=lambda engine: engine.rank))


def engine_for(chain: Chain, stationary: bool, name: str | None = None) -> Engine:
    """The engine of that name, or the first that supports the chain.

    Raises
    ------
    InvalidParameter
        Where none does, with what each of them takes; or the one of that name does not.
    """
    scheme = chain.scheme
    refusals = {engine: engine.supports(chain, stationary) for engine in engines()}
    able = [engine for engine, refusal in refusals.items() if refusal is None]
    if name is not None:
        chosen = next((engine for engine in refusals if engine.name == name), None)
        if chosen is None:
            raise InvalidParameter("engine", name, f"{', '.join(engine.name for engine in refusals)}, or None")
        if chosen in able:
            return chosen
        own = refusals[chosen]
        if own is not None and own.parameter == "initial":
            raise own.error
        if able:
            system = scheme.dynamics
            raise InvalidParameter("engine", name, f"one of {[engine.name for engine in able]} for {type(system).__name__} on {system.target.name}")
    elif able:
        return able[0]
    near = [refusal for engine, refusal in refusals.items() if refusal is not None and engine.supports(Chain(scheme), False) is None]
    if near:
        raise near[0].error
    takes = "; ".join(f"{engine.name} takes {refusal.allowed}" for engine, refusal in refusals.items() if refusal is not None)
    raise InvalidParameter("scheme", scheme.name, f"one that has an exact law ({takes}); particles serve any")


def refused(check: Callable[[], Any]) -> Refusal | None:
    """What a check of input refuses, in place of raising it."""
    try:
        check()
    except InvalidParameter as error:
        return Refusal(error.name, error.value, error.allowed)
    return None


def homogeneous(scheme: Scheme) -> Refusal | None:
    """Refused where steps depend on time."""
    return None if scheme.dynamics.autonomous else Refusal("scheme", scheme.name, "a chain whose steps do not depend on time, for a stationary law")


def smooth(scheme: Scheme) -> Refusal | None:
    """Refused where a step is not smooth in the state, of which the error of a uniform grid would not tell."""
    if scheme.stays or scheme.smooth:
        return moves(scheme)
    return Refusal("scheme", scheme.name, "a step that is smooth in the state; laws of positions on the line serve others")


def moves(scheme: Scheme) -> Refusal | None:
    """Refused where a step may leave a state where it is."""
    return Refusal("scheme", scheme.name, "a step whose law has a density, as one that may stay has not; particles serve any") if scheme.stays else None


def overdamped(scheme: Scheme) -> Refusal | None:
    """Refused where the state is more than a position."""
    return None if scheme.dynamics.blocks == 1 else Refusal("dynamics", type(scheme.dynamics).__name__, "a state that is a position")


def starts_from(chain: Chain, kinds: tuple[type[Target | Law], ...], allowed: str) -> Refusal | None:
    """Refused where the start is given, and is none of these kinds of targets or laws in the dimension of the target."""
    start = chain.start
    if start is None or (isinstance(start, kinds) and start.dim == chain.scheme.dynamics.target.dim):
        return None
    return Refusal("initial", getattr(start, "name", start), allowed)
