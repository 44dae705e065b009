"""The mean deviations of a chain on Gaussian data given its random times, between bounds that hold.

Given the midpoints of all steps the state is Gaussian on every axis, with a variance that obeys v' = R^2 v + Q: R and Q are those of the midpoints of a
step. Its moments follow step by step, exactly where all midpoints are listed, and so does a number that it never falls below. For a concave function such
as the root, whose derivatives alternate in sign, the Gauss-Radau rule with a node at that number is below the mean, and the Gauss rule is above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step.affine import AffineSteps
from pmmtheory.laws.step.axes import OnAxes
from pmmtheory.schemes import Scheme
from pmmtheory.schemes.midpoint_sets import LISTED

_DEGREE = 4
"""Of the moments: two nodes beside the least variance."""

_DIGITS = 1e-13
"""What the moments are taken to have lost, relative to the mean variance."""


@dataclass(frozen=True)
class ConditionalVariance:
    """E v (axes,), the moments E (v/E v - 1)^k for k = 0..4, (5, axes), and a variance that is never fallen below, (axes,)."""

    mean: Tensor
    moments: Tensor
    least: Tensor

    @classmethod
    def fixed(cls, variances: Tensor) -> ConditionalVariance:
        """Of a Gaussian."""
        moments = torch.zeros((_DEGREE + 1, len(variances)), dtype=torch.float64)
        moments[0] = 1.0
        return cls(variances, moments, variances)

    def after(self, steps: AffineSteps, listed: bool) -> ConditionalVariance:
        """After one step; whether its nodes are all that there is."""
        if steps.matrix.shape[-1] > 1 or bool((steps.offset != 0).any()) or bool((steps.weights < 0).any()):
            raise InvalidParameter("scheme", "a step of several blocks, of another mean, or with many Bernoulli midpoints", _ALLOWED)
        square, noise, shares = steps.matrix[..., 0, 0] ** 2, steps.noise[..., 0, 0], steps.weights[:, None]
        mean = (shares * (square * self.mean + noise)).sum(0)
        grown, shift = square * self.mean / mean, (square * self.mean + noise) / mean - 1
        moments = [sum(comb(k, j) * (shares * grown**j * shift ** (k - j)).sum(0) * self.moments[j] for j in range(k + 1)) for k in range(_DEGREE + 1)]
        least = (square * self.least + noise).amin(0) if listed else torch.zeros_like(mean)
        moments[1] = torch.zeros_like(mean)  # what it is but for rounding
        return ConditionalVariance(mean, torch.stack([torch.as_tensor(m) for m in moments]), least)

    @property
    def root(self) -> tuple[Tensor, Tensor]:
        """Bounds on E sqrt(v), (axes,) each: that of two nodes where it is the better one and has digits, else that of one."""
        low = (self.least / self.mean - 1).clamp(-1.0, 0.0)
        spread = self.moments[2] > _DIGITS
        safe = torch.where(spread, low, -1.0)
        one, two = self._one(safe), self._two(safe)
        found = torch.where(two.isfinite(), torch.maximum(one, two), one)
        below = torch.where(spread, found, 1 - _DIGITS / 2)
        return torch.sqrt(self.mean) * (below - _DIGITS), torch.sqrt(self.mean)

    def _one(self, low: Tensor) -> Tensor:
        node = -self.moments[2] / low
        share = -low / (node - low)
        return share * torch.sqrt(1 + node) + (1 - share) * torch.sqrt(1 + low)

    def _two(self, low: Tensor) -> Tensor:
        """By the two-point rule of the measure (y - low) dP; NaN where rounding leaves no such rule."""
        c = [self.moments[k + 1] - low * self.moments[k] for k in range(4)]
        size = c[0] * c[2] + c[1] ** 2
        gram = c[0] * c[2] - c[1] ** 2
        half, rest = (c[0] * c[3] - c[1] * c[2]) / gram / 2, (c[1] * c[3] - c[2] ** 2) / gram
        gap = torch.sqrt(half**2 - rest)
        upper, lower = half + gap, half - gap
        high = (c[1] - c[0] * lower) / (upper - lower)
        weights = torch.stack([high / (upper - low), (c[0] - high) / (lower - low)])
        own = 1 - weights.sum(0)
        value = own * torch.sqrt(1 + low) + (weights * torch.sqrt(1 + torch.stack([upper, lower]))).sum(0)
        proper = (gram > 1e-9 * size) & (lower > low) & (weights >= 0).all(0) & (own >= 0)
        return torch.where(proper, value, torch.nan)


def has_listed(scheme: Scheme) -> bool:
    """Whether the draws of a step have a rule with positive weights: but for many Bernoulli midpoints."""
    structure = scheme.structure
    return structure is None or not structure.midpoints.several or structure.substeps <= LISTED


def mean_deviations(chain: OnAxes, variances: Tensor, steps: int, step_size: float) -> tuple[Tensor, Tensor]:
    """Bounds on the means of the deviations after so many steps, (axes,) each, of a chain of mean zero that starts from a Gaussian with these variances.

    Where the draws of a step are more than can be listed the lower bound is less what a coarser rule for them changes in it.

    Raises
    ------
    InvalidParameter
        Where the midpoints of a step are not those of a rule with positive weights, or its state has several blocks.
    """
    fine, whole = _after(chain, variances, steps, step_size, 2)
    low, high = fine.root
    return (low if whole else low - (low - _after(chain, variances, steps, step_size, 1)[0].root[0]).abs()), high


def _after(chain: OnAxes, variances: Tensor, steps: int, step_size: float, level: int) -> tuple[ConditionalVariance, bool]:
    """The conditional variance after so many steps, and whether all draws were listed."""
    now, whole = ConditionalVariance.fixed(variances), True
    for k in range(steps):
        at = chain.steps(level, k * step_size)
        listed = chain.listed(len(at.weights))
        now, whole = now.after(at, listed), whole and listed
    return now, whole


_ALLOWED = "one block, mean zero, and midpoints that are single or among at most 12 substeps, for what the chain is given them"
