"""How a law of two numbers falls far out, where a step is affine: a position and a velocity, or a point of the plane. See laws.step.far_maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from torch import Tensor

from pmmtheory.laws.step.characteristic import centre
from pmmtheory.laws.step.cubature import STILL, cubature, enumerable
from pmmtheory.laws.step.far_maps import Far, Sides, far_maps, too_wide
from pmmtheory.schemes import Scheme

_ENDLESS = np.full((2, 2), math.inf)


@dataclass(frozen=True)
class FarPlane:
    """The tails of a law far out.

    scheme : Scheme
    length : float
        That of the support of its target.
    start : covariances or None
        Those (2, 2) of Gaussians that the start falls no faster than; None for a stationary law.
    steps : int
        How many there were since.
    affine : bool
        Whether a step is alike on all sides; where it is not, nothing is told.
    centres : (n, 2) tensor or None
        Where steps take the centres of the Gaussians of the start: a part of little mass may be seen nowhere.
    """

    scheme: Scheme
    length: float
    start: Sequence[np.ndarray] | None = None
    steps: int = 0
    affine: bool = True
    centres: Tensor | None = None

    @cached_property
    def covariances(self) -> list[np.ndarray]:
        """Of Gaussians that the law falls no faster than; infinite where it falls more slowly than any."""
        if not self.affine:
            return []
        maps = list(zip(*far_maps(self.scheme, self.length), strict=True))
        if self.start is None:
            return [_kept(*one) for one in maps]
        return [_after(one, begun, self.steps) for one in maps for begun in self.start]

    def along(self, direction: Sequence[float]) -> FarMarginal:
        """Of the marginal along a unit vector."""
        return FarMarginal(self, direction)

    def wider(self, order: float, reference: np.ndarray) -> bool:
        """Whether int p^a q^(1 - a) is infinite, or nearly, for this and another law that falls like a Gaussian with this covariance, (2, 2)."""
        if not np.isfinite(reference).all():
            return False
        root = np.linalg.inv(np.linalg.cholesky(reference))
        largest = max((float(np.linalg.eigvalsh(root @ one @ root.T)[-1]) if np.isfinite(one).all() else math.inf for one in self.covariances), default=0.0)
        return too_wide(order, largest, 1.0)


@dataclass(frozen=True)
class FarMarginal(Far):
    """Those of a marginal."""

    plane: FarPlane
    direction: Sequence[float]

    @property
    def variances(self) -> Sides:
        e = np.array(self.direction)
        largest = max((float(e @ one @ e) if np.isfinite(one).all() else math.inf for one in self.plane.covariances), default=0.0)
        return largest, largest

    @property
    def centres(self) -> tuple[float, ...]:
        found = self.plane.centres
        return () if found is None else tuple((found @ found.new_tensor(self.direction)).tolist())


def moved(scheme: Scheme, points: Tensor) -> Tensor:
    """Where a step takes points, (n, 2), without its noise, in the mean over what else it draws."""
    x = points.reshape(-1, *scheme.dynamics.state_shape)
    if not enumerable(scheme):
        return centre(scheme, x, 0.0).reshape(-1, 2)
    at = cubature(scheme, 0, normal=lambda name, component: STILL)
    mean = scheme.step(x[:, None], 0.0, at.draws)[0]
    return (mean.reshape(len(x), -1, 2) * (at.weights / at.weights.sum())[:, None]).sum(1)


def _kept(matrix: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """The covariance that stays."""
    if not np.isfinite(matrix).all() or np.abs(np.linalg.eigvals(matrix)).max() >= 1:
        return _ENDLESS
    found: np.ndarray = scipy.linalg.solve_discrete_lyapunov(matrix, noise)
    return found


def _after(one: tuple[np.ndarray, np.ndarray], begun: np.ndarray, steps: int) -> np.ndarray:
    """The covariance after so many steps, by squaring."""
    if steps == 0:
        return begun
    if not (np.isfinite(begun).all() and np.isfinite(one[0]).all()):
        return _ENDLESS
    now, power = begun, one
    while steps:
        if steps % 2:
            now = power[0] @ now @ power[0].T + power[1]
        power, steps = (power[0] @ power[0], power[0] @ power[1] @ power[0].T + power[1]), steps // 2
    return now
