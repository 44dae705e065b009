"""The Poisson midpoint method with less noise, to make up for the noise of its midpoints."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics, Overdamped
from pmmtheory.dynamics.dynamics import Time
from pmmtheory.errors import InvalidParameter, real
from pmmtheory.schemes.poisson_midpoint import PoissonMidpoint
from pmmtheory.targets import Gaussian


class ReducedNoisePoissonMidpoint(PoissonMidpoint):
    """PoissonMidpoint with noise of variance (2 - share v a^2) h a substep, v = Var(S)/a^3 to leading order, on Gaussian targets of one curvature lam.

    The midpoints add S = sum_i h (K H_i - 1) (b(Xhat_i) - b(X)) to a step, a random number of mean 0 and

        Var(S) = a^3 lam^2 (1 - 1/K)^2 (1 + O(a))   for "bernoulli",    a^3 lam^2 (1 - 1/K^2)/3 (1 + O(a))   for "single" midpoints,

    and `share` of it is taken from the noise. At stationarity this takes share v a^2/2 from the relative variance. For K = inf and "bernoulli" its error
    is x^2 (1/3 - share/2), x = a lam: the whole variance is too much, and 2/3 of it is right, as the rest is what the path of the noise within a step
    does in the diffusion too. A "single" midpoint, whose error has no x^2, is made worse.

    Parameters
    ----------
    dynamics : Overdamped
        On a Gaussian of one curvature.
    step_size, substeps, midpoints
        As PoissonMidpoint has them, but for "interior".
    share : float
        Between 0 and 1.

    Source: Kandasamy & Nagaraj 2024, App. A, lower the noise of DDPM by hand (their variants beta/(1 + i beta)); the expansion is derived here.

    Examples
    --------
    >>> scheme = ReducedNoisePoissonMidpoint(Overdamped(Gaussian()), step_size=0.1, share=1.0)
    >>> round(scheme.dynamics.noise(0.1) ** 2, 12)     # 2a - a^3
    0.199
    """

    def __init__(self, dynamics: Dynamics, step_size: float, substeps: float = math.inf, midpoints: str = "bernoulli", share: float = 2 / 3):
        if midpoints == "interior":
            raise InvalidParameter("midpoints", midpoints, '"bernoulli" or "single"')
        if isinstance(dynamics, Cooled):  # that of another one
            dynamics = Overdamped(dynamics.target)
        super().__init__(dynamics, step_size, substeps, midpoints)
        self.share = real("share", share)
        if not 0 <= self.share <= 1:
            raise InvalidParameter("share", share, "between 0 and 1")
        taken = self.share * self._variance(_curvature(dynamics)) / 2
        if not taken * self.step_size**2 < 1:
            raise InvalidParameter("step_size", step_size, f"below {taken**-0.5:.6g}: from there on no noise is left")
        self.dynamics = Cooled(dynamics, 1 - taken * self.step_size**2)

    @property
    def orders(self) -> Mapping[type[Dynamics], float]:  # type: ignore[override]
        return {Overdamped: 2 if self.substeps == math.inf else 1}

    @property
    def gaussian_orders(self) -> Mapping[type[Dynamics], float]:  # type: ignore[override]
        """3 where nothing is left of x^2."""
        right = 2 / 3 if self.midpoints.several else 0.0
        return {Overdamped: 3} if self.substeps == math.inf and abs(self.share - right) < 1e-12 else {}

    @property
    def name(self) -> str:
        return f"{super().name[:-1]}, share={self.share:.3g})"

    def with_step(self, step_size: float) -> Self:
        return type(self)(self.dynamics, step_size, self.substeps, self.midpoints.kind, self.share)

    def over(self, dynamics: Dynamics) -> Self:
        return type(self)(dynamics, self.step_size, self.substeps, self.midpoints.kind, self.share)

    def _variance(self, curvature: float) -> float:
        """Var(S)/a^3."""
        if self.midpoints.several:
            return curvature**2 * (1 - 1 / self.substeps) ** 2
        return curvature**2 * (1 - 1 / self.substeps**2) / 3


class Cooled(Overdamped):
    """dX = -grad F(X) dt + sqrt(2 temperature) dB, whose target is still exp(-F)."""

    def __init__(self, dynamics: Dynamics, temperature: float):
        super().__init__(dynamics.target)
        self.temperature = temperature
        self.diffusion = ((2.0 * temperature,),)

    def noise(self, h: Time, t: Time = 0.0) -> float | Tensor:
        return math.sqrt(self.temperature) * super().noise(h, t)


def _curvature(dynamics: Dynamics) -> float:
    """1/variance of a Gaussian that has one."""
    target = dynamics.target
    if type(dynamics) is not Overdamped or not isinstance(target, Gaussian):
        raise InvalidParameter("dynamics", type(dynamics).__name__, "Overdamped on a Gaussian target")
    variances = torch.linalg.eigvalsh(torch.atleast_2d(torch.as_tensor(target.covariance, dtype=torch.float64)))
    if not float(variances.max() - variances.min()) <= 1e-12 * float(variances.max()):
        raise InvalidParameter("dynamics", target.name, "on a Gaussian whose axes have the same variance")
    return 1 / float(variances.mean())
