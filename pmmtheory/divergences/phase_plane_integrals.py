"""Integrals of a function of two densities in the phase plane, and what they may be off by: the same for every f-divergence."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.divergences.generator import LARGE, SMALLEST, Generator
from pmmtheory.divergences.phase_plane_panels import ROUGHLY, integrated, panels
from pmmtheory.laws.phase_plane.side import Side

_VELOCITIES = 121
"""On [-9, 9]: a spacing of 0.15, at which the trapezoid rule has all digits of what is smooth on the scale of the normal law."""

Measured = tuple[float, float, float]
"""A divergence, the error of its quadrature, and what of it hangs on how the tails are continued."""


def smooth(one: Side, other: Side, f: Generator, goal: float = 1e-7) -> Measured:
    """int q f(p/q) over both variables, all relative to the normal density of the velocity; and what of it lies beyond the grids or hangs on
    what is unsure of log p and log q."""
    v, share = _velocities(one.device)
    unsure = [0.0]

    def row(u: Tensor) -> Tensor:
        p, q, log_p, log_q = one.ratio(u, v), other.ratio(u, v), one.log_density(u)[:, None], other.log_density(u)[:, None]
        excess = torch.exp((log_p - log_q).clamp(-700.0, 700.0)) * p / q - 1 if one.target is not other.target else (p - q) / q
        log = (log_p - log_q + torch.log(p / q)).clamp_min(SMALLEST)
        density, reference = p * torch.exp(log_p), torch.exp(log_q) * q
        value, doubt = f.between(density, reference, log, excess), (one.unsure(u), other.unsure(u))
        hanging = torch.zeros_like(doubt[0])
        if bool((doubt[0] + doubt[1] > 0).any()):
            hanging = (_weights(f, density, reference, log, excess) @ share * torch.stack(doubt)).sum(0)
        return torch.stack([value @ share, hanging], -1)

    edges = panels((one, other), goal)
    value, error = integrated(row, edges, goal, unsure)
    return value, error, 2 * unsure[0] + _beyond(lambda u: row(u)[:, 0], edges)


def moved(f: Generator, one: Side, other: Side, coarse: Side, place: int) -> float:
    """By how much a divergence may change where log p (place 0) or log q (place 1) moves by what it differs by from the coarser resolution.

    Of absolute values at every point: errors of both signs along the tails may cancel in the divergence of either resolution, and not in that of the law.
    """
    v, share = _velocities(one.device)
    fine = (one, other)[place]

    def row(u: Tensor) -> Tensor:
        p, q, log_p, log_q = one.ratio(u, v), other.ratio(u, v), one.log_density(u)[:, None], other.log_density(u)[:, None]
        log = (log_p - log_q + torch.log(p / q)).clamp_min(SMALLEST)
        weights = _weights(f, p * torch.exp(log_p), q * torch.exp(log_q), log, torch.expm1(log.clamp_max(LARGE)))
        return (weights[place] * torch.abs(torch.log(fine.ratio(u, v) / coarse.ratio(u, v)))) @ share

    return sum(integrated(row, panels((one, other, coarse), ROUGHLY), ROUGHLY))


def _weights(f: Generator, p: Tensor, q: Tensor, log: Tensor, excess: Tensor) -> Tensor:
    """The derivatives of q f(p/q) in log p and in log q: the larger of the first and the second, which counts where the first is none."""
    ratio = torch.exp(log.clamp(max=600.0))
    r, weight = torch.where(log < LARGE, excess, ratio), torch.where(log > 0, p, q * ratio)
    second = weight * f.curvature(log)
    return torch.stack([torch.maximum(weight * torch.abs(f.slope(r, log)), second), torch.maximum(q * torch.abs(f.pull(r, log)), second)])


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
