"""What divergences count far beyond where a law is known, where its logarithm goes on as it did: against a reference whose tails change there."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.divergences.generator import LARGE, SMALLEST, Generator

_LENGTHS, _POINTS, _BACK, _FITTED = 12.0, 4001, 0.2, 40
"""How far is looked, in lengths of what is known, and at how many points; and over what part of that length a parabola is fitted to
so many values."""

_KNOWN_WIDTHS = 14.0
"""Standard deviations of a Gaussian over which it is known."""

DIGITS = 100.0
"""How many times its error a density is that has digits."""

_NEARER = 2.0
"""How many times nearer a parabola is to log p/q where it is taken for the better."""

_CAUTION = 2.0
"""How many times more there may be than is found so."""

_BESIDE = 3
"""Rays to each side."""

_RAYS, _A_RAY = 48, 120
"""In the plane: how many directions are looked into, and at how many points of each for where the law is told last."""


def counted(f: Generator, log_p: Tensor, log_q: Tensor) -> Tensor:
    """q f(p/q) where p > q, and nothing elsewhere."""
    log = (log_p - log_q).clamp_min(SMALLEST)
    value: Tensor = f.between(torch.exp(log_p.clamp_max(LARGE)), torch.exp(log_q), log, torch.expm1(log.clamp_max(LARGE)))
    return torch.where(log > 0, value.nan_to_num(1e300, 1e300).clamp_max(1e300), 0.0)


def counted_beyond(f: Generator, log_p: Callable[[Tensor], Tensor], log_q: Callable[[Tensor], Tensor], ends: tuple[float, float]) -> float:
    """int q f(p/q) outside of the ends where p > q, if log p is there what it is given as; log q is known everywhere."""
    low, high = ends
    away = (high - low) * _LENGTHS * torch.linspace(0.0, 1.0, _POINTS, dtype=torch.float64) ** 2
    total = 0.0
    for x in (low - away, high + away):
        total += float(torch.trapezoid(counted(f, log_p(x), log_q(x)), away))
    return _CAUTION * total


def continued(log_p: Callable[[Tensor], Tensor], log_q: Callable[[Tensor], Tensor], ends: tuple[float, float]) -> Callable[[Tensor], Tensor]:
    """log p beyond the ends, as the parabolas that are nearest to it before them, or as log q and those nearest to log p/q, whichever are nearer."""
    own, off = _parabolas(log_p, ends, tails=True)
    ratio, missed = _parabolas(lambda x: log_p(x) - log_q(x), ends, tails=False)
    return own if off <= _NEARER * missed else lambda x: log_q(x) + ratio(x)


def falling(
    log_p: Callable[[Tensor], Tensor], ends: tuple[float, float], tops: tuple[float, ...], variances: tuple[float, float]
) -> Callable[[Tensor], Tensor]:
    """log p beyond the ends, if it falls no faster there than it does before, and like Gaussians about these tops with these variances; -inf where those
    have none."""
    (low, high), inwards = ends, _BACK * (ends[1] - ends[0]) * torch.linspace(0.0, 1.0, _FITTED, dtype=torch.float64)
    fits = [_fitted(log_p(end + sign * inwards)[None], inwards[None, -1:], tails=True) for end, sign in ((low, 1), (high, -1))]

    def beyond(x: Tensor) -> Tensor:
        left, right = (
            fit[0].item() + slowest((x - end).abs(), fit[1].item(), -math.inf, sign * (top - end), variance)
            for fit, end, sign, top, variance in zip(fits, ends, (1, -1), tops, variances, strict=True)
        )
        return torch.where(x < (low + high) / 2, left, right)

    return beyond


def slowest(away: Tensor, slope: float, curvature: float, distance: float, variance: float) -> Tensor:
    """How far a logarithm has fallen so far beyond its end, that has these there, and falls no faster than a Gaussian of this variance whose centre is at
    this distance."""
    if variance > 0:
        slope, curvature = max(slope, -distance / variance), max(curvature, -1 / variance)
    return slope * away + curvature * away**2 / 2 if curvature > -math.inf else torch.full_like(away, -math.inf)


def _parabolas(log: Callable[[Tensor], Tensor], ends: tuple[float, float], tails: bool) -> tuple[Callable[[Tensor], Tensor], float]:
    (low, high), inwards = ends, _BACK * (ends[1] - ends[0]) * torch.linspace(0.0, 1.0, _FITTED, dtype=torch.float64)
    fits = [_fitted(log(end + sign * inwards)[None], inwards[None, -1:], tails) for end, sign in ((low, 1), (high, -1))]
    sides = [(end, *(part.item() for part in fit[:3])) for end, fit in zip(ends, fits, strict=True)]

    def beyond(x: Tensor) -> Tensor:
        left, right = (last + slope * (x - end).abs() + curvature * (x - end) ** 2 / 2 for end, last, slope, curvature in sides)
        return torch.where(x < (low + high) / 2, left, right)

    return beyond, max(fit[3].item() for fit in fits)


def _fitted(log: Tensor, length: Tensor, tails: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The value, the outward slope and the curvature at the first of some points inwards over a length, (n, 1), of the parabolas that are nearest to
    values there, (n, k), and how near; where these should be tails and are none, of a Gaussian of the width that is known."""
    z = torch.linspace(0.0, 1.0, log.shape[1], dtype=log.dtype)
    basis = torch.stack([torch.ones_like(z), -z, z**2 / 2], -1)
    fit = torch.linalg.lstsq(basis, log.T).solution
    off = (basis @ fit - log.T).abs().amax(0)[:, None]
    value, slope, curvature = fit[0][:, None], fit[1][:, None] / length, fit[2][:, None] / length**2
    if not tails:
        return value, slope, curvature, off
    tail = (curvature <= 0) & (slope <= 0)
    return torch.where(tail, value, log[:, :1]), slope.clamp_max(0.0), torch.where(tail, curvature, -((_KNOWN_WIDTHS * _BACK / length) ** 2)), off


