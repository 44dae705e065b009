"""Distances between a sample on the line and a target, with a standard error."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pmmtheory.errors import InvalidParameter
from pmmtheory.estimate import Estimate
from pmmtheory.targets.line import LineTarget
from pmmtheory.targets.target import generator


def w2_samples(sample: Tensor, other: Any, blocks: int = 20) -> Estimate:
    """W2 between the empirical law of n points and `other`: (mean (x_(i) - Q^{-1}((i - 1/2)/n))^2)^(1/2).

    Biased upwards by the fluctuation of the sample itself, of order n^(-1/2); the standard error is that of
    a bootstrap over `blocks` resamples and includes this bias as |W2 of a fresh sample of `other`|.
    """
    if sample.ndim != 1 or sample.shape[0] < 100 or not bool(torch.isfinite(sample).all()):
        raise InvalidParameter("sample", tuple(sample.shape), "at least 100 finite points on the line, shape (n,)")
    if not isinstance(other, LineTarget) or other.dim != 1:
        raise InvalidParameter("other", type(other).__name__, "a target on the line, for the distance of a sample")
    x = torch.sort(sample.to(torch.float64)).values
    n = x.shape[0]
    q = other.quantile((torch.arange(n, dtype=torch.float64) + 0.5) / n)
    value = float(torch.sqrt(((x - q) ** 2).mean()))
    draw = generator(0)
    resampled = [float(torch.sqrt(((torch.sort(x[torch.randint(n, (n,), generator=draw)]).values - q) ** 2).mean())) for _ in range(blocks)]
    spread = float(torch.tensor(resampled, dtype=torch.float64).std())
    floor = float(torch.sqrt(((torch.sort(other.sample(n, seed=1)).values - q) ** 2).mean()))
    return Estimate(value, math.hypot(spread, floor), f"{n} particles, bootstrap")
