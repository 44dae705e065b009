"""The Poisson midpoint method on the steps of a diffusion model."""

from __future__ import annotations

from collections.abc import Sequence

from pmmtheory.dynamics.noise_prediction import NoisePrediction
from pmmtheory.dynamics.predictor import NoiseFunction
from pmmtheory.errors import InvalidParameter, count, required
from pmmtheory.noise.coefficients import variant_named
from pmmtheory.noise.schedule import NoiseSchedule
from pmmtheory.schedulers.scheduler import Scheduler
from pmmtheory.schemes import Midpoints, PoissonMidpoint, Scheme


class PoissonMidpointScheduler(Scheduler):
    """`steps` large steps that each stand for K steps of DDPM or DDIM, for about two calls; see schemes.PoissonMidpoint.

    Parameters
    ----------
    substeps : int, optional
        K: by default as many as the training times allow.
    times : sequence of float, optional
        The fine times of the base method, K intervals for each step, in place of steps, spacing and end.
    variant : str
        The base method: a variant of DDPM, or "DDIM0" or "DDIM1" for DDIM with eta = 0 or 1.
    midpoints : "bernoulli", "single" or "interior"
        2 - 1/K calls a step in expectation (Option 1), or exactly one midpoint: among all K, or among the K - 1 that cost a call
        (Option 2 as published for diffusion models, 2 calls).

    Attributes
    ----------
    fine_times : tuple of float
        The steps K + 1 times of the base method; its chain's time counts these steps, and every K-th is in `times`.

    Raises
    ------
    InvalidParameter
        Naming `substeps` where steps K is more than there are training steps, or than have distinct times with the spacing.

    Source: Kandasamy & Nagaraj 2024 (arXiv 2405.17068), App. A.

    Examples
    --------
    >>> PoissonMidpointScheduler(NoiseSchedule.linear(), steps=50).calls
    97.5
    """

    def __init__(
        self,
        schedule: NoiseSchedule,
        steps: int | None = None,
        substeps: int | None = None,
        variant: str = "V1",
        midpoints: str = "bernoulli",
        spacing: str = "uniform",
        end: float = 0,
        times: Sequence[float] | None = None,
    ):
        super().__init__(schedule, steps, spacing, end, times)
        if times is not None:
            self._give(count("substeps", required("substeps", substeps)), self.times)
        else:
            self._divide(substeps)
        self.midpoints = Midpoints(self.substeps, midpoints).kind
        self.variant, self._coefficients = variant, variant_named(variant)

    def _divide(self, substeps: int | None) -> None:
        """K and the fine times of steps that are named."""
        schedule, spacing, end = self.schedule, self.spacing, self.end
        most = int(schedule.size - end) // self.steps
        self.substeps = most if substeps is None else count("substeps", substeps)
        if self.substeps > most:
            raise InvalidParameter("substeps", substeps, f"at most {most}, for {self.steps} steps of that many training steps each")
        try:
            self.fine_times = schedule.times(self.steps * self.substeps, spacing, end)
        except InvalidParameter:  # of all that is checked there, only the number of times is new
            allowed = f"fewer: {self.steps} steps of so many have no distinct whole times with the {spacing} spacing from {schedule.size} to {end}"
            raise InvalidParameter("substeps", self.substeps, allowed) from None
        self.times = self.fine_times[:: self.substeps]

    def _give(self, substeps: int, times: tuple[float, ...]) -> None:
        """The same of fine times that are given."""
        if (len(times) - 1) % substeps:
            raise InvalidParameter("times", times, f"{substeps} intervals for each step, and {len(times) - 1} are no multiple of that")
        self.substeps, self.fine_times, self.times = substeps, times, times[::substeps]
        self.steps = len(self.times) - 1

    @property
    def name(self) -> str:
        return f"PoissonMidpoint({self.variant}, K={self.substeps}, {self.midpoints})"

    def scheme(self, predictor: NoiseFunction, event_shape: tuple[int, ...] | None = None) -> Scheme:
        system = NoisePrediction(predictor, self.schedule, self.fine_times, self._coefficients, event_shape)
        return PoissonMidpoint(system, step_size=self.substeps, substeps=self.substeps, midpoints=self.midpoints)
