"""Samples as tensors of points."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter

LEAST = 40


def points(name: str, sample: Any, least: int = LEAST) -> Tensor:
    """Points (n, d) in double precision on the CPU, (n,) being (n, 1); raises InvalidParameter unless they are enough finite numbers."""
    allowed = f"at least {least} finite points, of shape (n,) or (n, d)"
    try:
        found = sample.detach() if isinstance(sample, Tensor) else torch.as_tensor(np.array(sample, dtype=np.float64))
        if found.is_complex() or found.dtype == torch.bool:
            raise TypeError
        found = found.to("cpu", torch.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise InvalidParameter(name, type(sample).__name__, allowed) from None
    found = found[:, None] if found.ndim == 1 else found
    if found.ndim != 2 or len(found) < least or not found.shape[1]:
        raise InvalidParameter(name, tuple(found.shape), allowed)
    if not float(found.abs().max()) < 1e100:
        raise InvalidParameter(name, "points with NaN, infinite or very large coordinates", allowed)
    return found


def both(x: Any, y: Any) -> tuple[Tensor, Tensor]:
    """Two samples in one dimension."""
    one, other = points("x", x), points("y", y)
    if one.shape[1] != other.shape[1]:
        raise InvalidParameter("y", tuple(other.shape), f"points of the dimension of x, {one.shape[1]}")
    return one, other
