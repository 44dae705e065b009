"""The map that carries a law in the plane to a reference, by Newton's method for the equation of Monge and Ampere.

T = id + grad phi carries p to q where q(T) det T' = p. The first T is the map A between Gaussians of the same means and covariances, and a step after it adds
eta to phi,

    div(w T'^-1 grad eta) = w log(p / (q(T) det T')),    w = q(A) det A.

In u = sqrt(w) eta the left side is -sqrt(w) G'T'^-1 G u with G u = grad u - u grad(log w)/2: symmetric, and conditioned like the Laplacian of the grid, however
small the densities are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.plane_sides import Axes, PlaneSide, points
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws import PlanarLaw

_LOOSELY = 1e-2
_ITERATIONS = 3000
_FAINT, _DEEP = 1e-14, 1e-26
"""Shares of the largest density: below the first one is not told from none, below the second one carries nothing."""
_RIM = 1e-11
_TAME = 100.0
"""(trace)^2/det of a slope, four where it stretches both ways alike, up to which it is one to linearise about."""
_HELD = 1e-8
"""Where a density is above this share of the largest, its map must be the slope of a convex function."""


class PlaneMap:
    """Both densities on one grid, the map between Gaussians, and what is solved about it."""

    def __init__(self, law: PlanarLaw, other: PlaneSide, times: int):
        goal, reference = other.goal, other.reference
        shift, turn = _between_gaussians(law, goal)
        across = torch.linalg.inv(turn)
        factor = float(torch.linalg.det(turn))

        def carried(places: Tensor) -> Tensor:
            return places @ turn + shift

        self.carried = carried
        self.axes, weight = _wide_enough(law.finer(times), lambda places: reference.density(carried(places)) * factor)
        self.weight = weight
        self.spacings = [float(axis[1] - axis[0]) for axis in self.axes]
        self.cell, self.width = math.prod(self.spacings), math.hypot(*(float(axis[-1] - axis[0]) for axis in self.axes))
        self.density: Callable[[Tensor], Tensor] = goal.density
        places = points(self.axes)
        self.places = places.movedim(-1, 0)
        self.first = (carried(places) - places).movedim(-1, 0), (turn - torch.eye(2).to(turn))[:, :, None, None].expand(2, 2, *places.shape[:2]).clone()
        self.p = law.on(self.axes).clamp_min(0.0)
        self.floor = max(law.floor, _FAINT) * float(self.p.max())
        self.seen = self.p > 1e2 * self.floor
        alive = weight > _DEEP * weight.max()
        root = torch.sqrt(weight)
        self.root, self.over = torch.where(alive, root, 0.0), torch.where(alive, 1 / torch.where(alive, root, 1.0), 0.0)
        drift = reference.drift(carried(places).reshape(-1, 2)).reshape(places.shape) @ turn
        self.pull = torch.where(alive, drift.movedim(-1, 0) / 2, 0.0)
        kinds = torch.fft.fftfreq, torch.fft.rfftfreq
        waves = [2 * math.pi * kind(len(a), h, dtype=a.dtype, device=a.device) for kind, a, h in zip(kinds, self.axes, self.spacings, strict=True)]
        self.waves = torch.stack(torch.meshgrid(*waves, indexing="ij"))
        variance = float(torch.linalg.eigvalsh(law.covariance)[0])
        self.across = across[:, :, None, None].expand(2, 2, *places.shape[:2])
        self.inverse = 1 / (torch.einsum("inm,ij,jnm->nm", self.waves, across, self.waves) + 1 / variance)

    def gradient(self, u: Tensor) -> Tensor:
        """G u of fields (..., n, m): (2, ..., n, m)."""
        turned = torch.fft.rfft2(u)
        waves, pull = (part.reshape(2, *(1,) * (u.ndim - 2), *part.shape[-2:]) for part in (self.waves, self.pull))
        found: Tensor = torch.fft.irfft2(1j * waves * turned, s=u.shape[-2:]) - u * pull
        return found

    def energy(self, u: Tensor) -> Tensor:
        """G'T'^-1 G u."""
        flux = self.flux(self.gradient(u))
        turned = torch.fft.rfft2(flux)
        inside = torch.fft.irfft2(1j * (self.waves[0] * turned[0] + self.waves[1] * turned[1]), s=u.shape)
        found: Tensor = -inside - (self.pull[0] * flux[0] + self.pull[1] * flux[1])
        return found

    def linearise(self, slope: Tensor) -> None:
        """About another map, where that is the slope of a convex function and does not stretch far."""
        mixed = (slope[0, 1] + slope[1, 0]) / 2
        a, b = 1 + slope[0, 0], 1 + slope[1, 1]
        det, trace = a * b - mixed**2, a + b
        tame = self.seen & (det > 0) & (trace > 0) & (trace**2 < _TAME * det)
        det = torch.where(tame, det, 1.0)
        inverse = torch.stack([torch.stack([b, -mixed]), torch.stack([-mixed, a])]) / det
        self.across = torch.where(tame, inverse, self.across)

    def flux(self, slope: Tensor) -> Tensor:
        """The inverse of the slope of the map on vectors (2, n, m)."""
        return torch.stack([row[0] * slope[0] + row[1] * slope[1] for row in self.across])

    def smoothed(self, u: Tensor) -> Tensor:
        """The inverse of minus the Laplacian, and a number: next to that of G'T'^-1 G."""
        found: Tensor = torch.fft.irfft2(self.inverse * torch.fft.rfft2(u), s=u.shape)
        return found

    def told(self, rest: Tensor) -> Tensor:
        """A difference of densities where the law is told from none."""
        return torch.where(self.seen, rest, 0.0)

    def rest(self, moved: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
        """w log(p / (q(T) det T')), which is as small in tails as elsewhere, and p - q(T) det T'."""
        there = (self.places + moved).movedim(0, -1)
        stretched = (1 + slope[0, 0]) * (1 + slope[1, 1]) - slope[0, 1] * slope[1, 0]
        carried = self.density(there.reshape(-1, 2)).reshape(self.p.shape) * stretched
        known = self.seen & (carried > 0)
        ratio = torch.log(torch.where(known, self.p, 1.0) / torch.where(known, carried, 1.0))
        return self.root**2 * ratio.clamp(-1.0, 1.0), self.told(self.p - carried)

    def solved(self, rest: Tensor, share: float) -> tuple[Tensor, Tensor, float]:
        """grad eta, its slope, and ||rest||."""
        u, right = self._solution(-rest * self.over, share)
        flux = self.gradient(u)
        return flux * self.over, self.gradient(flux) * self.over, math.sqrt(max(0.0, float((u * right).sum()) * self.cell) * (1 + 2 * share))

    def size(self, moved: Tensor, p: Tensor | None = None) -> float:
        """The root mean square of a displacement, where the law is told from none."""
        return math.sqrt(float(((moved**2).sum(0) * self.told(self.p if p is None else p)).sum()) * self.cell)

    def stretch(self, slope: Tensor) -> float:
        """The largest factor by which the map or its inverse stretches, where densities are not next to nothing; infinite where it folds."""
        held = self.seen & (self.p > _HELD * self.p.max())
        mixed = (slope[0, 1] + slope[1, 0])[held] / 2
        matrix = torch.stack([torch.stack([1 + slope[0, 0][held], mixed]), torch.stack([mixed, 1 + slope[1, 1][held]])]).movedim(-1, 0)
        values = torch.linalg.eigvalsh(matrix)
        least, most = float(values.min()), float(values.max())
        return max(most, 1 / least) if least > 0 else math.inf

    def gap(self) -> float:
        """The least eigenvalue of G'T'^-1 G but zero, by inverse iteration, halved for what that is above it."""
        u, value = sum(self.places * torch.tensor([1.0, 0.7]).to(self.p)[:, None, None]) * self.root, math.inf
        for _ in range(4):
            u, right = self._solution(u, _LOOSELY)
            value = float((u * right).sum() / (u * u).sum())
        return value / 2

    def _solution(self, right: Tensor, share: float) -> tuple[Tensor, Tensor]:
        """u with G'T'^-1 G u = right, by conjugate gradients, and the right side without what G' does not reach."""
        right = self._reached(right)
        u, rest = torch.zeros_like(right), right
        toward = guess = self.smoothed(rest)
        weight = first = float((rest * guess).sum())
        for _ in range(_ITERATIONS):
            if not weight > share**2 * first:
                return self._reached(u), right
            pushed = self.energy(toward)
            far = weight / float((toward * pushed).sum())
            u, rest = u + far * toward, rest - far * pushed
            guess = self.smoothed(rest)
            weight, last = float((rest * guess).sum()), weight
            toward = guess + weight / last * toward
        raise NotConverged("the map between two laws in the plane: conjugate gradients did not end", math.sqrt(weight / first), share)

    def _reached(self, u: Tensor) -> Tensor:
        """Without what G takes to nothing."""
        return u - self.root * ((self.root * u).sum() / (self.root**2).sum())


def _between_gaussians(law: PlanarLaw, goal: Any) -> tuple[Tensor, Tensor]:
    """b and A, symmetric, of the map x -> A x + b between Gaussians with the means and covariances of both."""
    if getattr(goal, "mean", None) is None or getattr(goal, "covariance", None) is None:
        raise InvalidParameter("other", getattr(goal, "name", type(goal).__name__), "a target whose mean and covariance are known, for w2 in the plane")
    here, there = law.covariance, torch.as_tensor(goal.covariance).to(law.covariance)
    root = _root(here)
    back = torch.linalg.inv(root)
    turn = back @ _root(root @ there @ root) @ back
    return torch.as_tensor(goal.mean).to(turn) - turn @ law.mean, (turn + turn.T) / 2


def _root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    found: Tensor = (vectors * values.clamp_min(0.0).sqrt()) @ vectors.T
    return found


def _wide_enough(axes: Axes, density: Callable[[Tensor], Tensor]) -> tuple[Axes, Tensor]:
    """The axes, longer by as much as it takes for a density to end on them, and the density there."""
    first, second = axes
    for _ in range(5):
        q = density(points((first, second)))
        rims = torch.cat([q[0], q[-1]]).max(), torch.cat([q[:, 0], q[:, -1]]).max()
        if all(float(rim) <= _RIM * float(q.max()) for rim in rims):
            first, second = (_fast(axis) for axis in (first, second))
            return (first, second), density(points((first, second)))
        first, second = (_longer(axis) if float(rim) > _RIM * float(q.max()) else axis for axis, rim in zip((first, second), rims, strict=True))
    raise InvalidParameter("other", "mass far beyond the grid of the law", "a reference that is not much wider than the law, for w2 in the plane")


def _longer(axis: Tensor) -> Tensor:
    return _with_more(axis, len(axis) // 8, len(axis) // 8)


def _fast(axis: Tensor) -> Tensor:
    """With an odd number of points, so that no wave is its own mirror image, of small factors."""
    n = len(axis) | 1
    while _largest_factor(n) > 13:
        n += 2
    return _with_more(axis, 0, n - len(axis))


def _with_more(axis: Tensor, before: int, after: int) -> Tensor:
    return axis[0] + (axis[1] - axis[0]) * torch.arange(-before, len(axis) + after, dtype=axis.dtype, device=axis.device)


def _largest_factor(n: int) -> int:
    return max(k for k in range(1, n + 1) if n % k == 0 and all(k % j for j in range(2, math.isqrt(k) + 1)))
