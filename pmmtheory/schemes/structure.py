"""What engines may know of a step beyond `step`: declared by the scheme, read by every engine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.schemes.midpoints import Midpoints


class _Owner(Protocol):
    """A scheme with random midpoints."""

    dynamics: Dynamics
    step_size: float

    @property
    def name(self) -> str: ...

    @property
    def substep(self) -> float: ...

    def midpoint_force(self, state: Tensor, t: Any, delay: Any) -> Tensor: ...

    def push(self, change: Tensor, t: Any = 0.0) -> Tensor: ...


@dataclass(frozen=True)
class PoissonStructure:
    """A step of length a from time t with random midpoints at times s in [0, 1], which engines integrate over in closed form or by recursions.

    With b0 = b(X), W the noise of the trajectory and h the substep,

        Xhat_s = A_{sa} X + G_{sa} b0 + W_{sa},
        X' = A_a X + G_a b0 + W_a + sum_s A_{a - sa - h} push(midpoint_force(Xhat_s, t, sa) - b0, t + sa).

    The pieces are those of the scheme itself, so that a subclass that changes one changes it for every engine.

    Attributes
    ----------
    owner : Scheme
        Whose pieces these are.
    midpoints : Midpoints
        The draw of the times: the one that particles sample.
    """

    owner: _Owner
    midpoints: Midpoints

    @property
    def name(self) -> str:
        return self.owner.name

    @property
    def dynamics(self) -> Dynamics:
        return self.owner.dynamics

    @property
    def step_size(self) -> float:
        return self.owner.step_size

    @property
    def substeps(self) -> float:
        """K."""
        return self.midpoints.substeps

    @property
    def intensity(self) -> float:
        """The mean number of midpoints, where they are independent."""
        return self.midpoints.intensity

    @property
    def substep(self) -> float:
        """h: how long a midpoint's force acts."""
        return self.owner.substep

    @property
    def regular(self) -> bool:
        """Whether h is the distance of the times at which midpoints can be."""
        return self.substep == (0.0 if self.substeps == math.inf else self.step_size / self.substeps)

    def midpoint_force(self, state: Tensor, t: Any, delay: Any) -> Tensor:
        """The force at a midpoint, `delay` after the step began at t."""
        return self.owner.midpoint_force(state, t, delay)

    def push(self, change: Tensor, t: Any = 0.0) -> Tensor:
        """What a midpoint at time t has added to the state at the end of its substep."""
        return self.owner.push(change, t)
