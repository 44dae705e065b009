"""DPM-Solver: exponential Runge-Kutta methods for the probability flow."""

from __future__ import annotations

from collections.abc import Sequence

from pmmtheory.dynamics.noise_prediction import NoisePrediction
from pmmtheory.dynamics.predictor import NoiseFunction
from pmmtheory.errors import InvalidParameter, real
from pmmtheory.noise.coefficients import dpm_solver
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schedulers.scheduler import Scheduler
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.explicit_runge_kutta import ExplicitRungeKutta, Interval


class DPMSolver(Scheduler):
    """Each step of the chain takes `order` intervals of the grid, with a call at the start of each; see coefficients.dpm_solver.

    Intervals that are left over make a step of lower order; to the data, the last interval is a step of order 1.

    Parameters
    ----------
    order : 1, 2 or 3
        The grid "log-snr" has the inner times of the paper. Order 3 is kept on other grids whose steps change smoothly.

    Source: Lu et al. 2022 (arXiv 2206.00927), algorithms 1 and 2.

    Examples
    --------
    >>> solver = DPMSolver(NoiseSchedule.linear(), steps=20, order=3)
    >>> solver.calls, solver.chain_steps
    (20.0, 8)
    """

    def __init__(
        self, schedule: NoiseSchedule, steps: int | None = None, order: int = 2, spacing: str = "uniform", end: float = 0, times: Sequence[float] | None = None
    ):
        super().__init__(schedule, steps, spacing, end, times)
        if real("order", order, "1, 2 or 3") not in (1, 2, 3):
            raise InvalidParameter("order", order, "1, 2 or 3")
        self.order = int(order)

    @property
    def name(self) -> str:
        return f"DPMSolver({self.order})"

    @property
    def bounds(self) -> tuple[int, ...]:
        """Where on the grid the steps of the chain begin and end."""
        full = self.steps - (self.end == 0)
        return tuple(sorted({*range(0, full, self.order), full, self.steps}))

    @property
    def chain_steps(self) -> int:
        return len(self.bounds) - 1

    @property
    def calls(self) -> float:
        return float(self.steps)

    def scheme(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None = None) -> Scheme:
        levels, bounds = self.schedule.levels(self.times), self.bounds
        intervals = [Interval(dpm_solver(levels[first : last + 1]), self.times[first:last]) for first, last in zip(bounds, bounds[1:], strict=False)]
        return ExplicitRungeKutta(NoisePrediction(predictor, self.schedule, [self.times[i] for i in bounds], event_shape=event_shape), intervals)
