"""Integrals of a function of two densities on the line, and what they may be off by: the same for every f-divergence."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.generator import LARGE, SMALLEST, Generator, seems_infinite, too_wide
from pmmtheory.divergences.line_densities import Densities, OnGrid
from pmmtheory.divergences.line_integrand import depths_of, integrand, swing
from pmmtheory.divergences.line_unseen import unseen
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.laws import LineLaw
from pmmtheory.laws.step.far_maps import too_wide as is_too_wide
from pmmtheory.numerics.panels import Integrals, integrals
from pmmtheory.numerics.tails import tails
from pmmtheory.numerics.trapezoids import aliased

_SHARE = 0.01
"""Of what the densities do to an integral: a rule that misses less would be refined in vain, down to their noise."""

METHOD = "exact law on the line"

_GOAL = 1e-9
"""What a rule may miss, as a share of the integral of the absolute value."""

_NONE = 1e-9
"""A divergence that is told from none no better."""

_PART = 0.1
"""Of an integral what hangs on densities that are not known is no more than this, where it is told from what they may be."""

_ROUNDED = 1e-8
"""A share of the second moment that is neither rounding nor what each step of a moving law may leave out."""

_FARTHER_OUT = 2.0
"""How many times as much mass that got lost may weigh as where there is last more than that."""

_FARTHER, _ALIKE = 1.5, 0.5
"""How many times more mass beyond a grid may weigh than at its ends, and a logarithm of p/q up to which it weighs no more than without the reference."""


def integrated(pair: OnGrid, f: Generator) -> Estimate:
    """int q f(p/q), with its error in named parts.

    "resolution" and "reference" are what the errors of the first and of the second density do to it, "squares" that to second order;
    "quadrature" is that of the integral; "tails" bounds what lies beyond the points where the densities are known; "ends" counts mass
    that got lost on the way where it weighs most, and what small densities of the law may do beyond its grid.

    Raises
    ------
    InvalidParameter
        Where it is infinite, or the reference is not known where the law has mass.
    """
    if f.steep and math.isfinite(pair.law.accuracy.tail_index) and max(pair.other.far) < math.inf:
        why = "its tails are a power of |x|, those of the reference are Gaussian"
        raise InvalidParameter("law", "tails too heavy for the other", f"laws whose {f.name} is finite: {why}")
    if f.steep and _too_wide(pair, f.order or 2.0):
        raise too_wide(f)
    if f.steep and pair.law.accuracy.apart > 0:
        raise _unresolved("law", f)
    pair = pair.covering(f.deep)
    found = _by_trapezoids(pair, f) if pair.on_one_grid else None
    if found is None:
        found = integrals(lambda x: integrand(pair.at(x), f, depths_of(pair, f)), pair.shared, share=_SHARE)
    value, first, second, squares = found.values.tolist()
    if not math.isfinite(value) or abs(value) > 1e250:
        raise _not_finite(pair, f, "the integrand exceeds what a number holds")
    parts = {"resolution": first, "reference": second, "squares": squares, "quadrature": found.error + 4e-16 * abs(value)}
    if pair.law.errors["ends"] > 0 or pair.other.astray > 0:
        parts["ends"] = _lost(pair, f)
    if pair.law.accuracy.cut + _thrown(pair.law) > 0 and not f.steep:
        parts["ends"] = parts.get("ends", 0.0) + _cut(pair, f)
    if f.deep and pair.law.wider is None and not pair.law.truncated:
        parts["ends"] = parts.get("ends", 0.0) + _FARTHER_OUT * (_missing(pair, f) + abs(f.per_mass(LARGE)) * pair.law.errors["ends"])
    if not pair.law.truncated:
        parts["tails"] = _beyond(pair, f, value, sum(parts.values())) + _unknown(pair, f)
    if not (math.isfinite(sum(parts.values())) and second + squares <= max(abs(value), 1e-10)):
        raise _unresolved("law" if second <= squares else "other", f)
    return Estimate.of(value, METHOD, **parts)


def _too_wide(pair: OnGrid, order: float) -> bool:
    """Whether int p^a q^(1 - a) is infinite, or nearly, for how both laws fall far out."""
    far = pair.law.accuracy.far
    if far is None or pair.law.truncated:
        return False
    return any(is_too_wide(order, own, other) for own, other in zip(far.variances, pair.other.far, strict=True))


def _by_trapezoids(pair: OnGrid, f: Generator) -> Integrals | None:
    """On the grid of the law, where the trapezoid rule is spectrally accurate; None where it misses more than another rule would."""
    grid, spacing = pair.known, pair.law.spacing
    values = integrand(pair.at_known, f, depths_of(pair, f))
    whole, size = values.sum(1) * spacing, float(values[0].abs().sum()) * spacing
    error = aliased(values[0], spacing)
    if error > max(_GOAL * size, _SHARE * float(whole[1:].sum())):
        return None
    return Integrals(whole, error, grid[[0, -1]])


def _beyond(pair: OnGrid, f: Generator, value: float, error: float) -> float:
    """A bound on the integral beyond the points where the law is well known; refuses where it does not decay.

    A density that hangs on kicks may fall more slowly there than before: on the rest of its grid the integral is taken as it is found too. Where f grows like
    a power and the law ends above the reference, its tails must be seen to fall up to where it is last told from none.
    """
    x, d = pair.known, pair.at_known
    inner, *errors = integrand(d, f, depths_of(pair, f))
    hidden = unseen(pair, f, inner)
    if f.steep:
        there = torch.nonzero(d.p > d.p_error).flatten().tolist()
        if not there:
            raise _unresolved("law", f)
        first, last = there[0], there[-1]
        told = slice(first if d.p[first] > d.q[first] else 0, last + 1 if d.p[last] > d.q[last] else len(x))
        x, inner, errors = x[told], inner[told], [part[told] for part in errors]
    seen = inner - torch.stack(errors).sum(0)
    top = int(torch.argmax(seen))
    if min(top, len(x) - 1 - top) <= len(x) // 50 and float(seen[top]) * float(x[-1] - x[0]) > 1e-9 * abs(value) + 1e-14:
        raise _not_finite(pair, f, "the integrand does not decay where the densities are known")
    peak, total = float(x[top]), _held(pair, f) + hidden
    if f.steep and total > max(abs(value), 1e-10):
        raise _unresolved("law", f)
    unsure = torch.stack(errors).sum(0)
    # what lies between the points from which a decay is read off and the last ones is in the integral, but for what hangs on tails of few digits
    light = math.isinf(pair.law.accuracy.tail_index) and not f.steep
    for tail, end in zip(tails(x, torch.abs(inner), unsure, peak, light=False), (peak - float(x[0]), float(x[-1]) - peak), strict=True):
        share, rough = tail.moment(0, end if light else 0.0), tail.density * tail.distance
        if math.isfinite(share):
            total += share
        elif rough <= 1e-3 * (1e-6 * abs(value) + error) or rough < 1e-12:
            total += rough
        elif not f.steep and pair.law.accuracy.tail_index == math.inf and max(_at_most(pair, f) / _PART, error) <= max(abs(value), _NONE):
            return total + _at_most(pair, f)
        elif bool((unsure > torch.abs(inner))[[0, -1]].all()):  # what is seen there is the error of the law
            raise _unresolved("law", f)
        else:
            raise _not_finite(pair, f, "the integrand does not decay where the densities are known")
    return total


def _at_most(pair: OnGrid, f: Generator) -> float:
    """A bound on the integral over what of both grids lies beyond the points where the densities are known."""
    x, (low, high) = pair.grid, pair.known[[0, -1]]
    d = pair.at(x[(x < low) | (x > high)])
    value = f.between(d.p, d.q, d.log.clamp_min(SMALLEST), d.excess)
    return float((value.abs() + swing(d, f, value, depths_of(pair, f)[0])).sum()) * pair.law.spacing


def _held(pair: OnGrid, f: Generator) -> float:
    """The integral over what of the grid of the law lies beyond the points where the densities are known, where the law is above its error or the reference:
    with its error where it is above both; where f grows like a power, there alone."""
    x, (low, high) = pair.law.grid, pair.known[[0, -1]]
    d = pair.at(x[(x < low) | (x > high)])
    above = d.p - d.p_error > d.q
    most = Densities.of(torch.where(above, d.p + d.p_error, d.p), d.p_error, d.q, torch.log(d.p) - d.log, d.q_error)
    return float(integrand(most, f, depths_of(pair, f))[0][above if f.steep else (d.p > d.p_error) | (d.p > d.q)].abs().sum()) * pair.law.spacing


def _missing(pair: OnGrid, f: Generator) -> float:
    """What the reference beyond the grid may count, where f falls steeply from 0: for powers below 1 by Hoelder's inequality, with what of the law is there."""
    missing, left = pair.missing, max(pair.law.errors["ends"], pair.law.beyond(0))
    most = f.at_none(-pair.own_depth) * missing
    if f.order is None or not 0 < f.order < 1:
        return most
    return min(most, 2 * math.exp((1 - f.order) * math.log(max(missing, 1e-300)) + f.order * math.log(max(left, 1e-300))))


