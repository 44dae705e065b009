"""Overdamped Langevin dynamics."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.dynamics.dynamics import Dynamics, Time
from pmmtheory.errors import InvalidParameter
from pmmtheory.targets import Target


class Overdamped(Dynamics):
    """dX = -grad F(X) dt + sqrt(2) dB: A_h = I, G_h = h I, Gamma_h = sqrt(2h) I.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> Overdamped(Gaussian()).noise(0.5)
    1.0
    """

    def __init__(self, target: Target):
        if not isinstance(target, Target):
            raise InvalidParameter("target", target, "a pmmtheory target")
        self.target = target

    def drift(self, x: Tensor, t: Time = 0.0) -> Tensor:
        return self.target.drift(x)

    def transport(self, h: Time, x: Tensor) -> Tensor:
        return x

    def respond(self, h: Time, b: Tensor) -> Tensor:
        return h * b

    def impulse(self, b: Tensor) -> Tensor:
        return b

    def noise(self, h: Time) -> float | Tensor:
        return torch.sqrt(2 * h) if isinstance(h, Tensor) else math.sqrt(2 * h)
