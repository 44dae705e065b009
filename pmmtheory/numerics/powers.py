"""Vectors times powers of one matrix: many steps of a chain."""

from __future__ import annotations

import torch
from torch import Tensor

_CALL = 30_000
"""Products of numbers that take as long as calling for a step does."""

_FAST = 4
"""How many times as fast a product of two matrices is, a product of numbers, as that of a matrix and a vector."""


class Powers:
    """p -> p P^m, step by step or by P^2, P^4, ..., whichever takes fewer products; along the band of P where that is narrow.

    Parameters
    ----------
    matrix : (n, n) tensor P
        What its entries lose to rounding is about m units of the last place either way.

    Examples
    --------
    >>> turn = torch.tensor([[0.9, 0.1], [0.2, 0.8]], dtype=torch.float64)
    >>> Powers(turn).apply(torch.tensor([1.0, 0.0], dtype=torch.float64), 3)
    tensor([0.7810, 0.2190], dtype=torch.float64)
    """

    def __init__(self, matrix: Tensor):
        self._squares, n = [matrix], matrix.shape[0]
        rows, columns = torch.nonzero(matrix, as_tuple=True)
        self._before, self._after = int((columns - rows).max()), int((rows - columns).max())
        width = self._before + self._after + 1
        self._band: Tensor | None = None
        if 3 * width <= n:
            padded = torch.nn.functional.pad(matrix, (0, 0, self._before, self._after))
            self._band = padded.T.as_strided((n, width), (1 + padded.shape[1], padded.shape[1])).contiguous()  # [j, k] = P[j - before + k, j]
        self._step_cost = _CALL + n * (n if self._band is None else width)

    def apply(self, p: Tensor, steps: int) -> Tensor:
        """p P^steps for p of shape (n,)."""
        n = len(p)
        squarings = max(0, steps.bit_length() - len(self._squares))
        if steps * self._step_cost <= squarings * (_CALL + n**3 / _FAST) + steps.bit_count() * (_CALL + n * n):
            for _ in range(steps):
                p = self._step(p)
            return p
        for k in range(steps.bit_length()):
            if k == len(self._squares):
                self._squares.append(self._squares[-1] @ self._squares[-1])
            if steps >> k & 1:
                p = p @ self._squares[k]
        return p

    def _step(self, p: Tensor) -> Tensor:
        if self._band is None:
            return p @ self._squares[0]
        windows = torch.nn.functional.pad(p, (self._before, self._after)).unfold(0, self._band.shape[1], 1)
        return (windows * self._band).sum(1)
