"""What is integrated of two densities on the line, and what the errors of both do to it: the same for every f-divergence."""

from __future__ import annotations

from dataclasses import fields

import torch
from torch import Tensor

from pmmtheory.divergences.generator import LARGE, SMALLEST, Generator
from pmmtheory.divergences.line_densities import Densities, OnGrid


def depths_of(pair: OnGrid, f: Generator) -> tuple[float, float]:
    """Minus the logarithms of the least that the law, where that matters, and the reference may be."""
    return (pair.own_depth if f.deep else -SMALLEST), pair.depth


def integrand(d: Densities, f: Generator, depths: tuple[float, float]) -> Tensor:
    """(4, ...): q f(p/q), and what the errors of p, of q and of their squares do to it.

    Where a density is not told from none, it may be anything from exp(-depth) to twice its error. A
    reference that is not is taken for its error; where f grows like a power, so that it decides everything, for what it was found to be.
    """
    hidden = torch.zeros_like(d.q, dtype=torch.bool) if f.steep else (d.q <= d.q_error) & (d.q_error > 0)
    d = _raised(d, hidden) if bool(hidden.any()) else d
    log = d.log.clamp_min(SMALLEST)
    value = f.between(d.p, d.q, log, d.excess)
    ratio = torch.exp(log.clamp(max=600))
    r, q = torch.where(log < LARGE, d.excess, ratio), d.q.clamp_min(1e-300)
    first = torch.where(d.p > d.p_error, torch.abs(f.slope(r, log)) * d.p_error, swing(d, f, value, depths[0]))
    relative = torch.where(hidden, 0.0, (d.q_error / q).clamp_max(1e6))
    second = torch.where(hidden, _swing_of_reference(d, f, value, depths[1]), torch.abs(f.pull(r, log)) * d.q_error)
    known = torch.maximum(d.p, d.p_error).clamp_min(1e-300)
    told = (torch.log(known) - torch.log(q)).clamp_min(SMALLEST)
    weight = torch.where(log > 0, d.p, d.q * ratio)
    squares = f.curvature(told) * d.p_error**2 / known + f.curvature(log) * weight * relative**2
    return torch.stack([value, first, second, squares])


def swing(d: Densities, f: Generator, value: Tensor, depth: float) -> Tensor:
    """By how much q f(p/q) changes where p falls to exp(-depth) or grows to twice its error."""
    none, most = torch.zeros_like(d.p), 2 * d.p_error
    least = f.between(none, d.q, none - depth, none - 1)
    log = (torch.log(most.clamp_min(1e-300)) - d.log_q).clamp_min(SMALLEST)
    largest = f.between(most, d.q, log, torch.expm1(log.clamp_max(LARGE)))
    return torch.maximum(torch.abs(least - value), torch.abs(largest - value))


def _raised(d: Densities, hidden: Tensor) -> Densities:
    """With the error of the reference in place of what it was found to be, where it is hidden."""
    raised = Densities.of(d.p, d.p_error, d.q_error, torch.log(d.q_error.clamp_min(1e-300)), d.q_error)
    return Densities(*(torch.where(hidden, getattr(raised, part.name), getattr(d, part.name)) for part in fields(d)))


def _swing_of_reference(d: Densities, f: Generator, value: Tensor, depth: float) -> Tensor:
    """By how much q f(p/q) changes where q falls to exp(-depth) or grows to twice its error."""
    log_p = torch.log(d.p.clamp_min(1e-300))
    changes = [torch.zeros_like(d.p)]
    for log_q in (torch.full_like(d.p, -depth), torch.log((2 * d.q_error).clamp_min(1e-300))):
        log = torch.where(d.p > 0, log_p - log_q, SMALLEST).clamp_min(SMALLEST)
        changes.append(torch.abs(f.between(d.p, torch.exp(log_q), log, torch.expm1(log.clamp_max(LARGE))) - value))
    return torch.stack(changes).amax(0)
