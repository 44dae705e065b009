"""Dynamics as plain matrices: what an exact step does to a state of numpy, and what force acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, expm1, sqrt

import numpy as np
import torch

from experiments.measures.routes_diffusions import forward_time, processes, score, speed
from experiments.measures.routes_langevin import exact_step
from pmmtheory.dynamics import Dynamics, Overdamped, Underdamped
from pmmtheory.noise.levels import Numbers
from pmmtheory.targets import DoubleWell, GaussianMixture

_FRICTION = 1.7
WELL = DoubleWell(barrier=0.6, separation=1.3)
MODES = GaussianMixture([0.4, 0.6], [[-0.8, 0.3], [0.7, -0.2]], [0.5, 0.9])


@dataclass(frozen=True)
class Plain:
    """Dynamics of the package, and for a state (blocks, d), a time t and a duration h: A_h, G_h, a factor of the noise, G'(0) and the force at a position."""

    system: Dynamics
    carried: Callable[[float, float], Numbers]
    forced: Callable[[float, float], Numbers]
    widened: Callable[[float, float], Numbers]
    kicked: Callable[[float], Numbers]
    force: Callable[[Numbers, float], Numbers]

    def state(self, x: Numbers) -> Numbers:
        """A state of the package as (blocks, d)."""
        return x.reshape(self.system.blocks, -1)

    def drift(self, x: Numbers, t: float) -> Numbers:
        """The force at a state."""
        return self.force(x[0], t)

    def free(self, x: Numbers, t: float, h: float) -> Numbers:
        """A state that no force and no noise moves on."""
        return self.carried(t, h) @ x

    def pushed(self, b: Numbers, t: float, h: float) -> Numbers:
        """What a constant force does."""
        return np.outer(self.forced(t, h), b)

    def noise(self, z: Numbers, t: float, h: float) -> Numbers:
        """What normals, of the shape of a state, do."""
        return self.widened(t, h) @ z


def _of(target: DoubleWell | GaussianMixture) -> Callable[[Numbers, float], Numbers]:
    def force(x: Numbers, t: float) -> Numbers:
        return np.asarray(target.drift(torch.tensor(x if target.dim > 1 else x[0])).numpy().reshape(-1))

    return force


def overdamped(target: DoubleWell | GaussianMixture) -> Plain:
    """On the line or in the plane."""
    one = np.eye(1)
    return Plain(Overdamped(target), lambda t, h: one, lambda t, h: np.array([h]), lambda t, h: sqrt(2 * h) * one, lambda t: np.ones(1), _of(target))


def underdamped(target: DoubleWell | GaussianMixture) -> Plain:
    """By matrix exponentials."""

    def widened(t: float, h: float) -> Numbers:
        return np.asarray(np.linalg.cholesky(exact_step(_FRICTION, h)[2]) if h > 0 else np.zeros((2, 2)), np.float64)

    return Plain(
        Underdamped(target, _FRICTION),
        lambda t, h: exact_step(_FRICTION, h)[0],
        lambda t, h: exact_step(_FRICTION, h)[1],
        widened,
        lambda t: np.array([0.0, 1.0]),
        _of(target),
    )


def reverse(grid: str = "quadratic") -> Plain:
    """The reverse diffusion of a Gaussian, whose steps depend on time."""

    def covered(t: float, h: float) -> float:
        return forward_time(grid, t) - forward_time(grid, t + h)

    return Plain(
        processes(grid, "exponential")[0],
        lambda t, h: np.array([[exp(covered(t, h))]]),
        lambda t, h: np.array([expm1(covered(t, h))]),
        lambda t, h: np.array([[sqrt(expm1(2 * covered(t, h)))]]),
        lambda t: np.array([speed(grid, t)]),
        lambda x, t: 2 * score(x, forward_time(grid, t)),
    )
