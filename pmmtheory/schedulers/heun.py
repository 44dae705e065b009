"""Heun's method on the probability flow, in the variables of Karras et al."""

from __future__ import annotations

from pmmtheory.dynamics.predictor import NoiseFunction
from pmmtheory.noise.coefficients import dpm_solver, heun
from pmmtheory.schedulers.scheduler import Scheduler
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.explicit_runge_kutta import ExplicitRungeKutta, Interval


class Heun(Scheduler):
    """The trapezoid rule, with an Euler step for its second slope, for d(x/alpha) = eps d(sigma/alpha): two calls an interval.

    To the data, the last interval is an Euler step, which is that of DDIM.

    Source: Karras et al. 2022 (arXiv 2206.00364), algorithm 1.

    Examples
    --------
    >>> from pmmtheory.schedulers import NoiseSchedule
    >>> Heun(NoiseSchedule.linear(), steps=20).calls
    39.0
    """

    @property
    def calls(self) -> float:
        return float(2 * self.steps - (self.end == 0))

    def scheme(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None = None) -> Scheme:
        levels, intervals = self.schedule.levels(self.times), []
        for k in range(self.steps):
            ends = self.times[k : k + 2]
            euler = ends[1] == 0
            step = dpm_solver(levels[k : k + 2]) if euler else heun(levels[k], levels[k + 1])
            intervals.append(Interval(step, ends[:1] if euler else ends))
        return ExplicitRungeKutta(self.dynamics(predictor, event_shape), intervals)
