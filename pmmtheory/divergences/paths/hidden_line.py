"""Paths at the substeps on smooth targets on the line, for few substeps: rules for the normals of the fine chain, and all sets of midpoints.

With r = p/q of a path from x, KL = E_Q[r log r - r + 1]; X after i substeps, and which midpoints came before, take values whose number grows with i alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pmmtheory.divergences.generators.kl import entropy
from pmmtheory.divergences.paths.gaussian import WORST
from pmmtheory.divergences.paths.hidden import listed
from pmmtheory.divergences.paths.hidden_forms import sets_of
from pmmtheory.divergences.paths.line import grid_of, masses_on, smooth_on_line
from pmmtheory.divergences.paths.paths import PathComparison, Paths, change
from pmmtheory.errors import InvalidParameter, NotConverged
from pmmtheory.estimate import Estimate
from pmmtheory.laws.engine import Refusal
from pmmtheory.laws.line.grids import steepest
from pmmtheory.laws.step.kernel import transition_matrix
from pmmtheory.numerics.rules import gauss_hermite
from pmmtheory.schemes import PoissonStructure, Scheme
from pmmtheory.targets.line import on_the_line

_NODES = {1: (61, 49, 53), 2: (49, 41, 45), 3: (25, 21, 23), 4: (10, 9, 8), 5: (7, 6, 5), 6: (6, 5, 4)}
"""For each normal of a path, by the number of substeps; and two fewer, to tell their error."""

_EVEN, _REACH = 17, 8.5
"""From so many nodes on they are evenly spaced, out to so many deviations: a ratio that grows like a Gaussian no polynomial follows."""

_LOGS = _REACH**2 / 2
"""What a normal may add to log r where the rule misses mass of the scheme."""

_STRIDE = 0.24, 0.3, 0.27
"""The spacing of starts, over the shortest scale of the target: every so many points of the grid of the laws."""

_AT_ONCE = 4_000_000
"""Numbers in the largest table."""

_SAME = 1e-11
"""A difference of the noise of a finer step, relative to that of a substep, that is none."""

_FAINT = 1e-16
"""A share of the mass at whose points no path is looked at."""


class HiddenOnLine(PathComparison):
    """Up to six substeps."""

    rank, hidden = 2, True

    def supports(self, paths: Paths) -> Refusal | None:
        if (refusal := smooth_on_line(paths) or listed(paths)) is not None:
            return refusal
        most = max(_NODES)
        return None if paths.many <= most else Refusal("substeps", paths.many, f"at most {most} on the line for paths at the substeps, by quadrature")

    def kl(self, paths: Paths) -> Estimate:
        fine, coarse = (_starts(paths, level) for level in (1, 0))
        values, ends = zip(*(_mean(paths, starts, rule) for rule, starts in enumerate((fine, coarse, coarse))), strict=True)
        value, added, off = values[0], ends[0], change(*values)
        rounding = 1e-15 * paths.steps * paths.many * math.sqrt(abs(value)) + 1e-28
        if not off + added <= WORST * value + rounding:
            raise NotConverged(f"the KL of the paths of {paths.scheme.name} at the substeps", (off + added) / value if value else math.nan, WORST)
        return Estimate.of(max(value, 0.0), "chain rule, quadrature over paths and all sets of midpoints", resolution=2 * off, ends=added, rounding=rounding)


def _starts(paths: Paths, level: int) -> tuple[Tensor, float, float, Tensor]:
    """A uniform grid and its spacing, and on it what share of the law is missing, and sum_t of the law of X_t, as masses."""
    x, dx = grid_of(paths, level)
    step = transition_matrix(paths.scheme, x, 0.0, level) if paths.steps > 1 else torch.zeros(0)
    return x, dx, *masses_on(paths, x, dx, step)


def _mean(paths: Paths, starts: tuple[Tensor, float, float, Tensor], coarser: int) -> tuple[float, float]:
    """The sum over the steps, and what the mass that is left out may add; by the finest rules for 0, or others."""
    target, structure = on_the_line(paths.scheme.dynamics.target), paths.scheme.structure
    assert structure is not None
    x, dx, lost, masses = starts
    stride = max(1, math.floor(_STRIDE[coarser] / math.sqrt(steepest(target, (float(x[0]), float(x[-1])))) / dx))
    x, masses = x[::stride], masses[::stride] * stride
    seen = masses > _FAINT * masses.max()
    x, masses = x[seen], masses[seen]
    rule = _Rule.of(structure, paths.fine, _NODES[paths.many][coarser])
    most = max(1, _AT_ONCE // (rule.nodes**paths.many * len(rule.weights)))
    each, missed = torch.cat([rule.kl(part) for part in x.split(most)], 1)
    return float(masses @ each), lost * float(each.abs().max()) + paths.many * _LOGS * float(masses @ missed.abs())


@dataclass(frozen=True)
class _Rule:
    """All sets of midpoints of a step, the finer scheme, and a rule for each normal."""

    pmm: PoissonStructure
    fine: Scheme
    sets: np.ndarray
    weights: np.ndarray
    nodes: int

    @classmethod
    def of(cls, pmm: PoissonStructure, fine: Scheme, nodes: int) -> _Rule:
        return cls(pmm, fine, *sets_of(pmm), nodes)

    @property
    def points(self) -> tuple[Tensor, Tensor]:
        """Of the standard normal law, with weights."""
        if self.nodes < _EVEN:
            zeta, shares = (torch.as_tensor(part) for part in gauss_hermite(self.nodes))
            return zeta, shares
        zeta = torch.linspace(-_REACH, _REACH, self.nodes, dtype=torch.float64)
        weights = torch.exp(-(zeta**2) / 2)
        return zeta, weights / weights.sum()

    def kl(self, x: Tensor) -> Tensor:
        """From every start, and what the rule makes of E_Q[r - 1], which is 0, (2, m)."""
        ratios, (_, weights) = self._logs(x), self.points
        u = torch.einsum("smn,s->mn", torch.expm1(ratios), torch.as_tensor(self.weights)).clamp_min(-1.0)
        value = torch.stack([entropy(u), u])
        for _ in range(self.sets.shape[1]):
            value = value.reshape(2, len(x), -1, self.nodes) @ weights
        return value[:, :, 0] if value.ndim > 2 else value

    def _logs(self, x: Tensor) -> Tensor:
        """log p_H/q for every set, start and path, (sets, m, nodes^K): a path gains a normal, and prefixes of sets a mark, with every substep."""
        pmm, system, h, k = self.pmm, self.pmm.dynamics, self.pmm.substep, self.sets.shape[1]
        zeta, sigma, b0 = self.points[0], float(pmm.dynamics.noise(pmm.substep, 0.0)), system.drift(x, 0.0)[:, None]
        state, apart, logs = x[:, None], x.new_zeros((1, len(x), 1)), x.new_zeros((1, len(x), 1))
        before = np.zeros((1, 0))
        for i in range(k):
            prefixes, parent = _grown(before, self.sets[:, : i + 1])
            delay = torch.tensor(i * h, dtype=torch.float64)
            pushed = pmm.push(pmm.midpoint_force(state - apart, 0.0, delay) - b0, delay) if i else torch.zeros_like(apart)
            pushed = pushed[parent] * torch.as_tensor(prefixes[:, i, None, None])
            fine = self._finer(state, sigma)
            delta = (fine - system.transport(h, state, 0.0) - system.respond(h, b0, 0.0) - pushed) / sigma
            logs = (logs[parent][..., None] - delta[..., None] * (zeta + delta[..., None] / 2)).reshape(len(prefixes), len(x), -1)
            apart = (system.transport(h, apart[parent], 0.0) + pushed).repeat_interleave(self.nodes, -1)
            state, before = (fine[..., None] + sigma * zeta).reshape(len(x), -1), prefixes
        order = [int(np.flatnonzero((before == row).all(1))[0]) for row in self.sets]
        return logs[order]

    def _finer(self, state: Tensor, sigma: float) -> Tensor:
        """The mean of a finer step; raises InvalidParameter where its noise is not that of a substep."""
        mean, factor = self.fine.step(state, 0.0, {})
        if not bool(((torch.as_tensor(factor, dtype=state.dtype).abs() - sigma).abs() <= _SAME * sigma).all()):
            raise InvalidParameter("fine", self.fine.name, "a scheme whose noise is that of the substeps: EulerMaruyama")
        whole: Tensor = mean.expand(state.shape)
        return whole


def _grown(before: np.ndarray, sets: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The different beginnings of sets, and which of those before, shorter by a substep, each continues."""
    prefixes = np.unique(sets, axis=0)
    return prefixes, [int(np.flatnonzero((before == row[:-1]).all(1))[0]) for row in prefixes]
