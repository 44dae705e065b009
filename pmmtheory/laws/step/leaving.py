"""What a step throws off an interval."""

from __future__ import annotations

import torch
from torch import Tensor

from pmmtheory.laws.step.cubature import cubature
from pmmtheory.schemes import Scheme

_AT_ONCE = 200_000
"""Steps that are taken together."""


def leaving(scheme: Scheme, x: Tensor, ends: tuple[float, float], t: float = 0.0) -> Tensor:
    """The probability with which a step at time t ends outside of an interval, from each start of the line, (n,).

    Each to relative accuracy, where the rows of a matrix say it to their rounding. Zero for draws in layers, of which no product rule tells a step.
    """
    found = torch.zeros_like(x)
    if any(draw.layered for draw in scheme.draws.values()):
        return found
    at = cubature(scheme, 0, x.device)
    for rows in torch.arange(len(x), device=x.device).split(max(1, _AT_ONCE // len(at))):
        mean, factor = scheme.step(x[rows, None], t, at.draws)
        spread = torch.as_tensor(factor, dtype=x.dtype, device=x.device).abs().clamp_min(1e-300)
        outside = torch.special.ndtr((ends[0] - mean) / spread) + torch.special.ndtr((mean - ends[1]) / spread)
        found[rows] = (outside.expand(len(rows), len(at)) * at.weights).sum(1)
    return found
