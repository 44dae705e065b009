"""On what scale a law varies, and how well a grid holds it."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pmmtheory.laws.grid import interpolate
from pmmtheory.targets.line import LineTarget

_POINTS = 801


def roughness(target: LineTarget, low: float, high: float) -> float:
    """The inverse of the shortest scale on which a law varies where its mass is, seen from low to high: the root of the largest curvature.

    Not where its density is below 1e-16 of the mass over the length: between far modes the curvature is large, and nothing is there. A
    mixture says itself how narrow its components are, however narrow.
    """
    variances = getattr(target, "variances", None)
    narrowest = 0.0 if variances is None else 1 / math.sqrt(float(variances.min()))
    x = torch.linspace(low, high, _POINTS, dtype=torch.float64)
    curvature = torch.where(target.density(x) * (high - low) > 1e-16, target.curvature(x).abs(), 0.0)
    return max(narrowest, math.sqrt(float(curvature.max())))


def total(density: Callable[[Tensor], Tensor], low: float, high: float, least: int, most: int) -> tuple[Tensor, Tensor]:
    """Equally spaced points, and the density there, at so many points (of `least` times a power of two) that their sum is one to 1e-9.

    Points that miss a mode, or see one that is narrower than their spacing, have another sum. Gives up at `most` points.
    """
    n = least
    while True:
        x = torch.linspace(low, high, n, dtype=torch.float64)
        values = density(x)
        if abs(float(values.sum()) * (high - low) / (n - 1) - 1) < 1e-9 or 2 * n > most:
            return x, values
        n *= 2


def interpolation_error(values: Tensor, ratio: Tensor, reference: Tensor) -> float:
    """What a density on a uniform grid is off by between its points, in total variation times 2/spacing.

    Every other point is predicted from the rest, by the ratio to the reference. From spacing 2h to h an error of degree 11 falls by
    2^12, and by 2^10 to be safe, once it is small; before that nothing is known.
    """
    odd = torch.arange(1, len(values) - 1, 2, dtype=torch.float64, device=values.device)
    inner = slice(1, 1 + 2 * len(odd), 2)
    missed = float((interpolate(ratio[::2], 0.0, 2.0, odd) * reference[inner] - values[inner]).abs().sum()) / float(values.abs().sum())
    return 2 * (missed / 1024 if missed < 1e-3 else missed)
