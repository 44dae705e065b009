"""DDPM: ancestral sampling, with the variances in use."""

from __future__ import annotations

from collections.abc import Sequence

from pmmtheory.dynamics.predictor import NoiseFunction
from pmmtheory.noise.coefficients import variant_named
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schedulers.scheduler import Scheduler
from pmmtheory.schemes import EulerMaruyama, Scheme


class DDPM(Scheduler):
    """X_s = a X_t + b eps(X_t, t) + sigma Z: one call an interval; see coefficients.ddpm for the variants.

    Parameters
    ----------
    variant : "V1", "V2", "V3", "V3-literal", "V1a", "V1b", "V1c" or "V1d"

    Source: Ho et al. 2020 (arXiv 2006.11239); Kandasamy & Nagaraj 2024 (arXiv 2405.17068), App. A.

    Examples
    --------
    >>> DDPM(NoiseSchedule.linear(), steps=50, variant="V2").calls
    50.0
    """

    def __init__(
        self,
        schedule: NoiseSchedule,
        steps: int | None = None,
        variant: str = "V1",
        spacing: str = "uniform",
        end: float = 0,
        times: Sequence[float] | None = None,
    ):
        super().__init__(schedule, steps, spacing, end, times)
        self.variant, self._coefficients = variant, variant_named(variant)

    @property
    def name(self) -> str:
        return f"DDPM({self.variant})"

    def scheme(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None = None) -> Scheme:
        return EulerMaruyama(self.dynamics(predictor, event_shape, self._coefficients), step_size=1.0)
