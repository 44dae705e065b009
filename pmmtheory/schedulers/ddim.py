"""DDIM: the deterministic step of the probability flow, or with a share of the noise of DDPM."""

from __future__ import annotations

from collections.abc import Sequence

from pmmtheory.dynamics.predictor import NoiseFunction
from pmmtheory.noise.coefficients import ddim_with
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schedulers.scheduler import Scheduler
from pmmtheory.schemes import EulerMaruyama, Scheme


class DDIM(Scheduler):
    """X_s = alpha_s x0 + sqrt(sigma_s^2 - v) eps + sqrt(v) Z with x0 = (X_t - sigma_t eps)/alpha_t: one call an interval.

    Parameters
    ----------
    eta : float in [0, 1]
        sqrt(v) is eta times the posterior deviation: 0 is deterministic, 1 is DDPM's V2.

    Source: Song, Meng & Ermon 2021 (arXiv 2010.02502), eq. 12.

    Examples
    --------
    >>> DDIM(NoiseSchedule.linear(), steps=50).calls
    50.0
    """

    def __init__(
        self,
        schedule: NoiseSchedule,
        steps: int | None = None,
        eta: float = 0.0,
        spacing: str = "uniform",
        end: float = 0,
        times: Sequence[float] | None = None,
    ):
        super().__init__(schedule, steps, spacing, end, times)
        self._coefficients = ddim_with(eta)
        self.eta = float(eta)

    @property
    def name(self) -> str:
        return f"DDIM({self.eta:g})"

    def scheme(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None = None) -> Scheme:
        return EulerMaruyama(self.dynamics(predictor, event_shape, self._coefficients), step_size=1.0)
