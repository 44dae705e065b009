"""What the tests of check_scheme share: dynamics, a scheme to break, and the error that a broken one raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.schemes import Scheme
from pmmtheory.targets import Target
from pmmtheory.testing import BrokenScheme, check_scheme
from pmmtheory.testing.check_scheme import LAWS

LONG = ("law and particles", "weak order")
"""The laws that take most of the time; left out where an earlier one is on trial."""


def all_but(*laws: str) -> list[str]:
    """The other laws, to be left out."""
    return [law for law in LAWS if law not in laws]


FRICTION = 2.0


def underdamped(target: Target) -> Underdamped:
    return Underdamped(target, FRICTION)


SYSTEMS: dict[str, Callable[[Target], Dynamics]] = {"overdamped": Overdamped, "underdamped": underdamped}

everywhere = pytest.mark.parametrize("dynamics", SYSTEMS.values(), ids=SYSTEMS)
"""A test for each of SYSTEMS."""


class Euler(Scheme):
    """The Euler scheme with one part to override in each broken variant."""

    drift_calls: float = 1.0

    def step(self, x: Tensor, t: Any, draws: Any) -> tuple[Tensor, Any]:
        return self.mean(x, self.force(x, t)), self.size()

    def mean(self, x: Tensor, force: Tensor) -> Tensor:
        return self.dynamics.transport(self.step_size, x) + self.dynamics.respond(self.step_size, force)

    def force(self, x: Tensor, t: Any) -> Tensor:
        return self.dynamics.drift(x, t)

    def size(self) -> Any:
        return self.dynamics.noise(self.step_size)


def broken(scheme: Callable[..., Scheme], **options: Any) -> BrokenScheme:
    with pytest.raises(BrokenScheme) as caught:
        check_scheme(scheme, **options)
    return caught.value
