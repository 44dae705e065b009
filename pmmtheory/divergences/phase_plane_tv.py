"""Total variation in the phase plane: for every position the integral over the velocity is exact between the roots of a polynomial."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.phase_plane_panels import integrated, panels
from pmmtheory.laws.phase_plane.operator import hermite
from pmmtheory.laws.phase_plane.side import Side

_TOLD, _ROUNDING = 1e-2, 1e-14
"""What need not be told: this share of what the laws are off by, and what rounding does. Laws that are the same but for that differ by noise, which no
panel resolves."""


def tv_phase_plane(one: Side, other: Side, goal: float = 1e-7) -> tuple[float, float]:
    """int |p - q| / 2, and the error of its quadrature."""
    size = max(one.modes, other.modes)

    def row(u: Tensor) -> Tensor:
        return _absolute(one.modes_at(u, size) - other.modes_at(u, size)) / 2

    value, error = integrated(row, panels((one, other)), goal, floor=_TOLD * (one.carried + other.carried) + _ROUNDING)
    return min(value, 1.0), 4 * error


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
