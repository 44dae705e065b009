"""Several steps of a law on one grid, as long as it serves them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pmmtheory.laws.inhomogeneous.resolution import Masses, Resolution
from pmmtheory.laws.inhomogeneous.step import as_expected
from pmmtheory.laws.step.parts import step_parts

_DEEPER = 1.5
"""How many deviations more of a Gaussian are kept than matter: what is cut off is lost at every step."""

_ROUNDED = 1e-14
"""Mass that rounding gives or takes."""


def stay(chain: Resolution, law: Masses, times: Sequence[float]) -> tuple[Masses, int]:
    """The law after as many of the steps at these times as its grid serves, and how many; each step is one Gaussian from every point.

    A grid serves a step that puts no mass beyond it, from which the kernel is seen, and whose law is no rougher than was expected.
    """
    spacing, ends = float(law.points[1] - law.points[0]), law.outer
    starts, masses = torch.cat([law.points, ends]), law.masses
    means, deviations, laws = [], [], [masses]
    for t in times:
        parts = step_parts(chain.scheme, starts, t, 0.0, chain.depth, chain.level)
        mean, deviation = parts.mean[0, :, 0], float(parts.deviation)
        masses = _blurred(mean[:-2], masses, deviation, law.points, spacing, chain.depth + _DEEPER)
        means.append(mean)
        deviations.append(deviation)
        laws.append(masses)
    every, centres, noise = torch.stack(laws), torch.stack(means), masses.new_tensor(deviations)
    whole = every.sum(1)
    left, middles = torch.diff(whole).abs(), (every @ law.points / whole)[1:]
    slopes = torch.diff(centres[:, :-2]).abs().amax(1) / (spacing * noise)
    seen = slopes <= _steepest(chain, law.band, spacing)
    seen[:-1] &= seen[1:].clone()  # a step is not made to where the next cannot be made from
    served = seen & as_expected(chain, law, every[1:]) & (left <= 2e-2 * chain.tolerance + _ROUNDED)
    done = int(served.long().cumprod(0).sum())
    steps = (centres[:, -2:] - middles[:, None]).abs().amax(1) / law.loss.reach
    reach = law.loss.reach
    for slope, deviation in zip(steps[:done].tolist(), deviations[:done], strict=True):
        reach = math.hypot(slope * reach, deviation)
    loss, now = law.loss.carried(reach), replace(law, masses=every[done])
    middle = now.mean
    reach = max(reach, middle - float(law.points[0]), float(law.points[-1]) - middle)
    return replace(now, loss=replace(loss, mass=loss.mass + float(left[:done].sum()), reach=reach)), done


def _blurred(points: Tensor, masses: Tensor, deviation: float, grid: Tensor, spacing: float, depth: float) -> Tensor:
    """Masses (n,) at points, each blurred by the same Gaussian, on a uniform grid: the Gaussian at the points of the grid that it reaches."""
    width = min(math.ceil(depth * deviation / spacing), len(grid))
    offsets = torch.arange(2 * width + 1, device=grid.device)
    place = (points - grid[0]) / spacing
    first = torch.ceil(place - width).clamp_(-len(offsets), len(grid))
    values = ((first - place)[:, None] + offsets).square_().mul_(-0.5 * (spacing / deviation) ** 2).exp_().mul_(masses[:, None])
    column = (first.to(torch.long) + len(offsets))[:, None] + offsets
    found = torch.bincount(column.reshape(-1), values.reshape(-1), len(grid) + 2 * len(offsets))
    return found[len(offsets) : len(offsets) + len(grid)] * (spacing / (math.sqrt(2 * math.pi) * deviation))


def _steepest(chain: Resolution, band: float, spacing: float) -> float:
    """The band of a kernel up to which it is seen at this spacing, next to a law of the given band."""
    return math.sqrt(max(0.0, (chain.spacing(1.0, 0.0) / (spacing * (1 - 1e-9))) ** 2 - band**2))
