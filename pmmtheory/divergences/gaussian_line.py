"""Total variation between two Gaussians on the line."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from pmmtheory.numerics.rules import gauss_legendre

_EPS = 2.0**-52

_NEAR = 0.1
"""Below this shift and relative change of variance the difference of the densities is integrated: differences of masses would cancel."""

_REACH = 9.5


def tv_line_gaussian(shift: float, excess: float, ratio: float) -> tuple[float, float]:
    """TV of N(0, 1) and N(shift, ratio), and its error; excess is ratio - 1 with all digits near 0.

    The densities cross at the roots z of excess z^2 + 2 shift z = shift^2 + ratio log(ratio), whose discriminant
    ratio (shift^2 + excess log(ratio)) has no cancellation. The masses between the roots are stationary there.
    """
    if shift == 0 and excess == 0:
        return 0.0, 0.0
    log = math.log1p(excess) if abs(excess) < 0.5 else math.log(ratio)
    constant = shift * shift + ratio * log
    root = math.sqrt(ratio) * math.hypot(shift, math.sqrt(excess * log))
    far = -(shift + math.copysign(root, shift))
    places = sorted([-constant / far, far / excess if excess else -math.copysign(math.inf, shift)])
    if max(abs(shift), abs(excess)) < _NEAR:
        return _integrated(shift, excess, constant, places)
    value = abs(_mass(*places) - _mass(*((z - shift) / math.sqrt(ratio) for z in places)))
    return value, 8 * _EPS


def _mass(low: float, high: float) -> float:
    """Of N(0, 1) between two points, from the nearer tail."""
    return float(ndtr(-low) - ndtr(-high)) if low > 0 else float(ndtr(high) - ndtr(low))


def _integrated(shift: float, excess: float, constant: float, places: list[float]) -> tuple[float, float]:
    """Half of int |q/p - 1| p, by Gauss rules between the crossings; log(q/p) = (excess z^2 + 2 shift z - constant) / (2 (1 + excess))."""
    turns = [-_REACH, *(z for z in places if abs(z) < _REACH), _REACH]
    values = []
    for rule in (24, 32):
        nodes, weights = gauss_legendre(rule)
        total = 0.0
        for a, b in zip(turns, turns[1:], strict=False):
            edges = np.linspace(a, b, 9)
            z = edges[:-1, None] + np.diff(edges)[:, None] * nodes
            change = np.expm1((excess * z * z + 2 * shift * z - constant) / (2 * (1 + excess)))
            total += float((np.abs(change) * np.exp(-z * z / 2) @ weights) @ np.diff(edges))
        values.append(total / math.sqrt(8 * math.pi))
    return values[1], abs(values[1] - values[0]) + 64 * _EPS * values[1]
