"""The bumps of a step with several random midpoints: from each start a Hermite series around a Gaussian of the mean and the variances of the step."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from pmmtheory.laws.plane.bumps import Bumps, ends_of
from pmmtheory.laws.plane.resolution import Resolution
from pmmtheory.laws.step.midpoint_series import TOLD, endless, heaviest, midpoint_series, nodes_for, untold
from pmmtheory.numerics.truncated_series import exponents, place, times_gaussian, totals

_LEAST, _MOST, _STEP, _MORE = 6, 18, 4, 2
"""The lowest and the highest degree of a series, by how much longer one is than that it is held against, and than those of the level below."""

_SEEN = 60
"""Starts on which a rule for the noise is chosen."""

_LIGHTER = 20.0
"""How many times less mass makes a series two degrees shorter."""

_ENOUGH, _FALLS = 0.05, 0.7
"""What share of rtol a series may leave out; and to what share of the same of the one before the last that must have fallen, for a longer one to be tried."""


def by_series(chain: Resolution, x: Tensor, masses: Tensor, t: float) -> Bumps:
    """What the step at time t makes of masses at x, (n, 2).

    Raises
    ------
    NotConverged
        Where the terms of the series do not fall.
    """
    some, shares = heaviest(masses.abs() / masses.abs().sum(), _SEEN)
    nodes = nodes_for(chain.scheme, x[some], shares, TOLD * chain.rtol, t)
    enough, left = _ENOUGH * 0.3**chain.level * chain.rtol, [math.inf]
    for degree in range(_LEAST + _MORE * chain.level + _STEP, _MOST + 1, _STEP):
        found = _cut_off_after(degree, chain, x, masses, t, nodes)
        axes = chain.axes(found.ends, 1 / chain.noise(t))
        cut, wrong = found.against_shorter(axes, _ends_after(degree - _STEP, masses))
        left.append(cut * wrong)
        if left[-1] <= min(left):
            best = replace(found, wrong=wrong)
        if min(left) < enough or left[-1] > _FALLS * left[max(0, len(left) - 3)]:
            break
    if min(left) > chain.rtol:
        raise endless(chain.scheme, chain.rtol)
    return replace(best, doubt=float(masses.abs() @ untold(chain.scheme, x, nodes + chain.level, t)))


def _ends_after(degree: int, masses: Tensor) -> Tensor:
    """The degrees after which series end, (n,): the heaviest after this one, sooner from starts of less mass."""
    less = torch.floor(torch.log(masses.abs().max() / masses.abs()) / math.log(_LIGHTER)).long()
    return (degree - 2 * less).clamp_min(_LEAST)


def _cut_off_after(degree: int, chain: Resolution, x: Tensor, masses: Tensor, t: float, nodes: int) -> Bumps:
    """The bumps by series that end after a degree, or sooner."""
    last = _ends_after(degree, masses)
    mean, series = midpoint_series(chain.scheme, x, last, chain.level, nodes, t)
    narrow, series = _around_own(series)
    series = torch.where(last >= totals(degree, x.device)[:, None], series, 0.0)
    deviation = chain.noise(t) * narrow
    shares = masses * torch.stack([own / (narrow[:, 0] ** i * narrow[:, 1] ** j) for own, (i, j) in zip(series, exponents(degree), strict=True)])
    return Bumps(mean, deviation, shares, last, ends_of(mean, deviation, masses * len(masses), chain.tolerance))


def _around_own(series: Tensor) -> tuple[Tensor, Tensor]:
    """The deviations of a step over that of its noise, (n, 2), and the series of its characteristic function over that of a Gaussian that has them."""
    excess = [2 * series[place(*which)] for which in ((2, 0), (0, 2))]
    return torch.sqrt(1 + torch.stack(excess, -1)), times_gaussian(series, -excess[0] / 2, -excess[1] / 2)
