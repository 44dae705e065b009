"""Broken schemes: what a verifier must catch. Each differs from the right one in one constant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pmmtheory.dynamics import Dynamics
from pmmtheory.errors import count_or_infinity
from pmmtheory.schemes import EulerMaruyama, Index, Normal, PoissonMidpoint, Scheme


class SingleMidpoint(Scheme):
    """The overdamped Poisson midpoint method with one midpoint, written out: the right one, from which others are broken.

    X' = X + a b(X) + W_K + correction(b(Xhat) - b(X)), W the noise of the trajectory and Xhat = X + s a b(X) + W_{sK}.
    """

    drift_calls = 2.0

    def __init__(self, dynamics: Dynamics, step_size: float, substeps: float = math.inf):
        super().__init__(dynamics, step_size)
        self.substeps = count_or_infinity("substeps", substeps)
        self.draws = {"s": Index(self.substeps), "z": Normal()}

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        a, s = self.step_size, draws["s"]
        force = self.dynamics.drift(x, t)
        path = torch.sqrt(2 * a * s) * draws["z"]
        change = self.dynamics.drift(x + a * s * force + path, t + a * s) - force
        return x + a * force + self.kept(path) + self.correction(change, s), torch.sqrt(self.remaining(s))

    def kept(self, path: Tensor) -> Tensor:
        """The part of the midpoint's noise that the trajectory has, too."""
        return path

    def correction(self, change: Tensor, s: Tensor) -> Tensor:
        """What the midpoint at time s adds."""
        return self.step_size * change

    def remaining(self, s: Tensor) -> Tensor:
        """The variance of the noise after the midpoint."""
        return 2 * self.step_size * (1 - s)


class IndependentNoise(SingleMidpoint):
    """The midpoint has a noise of its own in place of the trajectory's."""

    def kept(self, path: Tensor) -> Tensor:
        return torch.zeros_like(path)

    def remaining(self, s: Tensor) -> Tensor:
        return 2 * self.step_size * torch.ones_like(s)


class MissingLastNoise(SingleMidpoint):
    """The noise of the last substep is left out."""

    def remaining(self, s: Tensor) -> Tensor:
        return 2 * self.step_size * torch.clamp(1 - 1 / self.substeps - s, min=0)


class WrongCorrectionMatrix(SingleMidpoint):
    """The correction uses G at time (K - 1 - i)h in place of the product A_{(K-1-i)h} G_h."""

    def correction(self, change: Tensor, s: Tensor) -> Tensor:
        return self.step_size * (self.substeps * (1 - s) - 1) * change


class DoubledMidpoints(PoissonMidpoint):
    """Midpoints come with probability 2/K in place of 1/K."""

    intensity = 2.0


class HalvedNoise(EulerMaruyama):
    """The noise is sqrt(step) in place of sqrt(2 step)."""

    def step(self, x: Tensor, t: Any, draws: Mapping[str, Any]) -> tuple[Tensor, Any]:
        mean, factor = super().step(x, t, draws)
        return mean, factor / math.sqrt(2)
