"""One step of a chain in the plane as an operator on masses at the points of a grid, applied without a matrix of transitions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pmmtheory.laws.potential_plane.grid import Grid
from pmmtheory.laws.step.midpoint_series import last_terms, left_out
from pmmtheory.numerics.spreading import Spreading, spread_transform

_TOGETHER = 24
"""Terms that are spread at once."""


@dataclass(frozen=True)
class Term:
    """What a step does to masses p: FFT(S (shares_k p)) damping_k, summed over k.

    spread : Spreading
    damping : (k, n, m // 2 + 1) tensor of real or complex numbers
    shares : (k, kept) tensor or None
        None for a single damping of all masses.
    """

    spread: Spreading
    damping: Tensor
    shares: Tensor | None = None


class StepOperator:
    """p -> P p = IFFT [ sum of terms ].

    Parameters
    ----------
    grid : Grid
        Beyond its ends masses come in again on the other side.
    terms : list of Term
    thrown : (kept,) tensor
        What share of a mass at each start is moved off the points that are kept, before it is blurred.
    before : (k, kept) tensor of integers or None
        By how much the degrees of a series are lower than the one it is cut off after, where the one term is such.
    doubt : (kept,) tensor or None
        What the law of a step from each start may be off by, in total variation, where its rules may not see a force; nothing unless given.
    """

    def __init__(self, grid: Grid, terms: list[Term], thrown: Tensor, before: Tensor | None = None, doubt: Tensor | None = None):
        self.grid, self.terms, self.thrown, self._before = grid, terms, thrown, before
        self.doubt = torch.zeros_like(thrown) if doubt is None else doubt

    def __call__(self, masses: Tensor) -> Tensor:
        """The masses (kept,) after a step, at the points that are kept."""
        return self.everywhere(masses).reshape(-1)[self.grid.kept]

    def everywhere(self, masses: Tensor) -> Tensor:
        """The masses after a step on the whole grid, (n, m)."""
        return self._summed(self.terms, masses)

    def cut_off(self, masses: Tensor) -> float:
        """What a series leaves out of the masses after a step, in total variation, if its terms go on as the last ones fall; 0 where there is none.

        What it leaves out are high waves, which die out in a step or two: no slow mode of a chain holds them.
        """
        (whole, *_), before = self.terms, self._before
        if before is None or whole.shares is None:
            return 0.0
        parts = last_terms(whole.shares, before)
        return left_out(*(float(self._summed([Term(whole.spread, whole.damping, part)], masses).abs().sum()) / 2 for part in parts))

    def _summed(self, terms: list[Term], masses: Tensor) -> Tensor:
        n, m = self.grid.shape
        total = torch.zeros((n, m // 2 + 1), dtype=torch.complex128, device=masses.device)
        for term in terms:
            for begin in range(0, len(term.damping), _TOGETHER):
                some = slice(begin, begin + _TOGETHER)
                held = masses if term.shares is None else (term.shares[some] * masses).T
                total += (self._waves(term.spread(held)) * term.damping[some]).sum(0)
        result: Tensor = torch.fft.irfft2(total, s=(n, m))
        return result

    def _waves(self, spread: Tensor) -> Tensor:
        """The transforms of masses on the fine grid, (4 n m,) or (4 n m, k), at the waves of the grid, (k, n, m // 2 + 1)."""
        n, m = self.grid.shape
        waves = torch.fft.rfft2(spread.reshape(2 * n, 2 * m, -1), dim=(0, 1))[:, : m // 2 + 1]
        return torch.cat([waves[: n // 2 + 1], waves[-(n // 2) :]]).movedim(-1, 0)


def undone(grid: Grid) -> np.ndarray:
    """One over the transform of the kernel that spreads, at the waves of a grid, (n, m // 2 + 1)."""
    transforms = [spread_transform(n) / spread_transform(n)[0] for n in grid.shape]
    across = transforms[0][np.abs(np.fft.fftfreq(grid.shape[0], 1 / grid.shape[0])).round().astype(int)]
    found: np.ndarray = 1 / np.outer(across, transforms[1])
    return found


def places_of(grid: Grid, points: Tensor) -> list[Tensor]:
    """Points (..., 2) in halves of a cell of a grid."""
    return [(points[..., k] - float(axis[0])) * (2 / spacing) for k, (axis, spacing) in enumerate(zip(grid.axes, grid.spacings, strict=True))]


def off(grid: Grid, places: list[Tensor]) -> Tensor:
    """Which of some places, in halves of a cell, are beyond the ends of a grid, or next to a point that is not kept."""
    beyond = [(place < 0) | (place > 2 * (n - 1)) for place, n in zip(places, grid.shape, strict=True)]
    first, second = ((place / 2).round().clamp(0, n - 1).long() for place, n in zip(places, grid.shape, strict=True))
    return beyond[0] | beyond[1] | ~grid.kept[first * grid.shape[1] + second]
