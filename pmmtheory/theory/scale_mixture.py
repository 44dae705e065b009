"""Leading distances of a law near an isotropic Gaussian: N(0, v I) whose variance v is random, with mean 1 + m and variance n.

The density relative to N(0, I) in dimension d is 1 + m c_1 + n c_2 + ..., where (1 - s t)^(-d/2) generates the products of the c_k:
|c_1|^2 = d/2 and |c_2|^2 = d (d + 2)/8 in L2, and 2 and 4 are their eigenvalues under the Ornstein-Uhlenbeck generator. So

    KL = d m^2/4 + d (d + 2) n^2/16,   W2^2 = d m^2/4 + d (d + 2) n^2/32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pmmtheory.theory.constant import LeadingConstant


@dataclass(frozen=True)
class LeadingDistances:
    """The limits of KL/step^(2p), TV/step^p and W2/step^p, with p the order: floats with their errors. TV is nan where it is not known."""

    order: int
    kl: LeadingConstant
    tv: LeadingConstant | float
    w2: LeadingConstant


def mixture_distances(mean_order: float, mean: float, spread_order: int, spread: float, variance: float, dim: int) -> LeadingDistances:
    """For m = mean step^mean_order and n = spread step^spread_order, times `variance`: the terms of the lower order.

    Examples
    --------
    >>> both = mixture_distances(3, 1 / 6, 3, 1 / 12, variance=1.0, dim=1)      # the overdamped randomized midpoint
    >>> both.order, round(both.kl * 144, 10)
    (3, 1.1875)
    """
    order = int(min(mean_order, spread_order if spread else math.inf))
    m = mean if mean_order == order else 0.0
    n = spread if spread_order == order else 0.0
    kl = dim * m**2 / 4 + dim * (dim + 2) * n**2 / 16
    w2 = math.sqrt(variance * (dim * m**2 / 4 + dim * (dim + 2) * n**2 / 32))
    return LeadingDistances(order, LeadingConstant.exact(kl), LeadingConstant.exact(total_variation(m, n, dim), 64.0), LeadingConstant.exact(w2))


def total_variation(m: float, n: float, dim: int) -> float:
    """Half of the L1 norm of m c_1 + n c_2.

    With x = |z|^2/2 and h(x) = x^(d/2) e^(-x)/Gamma(d/2), the mass up to x changes by

        h(x) (-m + n (1 + d/2 - x)/2),

    which turns at x = d/2 + e with n e^2/2 + (m - n) e - n d/4 = 0.
    """
    half = dim / 2
    if n == 0:
        return abs(m) * _share(0.0, half)
    lead = m - n
    root = math.hypot(lead, n * math.sqrt(half))
    side = -math.copysign(1.0, lead)
    far = (-lead + side * root) / n
    changes = [0.0]
    for e, sign in sorted([(far, side), (-half / far, -side)]):
        if half + e > 0:
            changes.append(_share(e, half) * _slope(m, n, half, root, sign))
    return sum(abs(after - before) for before, after in zip(changes, [*changes[1:], 0.0], strict=True)) / 2


def joint_distances(order: int, errors: tuple[float, float, float], curvature: float, dim: int) -> LeadingDistances:
    """For a Gaussian in (U, V) with relative errors (uu, uv, vv): KL = d/4 of their squares, uv counted twice.

    W2^2 is the sum of E_ij^2/(2 (q_i + q_j)) over the entries E of the error and the variances q = (1/curvature, 1).
    """
    uu, uv, vv = errors
    kl = dim * (uu**2 + 2 * uv**2 + vv**2) / 4
    w2 = math.sqrt(dim * (uu**2 / (4 * curvature) + uv**2 / (1 + curvature) + vv**2 / 4))
    return LeadingDistances(order, LeadingConstant.exact(kl), math.nan, LeadingConstant.exact(w2))


def _slope(m: float, n: float, half: float, root: float, sign: float) -> float:
    """(-m - sign root)/2, without cancellation: root^2 - m^2 = n (n (1 + half) - 2 m)."""
    if m * sign >= 0:
        return -(m + sign * root) / 2
    return -sign * n * (n * (1 + half) - 2 * m) / (2 * (root + abs(m)))


def _share(e: float, half: float) -> float:
    """x^half e^(-x) / Gamma(half) at x = half + e, by Stirling's series in large dimensions, where its factors overflow and cancel."""
    if half < 20:
        x = half + e
        return math.exp(half * math.log(x) - x - math.lgamma(half))
    s = e / (2 * half + e)  # with t = e/half, t - log(1 + t) is 2 s^2/(1 - s) - 2 (s^3/3 + s^5/5 + ...)
    near = 2 * s * s / (1 - s) - 2 * sum(s ** (2 * k + 3) / (2 * k + 3) for k in range(10))
    fall = near if abs(s) < 0.1 else e / half - math.log1p(e / half)
    stirling = 1 / (12 * half) - 1 / (360 * half**3) + 1 / (1260 * half**5) - 1 / (1680 * half**7)
    return math.sqrt(half / (2 * math.pi)) * math.exp(-half * fall - stirling)
