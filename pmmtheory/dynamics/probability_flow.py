"""The probability flow of a diffusion model with an exact score: the noise-free process with the laws of the reverse diffusion."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics.dynamics import Time
from pmmtheory.dynamics.exponentials import decay
from pmmtheory.dynamics.reverse_diffusion import ReverseDiffusion


class ProbabilityFlow(ReverseDiffusion):
    """dX = (X + s(X, t)) dt in the time since the horizon, s the score at the forward time: ReverseDiffusion without its noise and with half its score.

    With d the forward time that a step of length h covers, the step with a frozen force is

        integrator "euler":        A = 1,      G = d,          b = X + s,   Gamma = 0;
        integrator "exponential":  A = e^d,    G = e^d - 1,    b = s,       Gamma = 0.

    Parameters and what is raised are those of ReverseDiffusion.

    Source: Song et al. 2021 (arXiv 2011.13456), eq. 13.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> flow = ProbabilityFlow(Gaussian(0.0, 1.0), horizon=2.0, stop=0.0)
    >>> float(flow.drift(torch.tensor(3.0, dtype=torch.float64)))  # N(0, 1) does not change
    0.0
    """

    diffusion = ((0.0,),)

    def drift(self, x: Tensor, t: Time = 0.0) -> Tensor:
        score = self.target.noised_drift(x, decay(self.forward_time(t)))
        return score if self.integrator == "exponential" else x + score

    def _carried(self, ratio: Tensor) -> tuple[Tensor, float]:
        return torch.sqrt(ratio), 0.0

    def noise(self, h: Time, t: Time = 0.0) -> Any:
        return torch.zeros_like(h) if isinstance(h, Tensor) else 0.0
