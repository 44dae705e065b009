"""Broken schemes: what a verifier must catch. Each differs from the right one in one constant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import BlockFactor, Dynamics, Underdamped
from pmmtheory.errors import InvalidParameter, count_or_infinity
from pmmtheory.schemes import EulerMaruyama, Index, Normal, PoissonMidpoint, Scheme, Splitting


class SingleMidpoint(Scheme):
    """The Poisson midpoint method with one midpoint, written out: the right one, from which others are broken.

    With b0 = b(X), i = sK uniform on 0..K-1, W the noise of the trajectory and Xhat = A_{sa} X + G_{sa} b0 + W_{sa},

        X' = A_a X + G_a b0 + W_a + correction(b(Xhat) - b0).
    """

    drift_calls = 2.0

    def __init__(self, dynamics: Dynamics, step_size: float, substeps: float = math.inf):
        super().__init__(dynamics, step_size)
        self.substeps = count_or_infinity("substeps", substeps)
        self.draws = {"s": Index(self.substeps), "z": Normal()}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        system, a, now = self.dynamics, self.step_size, self.step_size * draws["s"]
        force = system.drift(x, t)
        path = system.noise(now) * draws["z"]
        middle = system.transport(now, x) + system.respond(now, force) + path
        change = system.drift(middle, t + now) - force
        kept, last = self.noise(path, draws["s"])
        return system.transport(a, x) + system.respond(a, force) + kept + self.correction(change, draws["s"]), last

    def noise(self, path: Tensor, s: Tensor) -> tuple[Tensor, Any]:
        """W_a given the midpoint's noise W_{sa}: its mean A_{(1-s)a} W_{sa} and factor Gamma_{(1-s)a}."""
        rest = self.step_size * (1 - s)
        return self.dynamics.transport(rest, path), self.dynamics.noise(rest)

    def correction(self, change: Tensor, s: Tensor) -> Tensor:
        """What the midpoint at time sa adds: K A_{(K-1-i)h} G_h change."""
        system, rest = self.dynamics, self.step_size * (1 - s)
        if self.substeps == math.inf:
            return system.transport(rest, self.step_size * system.impulse(change))
        h = self.step_size / self.substeps
        return system.transport(rest - h, self.substeps * system.respond(h, change))


class IndependentNoise(SingleMidpoint):
    """The midpoint has a noise of its own in place of the trajectory's."""

    def noise(self, path: Tensor, s: Tensor) -> tuple[Tensor, Any]:
        return torch.zeros_like(path), self.dynamics.noise(self.step_size * torch.ones_like(s))


class MissingLastNoise(SingleMidpoint):
    """The noise is that of K - 1 substeps, W at time (K - 1)h: that of the last substep is left out."""

    def noise(self, path: Tensor, s: Tensor) -> tuple[Tensor, Any]:
        rest = self.step_size * torch.clamp(1 - 1 / self.substeps - s, min=0)
        return self.dynamics.transport(rest, path), self.dynamics.noise(rest)


class WrongCorrectionMatrix(SingleMidpoint):
    """The correction uses G at time (K - 1 - i)h in place of the product A_{(K-1-i)h} G_h."""

    def correction(self, change: Tensor, s: Tensor) -> Tensor:
        return self.substeps * self.dynamics.respond(self.step_size * (1 - 1 / self.substeps - s), change)


class DoubledMidpoints(PoissonMidpoint):
    """Midpoints come with probability 2/K in place of 1/K."""

    intensity = 2.0


class LateForce(PoissonMidpoint):
    """The midpoint's force is that of the time at which the step began; the right one where forces do not depend on time."""

    def midpoint_force(self, state: Tensor, t: Any, delay: Any) -> Tensor:
        return self.dynamics.drift(state, t)


class UnreducedWeight(PoissonMidpoint):
    """An interior midpoint counts K times in place of K - 1 times."""

    def push(self, change: Tensor, t: Any = 0.0) -> Tensor:
        return self.substeps / (self.substeps - 1) * super().push(change, t)


class HalvedNoise(EulerMaruyama):
    """The noise has half its variance: overdamped, sqrt(step) in place of sqrt(2 step)."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean, factor / math.sqrt(2)


class WidenedNoise(EulerMaruyama):
    """The noise has 1% too much variance."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean, factor * math.sqrt(1.01)


class UncorrelatedNoise(EulerMaruyama):
    """The noises of position and velocity have the right variances and are independent; underdamped only."""

    def __init__(self, dynamics: Dynamics, step_size: float):
        super().__init__(dynamics, step_size)
        if not isinstance(dynamics, Underdamped):
            raise InvalidParameter("dynamics", type(dynamics).__name__, "Underdamped, for noises of position and velocity")

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        assert isinstance(factor, BlockFactor)
        position, _, velocity = factor.covariance
        return mean, BlockFactor.of(float(position), 0.0, float(velocity), factor.axis)


class HalvedFriction(Splitting):
    """BAOAB with O in two halves, the second with half the friction in its decay but the full noise.

    Half the friction in decay and noise would leave the right law, with another friction.
    """

    parts = (("B", 0.5), ("A", 0.5), ("O", 0.5), ("O", 0.25), ("A", 0.5), ("B", 0.5))

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        t_half = self._system.friction * self.step_size / 2
        widened = math.sqrt(math.expm1(-2 * t_half) / math.expm1(-t_half))
        return super().step(x, t, {**draws, "z3": widened * draws["z3"]})
