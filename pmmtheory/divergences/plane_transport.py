"""W2 in the plane.

For T = id + grad phi with a positive definite slope, W2(p, T#p)^2 = int |grad phi|^2 p, exactly, and by how much T#p differs from q is bounded by a norm.
"""

from __future__ import annotations

import math

import torch

from pmmtheory.divergences.plane_apart import cost
from pmmtheory.divergences.plane_integrals import finer
from pmmtheory.divergences.plane_map import PlaneMap
from pmmtheory.divergences.plane_sides import PlaneSide
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlanarLaw

METHOD = "map between laws in the plane"

_STEPS = 25
_CLOSE, _SOLVED, _ENOUGH = 1e-8, 1e-10, 1e-3
"""What is left of the distance, relative to it, at which a map is close enough; of an equation, at which it is solved; and where only the norm counts."""


def w2_plane(law: PlanarLaw, other: PlaneSide) -> Estimate:
    """W2, with an error in named parts.

    "map": 2 ||p - q(T) det T'||, a bound on W2(T#p, q), with ||r||^2 = int grad eta.T'^-1 grad eta w for div(w T'^-1 grad eta) = r, times what T
    stretches. "resolution": twice that norm of the law less its coarser one. "solver" and "reference": what the law's equation was left with and what the
    reference is off by, in total variation, over the root of the gap of w. "ends": mass that was lost, moved as far as the grid is wide. "tails": what
    densities that are not told from none may add, by the last two decades that are: the map is not known at their rim. "apart": modes of either that are
    too faint or too far for the map.

    Raises
    ------
    InvalidParameter
        Where the reference has mass beyond three times the grid of the law.
    NotConverged
        Where the map is not found and twice as fine a grid brings it no nearer: laws too far apart for Newton's method.

    Source: Brenier 1991; Peyre 2018 (Comparison between W2 distance and the dual of H^1), Theorem 1, for the bound.
    """
    least, best, refused = finer(law, other.spacings), None, None
    for times in (least, 2 * least, 3 * least):
        try:
            found = _on_grid(law, other, times)
        except NotConverged as error:
            if best is None and refused is not None and error.reached > refused.reached / 2:
                raise
            refused = error
            continue
        best = found if best is None or found.error < best.error else best
        if found.parts["map"] <= max(_CLOSE * found.value, found.error - found.parts["map"]):
            break
    if best is None:
        raise refused or NotConverged("the map between two laws in the plane", math.inf, law.numerical_error)
    return best


def _on_grid(law: PlanarLaw, other: PlaneSide, times: int) -> Estimate:
    """W2 on a grid so many times as fine as that of the law."""
    about = PlaneMap(law, other, times)
    p, moved, slope = about.p, *about.first
    first, left, before = 0.0, math.inf, math.inf
    for _ in range(_STEPS):
        step, turn, left = about.solved(about.rest(moved, slope)[0], max(_SOLVED, min(_ENOUGH, _SOLVED * first / before)))
        first = max(first, left)
        if left <= _CLOSE * about.size(moved) or left > before / 2:
            break
        moved, slope, before = moved + step, slope + turn, left
        about.linearise(slope)
    size, stretch = about.size(moved), about.stretch(slope)
    left = about.solved(about.rest(moved, slope)[1], _ENOUGH)[2]
    if not left * stretch**2 < 0.05 * size + 1e-12 * math.sqrt(float(law.covariance.trace())):
        raise NotConverged("the map between two laws in the plane: they are too far apart for Newton's method", left, law.numerical_error)
    coarse = law.coarse if law.coarse is not None else law
    resolution = about.solved(about.told(p - coarse.on(about.axes).clamp_min(0.0)), _ENOUGH)[2]
    unit, apart = 2 / math.sqrt(about.gap()), math.hypot(size, math.sqrt(cost(law, other, about))) - size
    if apart > size:
        raise InvalidParameter("other", "mass far beyond the grid of the law", "a reference that is not much wider than the law, for w2 in the plane")
    return Estimate.of(
        size,
        METHOD,
        map=2 * stretch**2 * left,
        resolution=2 * law.caution * resolution,
        solver=unit * law.unplaced,
        reference=unit * other.off,
        ends=math.hypot(size, math.sqrt(law.lost + other.lost) * about.width) - size,
        tails=math.hypot(size, about.size(moved, torch.where(p <= 1e4 * about.floor, p, 0.0))) - size,
        apart=apart,
        rounding=1e-15 * about.width,
    )
