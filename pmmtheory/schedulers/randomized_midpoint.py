"""The randomized midpoint method on the probability flow."""

from __future__ import annotations

from pmmtheory.dynamics.predictor import NoiseFunction
from pmmtheory.schedulers.scheduler import Scheduler
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.randomized_flow_midpoint import RandomizedFlowMidpoint


class RandomizedMidpointScheduler(Scheduler):
    """DDIM's steps with the noise predicted at a random level inside each: two calls an interval; see schemes.RandomizedFlowMidpoint.

    The random training times are real numbers between whole ones. To the data, the last interval is the step of DDIM, one call.

    Source: Gupta, Cai & Chen 2024 (arXiv 2406.00924), the predictor step; there is no corrector.

    Examples
    --------
    >>> from pmmtheory.schedulers import NoiseSchedule
    >>> RandomizedMidpointScheduler(NoiseSchedule.linear(), steps=20).calls
    39.0
    """

    @property
    def calls(self) -> float:
        return float(2 * self.steps - (self.end == 0))

    @property
    def name(self) -> str:
        return "RandomizedMidpoint"

    def scheme(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None = None) -> Scheme:
        return RandomizedFlowMidpoint(self.dynamics(predictor, event_shape))
