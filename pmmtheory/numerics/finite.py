"""Whether numbers are finite."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def all_finite(x: Tensor) -> bool:
    """Whether no number of a tensor is NaN or infinite: their sum tells it in one pass, where it does not overflow.

    Examples
    --------
    >>> all_finite(torch.tensor([1e38, 3e38])), all_finite(torch.tensor([1.0, math.nan])), all_finite(torch.tensor([math.inf, -math.inf]))
    (True, False, False)
    """
    return math.isfinite(x.detach().sum()) or bool(torch.isfinite(x).all())