def _of_neighbours(curvature: Tensor) -> Tensor:
    """The most curved of some rays next to each, (n, 1): between two modes' flanks a parabola reads less than either has."""
    around = torch.cat([curvature[-_BESIDE:], curvature, curvature[:_BESIDE]]).T
    found: Tensor = -torch.nn.functional.max_pool1d(-around, 2 * _BESIDE + 1, 1).T
    return found


def counted_around(
    f: Generator, density: Callable[[Tensor], Tensor], error: Callable[[Tensor], Tensor], log_q: Callable[[Tensor], Tensor], box: Tensor, centre: Tensor
) -> float:
    """The same in the plane, along rays from a centre within a box, low and high on both axes, (2, 2): beyond where a density is last above what it may
    be off by, many times."""
    angles = 2 * torch.pi * torch.arange(_RAYS, dtype=torch.float64) / _RAYS
    rays = torch.stack([torch.cos(angles), torch.sin(angles)], -1)
    limits = torch.where(rays > 0, (box[:, 1] - centre) / rays, (box[:, 0] - centre) / rays)
    longest = torch.where(rays.abs() > 1e-9, limits, torch.inf).amin(1)
    radii = longest[:, None] * torch.linspace(0.0, 1.0, _A_RAY, dtype=torch.float64)
    along = centre + radii[..., None] * rays[:, None]
    told = density(along) > DIGITS * error(along)
    ends = torch.where(told, radii, 0.0).amax(1)[:, None]
    length = _BACK * 2 * ends
    inwards = length * torch.linspace(0.0, 1.0, _FITTED, dtype=torch.float64)
    places = centre + (ends - inwards)[..., None] * rays[:, None]
    log = torch.log(density(places).clamp_min(1e-300))
    away = 2 * ends * _LENGTHS * torch.linspace(0.0, 1.0, _POINTS // 10, dtype=torch.float64) ** 2
    far = log_q(centre + (ends + away)[..., None] * rays[:, None])
    own, ratio = _fitted(log, length, True), _fitted(log - log_q(places), length, False)
    own = own[0], own[1], _of_neighbours(own[2]), own[3]
    alone, beside = (last + slope * away + curvature * away**2 / 2 for last, slope, curvature, _ in (own, ratio))
    log_p = torch.where(own[3] <= _NEARER * ratio[3], alone, far + beside)
    values = counted(f, log_p, far)
    return _CAUTION * float(torch.trapezoid(values * (ends + away), away).sum()) * 2 * torch.pi / _RAYS
