"""The reverse of an Ornstein-Uhlenbeck process: diffusion models with an exact score."""

from __future__ import annotations

import math
from typing import Any, Self

import torch
from torch import Tensor

from pmmtheory.dynamics.clocks import CLOCKS, Clock
from pmmtheory.dynamics.dynamics import Dynamics, Time
from pmmtheory.dynamics.exponentials import decay
from pmmtheory.errors import InvalidParameter, choice, positive, real
from pmmtheory.targets import Gaussian, Target


class ReverseDiffusion(Dynamics):
    """The forward process dX = -X dt + sqrt(2) dB from the target, run backwards from `horizon` to `stop`.

    At forward time t the law is that of exp(-t) X + sqrt(1 - exp(-2t)) Z. With s the gradient of its log density the reverse
    process, in the time since the horizon, is dX = (X + 2 s(X, t)) dt + sqrt(2) dB. With d the forward time that a step of
    length h covers, the step with a frozen force is

        integrator "euler":        A = 1,      G = d,          b = X + 2 s,   Gamma = sqrt(2 d);
        integrator "exponential":  A = e^d,    G = e^d - 1,    b = 2 s,       Gamma = sqrt(e^(2d) - 1).

    Chains start from marginal(horizon), or from N(0, I), and their step size is duration/n for n steps.

    Parameters
    ----------
    target : Target
        The data: a Gaussian or a mixture of Gaussians, whose noised laws have a closed form.
    horizon, stop : float
        horizon > stop >= 0, in forward time.
    integrator : "euler" or "exponential"
    grid : "uniform", "quadratic", "log-snr" or "vp"
        How forward time follows the time of the chain: linearly, as a square, so that log(alpha/sigma) grows linearly, which needs
        stop > 0, or as in the variance-preserving SDE (clocks.VariancePreserving).

    Raises
    ------
    InvalidParameter
        On a target without closed form, horizon <= stop, or an unknown integrator or grid.

    Source: Song et al. 2021 (arXiv 2011.13456); Kandasamy & Nagaraj 2024, App. A.

    Examples
    --------
    >>> from pmmtheory.targets import Gaussian
    >>> reverse = ReverseDiffusion(Gaussian(1.0, 0.25), horizon=2.0, stop=0.02)
    >>> round(reverse.marginal(2.0).mean, 6) == round(math.exp(-2), 6)
    True
    """

    autonomous = False
    linear = ((0.0,),)
    forcing = ((1.0,),)
    diffusion = ((2.0,),)

    def __init__(self, target: Target, horizon: float, stop: float, integrator: str = "euler", grid: str = "uniform"):
        super().__init__(target)
        target.noised(1.0)
        self.horizon = positive("horizon", horizon)
        self.stop = real("stop", stop)
        if not 0 <= self.stop < self.horizon:
            raise InvalidParameter("stop", stop, f"a forward time from 0 to below the horizon {self.horizon:g}")
        self.integrator, self.grid = choice("integrator", integrator, ("euler", "exponential")), choice("grid", grid, CLOCKS)
        self._clock: Clock = CLOCKS[grid](self.horizon, self.stop)
        self.end = self.duration

    @property
    def duration(self) -> float:
        """horizon - stop: the time of the chain."""
        return self.horizon - self.stop

    def forward_time(self, t: Time) -> Time:
        """The forward time at time t of the chain."""
        return self._clock.forward_time(t)

    def law_at(self, t: float) -> Target:
        """The law of the reverse process at time t of the chain, if it starts from marginal(horizon)."""
        return self.marginal(max(0.0, float(self.forward_time(real("t", t)))))

    def marginal(self, t: float) -> Target:
        """The law at forward time t, as a target.

        Examples
        --------
        >>> from pmmtheory.targets import GaussianMixture
        >>> data = GaussianMixture([0.4, 0.6], [-1.5, 1.0], [0.1, 0.3])
        >>> round(ReverseDiffusion(data, horizon=2.0, stop=0.02).marginal(1.0).covariance, 6)
        1.097441
        """
        return self.target.noised(math.exp(-_forward(t)))

    def score(self, x: Tensor, t: float) -> Tensor:
        """The gradient of the log density at forward time t, of the shape of x."""
        return self.target.noised_drift(x, math.exp(-_forward(t)))

    def with_integrator(self, integrator: str) -> Self:
        """The same process with another way to take a step."""
        return type(self)(self.target, self.horizon, self.stop, integrator, self.grid)

    def solved(self, start: Gaussian) -> Gaussian:
        """The law of the process itself at its end on Gaussian data, from any Gaussian start on their axes, in closed form.

        With V and W the covariances of the marginals at the horizon and the stop, S that of the start and f = (W/V) e^-(horizon - stop), it is
        W + f^2 (S - V), and the means differ from those of the marginals by f times as much as at the start.

        Raises
        ------
        InvalidParameter
            Naming `target` where the data are no Gaussian, or `start` where it is not on their axes.

        Source: Pierret & Galerne 2025 (arXiv 2405.14250), Prop. 1.

        Examples
        --------
        >>> from pmmtheory.targets import Gaussian
        >>> reverse = ReverseDiffusion(Gaussian(1.0, 0.25), horizon=2.0, stop=0.02)
        >>> law = reverse.solved(reverse.marginal(2.0))
        >>> abs(law.covariance - reverse.marginal(0.02).covariance) < 1e-12
        True
        """
        if not isinstance(self.target, Gaussian):
            raise InvalidParameter("target", self.target.name, "a Gaussian, for the law of the process in closed form")
        if not isinstance(start, Gaussian):
            raise InvalidParameter("start", start, "a Gaussian that is isotropic or has the axes of the data")
        first, last = self.target.noised(math.exp(-self.horizon)), self.target.noised(math.exp(-self.stop))
        if start.dim != last.dim or not (start.isotropic or start.axes is last.axes):
            raise InvalidParameter("start", start.name, "a Gaussian that is isotropic or has the axes of the data")
        factor, share = self._carried(last.variances / first.variances)
        begun, left, reached = (torch.as_tensor(law.mean, dtype=torch.float64).reshape(-1) for law in (start, first, last))
        offset = begun - left
        moved = factor * offset if last.axes is None else (factor * (offset @ last.axes)) @ last.axes.T
        found = Gaussian(reached + moved, share * last.variances + factor**2 * (start.variances - share * first.variances))
        found.axes = last.axes
        return found

    def _carried(self, ratio: Tensor) -> tuple[Tensor, float]:
        """What a deviation from the mean is multiplied by where the variance of the marginal is multiplied by this; and whether noise is added."""
        return ratio * math.exp(-self.duration), 1.0

    def drift(self, x: Tensor, t: Time = 0.0) -> Tensor:
        score = self.target.noised_drift(x, decay(self.forward_time(t)))
        return 2 * score if self.integrator == "exponential" else x + 2 * score

    def transport(self, h: Time, x: Tensor, t: Time = 0.0) -> Tensor:
        if self.integrator == "euler":
            return x
        covered = self._covered(h, t)
        return x * (torch.exp(covered) if isinstance(covered, Tensor) else math.exp(covered))

    def respond(self, h: Time, b: Tensor, t: Time = 0.0) -> Tensor:
        covered = self._covered(h, t)
        if self.integrator == "euler":
            return b * covered
        return b * (torch.expm1(covered) if isinstance(covered, Tensor) else math.expm1(covered))

    def impulse(self, b: Tensor, t: Time = 0.0) -> Tensor:
        return b * self._clock.speed(t)

    def noise(self, h: Time, t: Time = 0.0) -> Any:
        covered = self._covered(h, t)
        if isinstance(covered, Tensor):
            return torch.sqrt((2 * covered if self.integrator == "euler" else torch.expm1(2 * covered)).clamp_min(0))
        return math.sqrt(max(0.0, 2 * covered if self.integrator == "euler" else math.expm1(2 * covered)))

    def _covered(self, h: Time, t: Time) -> Time:
        """The forward time covered by a step of length h from t on."""
        return self._clock.covered(t, h)


def _forward(t: float) -> float:
    time = real("t", t, "a forward time of at least 0")
    if time < 0:
        raise InvalidParameter("t", t, "a forward time of at least 0")
    return time
