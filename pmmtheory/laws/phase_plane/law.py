"""A law in the phase plane of a position and a velocity."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import count
from pmmtheory.estimate import Estimate
from pmmtheory.laws.law import Law
from pmmtheory.laws.line.accuracy import Accuracy
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.line.shown import best_told, wide_too
from pmmtheory.laws.phase_plane.operator import Plane
from pmmtheory.laws.phase_plane.series import lacking
from pmmtheory.numerics.hermite import hermite
from pmmtheory.numerics.interpolation import band_limited, finer
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.targets import Gaussian
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.target import as_points

_FINER = 3
"""How much finer than the grid of the computation the marginals are tabulated: they are band limited."""

_TOLD = 0.3
"""A law is told where its modes change by less than this share of c_0 from the lower resolution."""

_MASSIVE = 100.0
"""How many times above its floor a density is no rounding: between modes it may be less."""

_ARITHMETIC = 1e-12
"""A share of the largest c_0 that is no rounding of the arithmetic."""

_ROUNDED = 3e-15
"""By how much rounding may move a position, relative to the farthest."""


class PlaneLaw(Law):
    """The law of (U, V) on the phase plane of a target on the line.

    p(u, v) = phi(v) sum_n c_n(u) h_n(v), with phi the standard normal density and h_n orthonormal Hermite polynomials.

    Where both pi(u) and c_0(u) are below `floor` of their maxima, farther out than they are anywhere above it, the ratio of c_n to pi is not told, and
    continued as a constant; what that changes is in the error "tails". Distances take it for told only where the lower resolution says the same.

    Attributes
    ----------
    grid : (n,) tensor
        Positions.
    modes : (n, m) tensor
        c_n there.
    told, joints : pairs of floats
        Between which positions the ratio is told; and between which it was computed, where the modes turn into a constant times the target.
    position, velocity : LineLaw
        The marginals; each has its own numerical error.
    errors : dict of names to floats
        What the law may be off by, in total variation: "resolution", the distance to the same law at the next lower resolution;
        "series", what further modes, frequencies and kicks may change: more where the last fell little from the lower resolution, or a step turns much;
        "mixing", what slow mixing may make of a change of the step that moved the law by less; "midpoints", sets of more midpoints than
        are taken together; "kicks", the end of a series in kicks of the velocity whose terms still grow; "rounding", of the arithmetic
        and of positions far from 0, amplified by slow mixing; "ends", what lies beyond the grid; "tails", what
        differs from what was computed where the law is continued; "start", the error of the law that the
        chain started from. The marginals have the same parts, with ends of their own; that of velocities "positions" too, the
        ends of this law.
    numerical_error : float
        Their sum; infinite before a second resolution, `coarse`, was seen.
    dropped : (n, m) tensor
        What was computed beyond `told` in both resolutions alike, less what is said there.
    turn : float
        The square of the step times max |F''|.

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

    def __init__(self, plane: Plane, modes: Tensor, target: LineTarget, floor: float, turn: float = 0.0):
        self.target, self.turn = target, turn
        fine, self.spacing = finer(modes, _FINER), plane.spacing / _FINER
        self.grid = plane.grid[0] + self.spacing * torch.arange(len(fine), dtype=plane.grid.dtype, device=plane.grid.device)
        density = target.density(self.grid)
        fine = fine / (fine[:, 0].sum() * self.spacing)
        self._floor = floor
        told = torch.nonzero((density > floor * density.max()) | (fine[:, 0] > floor * fine[:, 0].max()))[:, 0]
        self.told = self.joints = float(self.grid[told[0]]), float(self.grid[told[-1]])
        self.modes, self._computed = _with_tails(fine, density, int(told[0]), int(told[-1])), fine
        self.dropped = torch.zeros_like(fine)
        self.coarse_spacing = plane.spacing
        self.coarse: PlaneLaw | None = None
        shift = _ROUNDED * float(self.grid.abs().max())
        tails = _distance(self.modes, fine, self.spacing)
        self.errors: dict[str, float] = {"resolution": math.inf, "tails": tails, "rounding": shift * float(torch.diff(self.modes[:, 0]).abs().sum()) / 2}
        self._edge = float(modes[[0, -1], 0].abs().max() / modes[:, 0].abs().max())
        near = wide_too(self.grid, self.modes[:, 0], target.density, target.covariance)
        self.position = best_told(self.grid, self.modes[:, 0], near, accuracy=Accuracy(shift=shift))
        self.velocity = self._velocity()

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
        value = band_limited(self.modes, float(self.grid[0]), self.spacing, inside)
        return value / self.target.density(inside).clamp_min(1e-300)[:, None]

    def continued(self, u: Tensor) -> Tensor:
        """How far log p would be beyond `told` from what is said there, if log c_0/pi went on as a parabola and the mean velocity as a line."""
        low, high = self.told
        beyond = u - u.clamp(low, high)
        if not bool((beyond != 0).any()):
            return torch.zeros_like(u)
        kept = (self.grid >= low) & (self.grid <= high)
        x, pi = self.grid[kept], self.target.density(self.grid[kept])
        middle, scale = (low + high) / 2, (high - low) / 2
        c = self.modes[kept, 0].clamp_min(0.0)
        weight = torch.sqrt(pi / pi.max() + c / c.max())[:, None]
        basis = torch.stack([torch.ones_like(x), (x - middle) / scale, ((x - middle) / scale) ** 2], -1)
        log_ratio, velocity = torch.log((c / pi).clamp(1e-30, 1e300)), self.modes[kept, 1] / c.clamp_min(1e-300)
        fit, line = (torch.linalg.lstsq(weight * b, weight * y[:, None]).solution[:, 0] for b, y in ((basis, log_ratio), (basis[:, :2], velocity)))

        def grown(u: Tensor) -> tuple[Tensor, Tensor]:
            z = (u - middle) / scale
            return fit[0] + fit[1] * z + fit[2] * z * z, line[0] + line[1] * z

        (far, moved), (near, kept_velocity) = grown(u), grown(u.clamp(low, high))
        change = (moved - kept_velocity).abs()
        return (far - near).abs() + change * (1 + moved.abs() + kept_velocity.abs()) + 1e-9 * (beyond != 0)

    def resolved_by(self, coarse: PlaneLaw) -> PlaneLaw:
        """This law, with its numerical error measured against a coarser one."""
        self.coarse, self.told = coarse, self._told_beside(coarse)
        self.dropped = self._dropped_beside(coarse)
        seen = _distance(self.modes, coarse._modes_at(self.grid), self.spacing)
        further, ends = lacking(self, coarse, seen), max(self.position.edge, self._edge)
        carried = {name: error for name, error in self.errors.items() if name not in ("resolution", "ends")}
        self.errors |= {"resolution": seen, "series": further, "ends": ends}
        for part, other in ((self.position, coarse.position), (self.velocity, coarse.velocity)):
            part.resolved_by(other)
            part.errors |= carried
        # summed over positions, what velocities are off by may be small by chance in both resolutions; positions have ends of their own
        apart = (self.position.errors["resolution"], max(self.velocity.errors["resolution"], further))
        shares = [min(1.0, change / seen) if seen else 0.0 for change in apart]
        self.position.errors["series"] = further * shares[0]
        self.velocity.errors |= {"series": further * shares[1], "positions": ends}
        return self

    def _told_beside(self, coarse: PlaneLaw) -> tuple[float, float]:
        """The part of what is told, around the largest c_0 and out to all that has mass, where a coarser law says the same."""
        other = torch.nn.functional.pad(coarse._modes_at(self.grid), (0, self.modes.shape[1] - coarse.modes.shape[1]))
        unlike = (self.modes - other).square().sum(1).sqrt() >= _TOLD * self.modes[:, 0]
        top = int(torch.argmax(self.modes[:, 0]))
        before, after = torch.nonzero(unlike[:top]).flatten(), torch.nonzero(unlike[top:]).flatten()
        massive = torch.nonzero(~unlike & (self.modes[:, 0] > _MASSIVE * self._floor * self.modes[top, 0])).flatten()
        first = int(before[-1]) + 1 if len(before) else 0
        last = top + int(after[0]) - 1 if len(after) else len(self.grid) - 1
        if len(massive):
            first, last = min(first, int(massive[0])), max(last, int(massive[-1]))
        return max(self.told[0], float(self.grid[first])), min(self.told[1], float(self.grid[max(last, first)]))

    def _dropped_beside(self, coarse: PlaneLaw) -> Tensor:
        before = band_limited(coarse._computed, float(coarse.grid[0]), coarse.spacing, self.grid.clamp(coarse.grid[0], coarse.grid[-1]))[:, 0]
        own, beyond = self._computed[:, 0], (self.grid < self.told[0]) | (self.grid > self.told[1])
        alike = beyond & ((own - before).abs() < _TOLD * own) & (own > _ARITHMETIC * own.max())
        return torch.where(alike[:, None], self._computed - self.modes, 0.0)

    def moment(self, i: int, j: int) -> Estimate:
        """E U^i V^j, with what the lower resolution and the other errors say of it: a part of the density that is off counts at twice the reach of the law."""
        powers = count("i", i, 0, 40), count("j", j, 0, 40)
        value = self._moment(*powers)
        resolution = abs(value - self.coarse._moment(*powers)) if self.coarse is not None else math.inf
        low, high = self.told
        reach = max(abs(low), abs(high)) ** i * (2.0 + len(self.modes[0]) ** 0.5) ** j
        rest = sum(error for name, error in self.errors.items() if name != "resolution")
        tails = 2 * rest * reach + abs(self._moment(*powers, self.dropped))
        return Estimate.of(value, "exact law in the phase plane", resolution=resolution, tails=tails, rounding=1e-15 * abs(value))

    def _moment(self, i: int, j: int, modes: Tensor | None = None) -> float:
        v, w = (torch.as_tensor(part, device=self.grid.device) for part in gauss_hermite(self.modes.shape[1] + j // 2 + 1))
        inner = (self.modes if modes is None else modes) @ (hermite(v, self.modes.shape[1]) @ (w * v**j))
        return float(self._integral(self.grid**i * inner))

    def _modes_at(self, u: Tensor) -> Tensor:
        """c_n(u) by sinc interpolation, zero off the grid."""
        value = band_limited(self.modes, float(self.grid[0]), self.spacing, u)
        return torch.where(((u >= self.grid[0] - 1e-12) & (u <= self.grid[-1] + 1e-12))[:, None], value, 0.0)

    def _velocity(self) -> LineLaw:
        weights = self.modes.sum(0) * self.spacing
        v = torch.linspace(-9.0, 9.0, 241, dtype=self.grid.dtype, device=self.grid.device)
        return LineLaw(v, (weights @ hermite(v, len(weights))) * _normal(v), Gaussian().density)

    def _integral(self, values: Tensor) -> Tensor:
        return values.sum() * self.spacing


def _distance(modes: Tensor, others: Tensor, spacing: float) -> float:
    """Total variation between laws of these modes, (n, m) and (n, k), at positions of this spacing."""
    v = torch.linspace(-8.5, 8.5, 120, dtype=modes.dtype, device=modes.device)
    change = modes @ hermite(v, modes.shape[1]) - others @ hermite(v, others.shape[1])
    return float((change.abs() * _normal(v)).sum()) * spacing * float(v[1] - v[0]) / 2


def _normal(v: Tensor) -> Tensor:
    return torch.exp(-v * v / 2) / math.sqrt(2 * math.pi)


def _with_tails(modes: Tensor, density: Tensor, first: int, last: int) -> Tensor:
    """Modes whose ratio to the target's density is continued as a constant before and after these places."""
    ends = torch.arange(len(density), device=density.device).clamp(first, last)
    return modes[ends] * (density / density[ends])[:, None]
