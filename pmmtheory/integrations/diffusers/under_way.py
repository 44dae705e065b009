"""A large step that is under way: from one call of the network to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from torch import Tensor

from pmmtheory.integrations.diffusers.plan import LargeStep
from pmmtheory.integrations.diffusers.steps import Draw


@dataclass
class UnderWay:
    """Where a large step began, the prediction there, and what noise and midpoints have added up to fine time `now`: None while they have not.

    See schemes.PoissonMidpoint: the state at a midpoint has the noise up to there and no push; what a midpoint pushes is there at the end of
    its fine step.
    """

    step: LargeStep
    x: Tensor
    first: Tensor
    left: tuple[int, ...]
    now: int = 0
    path: Tensor | None = None
    pushed: Tensor | None = None

    @classmethod
    def at_start(cls, step: LargeStep, x: Tensor, noise: Tensor) -> Self:
        """With the noise that is predicted in x, where the step begins."""
        return cls(step, x, noise, step.midpoints)

    @property
    def asked(self) -> float | None:
        """The training time of the midpoint that the network is asked of next; None where the last advance went to the end."""
        return self.step.times[self.left[0]] if self.left else None

    def push(self, noise: Tensor) -> None:
        """Add a midpoint by the noise predicted there: weight G_h (eps - eps_0)."""
        at, self.left = self.left[0], self.left[1:]
        _, response, _ = self.step.over(at, at + 1)
        push = self.step.weight * response * (noise - self.first)
        self.pushed = push if self.pushed is None else self.pushed + push

    def advance(self, z: Draw) -> Tensor:
        """The state at the next midpoint, or where the step ends; noise is drawn where the way there has any."""
        last, now = len(self.step.times) - 1, self.now
        to = self.left[0] if self.left else last
        along, _, deviation = self.step.over(now, to)
        if self.path is not None:
            self.path = along * self.path
        if deviation > 0:
            fresh = deviation * z()
            self.path = fresh if self.path is None else self.path + fresh
        if self.pushed is not None:
            self.pushed = self.step.over(now + 1, min(to + 1, last))[0] * self.pushed
        self.now = to
        transport, response, _ = self.step.over(0, to)
        free = transport * self.x + response * self.first
        if self.path is not None:
            free = free + self.path
        return free if self.pushed is None or to < last else free + self.pushed
