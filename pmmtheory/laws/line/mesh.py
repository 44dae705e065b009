"""Points and weights with which a law on the line is integrated."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.numerics.rules import gauss_legendre

MOST = 6000
"""Points beyond which a law is out of reach: its matrix has the square of them."""

_UNIFORM = 1500
"""Points beyond which a graded mesh is tried."""

_FOLLOWED = 4000
"""Points beyond which panels are no longer halved for what they do not fit, as a step with many kinks."""

_PANEL, _NARROWEST = 7, 1e-9
"""How many spacings of a uniform grid a panel is wide; and the share of the interval below which one is not halved for what it does not fit."""


@dataclass(frozen=True)
class Mesh:
    """A quadrature rule on an interval: the trapezoid rule, spectrally accurate, or Gauss-Legendre rules on panels.

    Attributes
    ----------
    points, weights : (n,) tensors
    uniform : bool
        Whether it is the trapezoid rule.
    followed : bool
        Whether what was to fit does.
    """

    points: Tensor
    weights: Tensor
    uniform: bool
    followed: bool = True


def mesh(
    low: float,
    high: float,
    scale: Callable[[Tensor], Tensor],
    kinks: Sequence[float],
    level: int,
    device: str,
    what: str,
    sharp: tuple[Tensor, Tensor] | None = None,
    fits: Callable[[Tensor], Tensor] | None = None,
) -> Mesh:
    """A rule for functions that vary on the given scale, finer with the level: uniform where it can be.

    scale : maps points to the spacing of a uniform grid that would do there. kinks : where the functions are not smooth. sharp : places between points
    at which the scale is looked at, and the spacings that would do there. fits : whether a panel between two of some edges (n + 1,) is seen by a rule, (n,).
    A graded rule takes over where they have kinks, or where a narrow scale somewhere would make a uniform grid too large.

    Raises
    ------
    NotConverged
        Where more than 6000 points are needed; nothing of that size is made.
    """
    x = torch.linspace(low, high, 2001, dtype=torch.float64)
    places, spacings = sharp or (x[:0], x[:0])
    least = min([float(scale(x).min()), *spacings.tolist()])
    needed = (high - low) / least + 1
    inside = [kink for kink in kinks if low < kink < high]
    even = not inside and needed <= 1.2 * MOST
    if even and fits is not None:
        even = bool(fits(torch.linspace(low, high, math.ceil(needed / _PANEL) + 1, dtype=torch.float64)).all())
    if even and needed <= _UNIFORM:
        return uniform(low, high, least, device)
    order = 10 + 2 * level
    edges = _graded(low, high, scale, inside, level, places, spacings, fits, _FOLLOWED // order if fits is not None else MOST)
    if fits is not None and len(edges) > _FOLLOWED // order:
        return replace(mesh(low, high, scale, kinks, level, device, what, sharp), followed=False)
    nodes, shares = (torch.as_tensor(part, dtype=torch.float64) for part in gauss_legendre(order))
    width = torch.diff(edges)
    graded = Mesh((edges[:-1, None] + width[:, None] * nodes).flatten().to(device), (width[:, None] * shares).flatten().to(device), False)
    if even and needed < 1.2 * len(graded.points):
        graded = uniform(low, high, least, device)
    if len(graded.points) > MOST:
        raise NotConverged(f"{what}, which takes {min(len(graded.points), 10**9):.3g} points or more,", math.nan, 1.0)
    return graded


def uniform(low: float, high: float, spacing: float, device: str) -> Mesh:
    """The trapezoid rule about the middle of the interval; its ends are at those of the interval or just beyond.

    Its points are equally far apart as they are, not but for rounding: many steps add up what one is off by.
    """
    n = max(16, math.ceil((high - low) / spacing) + 1)
    unit = 4 * math.ulp(max(abs(low), abs(high), high - low))
    middle, half = unit * round((low + high) / 2 / unit), unit * max(1, math.ceil(spacing / 2 / unit))
    points = middle + half * (2 * torch.arange(n, dtype=torch.float64, device=device) - (n - 1))
    return Mesh(points, torch.full_like(points, 2 * half), True)


def _graded(
    low: float,
    high: float,
    scale: Callable[[Tensor], Tensor],
    kinks: Sequence[float],
    level: int,
    places: Tensor,
    spacings: Tensor,
    fits: Callable[[Tensor], Tensor] | None,
    most: int,
) -> Tensor:
    """Edges of panels, each a few scales wide at most and one that fits, with edges at the kinks: halved until they are."""
    ends = torch.tensor([low, *kinks, high], dtype=torch.float64)
    first = torch.cat([torch.linspace(float(a), float(b), 8 + 3 * level, dtype=torch.float64)[:-1] for a, b in zip(ends[:-1], ends[1:], strict=True)])
    edges = torch.cat([first, ends[-1:]])
    inner = torch.linspace(0, 1, 17, dtype=torch.float64)
    for _ in range(40):
        width = torch.diff(edges)
        allowed = scale(edges[:-1, None] + width[:, None] * inner).min(1).values
        allowed = allowed.scatter_reduce(0, torch.searchsorted(edges, places).sub_(1), spacings, "amin")
        wide = width > _PANEL * allowed
        if fits is not None:
            wide |= ~fits(edges) & (width > _NARROWEST * (high - low))
        if not bool(wide.any()) or len(edges) > most:
            break
        edges = torch.sort(torch.cat([edges, (edges[:-1] + width / 2)[wide]])).values
    return edges
