"""Integrals of a function of two densities in the plane, and what they may be off by: the same for every f-divergence."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.divergences.far_tails import counted, counted_around
from pmmtheory.divergences.generator import LARGE, SMALLEST, Generator, seems_infinite, too_wide
from pmmtheory.divergences.plane_sides import NOTHING, PlanarLawSide, PlaneSide
from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlanarLaw
from pmmtheory.laws.line.unseen import TOLD, Unseen
from pmmtheory.laws.plane.far import far_covariance

METHOD = "exact law in the plane"

_BEYOND = 50.0
"""Where another law is not known, log(p/q) is taken for this."""

_DIM = 0.05
"""The largest part of a divergence that may hang on densities that are not known."""

_PLACES = 7
"""To a side, at which two targets are compared."""

_ACROSS, _SIDES = 201, 48
"""Points on an axis at which it is looked between modes, and sides of a hull around them."""

_ROUNDING, _SOLVED = 1e-13, 1e-3
"""Shares of the largest density: what the digits of a law leave, and what a solver that is left with 1 does far out."""


def integrated(law: PlanarLaw, other: PlaneSide, f: Generator) -> Estimate:
    """int q f(p/q), with an error that is the sum of named parts.

    "resolution": what the distance to the coarser law gives, the difference of the values with it, and what is counted where it is not known. "reference":
    what the values of the other are off by, with what its solver left and the mass that it lost. "solver": what the solver of the law left. "tails": what
    the outermost part of the grid holds, for what is beyond it, and densities that are not told from none, which count as much as is seen of them. Of these a
    steep divergence counts none that its coarser law does not show too: there the law is taken to go on falling as it does before.

    Raises
    ------
    InvalidParameter
        Where the integrand does not decay before the law ends, or the law has mass where the other is not known.
    """
    if f.steep and other.everywhere and law.far is not None:
        length = float((law.box[:, 1] - law.box[:, 0]).max())
        if law.far.wider(f.order or 2.0, far_covariance(other.reference, length)):
            raise too_wide(f)
    value, tails, reference = _integral(law, other, f)
    coarse = law.coarse if law.coarse is not None else law
    change = abs(_integral(law, PlanarLawSide(coarse), f, beyond=False)[0])
    apart = abs(value - _integral(coarse, other, f)[0])
    moved = 2 * law.unplaced
    doubted = 0.0 if law.coarse is None else _doubted(law, law.coarse, other, f)
    parts = {"resolution": law.caution * (2 * math.sqrt(abs(value) * change) + change + apart + doubted), "ends": 2 * law.lost * (1 + abs(value))}
    parts["solver"] = _second_order(value, moved)
    reference += _second_order(value, other.left) + 2 * other.lost * (1 + abs(value))
    if f.steep:
        unseen = _unseen(law, other, f)
        if unseen > _DIM * value and unseen > 1e-10:
            raise _too_dim(max(TOLD, law.floor), f)
        tails += unseen
    return Estimate.of(value, METHOD, **parts, tails=tails, reference=reference, rounding=1e-14 * (1 + abs(value)))


def _second_order(value: float, moved: float) -> float:
    """By how much a divergence changes when a law moves so far, in the norm of chi2: by its slope, twice its root, and its curvature."""
    return 2 * math.sqrt(abs(value)) * moved + moved**2


def finer(law: PlanarLaw, spacings: tuple[float, ...]) -> int:
    """How many times as fine a grid must be to see a density of these spacings too."""
    return max(1, *(math.ceil(own / theirs - 1e-9) for own, theirs in zip(law.spacings, spacings, strict=True)))


def _integral(law: PlanarLaw, other: PlaneSide, f: Generator, beyond: bool = True) -> tuple[float, float, float]:
    """The integral, what its tails may hold, and what the other law may change of it; of the other beyond the grid only where it is asked for."""
    times = finer(law, other.spacings)
    axes = law.finer(times)
    cell = math.prod(float(axis[1] - axis[0]) for axis in axes)
    seen, most = law.on(axes), float(law.values.max())
    faint = seen <= law.floor * most
    p = torch.where(faint, 0.0, seen)
    log_q, unknown = other.logs(axes)
    log_q, known = torch.where(unknown, 0.0, log_q), ~unknown
    q = torch.exp(log_q)
    log, excess = _ratios(p, log_q)
    told = known & ~(faint & (q <= 1e2 * law.floor * most))  # both are next to nothing elsewhere, and their ratio is not known
    values = torch.where(told, f.between(p, q, log, excess), 0.0)
    bounded = f.at_none() < -SMALLEST / 10
    missing = max(0.0, 1 - float(q[known].sum()) * cell) if beyond else 0.0
    value = float(values.sum()) * cell + (f.at_none() * missing if bounded else 0.0)
    reference = _hidden(p, known, cell, value, log, f) if beyond else 0.0
    if not other.everywhere:
        shift = torch.where(known, other.shift(axes, log_q), 0.0)
        ratio = torch.exp(log.clamp(max=600))
        r = torch.where(log < LARGE, excess, ratio)
        moved = q * f.pull(r, log).abs() * shift + torch.where(log > 0, p, q * ratio) * f.curvature(log) * shift**2
        reference += float(moved[known].sum()) * cell
    margins = [1 + len(axis) // 12 for axis in axes]
    last = (p > 0) & (p <= 1e2 * law.floor * most)  # what densities that are not told from none may add, by the last two decades that are
    rest = torch.where(known, values - q * (f.at_none() if bounded else 0.0), 0.0).abs()  # without what is left where p is none, which is all seen
    tails = float(rest.sum() - rest[margins[0] : -margins[0], margins[1] : -margins[1]].sum()) * cell
    hidden = known & ~told & (_nearby(law, axes, seen, times) if f.steep else True)
    dim = (float(torch.where(last, values, 0.0).abs().sum()) + _untold(seen, log_q, hidden, f, law.floor * most)) * cell
    if other.everywhere and dim > _DIM * value and dim > 1e-10 and tails <= _DIM * value:
        raise _too_dim(law.floor, f)
    tails += dim
    if other.everywhere and tails > _DIM * value and tails > 1e-10:
        raise seems_infinite(f, "the integrand does not decay before the law ends") if f.steep else _too_dim(max(law.floor, law.edge), f)
    if f.deep:
        tails += (0.0 if bounded else f.at_none() * missing) + _swing(p, log_q, known, values, f, max(NOTHING, law.floor)) * cell
    return value, tails, reference


def _doubted(law: PlanarLaw, coarse: PlanarLaw, other: PlaneSide, f: Generator) -> float:
    """What is counted where the logarithm of the coarser law is not known, and a distance to it tells nothing."""
    axes = law.finer(finer(law, other.spacings))
    p, (log_q, unknown), none = law.on(axes), other.logs(axes), PlanarLawSide(coarse).logs(axes)[1]
    where = none & ~unknown & (p > law.floor * law.values.max())
    p, log_q = p[where], log_q[where]
    return float(f.between(p, torch.exp(log_q), *_ratios(p, log_q)).abs().sum()) * math.prod(float(axis[1] - axis[0]) for axis in axes)


def _unseen(law: PlanarLaw, other: PlaneSide, f: Generator) -> float:
    """What may be missing where a divergence grows like a power: of the start, and far out, where a reference may fall otherwise than where the law
    is told."""
    order, log_q = f.order or 2.0, other.reference.log_density
    found = 0.0 if law.unseen is None else 2 * law.unseen.power(order, log_q) + _between(law, f, law.unseen, log_q)
    if not other.everywhere or _alike(law, other):
        return found
    least = max(_ROUNDING, law.floor) * float(law.values.max())

    def error(x: Tensor) -> Tensor:
        change = 0.0 if law.coarse is None else (law.density(x) - law.coarse.density(x)).abs().cpu()
        return least + change * torch.ones(x.shape[:-1], dtype=torch.float64)

    return found + counted_around(f, lambda x: law.density(x).cpu(), error, log_q, law.box, law.mean.cpu())


def _between(law: PlanarLaw, f: Generator, start: Unseen, log_q: Callable[[Tensor], Tensor]) -> float:
    """What may lie between modes, of the law and of the start, where the law may be anything below what steps leave out: in the hull of them all."""
    most = start.left_out * float(law.values.max())
    if start.modes is None or not most > 0:
        return 0.0
    box = torch.cat([law.box.T, start.modes])
    axes = tuple(torch.linspace(float(low), float(high), _ACROSS, dtype=torch.float64) for low, high in zip(box.amin(0), box.amax(0), strict=True))
    angles = 2 * torch.pi * torch.arange(_SIDES, dtype=torch.float64) / _SIDES
    normals, x = torch.stack([torch.cos(angles), torch.sin(angles)]), torch.cartesian_prod(*axes)
    told = law.density(x.to(law.values)).cpu() > most
    places = torch.cat([x[told], start.modes])
    between = ~told & (x @ normals <= (places @ normals).amax(0)).all(1)
    log = log_q(x[between])
    return float(counted(f, torch.full_like(log, math.log(most)), log).sum()) * math.prod(float(axis[1] - axis[0]) for axis in axes)


def _alike(law: PlanarLaw, other: PlaneSide) -> bool:
    """Whether the reference is what the chain itself is to have: then the tails of the law turn where those of the reference do."""
    places = torch.cartesian_prod(*(torch.linspace(float(low), float(high), _PLACES, dtype=torch.float64) for low, high in law.box))
    return torch.allclose(law.reference.log_density(places), other.reference.log_density(places), rtol=1e-9, atol=1e-9)


def _too_dim(share: float, f: Generator) -> InvalidParameter:
    known_to = f"known to {share:.1g} of its largest density"
    return InvalidParameter("law", known_to, f"one that is known as far out as {f.name} needs: a smaller rtol, or a reference that is wider")


def _ratios(p: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    """log(p/q), no less than -700, and p/q - 1."""
    log = torch.where(p > 0, torch.log(p) - log_q, SMALLEST).clamp_min(SMALLEST)
    excess = torch.where(log < 0.5, p / torch.exp(log_q).clamp_min(1e-300) - 1, torch.expm1(log.clamp_max(LARGE)))
    return log, excess


def _untold(seen: Tensor, log_q: Tensor, where: Tensor, f: Generator, most: float) -> float:
    """What densities may count that are not told from none, at most so large each.

    What they are more than q, of which waves about it have none, times the slope of the chord of f from 1 to the largest ratio.
    """
    p, log_q = seen[where], log_q[where]
    q = torch.exp(log_q)
    if f.steep:
        return float(f.between(p, q, *_ratios(p, log_q)).abs().sum())
    log = (math.log(max(most, 1e-300)) - log_q).clamp_min(1.0)
    chord = f.between(torch.ones_like(q), torch.exp(-log), log, torch.expm1(log.clamp_max(LARGE))) / -torch.expm1(-log)
    return abs(float(((p - q) * chord).sum()))


def _nearby(law: PlanarLaw, axes: tuple[Tensor, Tensor], seen: Tensor, times: int) -> Tensor:
    """Where a density is larger than the distance to the coarser law in the cells around, and than what its solver left: the law has mass there."""
    if law.coarse is None:
        return torch.zeros_like(seen, dtype=torch.bool)
    change = (seen - law.coarse.on(axes)).abs()
    near = torch.nn.functional.max_pool2d(change[None], 4 * times + 1, 1, 2 * times)[0]
    return seen > 4 * near + max(_ROUNDING, _SOLVED * law.unplaced) * float(law.values.max())


def _swing(p: Tensor, log_q: Tensor, known: Tensor, values: Tensor, f: Generator, share: float) -> float:
    """What densities of the law that are not told from none may change."""
    most = share * p.max()
    none = known & (p <= most)
    if not bool(none.any()):
        return 0.0
    zero, q, now = torch.zeros_like(log_q[none]), torch.exp(log_q[none]), values[none]
    log, excess = _ratios(zero + most, log_q[none])
    changes = f.between(zero, q, zero + SMALLEST, zero - 1) - now, f.between(zero + most, q, log, excess) - now
    return float(torch.maximum(changes[0].abs(), changes[1].abs()).sum())


def _hidden(p: Tensor, known: Tensor, cell: float, value: float, log: Tensor, f: Generator) -> float:
    """What the mass of the law where the other is not known may add."""
    hidden = float(p[~known].sum()) * cell
    if not hidden > 0:
        return 0.0
    beside = log[known & (p > 0)]
    largest = math.log(10) + float(beside.max()) if len(beside) else math.inf
    worth = math.inf if largest == math.inf else abs(f.per_mass(largest if f.steep else _BEYOND))
    if not (hidden * worth < 0.05 * value or hidden * worth < 1e-6):
        raise InvalidParameter("law", f"{hidden:.2g} of its mass where the other is not known", f"two laws that overlap, for {f.name}; tv serves any")
    return hidden * worth
