"""Total variation in the phase plane: for every position the integral over the velocity is exact between the roots of a polynomial."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pmmtheory.divergences.phase_plane_panels import integrated, panels
from pmmtheory.laws.phase_plane.side import Side
from pmmtheory.numerics.hermite import hermite

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

    value, error = integrated(row, panels((one, other), goal), goal, floor=_TOLD * (one.carried + other.carried) + _ROUNDING)
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

    They are those of the cubics with these values and slopes, in cells at whose ends the signs differ, and twice in those where the cubic turns
    beyond zero.
    """
    negative, down = values < 0, slopes < 0
    crossed = negative[:, :-1] != negative[:, 1:]
    inward = ~crossed & (negative[:, :-1] != down[:, :-1]) & (negative[:, 1:] == down[:, 1:])
    row, cell = torch.nonzero(crossed, as_tuple=True)
    twice = _turning(values, slopes, *torch.nonzero(inward, as_tuple=True))
    rows, cells = (torch.cat([one, two, two]) for one, two in zip((row, cell), twice[:2], strict=True))
    starts, ends = torch.zeros_like(rows, dtype=values.dtype), torch.ones_like(rows, dtype=values.dtype)
    second = len(rows) - len(twice[0])
    starts[second:], ends[len(row) : second] = twice[2], twice[2]
    falling = ~negative[rows, cells]
    falling[second:] = ~falling[second:]
    return rows, cells + _root(_cubic(values, slopes, rows, cells), starts, ends), falling


def _turning(values: Tensor, slopes: Tensor, row: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Those of the cells, by row and number, in which |f| falls from both ends and the cubic has another sign where it turns; and where it does."""
    left, start, right, end = values[row, cell], slopes[row, cell], values[row, cell + 1], slopes[row, cell + 1]
    least = (left * end - right * start + start * end) / (end - start)  # where the tangents meet: no convex function gets beyond
    low = left * least <= 0
    row, cell, left = row[low], cell[low], left[low]
    cubic = _cubic(values, slopes, row, cell)
    turn = _root(cubic[1:] * cubic.new_tensor([[1.0], [2.0], [3.0]]), torch.zeros_like(left), torch.ones_like(left))
    beyond = (_horner(cubic, turn) < 0) != (left < 0)
    return row[beyond], cell[beyond], turn[beyond]


def _cubic(values: Tensor, slopes: Tensor, row: Tensor, cell: Tensor) -> Tensor:
    """The coefficients of the cubics on [0, 1] with these values and slopes at both ends of some cells, (4, k)."""
    first, last, start, end = values[row, cell], values[row, cell + 1], slopes[row, cell], slopes[row, cell + 1]
    change = last - first
    return torch.stack([first, start, 3 * change - 2 * start - end, start + end - 2 * change])


def _horner(coefficients: Tensor, t: Tensor) -> Tensor:
    total: Tensor = coefficients[-1]
    for coefficient in coefficients[:-1].flip(0).unbind():
        total = coefficient + total * t
    return total


def _root(coefficients: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Where polynomials, (n, k), change their sign between low and high, by halving."""
    if not len(low):
        return low
    negative = _horner(coefficients, low) < 0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        before = (_horner(coefficients, middle) < 0) == negative
        low, high = torch.where(before, middle, low), torch.where(before, high, middle)
    return (low + high) / 2


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
