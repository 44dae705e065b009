"""One step that is a map of the line drawn at random: without noise, but with draws. The law after it is a mixture of images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.inhomogeneous.pushforward import IncreasingMap, tabulated
from pmmtheory.laws.inhomogeneous.resolution import Masses, Resolution
from pmmtheory.laws.inhomogeneous.still import mapped
from pmmtheory.laws.line.law import LineLaw
from pmmtheory.laws.line.shown import ROUNDING, line_law
from pmmtheory.laws.line.start import Start
from pmmtheory.laws.step.cubature import STILL, cubature

LEAST = 200
"""The fewest points of a grid."""


def mixed(chain: Resolution, start: Start, t: float, doubt: float) -> Callable[[float], LineLaw]:
    """The law after the step at time t on a grid of a given spacing: sum_q w_q p(x_q)/T_q'(x_q) at y = T_q(x_q), over the nodes of its draws.

    What its source is off by between grid points, and by rounding, it is off by too.

    Parameters
    ----------
    doubt : float
        What the density of an image may be in doubt by, relative to itself.

    Raises
    ------
    InvalidParameter
        Where the rule of a draw extrapolates: weights that are no probabilities do not bound what they add up.
    NotMonotone
        Where one of the maps decreases at points that carry mass.
    NotConverged
        Where a grid would need too many points.
    """
    scheme = chain.scheme
    if not all(draw.spanned for draw in scheme.draws.values()):
        raise InvalidParameter("scheme", scheme.name, "one whose midpoints can be listed, where its steps have no noise: one a step, or up to 12 substeps")
    at = cubature(scheme, chain.level, chain.device, normal=lambda name, component: STILL, t=t)
    outer = start.point + torch.tensor([-1.0, 1.0], dtype=torch.float64, device=chain.device) * start.loss.reach
    draws = [{name: scheme.draws[name].mapped(value, itemgetter((..., k))) for name, value in at.draws.items()} for k in range(len(at))]
    flows = [IncreasingMap(partial(_moved, chain, t, each), scheme.name, chain.device, also=outer) for each in draws]
    before = 0.0 if start.law is None else start.law.errors["interpolation"] + start.law.errors["rounding"]
    target = chain.target(t + scheme.step_size)

    def on(spacing: float) -> LineLaw:
        tables = [tabulated(start, flow, spacing, LEAST) for flow in flows]
        low, high = min(float(y[0]) for _, y, _ in tables), max(float(y[-1]) for _, y, _ in tables)
        grid = torch.linspace(low, high, max(LEAST, int((high - low) / spacing) + 2), dtype=torch.float64, device=chain.device)
        density, unsure = torch.zeros_like(grid), torch.zeros_like(grid)
        for weight, flow, (x, y, slope) in zip(at.weights, flows, tables, strict=True):
            inside = (grid >= y[0]) & (grid <= y[-1])
            place, steep, off = flow.inverse(grid[inside], x, y, slope, doubt)
            image = weight * start.spread(place) / steep
            density[inside] += image
            unsure[inside] += image.abs() * off
        rounded = [flow.rounding(start) for flow in flows] if chain.level else [(0.0, 0.0)]  # the lowest is never shown
        masses = density * (grid[1] - grid[0])
        images = torch.cat([flow.images(outer) for flow in flows])
        reach = float((images - Masses(grid, masses).mean).abs().max())
        shift = ROUNDING + max(moved for _, moved in rounded) / float(grid.abs().max())
        amplified = before + max(off for off, _ in rounded) + float(unsure.sum() * (grid[1] - grid[0])) / 2
        return line_law(grid, masses, target, start.loss.carried(reach).beside(masses), shift, amplified)

    return on


def _moved(chain: Resolution, t: float, draws: dict[str, Any], x: Tensor) -> Tensor:
    """Where the step takes points (n,) with these draws."""
    scheme, system = chain.scheme, chain.scheme.dynamics
    as_x = {name: scheme.draws[name].mapped(value, lambda part: part.to(x.dtype) if part.is_floating_point() else part) for name, value in draws.items()}
    return system.position(mapped(scheme, system.lift(x, torch.Generator()), t, as_x))
