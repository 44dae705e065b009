"""Integrals of a function of two densities in the phase plane, and what they may be off by: the same for every f-divergence."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.divergences.far_tails import continued, counted_beyond
from pmmtheory.divergences.generator import LARGE, SMALLEST, Generator
from pmmtheory.divergences.phase_plane_panels import ROUGHLY, integrated, panels
from pmmtheory.laws.phase_plane.side import DOUBTED, Side

_VELOCITIES = 121
"""On [-9, 9]: a spacing of 0.15, at which the trapezoid rule has all digits of what is smooth on the scale of the normal law."""

_FAR = 1.0
"""A change of the logarithm of a density beyond which it is not followed by its derivative."""

_UNTOLD = 1e3
"""How many times more or less than what is not told from none a density may be there, but for more than is told anywhere."""

Measured = tuple[float, float, float]
"""A divergence, the error of its quadrature, and what of it hangs on how the tails are continued."""


def smooth(one: Side, other: Side, f: Generator, goal: float = 1e-7, floor: float = 0.0) -> Measured:
    """int q f(p/q) over both variables, all relative to the normal density of the velocity; and what of it lies beyond the grids or hangs on
    what is unsure of log p and log q, or on densities that are not told from none.

    floor : of p/(pi phi), where what is below does not matter.
    """
    v, share = _velocities(one.device)
    unsure = [0.0]

    def row(u: Tensor) -> Tensor:
        raw, least = _known(one, other, u, v)
        p, q = (torch.maximum(ratio, low).clamp_min(floor) for ratio, low in zip(raw, least, strict=True))
        (value, weights), doubt = _between(f, one, other, u, p, q), (one.unsure(u), other.unsure(u))
        hanging = (weights @ share * torch.stack(doubt)).sum(0) if bool((doubt[0] + doubt[1] > 0).any()) else torch.zeros_like(doubt[0])
        for place in (0, 1):
            if bool((low := (raw[place] < least[place]) & (floor < least[place])).any()):
                for other_least in ((_UNTOLD * least[place]).clamp_max(DOUBTED), least[place] / _UNTOLD):
                    ratios = [p, q]
                    ratios[place] = torch.where(low, other_least, ratios[place])
                    hanging = hanging + (_between(f, one, other, u, *ratios)[0] - value).abs() @ share
        if f.steep:  # as much may be missing of what is seen of tails of which few digits are known
            above = torch.log(p / q) > (other.log_density(u) - one.log_density(u))[:, None]
            hanging = hanging + torch.where(one.faint(u), torch.where(above, value.abs(), 0.0) @ share, 0.0)
        return torch.stack([value @ share, hanging], -1)

    edges = panels((one, other), goal)
    value, error = integrated(row, edges, goal, unsure)
    return value, error, 2 * unsure[0] + _beyond(lambda u: row(u)[:, 0], edges) + (_farther(one, other, f, edges) if f.steep else 0.0)


def moved(f: Generator, one: Side, other: Side, coarse: Side, place: int) -> float:
    """By how much a divergence may change where log p (place 0) or log q (place 1) moves by what it differs by from the coarser resolution.

    Of absolute values at every point: errors of both signs along the tails may cancel in the divergence of either resolution, and not in that of the law.
    Where it moves far, by what the integrand itself does.
    """
    v, share = _velocities(one.device)

    def row(u: Tensor) -> Tensor:
        raw, least = _known(one, other, u, v)
        ratios = [torch.maximum(ratio, low) for ratio, low in zip(raw, least, strict=True)]
        value, weights = _between(f, one, other, u, *ratios)
        told, ratios[place] = ratios[place], torch.maximum(coarse.ratio(u, v), least[place])
        far = (change := torch.abs(torch.log(told / ratios[place]))) > _FAR
        small = torch.where(far, 0.0, weights[place] * change)
        return (small + torch.where(far, (_between(f, one, other, u, *ratios)[0] - value).abs(), 0.0) if bool(far.any()) else small) @ share

    return sum(integrated(row, panels((one, other, coarse), ROUGHLY), ROUGHLY))


def _known(one: Side, other: Side, u: Tensor, v: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The ratios of both laws to their targets on a product, as they are computed, and the least of each that is told from none."""
    raw = one.ratio(u, v), other.ratio(u, v)
    return raw, (one.least(u, v, raw[0]), other.least(u, v, raw[1]))


def _between(f: Generator, one: Side, other: Side, u: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """q f(p/q) where the laws have these ratios to their targets, and its derivatives in log p and in log q."""
    log_p, log_q = one.log_density(u)[:, None], other.log_density(u)[:, None]
    excess = torch.exp((log_p - log_q).clamp(-700.0, 700.0)) * p / q - 1 if one.target is not other.target else (p - q) / q
    log = (log_p - log_q + torch.log(p / q)).clamp_min(SMALLEST)
    density, reference = p * torch.exp(log_p), torch.exp(log_q) * q
    return f.between(density, reference, log, excess), _weights(f, density, reference, log, excess)


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


def _farther(one: Side, other: Side, f: Generator, edges: Tensor) -> float:
    """What the positions beyond the panels count, where the first law goes on as it did, and the second as a constant times its target."""

    def log(side: Side) -> Callable[[Tensor], Tensor]:
        return lambda u: side.log_density(u).clamp_min(-1e300) + torch.log(side.rho(u)[:, 0].clamp_min(1e-300))

    own = log(one) if one.law is None else continued(log(one), one.log_density, one.law.told)
    return counted_beyond(f, own, log(other), (float(edges[0]), float(edges[-1])))


def _beyond(row: Callable[[Tensor], Tensor], edges: Tensor) -> float:
    """What lies beyond both ends of the panels, where an integrand falls no more slowly than over the last of them; infinite where it does not fall."""
    last, before = row(edges[[0, -1, 1, -2]]).abs().reshape(2, 2)
    rate = torch.log(before / last.clamp_min(1e-300)) / (edges[[1, -1]] - edges[[0, -2]])
    return float(torch.where(last < 1e-250, 0.0, torch.where(rate > 0, last / rate, math.inf)).sum())