def _lost(pair: OnGrid, f: Generator) -> float:
    """What mass of either law that got lost on the way, or lies beyond its grid, does, put where it weighs most: where more is left of both than got lost.

    Mass that went over the ends of the grid was where hardly any of the other law is: unless a power decides, it is put where its own exceeds the other too.
    """
    total, d, length = 0.0, pair.at_known, float(pair.known[-1] - pair.known[0])
    ratio = torch.where(d.log < LARGE, d.excess, torch.exp(d.log.clamp(max=600)))
    slope, left = f.slope(ratio, d.log), 0.0 if pair.law.truncated else pair.law.errors["ends"]
    ours = left if f.deep else pair.law.lost, slope, d.p - d.p_error > d.q
    for lost, weight, more in (ours, (pair.other.astray, f.pull(ratio, d.log), d.q - d.q_error > d.p)):
        seen = torch.minimum(d.p, d.q) * length > lost
        seen = seen if f.steep else seen | more
        if lost > 0 and bool(seen.any()):
            total += (_FARTHER_OUT if f.steep or f.deep else _FARTHER) * lost * float(weight[seen].abs().max())
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


def _cut(pair: OnGrid, f: Generator) -> float:
    """What mass does that left the grid, or that was left out for being too little to matter, and may be far off: as its second moment weighs where f(p/q)
    grows like a quadratic, that of log q between the ends of the grid and four times as far."""
    law, (low, high) = pair.law, pair.law.ends
    away = min(law.mean - low, high - law.mean) * torch.tensor([1.0, 2.0, 4.0], dtype=law.grid.dtype, device=law.grid.device)
    if pair.other.known[0] == -math.inf:
        falls = [(-pair.other.logs(law.mean + side * away)[1]).clamp_min(0) for side in (-1, 1)]
        worth = max(abs(f.per_mass(float(fallen))) / float(far) ** 2 for side in falls for fallen, far in zip(side, away, strict=True))
    else:
        worth = abs(f.per_mass(pair.depth)) / float(away[0]) ** 2
    return float((law.accuracy.cut + _thrown(law)) * worth)


