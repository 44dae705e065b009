"""What a step makes of masses in the plane: sums of Gaussians and their derivatives, each a product over the axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.laws.step.midpoint_series import last_terms, left_out
from pmmtheory.numerics.truncated_series import place, totals
from pmmtheory.schemes import Scheme

_CHUNK = {"cpu": 3_000, "cuda": 200_000}
"""Gaussians added up at once: few enough for the cache of a processor."""

_FARTHEST = 300.0
"""exp(-300) stands for any smaller value: products with numbers that are barely above none are slow."""


@dataclass(frozen=True)
class Bumps:
    """The density sum_alpha shares_alpha He_alpha1(z_1) He_alpha2(z_2) N(y; mean, deviation^2), z = (y - mean) / deviation, summed over all bumps.

    Attributes
    ----------
    mean, deviation : (m, 2) tensors
    shares : (k, m) tensor
        In the order of `exponents(degree)`; the first of a bump is its mass.
    last : (m,) tensor of integers
        The degree after which the series of a bump is cut off; 0 where it is a Gaussian.
    ends : (2, 2) tensor
        Low and high on both axes of where it has mass.
    doubt : float
        What the rules behind the series leave in doubt, in total variation.
    wrong : float
        How many times as much as their last terms tell series have been seen to leave out.
    """

    mean: Tensor
    deviation: Tensor
    shares: Tensor
    last: Tensor
    ends: Tensor
    doubt: float = 0.0
    wrong: float = 1.0

    def on(self, axes: tuple[Tensor, Tensor]) -> tuple[Tensor, float]:
        """Masses on a product of grids, and what the series leave out of them in total variation, if their terms go on as the last ones fall."""
        if not self._degree:
            return self._summed(axes, [self.shares])[0], 0.0
        whole, *ends = self._summed(axes, [self.shares, *last_terms(self.shares, self._before(self.last))])
        return whole, self.wrong * left_out(*_sizes(ends))

    def against_shorter(self, axes: tuple[Tensor, Tensor], last: Tensor) -> tuple[float, float]:
        """What the series leave out by their last terms; and how many times what those that end after lower degrees, (m,), tell of themselves they lack."""
        before = self._before(last)
        added = torch.where(before < 0, self.shares, 0.0)
        some = self._summed(axes, [*last_terms(self.shares, self._before(self.last)), *last_terms(self.shares, before), added])
        last_ones, former, shorter, still_shorter, lacked = _sizes(some)
        return left_out(last_ones, former), max(1.0, lacked / max(left_out(shorter, still_shorter), 1e-16))

    @property
    def _degree(self) -> int:
        return int(self.last.max())

    def _before(self, last: Tensor) -> Tensor:
        """By how much the degree of every term is lower than these, (k, m)."""
        return last - totals(self._degree, last.device)[:, None]

    def _summed(self, axes: tuple[Tensor, Tensor], parts: list[Tensor]) -> list[Tensor]:
        """Parts of the shares, each (k, m), on a product of grids."""
        sums = [torch.zeros((len(axes[0]), len(axes[1])), dtype=torch.float64, device=self.mean.device) for _ in parts]
        for own in torch.arange(len(self.mean), device=self.mean.device).split(max(1, _CHUNK[self.mean.device.type] // (self._degree + 1))):
            first, second = (hermite_functions(axis, self.mean[own, k], self.deviation[own, k], self._degree) for k, axis in enumerate(axes))
            for total, part in zip(sums, parts, strict=True):
                _add(total, first, second, part[:, own])
        return sums


def _sizes(sums: list[Tensor]) -> list[float]:
    """Of sums of terms, in total variation."""
    return [float(one.abs().sum()) / 2 for one in sums]


def hermite_functions(axis: Tensor, middle: Tensor, deviation: Tensor, degree: int) -> list[Tensor]:
    """He_k(z) N(y; middle, deviation^2) on an axis times its spacing for k up to the degree, each (m, n)."""
    z = (axis - middle[:, None]) * (math.sqrt(0.5) / deviation)[:, None]
    height = float(axis[1] - axis[0]) / math.sqrt(2 * math.pi) / deviation
    found = [(z * z).clamp_max_(_FARTHEST).neg_().exp_().mul_(height[:, None])]
    z *= math.sqrt(2)
    for k in range(degree):
        found.append(z * found[k] - k * found[k - 1] if k else z * found[0])
    return found


def _add(total: Tensor, first: list[Tensor], second: list[Tensor], shares: Tensor) -> None:
    """Add the sum over bumps of all products of functions of both axes."""
    degree, there = len(first) - 1, (shares != 0).any(1).tolist()
    for i in range(degree + 1):
        some = [j for j in range(degree - i + 1) if there[place(i, j)]]
        if some:
            inner = shares[place(i, some[0])][:, None] * second[some[0]]
            for j in some[1:]:
                inner.addcmul_(shares[place(i, j)][:, None], second[j])
            total += first[i].T @ inner


def without_noise(scheme: Scheme) -> InvalidParameter:
    """That a step of a scheme ends without noise in some coordinate."""
    return InvalidParameter("scheme", scheme.name, "a step with Gaussian noise in both coordinates, for a law in the plane")


def ends_of(mean: Tensor, deviation: Tensor, shares: Tensor, tolerance: float) -> Tensor:
    """Low and high on both axes, (2, 2), beyond which Gaussians with these shares of the mean mass of one have less than a tolerance of it."""
    reach = torch.sqrt(2 * torch.log1p(shares.abs() / tolerance))[:, None] * deviation
    return torch.stack([(mean - reach).min(0).values, (mean + reach).max(0).values], -1).cpu()
