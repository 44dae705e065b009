"""Integrals of a function of two densities on the line, and what they may be off by: the same for every f-divergence."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.divergences.generator import LARGE, SMALLEST, Generator, seems_infinite, too_wide
from pmmtheory.divergences.line_densities import Densities, OnGrid
from pmmtheory.divergences.line_far_out import told_far_out
from pmmtheory.divergences.line_integrand import depths_of, integrand, swing
from pmmtheory.divergences.line_lost import FARTHER_OUT, cut, lost, missing, thrown
from pmmtheory.divergences.line_unseen import unseen
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
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

_GROWN = 2.0
"""How many times the least before a density is that has a mode there."""


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
    pair = told_far_out(pair.covering(f.deep), f)
    found = _by_trapezoids(pair, f) if pair.on_one_grid else None
    if found is None:
        found = integrals(lambda x: integrand(pair.at(x), f, depths_of(pair, f)), pair.shared, share=_SHARE)
    value, first, second, squares = found.values.tolist()
    if not math.isfinite(value) or abs(value) > 1e250:
        raise _not_finite(pair, f, "the integrand exceeds what a number holds")
    parts = {"resolution": first, "reference": second, "squares": squares, "quadrature": found.error + 4e-16 * abs(value)}
    if pair.law.errors["ends"] > 0 or pair.other.astray > 0:
        parts["ends"] = lost(pair, f)
    if pair.law.accuracy.cut + thrown(pair.law) > 0 and not f.steep:
        parts["ends"] = parts.get("ends", 0.0) + cut(pair, f)
    if f.deep and pair.law.wider is None and not pair.law.truncated:
        parts["ends"] = parts.get("ends", 0.0) + FARTHER_OUT * (missing(pair, f) + abs(f.per_mass(LARGE)) * pair.law.errors["ends"])
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
    with its error where it is above both; where f grows like a power, there alone. And what the law may do at modes of the reference."""
    x, (low, high) = pair.law.grid, pair.known[[0, -1]]
    left, right = x[x < low], x[x > high]
    d = pair.at(torch.cat([left, right]))
    above = d.p - d.p_error > d.q
    grown = torch.cat([_grown(d.q[: len(left)].flip(0)).flip(0), _grown(d.q[len(left) :])])
    below = ~above & grown & (d.q > d.p_error + d.q_error)
    most = Densities.of(torch.where(above, d.p + d.p_error, d.p), d.p_error, d.q, torch.log(d.p) - d.log, d.q_error)
    value, *moved = integrand(most, f, depths_of(pair, f)).abs()
    some = below | above if f.steep else below | (d.p > d.p_error) | (d.p > d.q)
    return float(value[some].sum() + sum(moved)[below].sum()) * pair.law.spacing


def _grown(q: Tensor) -> Tensor:
    """Where a density, going outwards, is more than what it was before."""
    return q > _GROWN * torch.cummin(q, 0).values if len(q) else q > 0


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
