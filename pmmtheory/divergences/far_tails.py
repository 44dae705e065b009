"""Powers of densities far beyond where a law is known, where its logarithm goes on as it did: against a reference whose tails change there."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_LENGTHS, _POINTS, _BACK = 12.0, 4001, 0.05
"""How far is looked, in lengths of what is known, and at how many points; and over what part of that length the parabola is read off."""

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
    """A logarithm beyond the ends, as the parabolas through its last values before them: never curved upwards."""
    low, high = ends
    back = _BACK * (high - low)
    sides = []
    for end, inwards in ((low, back), (high, -back)):
        last, near, before = log(torch.tensor([end, end + inwards, end + 2 * inwards], dtype=torch.float64)).tolist()
        curvature = min(0.0, (last - 2 * near + before) / back**2)
        sides.append((end, last, (last - near) / -inwards + curvature * -inwards / 2, curvature))

    def beyond(x: Tensor) -> Tensor:
        left, right = (last + slope * (x - end) + curvature * (x - end) ** 2 / 2 for end, last, slope, curvature in sides)
        return torch.where(x < (low + high) / 2, left, right)

    return beyond


def power_around(order: float, density: Callable[[Tensor], Tensor], least: float, log_q: Callable[[Tensor], Tensor], box: Tensor, centre: Tensor) -> float:
    """The same in the plane, along rays from a centre within a box, low and high on both axes, (2, 2): beyond where a density is last above `least`."""
    angles = 2 * torch.pi * torch.arange(_RAYS, dtype=torch.float64) / _RAYS
    rays = torch.stack([torch.cos(angles), torch.sin(angles)], -1)
    limits = torch.where(rays > 0, (box[:, 1] - centre) / rays, (box[:, 0] - centre) / rays)
    longest = torch.where(rays.abs() > 1e-9, limits, torch.inf).amin(1)
    radii = longest[:, None] * torch.linspace(0.0, 1.0, _A_RAY, dtype=torch.float64)
    told = density(centre + radii[..., None] * rays[:, None]) > least
    ends = torch.where(told, radii, 0.0).amax(1)[:, None]
    back = _BACK * 2 * ends
    log = torch.log(density(centre + (ends - back * torch.arange(3.0))[..., None] * rays[:, None]).clamp_min(1e-300))
    last, near, before = log.split(1, 1)
    curvature = ((last - 2 * near + before) / back**2).clamp_max(0.0)
    slope = (last - near) / back + curvature * back / 2
    away = 2 * ends * _LENGTHS * torch.linspace(0.0, 1.0, _POINTS // 10, dtype=torch.float64) ** 2
    log_p = last + slope * away + curvature * away**2 / 2
    power = torch.exp((order * log_p + (1 - order) * log_q(centre + (ends + away)[..., None] * rays[:, None])).clamp(-1e300, 600.0))
    return _CAUTION * float(torch.trapezoid(power * (ends + away), away).sum()) * 2 * torch.pi / _RAYS
