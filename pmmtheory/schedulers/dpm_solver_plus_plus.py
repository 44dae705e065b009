"""DPM-Solver++(2M): the multistep method on predictions of the data."""

from __future__ import annotations

from pmmtheory.dynamics.predictor import NoiseFunction
from pmmtheory.dynamics.remembering_prediction import RememberingPrediction
from pmmtheory.noise.coefficients import dpm_plus_plus
from pmmtheory.schedulers.scheduler import Scheduler
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.linear_multistep import LinearMultistep, Recorded


class DPMSolverPlusPlus2M(Scheduler):
    """X_s = (sigma_s/sigma_t) X + alpha_s (1 - exp(-h)) [m_0 + (m_0 - m_1)/(2 r)], m the predictions (x - sigma eps)/alpha of the data.

    Its chain remembers m_1. The first step, and the last to the data, are of order 1.

    Source: Lu et al. 2022 (arXiv 2211.01095), algorithm 2.

    Examples
    --------
    >>> from pmmtheory.schedulers import NoiseSchedule
    >>> DPMSolverPlusPlus2M(NoiseSchedule.linear(), steps=20).calls
    20.0
    """

    def scheme(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None = None) -> Scheme:
        levels, records = self.schedule.levels(self.times), []
        for k in range(self.steps):
            first = k == 0 or self.times[k + 1] == 0
            here = levels[k]
            step = dpm_plus_plus(levels[k if first else k - 1 : k + 2])
            records.append(Recorded(step, float(1 / here.alpha), float(-here.sigma / here.alpha)))
        system = RememberingPrediction(predictor, self.schedule, self.times, event_shape=event_shape, memory=1)
        return LinearMultistep(system, records)
