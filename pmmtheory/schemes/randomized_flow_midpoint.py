"""The randomized midpoint on the probability flow of a diffusion model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics.noise_prediction import NoisePrediction
from pmmtheory.noise.ratio import between
from pmmtheory.schemes.draw import Draw
from pmmtheory.schemes.draws import Uniform
from pmmtheory.schemes.scheme import Scheme


class RandomizedFlowMidpoint(Scheme):
    """With w = sigma/alpha the flow is d(x/alpha) = eps dw, so that a step from level t to level s, with u uniform on [0, 1], is

        w_r = w_t + u (w_s - w_t),
        Y   = alpha_r (X/alpha_t + (w_r - w_t) eps(X, t)),
        X'  = alpha_s (X/alpha_t + (w_s - w_t) eps(Y, r)):

    DDIM's step with the noise predicted at a random level between its ends. In w every level has the same weight, and the mean over u of the
    last term is the integral over the step itself; drawn uniformly in forward time, eps would need the weight dw/dtime, which has no bound at
    the data. A step to the data, where networks are not asked, is that of DDIM.

    Given X the error of a step is of order 3 in the mean and of order 2 at random, so that paths are of order 3/2 and laws of order 2.

    Parameters
    ----------
    dynamics : NoisePrediction
        Over the ends of the steps, with the coefficients of DDIM.

    Source: Gupta, Cai & Chen 2024 (arXiv 2406.00924), the predictor step of the sequential algorithm, there uniform in forward time.
    """

    dynamics: NoisePrediction
    draws: Mapping[str, Draw] = {"u": Uniform()}

    def __init__(self, dynamics: NoisePrediction):
        super().__init__(dynamics, step_size=1.0)

    @property
    def drift_calls(self) -> float:  # type: ignore[override]
        """The mean over the steps: two, and one to the data."""
        return 2.0 - (self.dynamics.times[-1] == 0) / self.dynamics.length

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system = self.dynamics
        k = system.interval(t)
        first, last = system.times[k : k + 2]
        noise = system.noise_in(x, first)
        if last > 0:
            share = torch.as_tensor(draws["u"], dtype=torch.float64, device=x.device)
            time, growth, response = between(system.schedule, first, last, share)
            reached = growth.to(x.dtype) * x + response.to(x.dtype) * noise
            noise = system.noise_in(reached, time)
        return system.transport(1.0, x, t) + system.respond(1.0, noise, t), 0.0
