"""Chains of neighbours on a line: normaliser and moments by products of matrices on a grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pmmtheory.errors import NotConverged

_FIRST, _MOST = 48, 2000
"""Points of the first grid, and of the finest."""

DRAWN = 1600
"""Points between which messages are interpolated for draws."""

_NONE = 1e-300
"""Stands for any smaller number: where the law has no mass."""

_MET = 1e-11
"""What two grids in a row may differ by."""


@dataclass(frozen=True)
class Moments:
    """log int exp(-F), E x_i and the covariances of sites, and errors of all: of the logarithm, and of each moment."""

    log_normaliser: float
    mean: np.ndarray
    covariance: np.ndarray
    log_error: float
    error: float
    nodes: int


@dataclass(frozen=True)
class Transfer:
    """exp(-V(x) - coupling (x - y)^2/2) on a uniform grid x, with V given there."""

    x: np.ndarray
    alone: np.ndarray
    coupling: float

    def messages(self, sites: int) -> tuple[np.ndarray, list[np.ndarray]]:
        """The grid, and for each site log int exp(-what the sites after it add to F) as a function of its place."""
        kernel, step, least = self._kernel, self.x[1] - self.x[0], self.alone.min()
        weight, log, logs = np.exp(least - self.alone), np.zeros(len(self.x)), [np.zeros(len(self.x))]
        for _ in range(sites - 1):
            top = log.max()
            log = np.log(np.maximum(kernel @ (weight * np.exp(log - top)) * step, _NONE)) + top - least
            logs.append(log)
        return self.x, logs[::-1]

    def moments(self, sites: int) -> tuple[float, np.ndarray, np.ndarray]:
        """log int exp(-F), E x_i and E (x_i - m_i)(x_j - m_j)."""
        step, kernel, least = self.x[1] - self.x[0], self._kernel, self.alone.min()
        weight = np.exp(least - self.alone) * step
        _, after = self.messages(sites)
        whole = np.exp(after[0] - after[0].max()) * weight
        log_normaliser = float(np.log(whole.sum()) + after[0].max() - least)
        law, means, chain = whole / whole.sum(), [], []
        for i in range(sites):
            means.append(law @ self.x)
            if i + 1 < sites:  # the law of the next site given this one
                step_on = kernel * (weight * np.exp(after[i + 1] - after[i + 1].max()))
                step_on /= np.maximum(step_on.sum(1, keepdims=True), _NONE)
                chain.append((law, step_on))
                law = law @ step_on
            else:
                chain.append((law, np.empty((0, 0))))
        covariance = np.empty((sites, sites))
        carried = np.empty((len(self.x), 0))  # law_j(y) E(x_i - m_i | x_j = y), one column a site i up to j
        for j, (law, step_on) in enumerate(chain):
            centred = self.x - means[j]
            carried = np.column_stack([carried, law * centred])
            covariance[j, : j + 1] = covariance[: j + 1, j] = centred @ carried
            if j + 1 < sites:
                carried = step_on.T @ carried
        return log_normaliser, np.array(means), covariance

    @property
    def _kernel(self) -> np.ndarray:
        return np.exp(-self.coupling / 2 * (self.x[:, None] - self.x) ** 2)


def refined(operator: Callable[[int, float], Transfer], sites: int, what: str) -> Moments:
    """Moments on finer and finer grids, every other of which reaches a tenth farther, until two agree; raises NotConverged where none do."""
    nodes, reach, gap = _FIRST, 1.0, float("inf")
    before = operator(nodes, reach).moments(sites)
    while (finer := nodes * 3 // 2) <= _MOST:
        reach = 2.1 - reach
        grid = operator(finer, reach)
        now = grid.moments(sites)
        log_gap, *gaps = (float(np.abs(np.subtract(a, b)).max()) for a, b in zip(now, before, strict=True))
        gap = float(np.max([log_gap / sites, *gaps]))
        if gap < _MET:
            rounding = 2.0**-52 * sites * (finer + float(np.abs(grid.alone).min()) + float(np.ptp(grid.alone)))
            size = float(np.abs(now[2]).max()) + float(np.abs(now[1]).max())
            return Moments(*now, 2 * log_gap + rounding, 2 * max(gaps) + rounding * size, finer)
        nodes, before = finer, now
    raise NotConverged(f"moments of {what} on {nodes} points a site", gap, _MET)
