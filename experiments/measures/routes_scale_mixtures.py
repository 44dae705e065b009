"""Distances of a law near a Gaussian whose variance is random, next to integrals over the radius."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath as mp
import numpy as np
from scipy.integrate import quad
from scipy.special import gammainc, gammaincc, gammaln

from experiments.measures._routes import apart, compared, held
from pmmtheory.estimate import Estimate
from pmmtheory.theory.scale_mixture import joint_distances, mixture_distances

_CASES = (
    (1, 0.3, 0.4),
    (3, 0.7, 0.2),
    (4, -0.5, 0.3),
    (6, 0.0, 1.0),
    (9, 0.6, 0.0),
    (40, 0.8, 0.3),
    (61, 0.8, 0.3),
    (80, 5.0, 0.4),
    (401, -0.3, 0.2),
    (50_001, 1.0, 0.01),
)
"""Dimension, mean and variance of the change of the variance."""
_FEW, _UNIT = 20, 1.7


@compared
def measure(device: str) -> dict[str, Estimate]:
    """TV by incomplete gamma functions, with 40 digits; KL and W2 by quadrature in x = |z|^2/2; both laws of position and velocity by a small covariance."""
    found = {}
    for dim, m, n in _CASES:
        told = mixture_distances(2, m, 2, n, _UNIT, dim)
        name = f"mean {m:g}, variance {n:g}, d = {dim}"
        found[f"TV, {name}"] = apart(told.tv, _tv(m, n, dim))
        if dim <= _FEW:
            kl, w2 = _kl_and_w2(m, n, dim)
            found[f"KL, {name}"], found[f"W2, {name}"] = apart(told.kl, kl), apart(told.w2, w2)
    for name, orders, m, n in (("mean first", (2, 3), 0.3, 0.0), ("variance first", (4, 3), 0.0, 0.4)):
        told = mixture_distances(orders[0], 0.3, orders[1], 0.4, _UNIT, 3)
        found[f"KL, the {name}"] = apart(told.kl, 3 * m**2 / 4 + 15 * n**2 / 16)
        found[f"order, the {name}"] = apart(told.order, min(orders))
    found |= _joint()
    return held(found, 5e-14, {name: 1e-12 for name in found if not name.startswith("TV")})


def _factor(m: float, n: float, half: float) -> list[float]:
    """The density at |z|^2/2 = x over the Gaussian's, less 1: m f' + n f''/2 of f = v^(-d/2) exp(x - x/v) at v = 1, as a polynomial in x."""
    return [n / 2, m - n * half - n, n * half**2 / 2 + n * half / 2 - m * half]


def _tv(m: float, n: float, dim: int) -> float:
    """Half of E |m f' + n f''/2| with x of Gamma(d/2), between the roots."""
    with mp.workdps(40):
        half = mp.mpf(dim) / 2
        a, b, c = _factor(mp.mpf(m), mp.mpf(n), half)
        roots = sorted(mp.re(x) for x in mp.polyroots([a, b, c], maxsteps=200, extraprec=200)) if n else [half]
        moments = (c, b * half, a * half * (half + 1))
        masses = [sum(moment * mp.gammainc(half + j, 0, x, regularized=True) for j, moment in enumerate(moments)) for x in roots if x > 0]
        return float(sum(abs(one - other) for one, other in zip([*masses, mp.mpf(0)], [mp.mpf(0), *masses], strict=True)) / 2)


def _kl_and_w2(m: float, n: float, dim: int) -> tuple[float, float]:
    """E g^2/2, and the norm of the flow of mass through spheres: W2^2 = int G^2/(2 x q) dx with q the density of x and G the mass that is gained up to x."""
    half = dim / 2
    factor = _factor(m, n, half)

    def density(x: float) -> float:
        return math.exp((half - 1) * math.log(x) - x - gammaln(half))

    def gained(x: float) -> float:
        moments = (factor[2], factor[1] * half, factor[0] * half * (half + 1))
        part, sign = (gammainc, 1) if x < half else (gammaincc, -1)  # the whole is 0
        return sign * float(sum(moment * part(half + j, x) for j, moment in enumerate(moments)))

    def flow(x: float) -> float:
        return gained(x) ** 2 / (2 * x * density(x))

    # with x = r^2/2 the integrands are smooth at 0 in all dimensions
    ends = [1e-9, math.sqrt(dim), math.sqrt(2 * half + 12 * math.sqrt(half) + 80)]

    def integral(f: Callable[[float], float]) -> float:
        return float(sum(quad(lambda r: f(r * r / 2) * r, a, b, epsabs=0, epsrel=1e-12)[0] for a, b in zip(ends, ends[1:], strict=False)))

    return integral(lambda x: float(np.polyval(factor, x)) ** 2 * density(x)) / 2, math.sqrt(_UNIT * integral(flow))


def _joint() -> dict[str, Estimate]:
    """Of Gaussians in (U, V) whose covariances differ by 1e-12: KL by the logarithm of the determinant, W2 by square roots of matrices."""
    with mp.workdps(60):
        curvature, dim, small = mp.mpf("1.7"), 3, mp.mpf(10) ** -12
        uu, uv, vv = mp.mpf("0.3"), mp.mpf("-0.2"), mp.mpf("0.5")
        told = joint_distances(2, (float(uu), float(uv), float(vv)), float(curvature), dim)
        root = mp.matrix([[1 / mp.sqrt(curvature), 0], [0, 1]])
        change = mp.matrix([[1 + small * uu, small * uv], [small * uv, 1 + small * vv]])
        kl = dim * (change[0, 0] + change[1, 1] - 2 - mp.log(mp.det(change))) / 2
        one, other = root * root, root * change * root
        trace = _trace_of_root(root * other * root)
        w2 = mp.sqrt(dim * (one[0, 0] + one[1, 1] + other[0, 0] + other[1, 1] - 2 * trace))
        return {
            "KL of position and velocity": apart(told.kl, float(kl / small**2)),
            "W2 of position and velocity": apart(told.w2, float(w2 / small)),
        }


def _trace_of_root(matrix: mp.matrix) -> mp.mpf:
    """Of the square root of a positive matrix of two rows."""
    return mp.sqrt(matrix[0, 0] + matrix[1, 1] + 2 * mp.sqrt(mp.det(matrix)))
