"""A noise schedule, and functions in the place of networks, in numpy and for the package."""

from __future__ import annotations

from math import inf, log, sqrt
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pmmtheory.noise.levels import Numbers

SIZE = 24
BETAS = np.linspace(0.02, 0.3, SIZE)
TIMES = (24.0, 19.0, 15.5, 12.0, 8.0, 5.0, 2.0)
POINTS = np.array([-1.7, -0.4, 0.6, 1.9])


def alpha(t: float) -> float:
    """At a training time, whole or not."""
    return float(np.exp(np.interp(t, np.arange(SIZE + 1), np.cumsum(np.append(0.0, 0.5 * np.log(1 - BETAS))))))


def sigma(t: float) -> float:
    """sqrt(1 - alpha^2)."""
    return sqrt(1 - alpha(t) ** 2)


def ratio(t: float) -> float:
    """lambda = log(alpha/sigma)."""
    return log(alpha(t) / sigma(t)) if t > 0 else inf


def eps(x: Numbers, t: float) -> Numbers:
    """A smooth function in the place of a network."""
    return np.sin(1.3 * x + 0.1 * t) + 0.2 * x


def asked(x: Tensor, t: Any) -> Tensor:
    """The same for tensors."""
    return torch.sin(1.3 * x + 0.1 * t) + 0.2 * x


def first_order(x: Numbers, eps: Numbers, t: float, s: float) -> Numbers:
    """DDIM's step."""
    return alpha(s) * (x - sigma(t) * eps) / alpha(t) + sigma(s) * eps


def ends() -> list[tuple[float, ...]]:
    """Grids to the data and to a time before them."""
    return [(*TIMES, 0.0), TIMES]
