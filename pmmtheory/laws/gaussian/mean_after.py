"""The mean of a chain on a Gaussian target after many steps, and what rounding does to it."""

from __future__ import annotations

import torch
from torch import Tensor

UNIT = 4e-16
"""What rounding is counted in."""

_PRODUCT = 1.2e-16
"""What rounding may do to a product of two matrices, relative to its terms, for every term of an entry."""


def mean_after(step: Tensor, widths: Tensor, substeps: float, offset: Tensor, off: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The offset (s, d) of the mean after n steps that multiply it by (d, s, s), and what it may be off by, where it begins off by so much.

    widths : (d, s), in units of which the entries of a step are known to rounding. substeps : how many times that they may be off.
    """
    known = UNIT * substeps * (step.abs() + widths[:, :, None] / widths[:, None, :])
    power, lost = _power(step, known, n)
    column = offset.T[..., None]
    moved = (power @ column)[..., 0]
    carried = (power.abs() @ (off.T[..., None] + UNIT * column.abs()) + lost @ (column.abs() + off.T[..., None]))[..., 0]
    return moved.T, carried.T


def _power(matrix: Tensor, off: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """matrix^n by squaring, and a bound on every entry of what it is off by where those of the matrix are off by so much."""
    eye = torch.eye(matrix.shape[-1], dtype=matrix.dtype).expand_as(matrix)
    whole = (eye, torch.zeros_like(matrix))
    square = (matrix, off)
    while n:
        if n % 2:
            whole = _product(*whole, *square)
        n //= 2
        if n:
            square = _product(*square, *square)
    return whole


def _product(a: Tensor, off_a: Tensor, b: Tensor, off_b: Tensor) -> tuple[Tensor, Tensor]:
    off = a.abs() @ off_b + off_a @ (b.abs() + off_b) + _PRODUCT * a.shape[-1] * (a.abs() @ b.abs())
    return a @ b, off
