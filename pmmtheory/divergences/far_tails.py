"""Powers of densities far beyond where a law is known, where its logarithm goes on as it did: against a reference whose tails change there."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_LENGTHS, _POINTS, _BACK, _FITTED = 12.0, 4001, 0.2, 40
"""How far is looked, in lengths of what is known, and at how many points; and over what part of that length a parabola is fitted to
so many values."""

_KNOWN_WIDTHS = 14.0
"""Standard deviations of a Gaussian over which it is known."""

_CAUTION = 2.0
"""How many times more there may be than is found so."""

_RAYS, _A_RAY = 48, 120
"""In the plane: how many directions are looked into, and at how many points of each for where the law is told last."""


def power_beyond(order: float, log_p: Callable[[Tensor], Tensor], log_q: Callable[[Tensor], Tensor], ends: tuple[float, float]) -> float:
    """int p^a q^(1 - a) outside of the ends, a > 1, if log p is there what it is given as; log q is known everywhere."""
    low, high = ends
    away = (high - low) * _LENGTHS * torch.linspace(0.0, 1.0, _POINTS, dtype=torch.float64) ** 2
    total = 0.0
    for x in (low - away, high + away):
        log = order * log_p(x) + (1 - order) * log_q(x)
        total += float(torch.trapezoid(torch.exp(log.clamp(-1e300, 600.0)), away))
    return _CAUTION * total


def parabolas(log: Callable[[Tensor], Tensor], ends: tuple[float, float]) -> Callable[[Tensor], Tensor]:
    """A logarithm beyond the ends, as the parabolas that are nearest to it before them."""
    (low, high), inwards = ends, _BACK * (ends[1] - ends[0]) * torch.linspace(0.0, 1.0, _FITTED, dtype=torch.float64)
    sides = [(end, *(part.item() for part in _fitted(log(end + sign * inwards)[None], inwards[None, -1:]))) for end, sign in ((low, 1), (high, -1))]

    def beyond(x: Tensor) -> Tensor:
        left, right = (last + slope * (x - end).abs() + curvature * (x - end) ** 2 / 2 for end, last, slope, curvature in sides)
        return torch.where(x < (low + high) / 2, left, right)

    return beyond


def _fitted(log: Tensor, length: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The value, the outward slope and the curvature at the first of some points inwards over a length, (n, 1), of the parabolas that are nearest to
    values there, (n, k); where these are no tail, of a Gaussian of the width that is known."""
    z = torch.linspace(0.0, 1.0, log.shape[1], dtype=log.dtype)
    fit = torch.linalg.lstsq(torch.stack([torch.ones_like(z), -z, z**2 / 2], -1), log.T).solution.T
    value, slope, curvature = fit[:, :1], fit[:, 1:2] / length, fit[:, 2:] / length**2
    tail = (curvature <= 0) & (slope <= 0)
    return torch.where(tail, value, log[:, :1]), slope.clamp_max(0.0), torch.where(tail, curvature, -((_KNOWN_WIDTHS * _BACK / length) ** 2))


def power_around(order: float, density: Callable[[Tensor], Tensor], least: float, log_q: Callable[[Tensor], Tensor], box: Tensor, centre: Tensor) -> float:
    """The same in the plane, along rays from a centre within a box, low and high on both axes, (2, 2): beyond where a density is last above `least`."""
    angles = 2 * torch.pi * torch.arange(_RAYS, dtype=torch.float64) / _RAYS
    rays = torch.stack([torch.cos(angles), torch.sin(angles)], -1)
    limits = torch.where(rays > 0, (box[:, 1] - centre) / rays, (box[:, 0] - centre) / rays)
    longest = torch.where(rays.abs() > 1e-9, limits, torch.inf).amin(1)
    radii = longest[:, None] * torch.linspace(0.0, 1.0, _A_RAY, dtype=torch.float64)
    told = density(centre + radii[..., None] * rays[:, None]) > least
    ends = torch.where(told, radii, 0.0).amax(1)[:, None]
    length = _BACK * 2 * ends
    inwards = length * torch.linspace(0.0, 1.0, _FITTED, dtype=torch.float64)
    last, slope, curvature = _fitted(torch.log(density(centre + (ends - inwards)[..., None] * rays[:, None]).clamp_min(1e-300)), length)
    away = 2 * ends * _LENGTHS * torch.linspace(0.0, 1.0, _POINTS // 10, dtype=torch.float64) ** 2
    log_p = last + slope * away + curvature * away**2 / 2
    power = torch.exp((order * log_p + (1 - order) * log_q(centre + (ends + away)[..., None] * rays[:, None])).clamp(-1e300, 600.0))
    return _CAUTION * float(torch.trapezoid(power * (ends + away), away).sum()) * 2 * torch.pi / _RAYS
