"""The trapezoid rule on all of the line, spectrally accurate for smooth functions, and what it misses."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_EARLY, _LATE = (0.4, 0.6), 0.8
"""Between which shares of the highest frequency that values tell waves are looked at, and above which."""

_TWICE = 2.0
"""The frequency of the points themselves, in the highest that they tell."""

_CAUTION = 10.0
"""Waves of both signs, and five times as much as is read off: those above half the frequency of the points are told with those below."""


def aliased(values: Tensor, spacing: float) -> float:
    """A bound on what spacing sum_j f(x_j) misses of int f: 2 |F(2 pi/spacing)| to leading order, F the Fourier transform of f.

    values, (n,), are those of f at equally spaced points, next to none before and after. They tell F up to half of that frequency: it is taken to fall from
    there on no more slowly than as a power of the frequency, as fast as it does over the last octave.

    Source: Trefethen & Weideman, The exponentially convergent trapezoidal rule, SIAM Review 56 (2014), sect. 5.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(-60, 61, dtype=torch.float64) / 2
    >>> bump = 1 / torch.cosh(x)
    >>> missed = abs(float(bump.sum()) / 2 - torch.pi)
    >>> missed < aliased(bump, 0.5) < 1e-3
    True
    """
    waves = torch.fft.rfft(values).abs() * spacing
    highest = len(waves) - 1
    early, late = float(waves[round(_EARLY[0] * highest) : round(_EARLY[1] * highest) + 1].max()), float(waves[round(_LATE * highest) :].max())
    fall = min(1.0, late / early) if early > 0 else 1.0
    return _CAUTION * late * math.pow(fall, math.log(_TWICE / _LATE) / math.log(_LATE / _EARLY[0]))
