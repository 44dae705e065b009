"""The bumps of a step with several random midpoints: from each start a Hermite series around a Gaussian of the mean and the variances of the step."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.laws.plane.bumps import Bumps, ends_of
from pmmtheory.laws.plane.resolution import Resolution
from pmmtheory.laws.step.midpoint_series import midpoint_series, nodes_for, untold
from pmmtheory.numerics.truncated_series import exponents, place, times_gaussian

_LEAST, _CEILINGS, _MORE = 6, (10, 14, 22), 2
"""The lowest degree of a series, up to which ones degrees are tried, and by how much one of the next level is longer."""

_SEEN = 60
"""Starts on which a degree is chosen."""

_FALL = 20.0
"""How many times less mass makes a series two degrees shorter."""

_ROOM, _ENOUGH, _HOPELESS = 0.02, 0.05, 20.0
"""What share of rtol the last terms of a step are guessed to be of, and what a series is seen to leave out; how many times rtol a guess may be to be tried."""

_TOLD = 1e-2
"""To what share of rtol a rule for the noise must tell what a midpoint pushes."""


def by_series(chain: Resolution, x: Tensor, masses: Tensor, t: float) -> Bumps:
    """What the step at time t makes of masses at x, (n, 2).

    Raises
    ------
    InvalidParameter
        Naming `scheme` where the step has no noise.
    NotConverged
        Where the terms of the series do not fall, or the force turns within the noise of the step.
    """
    if not chain.noise(t) > 0:
        raise InvalidParameter("scheme", chain.scheme.name, "a step with Gaussian noise in both coordinates, for a law in the plane")
    degree, nodes = _length(chain, x, masses.abs() / masses.abs().max(), t)
    best, left, fell = None, math.inf, True
    while fell and left > _ENOUGH * chain.rtol and degree <= _CEILINGS[-1]:
        bumps = _cut_off_after(degree, chain, x, masses, t, nodes)
        _, cut = bumps.on(chain.axes(bumps.ends, 1 / chain.noise(t)))
        fell = cut < left / 2
        if cut < left:
            best, left = bumps, cut
        degree += 2 * _MORE
    if best is None or left > chain.rtol:
        raise _too_long(chain)
    return best


def _cut_off_after(degree: int, chain: Resolution, x: Tensor, masses: Tensor, t: float, nodes: int) -> Bumps:
    """The bumps by series that end after a degree, sooner from starts of less mass."""
    less = torch.floor(torch.log(masses.abs().max() / masses.abs()) / math.log(_FALL)).long()
    last = (degree - 2 * less).clamp_min(_LEAST)
    mean, series = midpoint_series(chain.scheme, x, last, chain.level, nodes, t)
    narrow, series = _around_own(series)
    before = last - torch.tensor([i + j for i, j in exponents(degree)], device=x.device)[:, None]
    series = torch.where(before >= 0, series, 0.0)
    deviation = chain.noise(t) * narrow
    shares = masses * torch.stack([own / (narrow[:, 0] ** i * narrow[:, 1] ** j) for own, (i, j) in zip(series, exponents(degree), strict=True)])
    doubt = float(masses.abs() @ untold(chain.scheme, x, nodes + chain.level, t))
    return Bumps(mean, deviation, shares, last, ends_of(mean, deviation, masses * len(masses), chain.tolerance), doubt)


def _too_long(chain: Resolution) -> NotConverged:
    return NotConverged(f"the Hermite series of {chain.scheme.name}, whose terms do not fall for so long a step,", math.nan, chain.rtol)


def _length(chain: Resolution, x: Tensor, shares: Tensor, t: float) -> tuple[int, int]:
    """The degree after which terms are next to nothing in the law after the step, or least; and how many nodes an axis tell what midpoints push."""
    held = (shares > 1e-3).nonzero()[:, 0]
    some = held[:: max(1, len(held) // _SEEN)]
    nodes = nodes_for(chain.scheme, x[some], shares[some] / shares[some].sum(), _TOLD * chain.rtol, t)
    for most in _CEILINGS:
        sizes = _sizes(chain, x[some], shares[some], t, most, nodes)
        ends = [sizes[k - 1] + sizes[k] for k in range(_LEAST, most + 1, 2)]
        enough = [k for k, end in enumerate(ends) if end < _ROOM * chain.rtol]
        if enough:
            break
    if min(ends) > _HOPELESS * chain.rtol:
        raise _too_long(chain)
    degree = _LEAST + 2 * (enough[0] if enough else ends.index(min(ends))) + _MORE * chain.level
    return min(degree, _CEILINGS[-1]), nodes


def _sizes(chain: Resolution, x: Tensor, shares: Tensor, t: float, most: int, nodes: int) -> list[float]:
    """How large the terms of every degree are in the law after the step."""
    decay = max(1.0, 1 / (chain.noise(t) * chain.roughness(t + chain.scheme.step_size)) ** 2)  # of waves of that law
    _, series = _around_own(midpoint_series(chain.scheme, x, torch.full((len(x),), most, device=x.device), 0, nodes, t)[1])
    sizes = [0.0] * (most + 1)
    for own, (i, j) in list(zip(series, exponents(most), strict=True))[1:]:
        sizes[i + j] += float(own.abs() @ shares / shares.sum()) * math.exp((i + j) / 2 * (math.log((i + j) / decay) - 1))
    return sizes


def _around_own(series: Tensor) -> tuple[Tensor, Tensor]:
    """The deviations of a step over that of its noise, (n, 2), and the series of its characteristic function over that of a Gaussian that has them."""
    excess = [2 * series[place(*which)] for which in ((2, 0), (0, 2))]
    return torch.sqrt(1 + torch.stack(excess, -1)), times_gaussian(series, -excess[0] / 2, -excess[1] / 2)
