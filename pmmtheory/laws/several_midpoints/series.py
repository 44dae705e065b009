"""The operator of a step with any number of random midpoints: a Hermite series around the mean of the step."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.laws.potential_plane.grid import Grid
from pmmtheory.laws.potential_plane.operator import StepOperator, Term, off, places_of, undone
from pmmtheory.laws.step.midpoint_series import TOLD, endless, heaviest, midpoint_series, nodes_for, untold
from pmmtheory.numerics.spreading import Spreading, spread_block
from pmmtheory.numerics.truncated_series import exponents, place, times_gaussian, totals
from pmmtheory.schemes import Scheme

_DEGREES, _MORE = (8, 10, 12, 14, 16, 18), 2
"""Degrees that a series of the lowest level may have, and by how much one of the next level is longer."""

_HIGHEST = 22
"""The highest degree of a series: it takes a minute of a core."""

_SEEN = 200
"""Starts on which a degree is chosen."""

_LESS = ((1e-7, 4), (1e-11, 8))
"""Where the density is below such a share of the largest, by how much shorter series are."""

_HOPELESS = 100.0
"""How many times as much as there is room for the last terms of every degree may be, for another level to be tried."""

_FAINT = 1e-3
"""The share of rtol that the highest waves of a grid have in the law."""

_ROOM = 0.2
"""What share of rtol the last terms of the lowest level may be of."""


@dataclass
class Series:
    """The operators of a chain, on grids of all levels, with masses (kept,) that tell where its law is.

        P p = IFFT [ sum_alpha (-i zeta)^alpha exp(-|tau zeta|^2 / 2) FFT(S (c_alpha p)) ],  zeta = w xi.

    S spreads a mass at x to E X', and w is the deviation of the noise of a step: see laws.step.midpoint_series. There tau = 1; here tau w is the mean deviation
    of X' on each axis, around which the series is shorter.
    """

    scheme: Scheme
    rtol: float
    _degree: int = 0
    _nodes: int = 0

    def __call__(self, grid: Grid, masses: Tensor, level: int) -> StepOperator:
        """Raises NotConverged where a series takes a higher degree than is computed."""
        weights = masses / masses.sum()
        some, shares = heaviest(weights, _SEEN)
        self._nodes = self._nodes or nodes_for(self.scheme, grid.points[some], shares, TOLD * self.rtol)
        doubt = untold(self.scheme, grid.points, self._nodes + level)
        if float(doubt @ weights) > self.rtol:
            raise NotConverged(f"a rule for the noise of a step of {self.scheme.name}, within which its force turns,", math.nan, self.rtol)
        self._degree = self._degree or self._lowest(grid, some, shares)
        degree = self._degree + _MORE * level
        if degree > _HIGHEST:
            raise NotConverged(f"a Hermite series of degree {degree} of {self.scheme.name}", math.nan, self.rtol)
        mean, series, last = self._series(grid.points, weights, degree, level)
        tau, series = _narrowed(series, weights)
        places = places_of(grid, mean)
        block = spread_block(places[0][:, None], places[1][:, None], masses.new_ones(1), grid.shape)
        first, second = (self._width * frequencies for frequencies in grid.waves())
        gaussian = undone(grid) * np.exp(-(tau[0] * first[:, None] ** 2 + tau[1] * second**2) / 2)
        damping = np.stack([(-1j) ** (i + j) * np.outer(first**i, second**j) * gaussian for i, j in exponents(degree)])
        term = Term(Spreading([block], grid.shape), torch.as_tensor(damping, device=masses.device), series)
        return StepOperator(grid, [term], off(grid, places).to(torch.float64), last - totals(degree, masses.device)[:, None], doubt)

    @property
    def _width(self) -> float:
        return float(self.scheme.dynamics.noise(self.scheme.step_size, 0.0))

    def _series(self, points: Tensor, weights: Tensor, degree: int, level: int) -> tuple[Tensor, Tensor, Tensor]:
        """E X', (n, 2), the series, (k, n), and the degree where each ends, (n,): the sooner, the less mass there is."""
        last = torch.full((len(points),), degree, device=points.device)
        for share, less in _LESS:
            last[weights < share * weights.max()] = max(degree - less, _DEGREES[0] - 2)
        mean, series = midpoint_series(self.scheme, points, last, level, self._nodes)
        return mean, series, last

    def _lowest(self, grid: Grid, some: Tensor, shares: Tensor) -> int:
        """The degree at the lowest level: where the last terms from some starts are next to nothing, or least."""
        least, found = math.inf, 0
        decay = 1 + 2 * math.log(1 / (_FAINT * self.rtol)) / (self._width * math.pi / min(grid.spacings)) ** 2  # of the step's waves, and of the law's
        for degree in _DEGREES:
            _, series = _narrowed(midpoint_series(self.scheme, grid.points[some], torch.full_like(some, degree), 0, self._nodes)[1], shares)
            sizes = zip((series.abs() @ shares).tolist(), exponents(degree), strict=True)
            left = sum(size * _largest(i + j, decay) for size, (i, j) in sizes if i + j > degree - 2)
            if left < least:
                least, found = left, degree
            if left < _ROOM * self.rtol:
                break
        if not least < _HOPELESS * _ROOM * self.rtol:
            raise endless(self.scheme, self.rtol)
        return found


def _narrowed(series: Tensor, weights: Tensor) -> tuple[tuple[float, float], Tensor]:
    """tau_1^2 and tau_2^2, and the series of exp(-|zeta|^2/2) over exp(-|tau zeta|^2/2)."""
    first, second = (2 * series[place(*which)] @ weights for which in ((2, 0), (0, 2)))
    return (1 + float(first), 1 + float(second)), times_gaussian(series, -first / 2, -second / 2)


def _largest(total: int, decay: float) -> float:
    """The largest |zeta|^total exp(-decay |zeta|^2 / 2)."""
    return math.exp(total / 2 * (math.log(total / decay) - 1))
