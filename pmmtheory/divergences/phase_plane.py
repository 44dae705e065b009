"""Distances of a law in the phase plane from the invariant law of its target, or from another law there.

Integrals over the position go over panels fit for both laws, where both live; integrals over the velocity have closed forms between sign changes
(total variation) or are sums that converge faster than any power (KL, chi2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pmmtheory.divergences.comparison import Comparison
from pmmtheory.divergences.line import entropy
from pmmtheory.divergences.phase_plane_panels import integrated, panels
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlaneLaw
from pmmtheory.laws.phase_plane.operator import hermite
from pmmtheory.laws.phase_plane.side import Side
from pmmtheory.targets.line import LineTarget

_VELOCITIES = 121
"""On [-9, 9]: a spacing of 0.15, at which the trapezoid rule has all digits of what is smooth on the scale of the normal law."""

_ROUGHLY = 1e-2
"""How well the distance of a law from its coarser resolution is told, relative to it."""

_FAR = 1e-2
"""A KL or chi2 above which its root is no metric: then what it changes by at the coarser resolution counts too."""

_TOLD, _LARGE = 0.02, 0.25
"""The largest relative error of a chi2 above 0.25: where it is larger, tails that are not known decide."""

_UNSURE = 0.1
"""The largest part of a KL or chi2 that may hang on how a law is continued in its tails."""

Reference = LineTarget | PlaneLaw
Measured = tuple[float, float, float]
"""A distance, the error of its quadrature, and what of it hangs on how the tails are continued."""


def between(name: str, law: PlaneLaw, other: Reference) -> Estimate:
    """kl, tv or chi2 of the joint law of position and velocity; a target stands for pi(u) N(v; 0, 1).

    The error bounds what a law and its coarser resolution can differ by, as in divergences.line.between, and carries the other errors e of a
    law: a change of its density by 2 e relative to it is within e of it in total variation, and has a chi2 of 4 e^2.
    """
    if name not in _DISTANCES:
        raise InvalidParameter("law", f"a law in the phase plane for {name}", "kl, tv or chi2 there; law.position and law.velocity have every distance")
    distance, metric = _DISTANCES[name], name == "tv"
    value, quadrature, tails = distance(Side.of(law), Side.of(other))
    resolution = carried = 0.0
    for part in (law, other):
        if not isinstance(part, PlaneLaw):
            continue
        if part.coarse is not None:
            near = _within(value, sum(distance(Side.of(part), Side.of(part.coarse), _ROUGHLY)[:2]), metric)
            if not metric and value > _FAR:
                near = max(near, _moved(name, Side.of(law), Side.of(other), Side.of(part.coarse), 0 if part is law else 1))
            resolution += near
        rest = sum(error for kind, error in part.errors.items() if kind != "resolution")
        carried += rest if metric else _within(value, 4 * rest * rest, metric)
    if tails > _UNSURE * max(value, 1e-3):
        raise NotConverged(
            f"the {name} of laws in the phase plane, most of which lies where a law is continued without being known,",
            tails / value if value else math.inf,
            _UNSURE,
        )
    if name == "chi2" and value > _LARGE and resolution + carried + quadrature + tails > _TOLD * value:
        raise NotConverged(f"a chi2 of {value:.3g} in the phase plane, decided by tails that are not known there,", math.nan, _TOLD)
    return Estimate.of(
        value, "exact law in the phase plane", resolution=resolution, carried=carried, quadrature=quadrature, tails=tails, rounding=1e-15 * abs(value)
    )


def _within(value: float, change: float, metric: bool) -> float:
    """By how much a distance can move where a law moves by `change` in the same distance."""
    return abs(change) if metric else 2 * math.sqrt(abs(value * change)) + abs(change)


def tv_phase_plane(one: Side, other: Side, goal: float = 1e-7) -> Measured:
    """int |p - q| / 2: for every position the integral over the velocity is exact between the roots of a polynomial."""
    size = max(one.modes, other.modes)

    def row(u: Tensor) -> Tensor:
        return _absolute(one.modes_at(u, size) - other.modes_at(u, size)) / 2

    value, error = integrated(row, panels((one, other)), goal)
    return min(value, 1.0), 4 * error, 0.0


def kl_phase_plane(one: Side, other: Side, goal: float = 1e-7) -> Measured:
    """int q ((1 + r) log(1 + r) - r) with r = p/q - 1."""
    return _smooth(one, other, _INTEGRANDS["kl"], goal)


def chi2_phase_plane(one: Side, other: Side, goal: float = 1e-7) -> Measured:
    """int q r^2."""
    for side in (0, 1):
        if not 2 * one.target.tail_curvature[side] > other.target.tail_curvature[side]:
            raise InvalidParameter("law", "a law with wide tails against one with narrow tails", "laws whose chi2 is finite")
    return _smooth(one, other, _INTEGRANDS["chi2"], goal)


_DISTANCES: dict[str, Callable[..., Measured]] = {"kl": kl_phase_plane, "tv": tv_phase_plane, "chi2": chi2_phase_plane}


@dataclass(frozen=True)
class _Integrand:
    """A function of two densities p and q: q near(p/q - 1), or far(p, log q) where they are not near.

    weights : bounds of its derivatives in log p and in log q.
    """

    near: Callable[[Tensor], Tensor]
    far: Callable[[Tensor, Tensor], Tensor]
    weights: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def _relative(p: Tensor, log_q: Tensor) -> Tensor:
    """p log(p/q) - p + q."""
    return torch.where(p > 1e-300, p * (torch.log(p.clamp_min(1e-300)) - log_q), 0.0) - p + torch.exp(log_q)


def _square(p: Tensor, log_q: Tensor) -> Tensor:
    """p^2/q."""
    return torch.where(p > 1e-300, torch.exp((2 * torch.log(p.clamp_min(1e-300)) - log_q).clamp_max(700.0)), 0.0)


_INTEGRANDS = {
    "kl": _Integrand(entropy, _relative, lambda p, log_q: (p * (1 + torch.abs(torch.log(p.clamp_min(1e-300)) - log_q)), p)),
    "chi2": _Integrand(lambda r: r * r, lambda p, log_q: _square(p, log_q) - 2 * p + torch.exp(log_q), lambda p, log_q: (2 * _square(p, log_q),) * 2),
}


def _smooth(one: Side, other: Side, integrand: _Integrand, goal: float) -> Measured:
    """An integral over both variables, all relative to the normal density of the velocity; and what of it lies beyond the grids or hangs on
    what is unsure of log p and log q."""
    v, share = _velocities(one.device)
    unsure = [0.0]

    def row(u: Tensor) -> Tensor:
        p, q, log_p, log_q = one.ratio(u, v), other.ratio(u, v), one.log_density(u)[:, None], other.log_density(u)[:, None]
        excess = torch.exp((log_p - log_q).clamp(-700.0, 700.0)) * p / q - 1 if one.target is not other.target else (p - q) / q
        apart = excess.abs() >= 0.5
        value, doubt = torch.exp(log_q) * q * integrand.near(excess.clamp(-0.5, 0.5)), (one.unsure(u), other.unsure(u))
        hanging = torch.zeros_like(doubt[0])
        if bool(apart.any()) or bool((doubt[0] + doubt[1] > 0).any()):
            density, log_other = p * torch.exp(log_p), log_q + torch.log(q)
            value = torch.where(apart, integrand.far(density, log_other), value)
            hanging = (torch.stack(integrand.weights(density, log_other)) @ share * torch.stack(doubt)).sum(0)
        return torch.stack([value @ share, hanging], -1)

    edges = panels((one, other))
    value, error = integrated(row, edges, goal, unsure)
    return value, error, 2 * unsure[0] + _beyond(lambda u: row(u)[:, 0], edges)


def _moved(name: str, one: Side, other: Side, coarse: Side, place: int) -> float:
    """By how much a distance may change where log p (place 0) or log q (place 1) moves by what it differs by from the coarser resolution.

    Of absolute values at every point: errors of both signs along the tails may cancel in the distance of either resolution, and not in that of the law.
    """
    v, share = _velocities(one.device)
    fine, weights = (one, other)[place], _INTEGRANDS[name].weights

    def row(u: Tensor) -> Tensor:
        density, log_q = one.ratio(u, v) * torch.exp(one.log_density(u))[:, None], other.log_density(u)[:, None] + torch.log(other.ratio(u, v))
        return (weights(density, log_q)[place] * torch.abs(torch.log(fine.ratio(u, v) / coarse.ratio(u, v)))) @ share

    return sum(integrated(row, panels((one, other, coarse)), _ROUGHLY))


def _velocities(device: torch.device) -> tuple[Tensor, Tensor]:
    """Velocities and their shares of the normal law."""
    v = torch.linspace(-9.0, 9.0, _VELOCITIES, dtype=torch.float64, device=device)
    share = torch.exp(-v * v / 2)
    return v, share / share.sum()


def _beyond(row: Callable[[Tensor], Tensor], edges: Tensor) -> float:
    """What lies beyond both ends of the panels, where an integrand falls no more slowly than over the last of them; infinite where it does not fall."""
    last, before = row(edges[[0, -1, 1, -2]]).abs().reshape(2, 2)
    rate = torch.log(before / last.clamp_min(1e-300)) / (edges[[1, -1]] - edges[[0, -2]])
    return float(torch.where(last < 1e-250, 0.0, torch.where(rate > 0, last / rate, math.inf)).sum())


def _absolute(c: Tensor) -> Tensor:
    """int phi(v) |sum_n c_n h_n(v)| dv for every row of c, (rows, modes): exact between the roots, which need not be exact themselves."""
    fixed = torch.linspace(-7.5, 7.5, 31, dtype=c.dtype, device=c.device).expand(len(c), -1)
    points = torch.cat([fixed, _roots(c)], 1).clamp(-38.0, 38.0).sort(1).values
    n = torch.arange(1, c.shape[1], dtype=c.dtype, device=c.device)
    normal = torch.exp(-points * points / 2) / math.sqrt(2 * math.pi)
    below = c[:, :1] * _one_sided(points) - normal * torch.einsum("rn,nrp->rp", c[:, 1:] / torch.sqrt(n), hermite(points, c.shape[1])[:-1])
    ends = torch.zeros_like(below[:, :1]), c[:, :1].clone()
    total: Tensor = torch.diff(torch.cat([ends[0], below, ends[1]], 1), dim=1).abs().sum(1)
    return total


def _one_sided(points: Tensor) -> Tensor:
    value: Tensor = torch.special.ndtr(points)
    return value


def _roots(c: Tensor) -> Tensor:
    """The real parts of the roots of sum_n c_n h_n, (rows, modes - 1), polished; more points than real roots do no harm."""
    size = c.shape[1]
    scale = c.abs().amax(1, keepdim=True)
    told = torch.nonzero((c.abs() > 1e-9 * scale).any(0))
    degree = int(told.max()) if len(told) else 0
    if degree < 1:
        return torch.zeros_like(c[:, :1])
    k = torch.sqrt(torch.arange(1, degree, dtype=c.dtype, device=c.device))
    jacobi = (torch.diag(k, 1) + torch.diag(k, -1)).expand(len(c), degree, degree).clone()
    lead = c[:, degree : degree + 1]
    floor = 1e-10 * scale.clamp_min(1e-300)
    lead = torch.where(lead.abs() < floor, torch.where(lead < 0, -floor, floor), lead)
    jacobi[:, -1] -= math.sqrt(degree) * c[:, :degree] / lead
    roots: Tensor = torch.linalg.eigvals(jacobi).real.clamp(-12.0, 12.0)
    n = torch.sqrt(torch.arange(1, size, dtype=c.dtype, device=c.device))
    for _ in range(2):
        h = hermite(roots, size)
        value, slope = torch.einsum("rn,nrp->rp", c, h), torch.einsum("rn,nrp->rp", c[:, 1:] * n, h[:-1])
        step = torch.where(slope.abs() > 1e-300, value / slope, 0.0).clamp(-0.05, 0.05)
        roots = roots - torch.nan_to_num(step)
    return roots


class InPhasePlane(Comparison):
    """Laws in the phase plane, or such a law and a target on the line."""

    def takes(self, name: str, law: Any, other: Any) -> bool:
        return isinstance(law, PlaneLaw) and (isinstance(other, PlaneLaw) or (isinstance(other, LineTarget) and other.dim == 1))

    def between(self, name: str, law: Any, other: Any, order: float) -> Estimate:
        return between(name, law, other)
