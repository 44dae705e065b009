"""What the schemes need of an SDE with affine integrators: A_h, G_h and Gamma_h as actions on states."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor

from pmmtheory.targets import Target

Time = float | Tensor
"""A duration: a number, or a tensor that broadcasts against states."""


class Dynamics(ABC):
    """An SDE dX = (linear part + force) dt + noise whose step with a frozen force is affine and exact:

        X_{t+h} = A_h X_t + G_h b + Gamma_h Z,   Z ~ N(0, I).

    The actions form a semigroup: A_h A_k = A_{h+k}; A_k G_h + G_k = G_{h+k}; A_k Gamma_h^2 A_k' + Gamma_k^2 = Gamma_{h+k}^2
    (Kandasamy & Nagaraj 2024, sect. 2).
    """

    target: Target

    @abstractmethod
    def drift(self, x: Tensor, t: Time = 0.0) -> Tensor:
        """The force b(x, t)."""

    @abstractmethod
    def transport(self, h: Time, x: Tensor) -> Tensor:
        """A_h x."""

    @abstractmethod
    def respond(self, h: Time, b: Tensor) -> Tensor:
        """G_h b."""

    @abstractmethod
    def impulse(self, b: Tensor) -> Tensor:
        """(dG_h/dh at 0) b: the effect of a force of unit impulse."""

    @abstractmethod
    def noise(self, h: Time) -> Any:
        """Gamma_h, as a factor that multiplies standard normals."""
