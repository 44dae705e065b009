"""What divergences count of a law on the line where it has few digits or none."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.divergences.far_tails import DIGITS, continued, counted, counted_beyond, falling, slowest
from pmmtheory.divergences.generator import LARGE, SMALLEST, Generator
from pmmtheory.divergences.line_densities import OnGrid
from pmmtheory.laws.line.unseen import End, Unseen, top_of

_FAINT = 1e-10
"""A share of the largest density of a law of waves below which few digits of it are known: as much may be missing as is seen of it."""

_POINTS = 4001
"""At which it is looked between modes, and around them."""


def unseen(pair: OnGrid, f: Generator, inner: Tensor) -> float:
    """What the law may lack of the start or the process, as it is not told so far out; and where f grows like a power, given the integrand at the known
    points, what it counts beyond, and as much as is seen of it where it has few digits."""
    start, d = pair.law.accuracy.unseen, pair.at_known
    if not f.steep:
        return 0.0 if start is None else start.weighed(lambda log: _per_mass(f, log), _log_q(pair, SMALLEST))
    if start is None:
        return _beyond(pair, f, own=False) + _at_modes(pair, f)
    log_q = _log_q(pair, SMALLEST)
    far = _beyond(pair, f, own=not start.moves and start.keeps(log_q, start.log_kept)) + _at_modes(pair, f)
    if start.carried:
        return far + 2 * start.power(f.order or 2.0, log_q) + _farther(pair, f, start)
    faint = inner[(d.p > d.q) & (d.p < _FAINT * pair.law.values.max())]
    return far + float(faint.abs().sum()) * pair.law.spacing + 2 * start.power(f.order or 2.0, log_q) + _between(pair, f, start, log_q)


def _between(pair: OnGrid, f: Generator, start: Unseen, log_q: Callable[[Tensor], Tensor]) -> float:
    """Between modes, of the law and of what is not seen of the process, where the law may be anything below what steps leave out."""
    law, most = pair.law, start.left_out * float(pair.law.values.max())
    if start.modes is None or not most > 0:
        return 0.0
    places = torch.cat([law.grid[law.values > most].cpu(), start.modes])
    x = torch.linspace(float(places.min()), float(places.max()), _POINTS, dtype=torch.float64)
    log = torch.where(law.density(x.to(law.grid)).cpu() > most, -math.inf, math.log(most))
    return float(torch.trapezoid(counted(f, log, log_q(x)), x))


def _at_modes(pair: OnGrid, f: Generator) -> float:
    """At modes of which it has no digits: a Gaussian no higher than the law may be there, and as wide as it is far out."""
    law, far = pair.law, pair.law.accuracy.far
    if law.accuracy.floor == 0 or law.truncated or far is None or not far.modes:
        return 0.0
    places = torch.tensor(far.modes, dtype=law.grid.dtype, device=law.grid.device)
    p = law.density(places).clamp_min(0.0)
    error = law.uncertainty(places, p)
    hidden = p < DIGITS * error
    variance, (low, high), total = max(far.variances), law.ends, 0.0
    away, log_q = torch.linspace(low - high, high - low, _POINTS, dtype=torch.float64), _log_q(pair, -1e300)
    for place, most in zip(places[hidden].tolist(), (p + error)[hidden].tolist(), strict=True):
        log = math.log(most) - away**2 / (2 * variance) if variance > 0 else torch.full_like(away, math.log(most))
        total += float(torch.trapezoid(counted(f, log, log_q(place + away)), away))
    return total


def _beyond(pair: OnGrid, f: Generator, own: bool) -> float:
    """Beyond where it has digits, if it goes on as it did, or falls as slowly as it does far out.

    A reference may fall otherwise there, but one that the chain itself is to have: then the second alone.
    """
    law = pair.law
    if law.truncated or pair.other.known[0] != -math.inf:
        return 0.0
    told = law.grid[law.values > DIGITS * law.uncertainty(law.grid, law.values)]
    if len(told) < 2:
        return 0.0
    ends, log_q = (float(told[0]), float(told[-1])), _log_q(pair, -1e300)

    def log_p(x: Tensor) -> Tensor:
        return torch.log(law.density(x.to(told)).clamp_min(1e-300)).cpu()

    widths, centres = ((0.0, 0.0), ()) if law.accuracy.far is None else (law.accuracy.far.variances, law.accuracy.far.centres)
    inside = told.cpu()
    left, right = (top_of(x, log_p(x)) for x in (inside.flip(0), inside))
    tops = min((left, *centres)), max((right, *centres))
    slowly = falling(log_p, ends, tops, widths)
    if own:
        return counted_beyond(f, slowly, log_q, ends)
    alike = continued(log_p, log_q, ends)
    return counted_beyond(f, lambda x: torch.maximum(alike(x), slowly(x)), log_q, ends)


def _farther(pair: OnGrid, f: Generator, start: Unseen) -> float:
    """What of the start is beyond where its parts are told."""
    variances = (0.0, 0.0) if pair.law.accuracy.far is None else pair.law.accuracy.far.variances
    log_q = _log_q(pair, -1e300)

    def beyond(x: Tensor, end: End, variance: float) -> Tensor:
        return end.value + slowest((x - end.place).abs(), end.slope, end.curvature, abs(end.place - end.top), variance)

    def of_part(left: End, right: End) -> float:
        def log_p(x: Tensor) -> Tensor:
            return torch.where(x < (left.place + right.place) / 2, beyond(x, left, variances[0]), beyond(x, right, variances[1]))

        return counted_beyond(f, log_p, log_q, (left.place, right.place))

    return sum(of_part(left, right) for left, right in start.ends if left is not None and right is not None)


def _log_q(pair: OnGrid, least: float) -> Callable[[Tensor], Tensor]:
    return lambda x: pair.other.logs(x)[1].clamp_min(least)


def _per_mass(f: Generator, log: Tensor) -> Tensor:
    """|f(t) - f(0)|/t at these logarithms of t, of f alone where that is infinite at 0."""
    none = torch.exp(-log) * (0.0 if f.deep else f.at_none())
    return (f.between(torch.ones_like(log), torch.exp(-log), log, torch.expm1(log.clamp_max(LARGE))) - none).abs()
