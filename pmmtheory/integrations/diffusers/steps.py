"""What a step of a scheduler is, laid out and under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from torch import Tensor

Draw = Callable[[], Tensor]
"""New standard normal noise, of the shape of the sample."""


class Step(Protocol):
    """A step that is laid out."""

    @property
    def times(self) -> Sequence[float]:
        """Descending training times, from where it begins to where it ends."""
        ...

    @property
    def calls(self) -> Sequence[float]:
        """The training times at which the network is asked."""
        ...

    def begun_at(self, time: float) -> Step:
        """The same from a time inside on."""
        ...


class Begun(Protocol):
    """A step that is under way."""

    x: Tensor

    @property
    def asked(self) -> float | None:
        """The training time at which the network is asked next, None where the step ends."""
        ...

    def push(self, noise: Tensor) -> None:
        """The noise predicted there."""
        ...

    def advance(self, z: Draw) -> Tensor:
        """The state at which the network is asked next, or where the step ends."""
        ...
