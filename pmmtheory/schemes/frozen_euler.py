"""The Euler-Maruyama scheme of a diffusion model in the time of its schedule, with all rates frozen at the start of a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import ReverseDiffusion
from pmmtheory.errors import InvalidParameter, count
from pmmtheory.schemes.scheme import Scheme


class FrozenEuler(Scheme):
    """X' = X + h r(t) b(X, t) + sqrt(h r(t) D) Z with r the rate of forward time and D = 2, or 0 for the probability flow.

    EulerMaruyama over the same dynamics has the integral of r over the step in the place of h r(t): on the grid "vp" this is Euler's scheme for
    the SDE with beta(t) as it is written in most codes, that one the step with the integrated beta.

    Parameters
    ----------
    dynamics : ReverseDiffusion or ProbabilityFlow, with the integrator "euler"
    steps : int
        The number of equal steps from the horizon to the stop.

    Raises
    ------
    InvalidParameter
        Naming `dynamics` or `steps`.

    Source: Song et al. 2021 (arXiv 2011.13456); Pierret & Galerne 2025 (arXiv 2405.14250), "EM" and "Euler".

    Examples
    --------
    >>> from pmmtheory.dynamics import ProbabilityFlow
    >>> from pmmtheory.targets import Gaussian
    >>> scheme = FrozenEuler(ProbabilityFlow(Gaussian(), horizon=1.0, stop=0.0, grid="quadratic"), steps=10)
    >>> float(scheme.step(torch.tensor(2.0, dtype=torch.float64), 0.0, {})[0])
    2.0
    """

    drift_calls = 1.0
    dynamics: ReverseDiffusion

    def __init__(self, dynamics: ReverseDiffusion, steps: int):
        require_euler(dynamics, type(self).__name__)
        super().__init__(dynamics, dynamics.duration / count("steps", steps))

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system, h = self.dynamics, self.step_size
        rate = system.impulse(torch.ones((), dtype=torch.float64), t)
        return x + h * system.impulse(system.drift(x, t), t), torch.sqrt(h * rate * system.diffusion[0][0]).to(x)


def require_euler(dynamics: Any, name: str, noise: bool = True) -> None:
    """Raise InvalidParameter, naming `dynamics`, unless they are those of a diffusion model in continuous time, without the exponential integrator."""
    if not isinstance(dynamics, ReverseDiffusion) or dynamics.integrator != "euler" or not (noise or dynamics.diffusion[0][0] == 0):
        kinds = "ReverseDiffusion or ProbabilityFlow" if noise else "ProbabilityFlow"
        raise InvalidParameter("dynamics", type(dynamics).__name__, f'{kinds} with the integrator "euler", for {name}')
