"""What has a law, and what is simulated: a scheme, where it starts, and how many steps it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import isfinite

from pmmtheory.errors import InvalidParameter, count
from pmmtheory.schemes import Scheme
from pmmtheory.targets.target import Target, as_numbers


@dataclass(frozen=True)
class Chain:
    """A run of a scheme from time 0 on: transient_law(chain) is its law, simulate(chain, particles=n) are copies of it.

    Attributes
    ----------
    scheme : Scheme
    start : target, law, number or tensor, optional
        As `initial` of transient_law or of simulate; None where it is not said.
    steps : int, optional

    Raises
    ------
    InvalidParameter
        Naming `scheme`, or `steps` where they are no whole number or go beyond the end of the dynamics.

    Examples
    --------
    >>> from pmmtheory.dynamics import Overdamped
    >>> from pmmtheory.laws import transient_law
    >>> from pmmtheory.schemes import EulerMaruyama
    >>> from pmmtheory.targets import Gaussian
    >>> chain = Chain(EulerMaruyama(Overdamped(Gaussian()), step_size=0.1), start=2.0, steps=1)
    >>> round(transient_law(chain).mean, 10)
    1.8
    """

    scheme: Scheme
    start: Any = None
    steps: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.scheme, Scheme):
            raise InvalidParameter("scheme", self.scheme, "a pmmtheory scheme")
        if not (self.start is None or isinstance(self.start, Target) or self.from_law):
            allowed = "a target, a law, one finite point, or one a particle"
            if not bool(isfinite(as_numbers("initial", self.start, allowed)).all()):
                raise InvalidParameter("initial", self.start, allowed)
        if self.steps is not None:
            object.__setattr__(self, "steps", count("steps", self.steps, 0))
            self.scheme.dynamics.require_time_for(self.steps, self.scheme.step_size)

    @property
    def from_law(self) -> bool:
        """Whether it starts from a law, which says what it is off by."""
        return hasattr(self.start, "numerical_error")


def chain_of(scheme: Any, start: Any, steps: Any) -> Chain:
    """The chain of a scheme with what else is given, or of a Chain, which says these itself."""
    if not isinstance(scheme, Chain):
        return Chain(scheme, start, steps)
    for own, given, what in ((scheme.start, start, "initial"), (scheme.steps, steps, "steps")):
        if own is not None and given is not None:
            raise InvalidParameter(what, given, f"none, where a Chain says its own, {own!r}")
    return Chain(scheme.scheme, start if scheme.start is None else scheme.start, steps if scheme.steps is None else scheme.steps)
