"""What the schemes need of an SDE with affine integrators: A_h, G_h and Gamma_h as actions on states."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from typing import Any, Self

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, count, positive, real
from pmmtheory.targets import Target

Time = float | Tensor
"""A duration: a number, or a tensor that broadcasts against states."""

Matrix = tuple[tuple[float, ...], ...]
"""A small matrix that acts on the blocks of a state."""


class Dynamics(ABC):
    """An SDE dX = (N X + f b(X, t)) dt + D^(1/2) dB whose step with a frozen force b is affine and exact:

        X_{t+h} = A_h X_t + G_h b + Gamma_h Z,   Z ~ N(0, I).

    A state consists of `blocks` blocks of the target's dimension d (a position; a position and a velocity). It has the
    shape (..., d) with one block and (..., blocks, d) with more; the axis of length d is left out when d = 1. The actions
    form a semigroup: A_h A_k = A_{h+k}; A_k G_h + G_k = G_{h+k}; A_k Gamma_h^2 A_k' + Gamma_k^2 = Gamma_{h+k}^2
    (Kandasamy & Nagaraj 2024, sect. 2). Where they depend on time, each is that of the interval [t, t + h].

    Attributes
    ----------
    target : Target
    blocks : int
    linear, forcing, diffusion : matrices on the blocks
        N = A'(0), f = G'(0) (one column) and D = (Gamma^2)'(0), where they do not depend on time.
    autonomous : bool
        Whether neither the actions nor the force depend on time.
    grain : float
        0 where h may be any duration; else the shortest, and every time is a multiple of it.
    end : float
        The time at which the process ends; infinite where it goes on.
    """

    target: Target
    blocks: int = 1
    autonomous: bool = True
    grain: float = 0.0
    end: float = math.inf
    linear: Matrix
    forcing: Matrix
    diffusion: Matrix

    def __init__(self, target: Target):
        if not isinstance(target, Target):
            raise InvalidParameter("target", target, "a pmmtheory target")
        self.target = target

    @property
    def state_shape(self) -> tuple[int, ...]:
        """The shape of one state."""
        return ((self.blocks,) if self.blocks > 1 else ()) + ((self.target.dim,) if self.target.dim > 1 else ())

    def on(self, target: Target) -> Self:
        """The same dynamics on another target."""
        if not isinstance(target, Target):
            raise InvalidParameter("target", target, "a pmmtheory target")
        other = copy.copy(self)
        other.target = target
        return other

    @abstractmethod
    def drift(self, x: Tensor, t: Time = 0.0) -> Tensor:
        """The force b(x, t), of the shape of a position."""

    @abstractmethod
    def transport(self, h: Time, x: Tensor, t: Time = 0.0) -> Tensor:
        """A_h x, from time t on."""

    @abstractmethod
    def respond(self, h: Time, b: Tensor, t: Time = 0.0) -> Tensor:
        """G_h b, a state, for a force that acts from time t on."""

    @abstractmethod
    def impulse(self, b: Tensor, t: Time = 0.0) -> Tensor:
        """(dG_h/dh at 0) b: the effect of a force of unit impulse at time t."""

    @abstractmethod
    def noise(self, h: Time, t: Time = 0.0) -> Any:
        """Gamma_h of the noise from time t on: a number, tensor or BlockFactor that multiplies standard normals of the shape of a state."""

    def require_time_for(self, steps: int, step_size: float) -> None:
        """Raise InvalidParameter, naming `steps`, where so many steps go beyond the end."""
        count("steps", steps, 0)
        positive("step_size", step_size)
        if steps * step_size > self.end * (1 + 1e-9):
            most = math.floor(self.end * (1 + 1e-9) / step_size)
            raise InvalidParameter("steps", steps, f"at most {most} of size {step_size:g}: {type(self).__name__} ends at time {self.end:g}")

    def law_at(self, t: float) -> Target:
        """The law of the position at time t, of the process that has its own law at time 0: the target, where that is invariant."""
        real("t", t)
        return self.target

    def position(self, x: Tensor) -> Tensor:
        """The position in a state."""
        return x

    def lift(self, position: Tensor, generator: torch.Generator) -> Tensor:
        """A state with the given position, what else it holds drawn from the invariant law."""
        return position
