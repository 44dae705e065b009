"""Total variation in the phase plane: for every position the integral over the velocity is exact between the roots of a polynomial."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.divergences.phase_plane_panels import integrated, panels
from pmmtheory.laws.phase_plane.operator import hermite
from pmmtheory.laws.phase_plane.side import Side

_TOLD, _ROUNDING = 1e-2, 1e-14
"""What need not be told: this share of what the laws are off by, and what rounding does. Laws that are the same but for that differ by noise, which no
panel resolves."""

_FARTHEST, _CELLS = 9.0, 96
"""Velocities between which roots are looked for, and the number of cells, in which a cubic follows a polynomial of any degree in use."""

_HALVINGS, _NEAR = 10, 0.01
"""Of a cell, until a step of Newton's method ends the search; and the longest such step."""


def tv_phase_plane(one: Side, other: Side, goal: float = 1e-7) -> tuple[float, float]:
    """int |p - q| / 2, and the error of its quadrature."""
    size = max(one.modes, other.modes)
    lattice = _Lattice.of(size, one.device)

    def row(u: Tensor) -> Tensor:
        return lattice.absolute(one.modes_at(u, size) - other.modes_at(u, size)) / 2

    value, error = integrated(row, panels((one, other)), goal, floor=_TOLD * (one.carried + other.carried) + _ROUNDING)
    return min(value, 1.0), 4 * error


@dataclass(frozen=True)
class _Lattice:
    """Velocities, (p,), and what turns c into sum_n c_n h_n there, and into its slope times the spacing, both (n, p)."""

    v: Tensor
    values: Tensor
    slopes: Tensor

    @classmethod
    def of(cls, size: int, device: torch.device) -> _Lattice:
        v = torch.linspace(-_FARTHEST, _FARTHEST, _CELLS + 1, dtype=torch.float64, device=device)
        h = hermite(v, size)
        return cls(v, h, torch.cat([torch.zeros_like(h[:1]), _orders(h) * h[:-1] * (v[1] - v[0])]))

    def absolute(self, c: Tensor) -> Tensor:
        """int phi(v) |sum_n c_n h_n(v)| dv for every row of c, (rows, modes): every root at which the sum turns negative adds twice the integral up to it,
        and every other one takes as much away."""
        values = c @ self.values
        row, place, falling = _roots(values, c @ self.slopes)
        v = self.v[0] + place * (self.v[1] - self.v[0])
        parts = torch.where(falling, 2.0, -2.0) * _below(c.T[:, row].contiguous(), v)
        total: Tensor = torch.where(values[:, -1] < 0, -c[:, 0], c[:, 0]).index_add(0, row, parts)
        return total


def _roots(values: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of functions on a lattice, (rows, p), close to all roots: their rows, their places in spacings, and whether the function turns negative there.

    They are those of the cubics with these values and slopes. Cells with two roots are those in which |f| falls from both ends, to below what a
    convex function can reach.
    """
    left, right, start, end = values[:, :-1], values[:, 1:], slopes[:, :-1], slopes[:, 1:]
    negative = values < 0
    crossed = negative[:, :-1] != negative[:, 1:]
    least = (left * end - right * start + start * end) / (end - start)  # where the tangents meet
    twice = ~crossed & (left * start < 0) & (right * end > 0) & (left * least <= 0)
    row, cell = torch.nonzero(crossed, as_tuple=True)
    found = [(row, cell, _root(_cubic(left, right, start, end, (row, cell)), 0.0, 1.0), ~negative[row, cell])]
    row, cell = torch.nonzero(twice, as_tuple=True)
    cubic = _cubic(left, right, start, end, (row, cell))
    turn = _root(cubic[1:] * cubic.new_tensor([[1.0], [2.0], [3.0]]), 0.0, 1.0)
    reached = (_horner(cubic, turn) < 0) != negative[row, cell]
    row, cell, cubic, turn = row[reached], cell[reached], cubic[:, reached], turn[reached]
    found += [(row, cell, _root(cubic, 0.0, turn), ~negative[row, cell]), (row, cell, _root(cubic, turn, 1.0), negative[row, cell])]
    rows, cells, roots, falling = (torch.cat(parts) for parts in zip(*found, strict=True))
    return rows, cells + roots, falling


def _cubic(left: Tensor, right: Tensor, start: Tensor, end: Tensor, at: tuple[Tensor, Tensor]) -> Tensor:
    """The coefficients of the cubics on [0, 1] with given values and slopes at both ends, (4, k)."""
    first, last, start, end = left[at], right[at], start[at], end[at]
    change = last - first
    return torch.stack([first, start, 3 * change - 2 * start - end, start + end - 2 * change])


def _horner(coefficients: Tensor, t: Tensor) -> Tensor:
    total: Tensor = coefficients[-1]
    for coefficient in coefficients[:-1].flip(0).unbind():
        total = coefficient + total * t
    return total


def _root(coefficients: Tensor, low: float | Tensor, high: float | Tensor) -> Tensor:
    """Where polynomials, (n, k), change their sign between low and high, by halving."""
    first: Tensor = torch.zeros_like(coefficients[0]) + low
    last: Tensor = torch.zeros_like(coefficients[0]) + high
    negative = _horner(coefficients, first) < 0
    for _ in range(_HALVINGS):
        middle = (first + last) / 2
        before = (_horner(coefficients, middle) < 0) == negative
        first, last = torch.where(before, middle, first), torch.where(before, last, middle)
    return (first + last) / 2


def _below(c: Tensor, v: Tensor) -> Tensor:
    """int phi sum_n c_n h_n up to the root next to v, for columns of c, (modes, k): expanded around v, from a step of Newton's method."""
    h, normal, n = hermite(v, len(c)), _normal(v), _orders(c)
    value, slope = (c * h).sum(0), (c[1:] * n * h[:-1]).sum(0)
    step = (-value / slope).nan_to_num(0.0).clamp(-_NEAR, _NEAR)
    below: Tensor = c[0] * torch.special.ndtr(v) - normal * (c[1:] / n * h[:-1]).sum(0)
    return below + normal * step * (value + (slope - v * value) * step / 2)


def _orders(modes: Tensor) -> Tensor:
    """The roots of 1, 2, ..., for every mode but the first, as a column."""
    return torch.sqrt(torch.arange(1, len(modes), dtype=modes.dtype, device=modes.device))[:, None]


def _normal(v: Tensor) -> Tensor:
    return torch.exp(-v * v / 2) / math.sqrt(2 * math.pi)