def _thrown(law: LineLaw) -> float:
    """The second moment of mass that left the grid, where it is more than what steps do to it one by one."""
    missed = law.accuracy.missed
    return missed if missed > _ROUNDED * law.covariance else 0.0


def _unknown(pair: OnGrid, f: Generator) -> float:
    """What the mass of the law where the reference is not known may add, if the reference is no smaller than a number can be there."""
    if not f.steep:
        return abs(f.per_mass(pair.depth)) * pair.outside
    if pair.outside > 1e-100:
        raise InvalidParameter("other", "a law whose tails are not known", f"one that is known where the first has mass, for its {f.name}")
    return math.sqrt(pair.outside)


def _not_finite(pair: OnGrid, f: Generator, why: str) -> InvalidParameter:
    """That it is infinite, or, where a density is not told from none at a point where the other is, that this is not known."""
    d = pair.at_known
    law, other = d.p > d.p_error, (d.q > d.q_error) | (d.q_error == 0)
    if bool((law & ~other).any()):
        return _unresolved("other", f)
    return _unresolved("law", f) if bool((other & ~law).any()) and f.deep else seems_infinite(f, why)


def _unresolved(name: str, f: Generator) -> InvalidParameter:
    return InvalidParameter(name, "a law whose tails are not known well enough", f"one for which the {f.name} is decided by densities that are known")
