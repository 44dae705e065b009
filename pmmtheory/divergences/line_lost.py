"""What a divergence on the line counts of mass that got lost on the way to a law, or lies beyond its grid."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.generator import LARGE, Generator
from pmmtheory.divergences.line_densities import OnGrid
from pmmtheory.laws import LineLaw

_ROUNDED = 1e-8
"""A share of the second moment that is neither rounding nor what each step of a moving law may leave out."""

FARTHER_OUT = 2.0
"""How many times as much mass that got lost may weigh as where there is last more than that."""

_FARTHER, _ALIKE = 1.5, 0.5
"""How many times more mass beyond a grid may weigh than at its ends, and a logarithm of p/q up to which it weighs no more than without the reference."""


def missing(pair: OnGrid, f: Generator) -> float:
    """What the reference beyond the grid may count, where f falls steeply from 0: for powers below 1 by Hoelder's inequality, with what of the law is there."""
    beyond, left = pair.missing, max(pair.law.errors["ends"], pair.law.beyond(0))
    most = f.at_none(-pair.own_depth) * beyond
    if f.order is None or not 0 < f.order < 1:
        return most
    return min(most, 2 * math.exp((1 - f.order) * math.log(max(beyond, 1e-300)) + f.order * math.log(max(left, 1e-300))))


def lost(pair: OnGrid, f: Generator) -> float:
    """What mass of either law that got lost on the way, or lies beyond its grid, does, put where it weighs most: where more is left of both than got lost.

    Mass that went over the ends of the grid was where hardly any of the other law is: unless a power decides, it is put where its own exceeds the other too.
    """
    total, d, length = 0.0, pair.at_known, float(pair.known[-1] - pair.known[0])
    ratio = torch.where(d.log < LARGE, d.excess, torch.exp(d.log.clamp(max=600)))
    slope, left = f.slope(ratio, d.log), 0.0 if pair.law.truncated else pair.law.errors["ends"]
    ours = left if f.deep else pair.law.lost, slope, d.p - d.p_error > d.q
    for mass, weight, more in (ours, (pair.other.astray, f.pull(ratio, d.log), d.q - d.q_error > d.p)):
        seen = torch.minimum(d.p, d.q) * length > mass
        seen = seen if f.steep else seen | more
        if mass > 0 and bool(seen.any()):
            total += (FARTHER_OUT if f.steep or f.deep else _FARTHER) * mass * float(weight[seen].abs().max())
    return total if f.steep or f.deep or left == 0 else total + _not_there(pair, f, slope)


def _not_there(pair: OnGrid, f: Generator, slope: Tensor) -> float:
    """What mass beyond the grid of the law does where there is about as much of the reference at its ends, or more; elsewhere it is told by what is found.

    For it the rest is scaled up, which f feels by its mean slope, and where it should be there is none: as far as the chord of f from 0 tells at the ends,
    and all of the reference there at most, which counts as without any of the law.
    """
    x, d, (low, high), left = pair.known, pair.at_known, pair.law.ends, pair.law.errors["ends"]
    inside = torch.nonzero((x >= low) & (x <= high) & (d.p > d.p_error)).flatten()
    last = torch.cat([inside[: 1 + len(inside) // 20], inside[-1 - len(inside) // 20 :]])
    if not len(inside) or bool((d.log[last] > _ALIKE).any()):
        return 0.0
    mean = float(torch.where(d.p > 0, d.p * slope, 0.0).sum() / d.p.sum())
    chord = _FARTHER * float(torch.abs((f.between(d.p, d.q, d.log, d.excess)[last] - f.at_none() * d.q[last]) / d.p[last]).max())
    return left * abs(mean) + min(left * chord, f.at_none() * pair.other.beyond(low, high))


def cut(pair: OnGrid, f: Generator) -> float:
    """What mass does that left the grid, or that was left out for being too little to matter, and may be far off: as its second moment weighs where f(p/q)
    grows like a quadratic, that of log q between the ends of the grid and four times as far."""
    law, (low, high) = pair.law, pair.law.ends
    away = min(law.mean - low, high - law.mean) * torch.tensor([1.0, 2.0, 4.0], dtype=law.grid.dtype, device=law.grid.device)
    if pair.other.known[0] == -math.inf:
        falls = [(-pair.other.logs(law.mean + side * away)[1]).clamp_min(0) for side in (-1, 1)]
        worth = max(abs(f.per_mass(float(fallen))) / float(far) ** 2 for side in falls for fallen, far in zip(side, away, strict=True))
    else:
        worth = abs(f.per_mass(pair.depth)) / float(away[0]) ** 2
    return float((law.accuracy.cut + thrown(law)) * worth)


def thrown(law: LineLaw) -> float:
    """The second moment of mass that left the grid, where it is more than what steps do to it one by one."""
    missed = law.accuracy.missed
    return missed if missed > _ROUNDED * law.covariance else 0.0
