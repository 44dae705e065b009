"""Up to which frequency a law in the phase plane of a target is seen."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pmmtheory.errors import NotConverged
from pmmtheory.targets.line import LineTarget


def band(target: LineTarget, tolerance: float, rtol: float) -> float:
    """The frequency beyond which the Fourier transforms of pi and of pi F'' are below the tolerance.

    The second has the singularities of the drift, as the error of a chain has them.

    Raises
    ------
    NotConverged
        For a target that is not smooth, whose transforms do not decay.
    """
    low, high = target.quadrature.low, target.quadrature.high
    n = 4096
    x = torch.linspace(low, high, n + 1, dtype=torch.float64)[:-1]
    density = target.density(x)
    kept = max(_kept(density, tolerance), _kept(density * target.curvature(x), tolerance))
    if kept >= n // 8:
        raise NotConverged(f"a law in the phase plane of {target.name}, whose Fourier transform does not decay,", math.nan, rtol)
    return 2 * math.pi * kept / (high - low)


def _kept(values: Tensor, tolerance: float) -> int:
    """The number of frequencies up to the last whose amplitude is above the tolerance."""
    size = torch.abs(torch.fft.rfft(values))
    above = torch.nonzero(size > tolerance * size.max())
    return int(above.max()) + 1 if len(above) else 0
