"""Where the law of a chain on the line lives, how finely it varies there, and a density that is near it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.laws.line.mesh import Mesh, mesh
from pmmtheory.laws.scales import SHORTEST
from pmmtheory.laws.stability import superlinear
from pmmtheory.laws.step.bends import bends
from pmmtheory.laws.step.characteristic import centre
from pmmtheory.laws.step.kernel import noise_scale
from pmmtheory.schemes import Scheme
from pmmtheory.targets.line import LineTarget

_SHARP, _FINE = 1.75, 10.0
"""A panel of a target is narrow below so many spacings of its shortest scale; and holds so many spacings itself."""

_FELT = 1e-7
"""A change of a step that is not felt, in units of its noise."""

_ROUNDINGS = 256
"""How many roundings of its largest number a step may be off by."""


def finer(level: int) -> float:
    """How many times as fine the grids of a level are as those of the lowest."""
    return 1.12**level


def stretched(target: LineTarget, factor: float) -> tuple[float, float]:
    """The support of the target, stretched from its middle."""
    middle = target.mean
    return middle + factor * (target.quadrature.low - middle), middle + factor * (target.quadrature.high - middle)


def width(target: LineTarget, ends: tuple[float, float]) -> float:
    """The shortest scale of the target."""
    return 1 / math.sqrt(steepest(target, ends))


def steepest(target: LineTarget, ends: tuple[float, float]) -> float:
    """max |F''| on an interval."""
    x = torch.linspace(*ends, 2001, dtype=torch.float64)
    return max(float(torch.abs(target.curvature(x)).max()), (8 / (ends[1] - ends[0])) ** 2)


def law_mesh(
    scheme: Scheme,
    target: LineTarget,
    level: int,
    ends: tuple[float, float],
    device: str,
    smallest: float = math.inf,
    kinks: Sequence[float] = (),
    begun: LineTarget | None = None,
) -> Mesh:
    """Points that see the kernel of a step, of the width of the noise narrowed by 1 + a |F''|, and the law, which varies on the scale |F''|^(-1/2)."""
    noise, refine, seen = noise_scale(scheme, target.mean), finer(level), bends(scheme, *ends)
    places = _apart((*target.kinks, *scheme.kinks, *kinks), seen.places, (ends[1] - ends[0]) / 1e3)

    def finest(x: Tensor) -> Tensor:
        steep = torch.abs(target.curvature(x))
        narrow = torch.minimum(seen.noise(x), 1 / (1 + scheme.step_size * steep))  # a step that is quiet where the force is steep does not follow it there
        own = torch.minimum(0.78 * noise * narrow, SHORTEST / torch.sqrt(steep.clamp_min(1e-300)))
        return (own / refine).clamp_max(smallest)

    turns = [_sharp(target, ends, scheme.step_size / noise)]
    if begun is not None:
        turns.append(_sharp(begun, ends, noise))
    at, spacings = (torch.cat(parts) for parts in zip(*turns, strict=True))
    what = f"the law of {scheme.name} on {target.name}"
    return mesh(*ends, finest, places, level, device, what, (at, (spacings / refine).clamp_max(smallest)), _followed(scheme, noise, places))


def _followed(scheme: Scheme, noise: float, places: tuple[float, ...]) -> Callable[[Tensor], Tensor]:
    """Whether a step is a polynomial on panels, as rules take it to be: predicted from Chebyshev nodes half way between them and at the ends, in units of its
    noise. Not at ends where it is known not to be smooth."""
    broken = torch.tensor(places, dtype=torch.float64)
    nodes, between, predicts = _prediction()

    def at(x: Tensor) -> Tensor:
        if scheme.draws:
            return centre(scheme, x, 0.0)[None]
        mean, factor = scheme.step(x, 0.0, {})
        return torch.stack([mean, torch.as_tensor(factor, dtype=x.dtype).expand_as(mean)])

    def fits(edges: Tensor) -> Tensor:
        width = torch.diff(edges)
        seen, asked = (at((edges[:-1, None] + width[:, None] * part).flatten()).reshape(-1, len(width), len(part)) for part in (nodes, between))
        rounding = _ROUNDINGS * torch.finfo(edges.dtype).eps * seen.abs().amax((1, 2), keepdim=True)
        followed = ((seen @ predicts.T - asked).abs() <= _FELT * noise + rounding).all(0)
        known = torch.isin(edges, broken)
        followed[:, 0] |= known[:-1]
        followed[:, -1] |= known[1:]
        return followed.all(1)

    return fits


@cache
def _prediction() -> tuple[Tensor, Tensor, Tensor]:
    """Twelve Chebyshev nodes of a panel, the points between them and its ends, and what values there are by those at the nodes."""
    nodes, between = ((1 - np.cos(np.pi * np.arange(first, 25, 2) / 24)) / 2 for first in (1, 0))
    there, here = (np.polynomial.chebyshev.chebvander(2 * x - 1, 11) for x in (between, nodes))
    return torch.as_tensor(nodes), torch.as_tensor(between), torch.as_tensor(there @ np.linalg.inv(here))


def _sharp(target: LineTarget, ends: tuple[float, float], scale: float) -> tuple[Tensor, Tensor]:
    """Where a force turns more sharply than its slope tells: the middles of the panels of the target that are much narrower, and the spacings that do there.

    Not of those over which the force, in units of 1/scale, changes by nothing.
    """
    edges = target.quadrature.edges
    edges = edges[(edges > ends[0]) & (edges < ends[1])]
    width, middles = torch.diff(edges), (edges[1:] + edges[:-1]) / 2
    steepest = torch.cat([target.curvature(edges), target.curvature(middles)]).abs().max()
    kept = (width < _SHARP * SHORTEST / torch.sqrt(steepest)) & (torch.diff(target.drift(edges)).abs() * scale > _FELT)
    return middles[kept], width[kept] / _FINE


def _apart(known: tuple[float, ...], seen: tuple[float, ...], least: float) -> tuple[float, ...]:
    """Places that are known, and those seen that are none of them, ascending."""
    return tuple(sorted({*known, *(place for place in seen if all(abs(place - other) > least for other in known))}))


def output_grid(scheme: Scheme, target: LineTarget, level: int, ends: tuple[float, float], device: str) -> Tensor:
    """A uniform grid for a law that is as smooth as the noise makes it."""
    spacing = 0.1 * noise_scale(scheme, target.mean) * float(bends(scheme, *ends).quiet.min()) / finer(level)
    n = math.ceil((ends[1] - ends[0]) / spacing) + 1
    if n > 20_000:
        raise NotConverged(f"the law of {scheme.name} on {target.name}, which takes a grid of {n} points,", math.nan, 1.0)
    return ends[0] + spacing * torch.arange(n, dtype=torch.float64, device=device)


def widening(scheme: Scheme, target: LineTarget) -> float:
    """By how much a law of step a is wider than the target: 1/(1 - a lam/2) is the variance of LMC on a Gaussian."""
    return 1.0 if superlinear(target) else 1 / math.sqrt(1 - min(scheme.step_size * max(target.tail_curvature) / 2, 0.97))


def flatness(scheme: Scheme, target: LineTarget) -> float:
    return 1 - min(scheme.step_size * min(max(target.tail_curvature), 1e3) / 2, 0.97)


def reference(scheme: Scheme, target: LineTarget) -> Callable[[Tensor], Tensor]:
    """A density close to that of the law: the target's, flatter where the step is large; a constant where it is not smooth."""
    if target.kinks:
        return torch.ones_like
    flat = flatness(scheme, target)
    if flat > 0.95:
        return target.density
    return lambda x: torch.exp(flat * target.log_density(x))


def scale(scheme: Scheme, target: LineTarget, points: Mesh) -> Tensor:
    """Close to the square root of the density, so that rounding errors are small in L2(1/pi), the norm of chi2, and the tails keep their digits."""
    log_density = flatness(scheme, target) * target.log_density(points.points)
    return torch.sqrt(torch.exp(log_density - log_density.max()) + 1e-24)
