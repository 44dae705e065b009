"""The invariant law of a Markov matrix, each entry to relative accuracy: elimination without subtraction.

States are eliminated one after the other; the chance to leave a state is the sum of its transitions to the states that are left,
never 1 minus a number close to 1, so that modes between which a chain hardly moves keep their weights.
Source: Grassmann, Taksar & Heyman 1985; O'Cinneide 1993 (Numer. Math. 65, 109).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import NotConverged

_BLOCK = 48
"""States eliminated together: products of matrices do the rest."""


def invariant(matrix: Tensor) -> Tensor:
    """p with p = p P and sum p = 1, for P (n, n) of non-negative entries and rows that sum to 1; its diagonal is not read.

    Raises
    ------
    NotConverged
        Where some states cannot be left for the others in double precision.

    Examples
    --------
    >>> [round(p, 15) for p in invariant(torch.tensor([[1.0, 1e-30], [3e-30, 1.0]], dtype=torch.float64)).tolist()]
    [0.75, 0.25]
    """
    a = matrix.cpu().numpy().copy()
    n, reach = len(a), _reach(a)
    end = n
    while end > 1:
        begin = max(end - _BLOCK, 1)
        low = max(0, begin - reach)
        for k in range(end - 1, begin - 1, -1):
            leaves = a[k, low:k].sum()
            if not leaves > 1e-290:
                raise NotConverged("an invariant law between whose modes the chain moves with probabilities below 1e-290", math.nan, 1.0)
            a[low:k, k] /= leaves
            if k > begin:
                column = a[low:k, k]
                a[low:k, begin:k] += column[:, None] * a[k, begin:k]
                a[begin:k, low:begin] += column[begin - low :, None] * a[k, low:begin]
        a[low:begin, low:begin] += a[low:begin, begin:end] @ a[begin:end, low:begin]
        end = begin
    p = np.zeros(n)
    p[0] = 1.0
    for k in range(1, n):
        first = max(0, k - reach - _BLOCK)
        p[k] = p[first:k] @ a[first:k, k]
        if p[k] > 1e200:
            p[: k + 1] /= p[k]
    return torch.as_tensor(p / p.sum(), device=matrix.device)


def _reach(a: np.ndarray) -> int:
    """How far from the diagonal entries are above zero."""
    rows, columns = np.nonzero(a)
    return int(np.abs(rows - columns).max())
