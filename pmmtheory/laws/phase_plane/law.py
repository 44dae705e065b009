"""A law in the phase plane of a position and a velocity."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import count
from pmmtheory.estimate import Estimate
from pmmtheory.laws.law import Law
from pmmtheory.laws.line.accuracy import Accuracy
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.line.shown import best_told, wide_too
from pmmtheory.laws.line.unseen import Unseen
from pmmtheory.laws.phase_plane.operator import Plane
from pmmtheory.laws.phase_plane.series import lacking
from pmmtheory.laws.phase_plane.tails import Reach, above, around, doubt, farther, nearby
from pmmtheory.laws.step.far_plane import FarPlane
from pmmtheory.numerics.hermite import hermite
from pmmtheory.numerics.interpolation import band_limited, finer
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.target import as_points

_FINER = 3
"""How much finer than the grid of the computation the marginals are tabulated: they are band limited."""

_ROUNDED = 3e-15
"""By how much rounding may move a position, relative to the farthest."""


class PlaneLaw(Law):
    """The law of (U, V) on the phase plane of a target on the line.

    p(u, v) = phi(v) sum_n c_n(u) h_n(v), with phi the standard normal density and h_n orthonormal Hermite polynomials.

    It is told as far out as the lower resolution says the same; beyond, the ratio of c_n to pi is continued as a constant, and what that changes is in the
    error "tails". Before there is a lower resolution it is told as far out as pi(u) or c_0(u) is above `floor` of its maximum.

    Attributes
    ----------
    grid : (n,) tensor
        Positions.
    modes : (n, m) tensor
        c_n there.
    told : (low, high)
        Between which positions.
    position, velocity : LineLaw
        The marginals; each has its own numerical error.
    errors : dict of names to floats
        What the law may be off by, in total variation: "resolution", the distance to the same law at the next lower resolution; "series", what further modes,
        frequencies and kicks may change: more where the last fell little from the lower resolution, or a step turns much; "mixing", what slow mixing may make
        of a change of the step that moved the law by less; "midpoints", sets of more midpoints than are taken together; "growth", what was taken out of the
        start as a step of the computation makes it grow; "kicks", the end of a series in kicks of the velocity whose terms still grow; "rounding", of the
        arithmetic and of positions far from 0, amplified by slow mixing; "ends", what lies beyond the grid; "tails", what differs from what was computed
        where the law is continued; "start", the error of the law that the chain started from. The marginals have the same parts, with ends of their own; that
        of velocities "positions" too, the ends of this law.
    numerical_error : float
        Their sum; infinite before a second resolution, `coarse`, was seen.
    turn : float
        The square of the step times max |F''|.
    unseen : Unseen or None
        What the chain may have started with beyond.
    far : FarPlane or None
        How it falls far out.

    Examples
    --------
    >>> from pmmtheory.dynamics import Underdamped
    >>> from pmmtheory.laws import stationary_law
    >>> from pmmtheory.schemes import BAOAB
    >>> from pmmtheory.targets import Cosine
    >>> law = stationary_law(BAOAB(Underdamped(Cosine(amplitude=0.5), friction=1.0), step_size=0.1))
    >>> law.numerical_error < 1e-5, law.density([[0.0, 0.0], [0.0, 1.0]]).shape
    (True, torch.Size([2]))
    """

    dim = 1

    def __init__(
        self, plane: Plane, modes: Tensor, target: LineTarget, floor: float, turn: float = 0.0, unseen: Unseen | None = None, far: FarPlane | None = None
    ):
        self.target, self.far, self.turn, self.unseen = target, far, turn, unseen
        fine, self.spacing = finer(modes, _FINER), plane.spacing / _FINER
        self.grid = plane.grid[0] + self.spacing * torch.arange(len(fine), dtype=plane.grid.dtype, device=plane.grid.device)
        self._computed = fine / (fine[:, 0].sum() * self.spacing)
        self._density = target.density(self.grid)
        self.coarse_spacing = plane.spacing
        self.coarse: PlaneLaw | None = None
        self._shift = _ROUNDED * float(self.grid.abs().max())
        rounding = self._shift * float(torch.diff(self._computed[:, 0]).abs().sum()) / 2
        self.errors: dict[str, float] = {"resolution": math.inf, "rounding": rounding}
        self._edge = float(modes[[0, -1], 0].abs().max() / modes[:, 0].abs().max())
        self._known = above(floor, self._density, self._computed[:, 0])
        self._tell(self._known, self._known)

    def _tell(self, joints: Reach, told: Reach) -> None:
        """The law that is computed between the first places of the grid and told between the second, and its marginals."""
        self._reach, self.modes = slice(told[0], told[1] + 1), self._continued(joints)
        (low, high), self.told = self.grid[list(joints)].tolist(), tuple(self.grid[list(told)].tolist())
        self.breaks = low, *self.told, high
        self.errors["tails"] = _distance(self.modes, self._computed, self.spacing)
        near = wide_too(self.grid, self.modes[:, 0], self.target.density, self.target.covariance)
        doubts = (self.modes - self._computed)[:, 0].abs()
        for between in (slice(joints[0], told[0]), slice(told[1] + 1, joints[1] + 1)):
            doubts[between] = self.modes[between, 0].abs()
        known = Accuracy(shift=self._shift, doubts=nearby(doubts), unseen=self.unseen, far=self.far.along((1.0, 0.0)) if self.far else None)
        self.position = best_told(self.grid, self.modes[:, 0], near, accuracy=known)
        self.velocity = self._velocity()

    def _continued(self, reach: Reach) -> Tensor:
        """The modes that were computed, continued as a constant times the target's density before and after these places."""
        ends = torch.arange(len(self.grid), device=self.grid.device).clamp(*reach)
        return self._computed[ends] * (self._density / self._density[ends])[:, None]

    def inherit(self, error: float) -> None:
        for part in (self, self.position, self.velocity):
            part.errors["start"] = error

    def density(self, x: Any) -> Tensor:
        """p(u, v) at x of shape (..., 2), by the interpolant that is exact for band-limited functions. Zero off the grid."""
        points = as_points(x, 2).to(self.grid)
        u, v = points.reshape(-1, 2).unbind(-1)
        inside = (u >= self.grid[0]) & (u <= self.grid[-1])
        value = (self._modes_at(u) * hermite(v, self.modes.shape[1]).T).sum(-1) * _normal(v)
        return torch.where(inside, value, 0.0).reshape(points.shape[:-1])

    @property
    def mean(self) -> Tensor:
        """(E U, E V)."""
        return torch.stack([self._integral(self.grid * self.modes[:, 0]), self._integral(self.modes[:, 1])])

    @property
    def covariance(self) -> Tensor:
        """The covariance of (U, V), (2, 2)."""
        mean, (c0, c1, c2) = self.mean, self.modes.T[:3]
        u = self.grid - mean[0]
        uu, uv = self._integral(u * u * c0), self._integral(u * (c1 - mean[1] * c0))
        vv = self._integral(math.sqrt(2) * c2 + c0) - mean[1] ** 2
        return torch.stack([torch.stack([uu, uv]), torch.stack([uv, vv])])

    def over_normal(self, u: Tensor, v: Tensor) -> Tensor:
        """p(u, v) / phi(v) on the product of positions and velocities, (n, k)."""
        return (self.modes if u is self.grid else self._modes_at(u)) @ hermite(v, self.modes.shape[1])

    def ratios_at(self, u: Tensor) -> Tensor:
        """c_n(u)/pi(u), (n, m): the last ones that are told beyond `told`."""
        inside = u.clamp(*self.told)
        value = band_limited(self._computed, float(self.grid[0]), self.spacing, inside)
        return value / self.target.density(inside).clamp_min(1e-300)[:, None]

    def doubt(self, u: Tensor) -> Tensor:
        """By how much log p may be off beyond `told`, (n,)."""
        return doubt(self.grid[self._reach], self.modes[self._reach], self._density[self._reach], u)

    def resolved_by(self, coarse: PlaneLaw) -> PlaneLaw:
        """This law, with its numerical error measured against a coarser one, both told where they agree."""
        self.coarse = self._told_beside(coarse)
        seen = _distance(self.modes, self.coarse._modes_at(self.grid), self.spacing)
        further, ends = lacking(self, self.coarse, seen), max(self.position.edge, self._edge)
        carried = {name: error for name, error in self.errors.items() if name not in ("resolution", "ends")}
        self.errors |= {"resolution": seen, "series": further, "ends": ends}
        for part, other in ((self.position, self.coarse.position), (self.velocity, self.coarse.velocity)):
            part.resolved_by(other)
            part.errors |= carried
        change = (self.velocity.values - self.coarse.velocity.values).abs()
        self.velocity.accuracy = replace(self.velocity.accuracy, doubts=nearby(change) - change)
        # summed over positions, what velocities are off by may be small by chance in both resolutions; positions have ends of their own
        apart = (self.position.errors["resolution"], max(self.velocity.errors["resolution"], further))
        shares = [min(1.0, change / seen) if seen else 0.0 for change in apart]
        self.position.errors["series"] = further * shares[0]
        self.velocity.errors |= {"series": further * shares[1], "positions": ends}
        return self

    def moment(self, i: int, j: int) -> Estimate:
        """E U^i V^j, with what the lower resolution and the other errors say of it: a part of the density that is off counts at twice the reach of the law."""
        powers = count("i", i, 0, 40), count("j", j, 0, 40)
        value = self._moment(*powers)
        resolution = abs(value - self.coarse._moment(*powers)) if self.coarse is not None else math.inf
        low, high = self.told
        reach = max(abs(low), abs(high)) ** i * (2.0 + len(self.modes[0]) ** 0.5) ** j
        rest = sum(error for name, error in self.errors.items() if name != "resolution")
        return Estimate.of(value, "exact law in the phase plane", resolution=resolution, tails=2 * rest * reach, rounding=1e-15 * abs(value))

    def _moment(self, i: int, j: int) -> float:
        v, w = (torch.as_tensor(part, device=self.grid.device) for part in gauss_hermite(self.modes.shape[1] + j // 2 + 1))
        inner = self.modes @ (hermite(v, self.modes.shape[1]) @ (w * v**j))
        return float(self._integral(self.grid**i * inner))

    def _modes_at(self, u: Tensor) -> Tensor:
        """c_n(u) by sinc interpolation, zero off the grid."""
        return self._at(self.modes, u)

    def _at(self, modes: Tensor, u: Tensor) -> Tensor:
        value = band_limited(modes, float(self.grid[0]), self.spacing, u)
        return torch.where(((u >= self.grid[0] - 1e-12) & (u <= self.grid[-1] + 1e-12))[:, None], value, 0.0)

    def _told_beside(self, coarse: PlaneLaw) -> PlaneLaw:
        """The coarser law; tells both as far as they agree, and both farther out where there is more that they agree about."""

        def there(modes: Tensor) -> Tensor:
            return torch.nn.functional.pad(coarse._at(modes, self.grid), (0, modes_more))

        modes_more = self.modes.shape[1] - coarse.modes.shape[1]
        reach = around(self._computed, there(coarse._continued(coarse._known)), self._known)
        far = farther(self._computed, there(coarse._computed), self._continued(reach), coarse.coarse_spacing / self.spacing)
        first, last = min(reach[0], far[0]), max(reach[1], far[1])
        self._tell((min(first, self._known[0]), max(last, self._known[1])), (first, last))
        return coarse._told_to(self.told[0] if first < reach[0] else math.inf, self.told[1] if last > reach[1] else -math.inf)

    def _told_to(self, low: float, high: float) -> PlaneLaw:
        """This law, told out to these positions too."""
        law, places = copy(self), torch.searchsorted(self.grid, self.grid.new_tensor([low, high])).clamp_max(len(self.grid) - 1).tolist()
        law.errors = dict(self.errors)
        law._tell(*(2 * [(min(self._known[0], places[0]), max(self._known[1], places[1]))]))
        return law

    def _velocity(self) -> LineLaw:
        weights = self.modes.sum(0) * self.spacing
        v = torch.linspace(-9.0, 9.0, 241, dtype=self.grid.dtype, device=self.grid.device)
        known = Accuracy(far=self.far.along((0.0, 1.0)) if self.far else None)
        return LineLaw(v, (weights @ hermite(v, len(weights))) * _normal(v), Gaussian().density, accuracy=known)

    def _integral(self, values: Tensor) -> Tensor:
        return values.sum() * self.spacing


def variation(modes: Tensor, spacing: float) -> float:
    """Half the integral of the absolute value of what has these modes, (n, m), at positions of this spacing."""
    v = torch.linspace(-8.5, 8.5, 120, dtype=modes.dtype, device=modes.device)
    return float(((modes @ hermite(v, modes.shape[1])).abs() * _normal(v)).sum()) * spacing * float(v[1] - v[0]) / 2


def _distance(modes: Tensor, others: Tensor, spacing: float) -> float:
    """Total variation between laws of these modes, (n, m) and (n, k)."""
    most = max(modes.shape[1], others.shape[1])
    wide, narrow = (torch.nn.functional.pad(some, (0, most - some.shape[1])) for some in (modes, others))
    return variation(wide - narrow, spacing)


def _normal(v: Tensor) -> Tensor:
    return torch.exp(-v * v / 2) / math.sqrt(2 * math.pi)
