"""Underdamped Langevin dynamics."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.dynamics.block_factor import BlockFactor, join, root
from pmmtheory.dynamics.dynamics import Dynamics, Time
from pmmtheory.dynamics.exponentials import decay, phi1, phi2, spread
from pmmtheory.errors import InvalidParameter, scale
from pmmtheory.targets import Target


class Underdamped(Dynamics):
    """dU = V dt, dV = (-friction V - grad F(U)) dt + sqrt(2 friction) dB: unit mass and temperature.

    The invariant law is exp(-F(U) - |V|^2/2). With g the friction, t = g h and e = exp(-t),

        A_h = [[1, (1-e)/g], [0, e]],   G_h b = ((h - (1-e)/g)/g, (1-e)/g) b,
        Gamma_h^2 = [[(2/g)(h - (2/g)(1-e) + (1-e^2)/(2g)), (1-e)^2/g], [same, 1-e^2]],

    each evaluated without cancellation for any g h. States (U, V) have shape (..., 2), or (..., 2, d) when d > 1.

    Parameters
    ----------
    target : Target
    friction : float
        g > 0.

    Raises
    ------
    InvalidParameter
        Unless the friction is a finite number above 0.

    Source: Cheng, Chatterji, Bartlett & Jordan 2018; Kandasamy & Nagaraj 2024, sect. 2.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> system = Underdamped(Gaussian(), friction=2.0)
    >>> system.transport(0.5, torch.tensor([1.0, 0.0], dtype=torch.float64)).tolist()
    [1.0, 0.0]
    """

    blocks = 2
    forcing = ((0.0,), (1.0,))

    def __init__(self, target: Target, friction: float):
        super().__init__(target)
        self.friction = scale("friction", friction)
        self.linear = ((0.0, 1.0), (0.0, -self.friction))
        self.diffusion = ((0.0, 0.0), (0.0, 2 * self.friction))

    @property
    def axis(self) -> int:
        """The axis of a state that tells position from velocity."""
        return -1 if self.target.dim == 1 else -2

    def drift(self, x: Tensor, t: Time = 0.0) -> Tensor:
        return self.target.drift(self.position(x))

    def transport(self, h: Time, x: Tensor, t: Time = 0.0) -> Tensor:
        h, (u, v) = self._block(h), x.unbind(self.axis)
        t = self.friction * h
        return join(u + h * phi1(t) * v, decay(t) * v, self.axis)

    def respond(self, h: Time, b: Tensor, t: Time = 0.0) -> Tensor:
        h = self._block(h)
        t = self.friction * h
        return join(h * h * phi2(t) * b, h * phi1(t) * b, self.axis)

    def impulse(self, b: Tensor, t: Time = 0.0) -> Tensor:
        return join(torch.zeros_like(b), b, self.axis)

    def noise(self, h: Time, t: Time = 0.0) -> BlockFactor:
        h = self._block(h)
        t = self.friction * h
        wide, first = spread(t), phi1(t)
        moved = root(t * wide)
        rest = t * (2 * phi1(2 * t) - first**4 / wide)
        return BlockFactor(h * moved, root(t / wide) * first * first, root(rest), self.axis)

    def position(self, x: Tensor) -> Tensor:
        return x.select(self.axis, 0)

    def velocity(self, x: Tensor) -> Tensor:
        """The velocity in a state."""
        return x.select(self.axis, 1)

    def lift(self, position: Tensor, generator: torch.Generator) -> Tensor:
        v = torch.randn(position.shape, generator=generator, dtype=position.dtype, device=position.device)
        return join(position, v, self.axis)

    def _block(self, h: Time) -> Time:
        """A duration that broadcasts against states, as one that broadcasts against a block."""
        return h.squeeze(self.axis) if isinstance(h, Tensor) and h.ndim else h


def underdamped(dynamics: Dynamics) -> Underdamped:
    """The dynamics; raises InvalidParameter unless they are underdamped."""
    if isinstance(dynamics, Underdamped):
        return dynamics
    raise InvalidParameter("dynamics", type(dynamics).__name__, "Underdamped")
