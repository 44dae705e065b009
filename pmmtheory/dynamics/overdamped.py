"""Overdamped Langevin dynamics."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.dynamics.dynamics import Dynamics, Time


class Overdamped(Dynamics):
    """dX = -grad F(X) dt + sqrt(2) dB: A_h = I, G_h = h I, Gamma_h = sqrt(2h) I.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> Overdamped(Gaussian()).noise(0.5)
    1.0
    """

    linear = ((0.0,),)
    forcing = ((1.0,),)
    diffusion = ((2.0,),)

    def drift(self, x: Tensor, t: Time = 0.0) -> Tensor:
        return self.target.drift(x)

    def transport(self, h: Time, x: Tensor, t: Time = 0.0) -> Tensor:
        return x

    def respond(self, h: Time, b: Tensor, t: Time = 0.0) -> Tensor:
        return h * b

    def impulse(self, b: Tensor, t: Time = 0.0) -> Tensor:
        return b

    def noise(self, h: Time, t: Time = 0.0) -> float | Tensor:
        return torch.sqrt(2 * h) if isinstance(h, Tensor) else math.sqrt(2 * h)
