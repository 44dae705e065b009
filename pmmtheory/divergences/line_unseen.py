"""What divergences count of a law on the line where it has few digits or none."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.divergences.far_tails import DIGITS, continued, counted_beyond
from pmmtheory.divergences.generator import LARGE, SMALLEST, Generator
from pmmtheory.divergences.line_densities import OnGrid

_FAINT = 1e-10
"""A share of the largest density of a law of waves below which few digits of it are known: as much may be missing as is seen of it."""


def unseen(pair: OnGrid, f: Generator, inner: Tensor) -> float:
    """What the law may lack of the start or the process, as it is not told so far out; and where f grows like a power, given the integrand at the known
    points, what it counts beyond, and as much as is seen of it where it has few digits."""
    start, d = pair.law.accuracy.unseen, pair.at_known
    if not f.steep:
        return 0.0 if start is None else start.weighed(lambda log: _per_mass(f, log), _log_q(pair, SMALLEST))
    if start is None:
        return _beyond(pair, f)
    log_q = _log_q(pair, SMALLEST)
    far = 0.0 if not start.moves and start.keeps(log_q, start.log_kept) else _beyond(pair, f)
    faint = inner[(d.p > d.q) & (d.p < _FAINT * pair.law.values.max())]
    return far + float(faint.abs().sum()) * pair.law.spacing + 2 * start.power(f.order or 2.0, log_q)


def _beyond(pair: OnGrid, f: Generator) -> float:
    """Beyond where it has digits, if it goes on as it did: a reference may fall otherwise there, but one that the chain itself is to have."""
    law = pair.law
    if law.truncated or pair.other.known[0] != -math.inf:
        return 0.0
    told = law.grid[law.values > DIGITS * law.uncertainty(law.grid, law.values)]
    if len(told) < 2:
        return 0.0
    ends, log_q = (float(told[0]), float(told[-1])), _log_q(pair, -1e300)
    return counted_beyond(f, continued(lambda x: torch.log(law.density(x.to(told)).clamp_min(1e-300)).cpu(), log_q, ends), log_q, ends)


def _log_q(pair: OnGrid, least: float) -> Callable[[Tensor], Tensor]:
    return lambda x: pair.other.logs(x)[1].clamp_min(least)


def _per_mass(f: Generator, log: Tensor) -> Tensor:
    """|f(t)|/t at these logarithms of t."""
    return f.between(torch.ones_like(log), torch.exp(-log), log, torch.expm1(log.clamp_max(LARGE))).abs()
