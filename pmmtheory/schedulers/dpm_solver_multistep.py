"""Multistep DPM-Solver: higher order from the predictions before, for one call an interval."""

from __future__ import annotations

from collections.abc import Sequence

from pmmtheory.dynamics.predictor import NoiseFunction
from pmmtheory.dynamics.remembering_prediction import RememberingPrediction
from pmmtheory.errors import InvalidParameter, choice, flag, real
from pmmtheory.noise.coefficients import dpm_multistep
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schedulers.scheduler import Scheduler
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.linear_multistep import LinearMultistep, Recorded


class DPMSolverMultistep(Scheduler):
    """The multistep form of DPM-Solver on predicted noise; see coefficients.dpm_multistep.

    The first steps are of the order that the predictions so far allow; to the data, the last interval is a step of order 1.

    Parameters
    ----------
    order : 1, 2 or 3
    lower_order_final : bool
        Whether a run to the data of fewer than 15 intervals ends with orders 3, 2, 1 in place of 3, 3, 1.
    second_difference : "reference" or "exact"
        Order 3 as in its authors' code, where the second difference has half its weight and the error falls like steps^-2, or
        with its full weight, where it falls like steps^-3.

    Source: Lu et al. 2022 (arXiv 2211.01095) and its reference code, algorithm "dpmsolver", solver "midpoint".

    Examples
    --------
    >>> DPMSolverMultistep(NoiseSchedule.linear(), steps=20, order=3).calls
    20.0
    """

    def __init__(
        self,
        schedule: NoiseSchedule,
        steps: int | None = None,
        order: int = 2,
        lower_order_final: bool = True,
        spacing: str = "uniform",
        end: float = 0,
        second_difference: str = "reference",
        times: Sequence[float] | None = None,
    ):
        super().__init__(schedule, steps, spacing, end, times)
        if real("order", order, "1, 2 or 3") not in (1, 2, 3):
            raise InvalidParameter("order", order, "1, 2 or 3")
        choice("second_difference", second_difference, ("reference", "exact"))
        self.order, self.lower_order_final, self.second_difference = int(order), flag("lower_order_final", lower_order_final), second_difference

    @property
    def name(self) -> str:
        return f"DPMSolverMultistep({self.order}{', exact' if self.second_difference == 'exact' else ''})"

    @property
    def orders(self) -> tuple[int, ...]:
        """The order of each step."""
        falling = self.lower_order_final and self.steps < 15
        last = [self.order if self.end or (left > 1 and not falling) else left for left in range(self.steps, 0, -1)]
        return tuple(min(self.order, done + 1, most) for done, most in enumerate(last))

    def scheme(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None = None) -> Scheme:
        levels, exact = self.schedule.levels(self.times), self.second_difference == "exact"
        records = [Recorded(dpm_multistep(levels[k + 1 - order : k + 2], exact)) for k, order in enumerate(self.orders)]
        system = RememberingPrediction(predictor, self.schedule, self.times, event_shape=event_shape, memory=self.order - 1)
        return LinearMultistep(system, records)
