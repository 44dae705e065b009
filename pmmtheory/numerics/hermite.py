"""Hermite's polynomials, orthonormal for the standard normal."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

Values = TypeVar("Values", np.ndarray, Tensor)


def hermite(v: Values, count: int) -> Values:
    """h_0(v), ..., h_{count-1}(v): (count, *v.shape).

    Examples
    --------
    >>> np.allclose(hermite(np.array(2.0), 3), [1, 2, 3 / math.sqrt(2)])
    True
    """
    rows = [0 * v + 1, v]
    for n in range(1, count - 1):
        rows.append((v * rows[n] - math.sqrt(n) * rows[n - 1]) / math.sqrt(n + 1))
    return torch.stack(rows[:count]) if isinstance(v, Tensor) else np.stack(rows[:count])
