"""How the law of a chain on the line falls far out: see laws.step.far_maps."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from pmmtheory.laws.line.unseen import maxima
from pmmtheory.laws.step.far_maps import Far, Sides, far_maps, tails_alike
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget, on_the_line

_MOST = 10_000
"""Steps after which a law far out is taken for the stationary one, where steps throw to the other side."""

_PLACES = 8001
"""At which maxima are looked for."""


@dataclass(frozen=True)
class FarStep:
    """Far out, a step takes x on a side to r x + w Z, for some of what it may draw: (2, q), on the left and on the right."""

    ratios: np.ndarray
    noises: np.ndarray

    @classmethod
    def of(cls, scheme: Scheme, t: float) -> FarStep:
        """That of the step at time t."""
        target = on_the_line(scheme.dynamics.target)
        support, same = target.quadrature, tails_alike(target.tail_curvature)
        left, right = (far_maps(scheme, support.high - support.low, side, t, same) for side in (-1.0, 1.0))
        return cls(*(np.stack([one[:, 0, 0], other[:, 0, 0]]) for one, other in zip(left, right, strict=True)))

    def __call__(self, variances: Sides) -> Sides:
        """The variances of Gaussians that the law falls no faster than after the step, from those before."""
        square, before = self.ratios**2, np.array(variances)[:, None]
        after, stays = self.noises.copy(), self.ratios >= 0
        np.add(after, square * np.where((square > 0) & (before > 0), before, 1.0), out=after, where=(square > 0) & (before > 0))
        left, right = (max([self.noises[side].max(), *after[side][stays[side]], *after[1 - side][~stays[1 - side]]]) for side in (0, 1))
        return float(left), float(right)

    @property
    def fixed(self) -> Sides:
        """Those that stay."""
        if (self.ratios >= 0).all():
            held, noisy = self.ratios < 1, self.noises.max() > 0
            each = np.where(held, self.noises / np.where(held, 1 - self.ratios**2, 1.0), math.inf if noisy else 0.0).max(1)
            return float(each[0]), float(each[1])
        now = 0.0, 0.0
        for _ in range(_MOST):
            before, now = now, self(now)
            if now == before:
                break
        return now


@dataclass(frozen=True)
class FarTails(Far):
    """That of a chain on the line.

    scheme : Scheme
    before : Far or None
        The tails of the start; None for a stationary law.
    times : sequence of floats
        Those of the steps since.
    """

    scheme: Scheme
    before: Far | None = None
    times: Iterable[float] = ()

    @cached_property
    def variances(self) -> Sides:
        system = self.scheme.dynamics
        if system.blocks > 1:
            return 0.0, 0.0
        if self.before is None:
            return FarStep.of(self.scheme, 0.0).fixed
        now = self.before.variances
        step = None
        for t in self.times:
            step = FarStep.of(self.scheme, t) if step is None or not system.autonomous else step
            before, now = now, step(now)
            if now == before and system.autonomous:
                break
        return now

    @cached_property
    def modes(self) -> tuple[float, ...]:
        if not self.scheme.dynamics.autonomous:
            return ()
        target = on_the_line(self.scheme.dynamics.target)
        x = torch.linspace(target.quadrature.low, target.quadrature.high, _PLACES, dtype=torch.float64)
        return tuple(maxima(x, target.log_density(x)).tolist())


@dataclass(frozen=True)
class Held(Far):
    """Of what is no law of a chain."""

    variances: Sides = (0.0, 0.0)


def of_target(target: LineTarget) -> Held:
    """Of the Gaussians that a target falls like: infinite where it falls more slowly than any, and 0 where faster."""
    left, right = (1 / slope if slope > 0 else math.inf for slope in target.tail_curvature)
    return Held((left, right))
