"""Vectors times powers of one matrix: many steps of a chain."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_CALL, _ALONG, _BLOCKED = 15_000.0, 0.2, 0.1
"""Nanoseconds: to call for a product, and for each product of numbers in one of a matrix and a vector, and of two matrices."""

_ROWS = 64
"""Rows of a narrow matrix that are multiplied together."""

_NOTHING = 1e-24
"""Entries below this share of the largest are left out: all of them together are below rounding."""


class Powers:
    """p -> p P^m by P, P^2, P^4, ..., up to the power that takes least in all; along the bands of those that are narrow.

    Parameters
    ----------
    matrix : (n, n) tensor P, not negative
        What a result loses to rounding is about a unit of the last place for each of the m steps either way.
    nothing : float
        Entries below this share of the largest are left out; with 0, all that is not negative keeps its digits, however small it is.

    Examples
    --------
    >>> turn = torch.tensor([[0.9, 0.1], [0.2, 0.8]], dtype=torch.float64)
    >>> Powers(turn).apply(torch.tensor([1.0, 0.0], dtype=torch.float64), 3)
    tensor([0.7810, 0.2190], dtype=torch.float64)
    """

    def __init__(self, matrix: Tensor, nothing: float = _NOTHING):
        self._squares = [_Banded(matrix, nothing)]

    def apply(self, p: Tensor, steps: int) -> Tensor:
        """p P^steps for p of shape (..., n)."""
        top = min(range(steps.bit_length()), key=lambda k: self._cost(steps, k), default=0)
        while len(self._squares) <= top:
            self._squares.append(self._squares[-1].squared())
        for _ in range(steps >> top):
            p = self._squares[top].along(p)
        for k in range(top):
            if steps >> k & 1:
                p = self._squares[k].along(p)
        return p

    def _cost(self, steps: int, top: int) -> float:
        """What so many steps take by powers up to 2^top, with those that are there already: bands widen like the root of the power."""
        n, known = len(self._squares[0].matrix), len(self._squares)
        widths = [self._squares[min(k, known - 1)].width * math.sqrt(2.0) ** max(0, k - known + 1) for k in range(top + 1)]
        making = sum(_BLOCKED * n * min(n, width + _ROWS) * min(n, 2 * width + _ROWS) + n * n for width in widths[known - 1 : top])
        taken = [steps >> top if k == top else steps >> k & 1 for k in range(top + 1)]
        return making + sum(times * (_CALL + _ALONG * n * min(n, width)) for times, width in zip(taken, widths, strict=True))


class _Banded:
    """A matrix that is zero farther than so many columns before and after the diagonal."""

    def __init__(self, matrix: Tensor, nothing: float):
        self.matrix, self._nothing, n = matrix, nothing, len(matrix)
        rows, columns = torch.nonzero(matrix > nothing * matrix.max(), as_tuple=True)
        self.before, self.after = (int(gap.max().clamp_min(0)) if len(gap) else 0 for gap in (rows - columns, columns - rows))
        self.width = self.before + self.after + 1
        self._band: Tensor | None = None
        if 3 * self.width <= n:
            padded = torch.nn.functional.pad(matrix, (0, 0, self.after, self.before))
            self._band = padded.T.as_strided((n, self.width), (1 + padded.shape[1], padded.shape[1])).contiguous()  # [j, k] = P[j - after + k, j]

    def along(self, p: Tensor) -> Tensor:
        if self._band is None:
            return p @ self.matrix
        if p.ndim > 1:  # one by one: the windows of all are too many numbers
            return torch.stack([self.along(one) for one in p])
        return (torch.nn.functional.pad(p, (self.after, self.before)).unfold(0, self.width, 1) * self._band).sum(1)

    def squared(self) -> _Banded:
        if self._band is None:
            return _Banded(self.matrix @ self.matrix, self._nothing)
        n, product = len(self.matrix), torch.zeros_like(self.matrix)
        for first in range(0, n, _ROWS):
            last = min(n, first + _ROWS)
            inner = slice(max(0, first - self.before), min(n, last + self.after))
            outer = slice(max(0, first - 2 * self.before), min(n, last + 2 * self.after))
            product[first:last, outer] = self.matrix[first:last, inner] @ self.matrix[inner, outer]
        return _Banded(product, self._nothing)
