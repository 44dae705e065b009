"""Distances between laws in the plane, next to a map that is known and to the closed forms of Gaussians."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import linalg
from scipy.special import ndtr
from torch import Tensor

from experiments.measures._routes import apart, compared, farthest, held, stated
from pmmtheory import divergences
from pmmtheory.divergences.plane_tv import _modulus
from pmmtheory.estimate import Estimate
from pmmtheory.laws import PlanarLaw
from pmmtheory.noise.levels import Numbers
from pmmtheory.targets import Gaussian

Moments = tuple[Numbers, Numbers]
"""A mean and a covariance."""

_WAVES = ((np.array([0.9, 0.5]), 0.02, 0.4), (np.array([-0.4, 0.8]), 0.02, -0.9))
"""k, c and a of phi(x) = |x|^2/2 + sum c cos(k.x + a), whose gradient is a map T."""
_AIM = np.array([0.1, -0.05]), np.array([[1.0, 0.1], [0.1, 0.9]])
_ROUND, _WIDE, _BEYOND = ((np.zeros(2), variance * np.eye(2)) for variance in (1.0, 3.0, 8.0))
_TILTED, _OTHER = (np.array([0.2, -0.1]), np.array([[1.0, 0.3], [0.3, 0.8]])), (np.array([-0.1, 0.3]), np.array([[1.2, -0.2], [-0.2, 1.1]]))
_NEAR, _CLOSE = (_TILTED[0] + 0.01, 1.01 * _TILTED[1]), (_OTHER[0], 1.01 * _OTHER[1])
_SHIFTED = np.array([0.6, 0.3]), _TILTED[1]
_GRID, _FINE, _ROOMY = ((25, 7.0), (23, 6.5)), ((39, 7.0), (37, 6.5)), ((45, 8.0), (39, 7.0))
"""Points and half the length of both axes."""
_FREQUENCY, _SQUARES = np.array([0.7, -0.4]), np.array([[1.0, 0.5], [0.5, -0.3]])


_SMALLEST, _SMALL = 1e-8, 1e-7
_INTEGRALS = {
    "kl": (_SMALLEST, 2e-7),
    "reverse_kl": (_SMALL, 1.2e-3),
    "chi2": (3e-8, 1e-6),
    "hellinger": (_SMALLEST, 2e-7),
    "the mean of a wave": (_SMALL, 2e-5),
    "the mean of a quadratic form": (_SMALL, 6e-5),
}
_NUMBERS = {
    "w2 to a Gaussian that a known map leads to": (_SMALLEST, 3e-9),
    "w2 to the law of that Gaussian": (_SMALLEST, 3e-9),
    "w2 of Gaussians": (1e-9, 1e-9),
    "w2 to a Gaussian that is wider than the grid": (_SMALLEST, 3e-9),
    **{f"{name} to {other}": within for other in ("a Gaussian", "a law") for name, within in _INTEGRALS.items()},
    "kl to a Gaussian with mass beyond the grid": (_SMALLEST, 2e-6),
    "tv to a Gaussian with mass beyond the grid": (1e-5, 6e-5),
    "tv across a line": (1e-5, 8e-5),
}
_WITHIN: dict[str, float] = {
    **{name: apart for name, (apart, _) in _NUMBERS.items()},
    **{f"{name}, stated error": stated for name, (_, stated) in _NUMBERS.items()},
    "w2 of Gaussians, error by resolution": 1e-6,
    "w2 of Gaussians, error by ends": 1e-8,
    "w2 of Gaussians, error by solver": 3e-5,
    **{f"kl, error by {part}": 1e-8 for part in ("resolution", "ends", "solver")},
    "kl, error by reference": 1e-7,
    "mean of |f| over triangles": 1e-10,
    **{f"the mean of a wave, error by {part}": 1e-8 for part in ("resolution", "ends", "solver", "reference")},
}


@compared
def measure(device: str) -> dict[str, Estimate]:
    """W2, f-divergences, weak errors and total variation; their values alone, as stated errors are wider than what values are off by."""
    known, aim, law, other = _displacement(), Gaussian(*_AIM), _law(_TILTED, _FINE), Gaussian(*_OTHER)
    round_law, wide, beyond = _law(_ROUND, _FINE), Gaussian(*_WIDE), Gaussian(*_BEYOND)
    pairs = {
        "w2 to a Gaussian that a known map leads to": (divergences.w2(_carried(_GRID), aim), known),
        "w2 to the law of that Gaussian": (divergences.w2(_carried(_FINE), _law(_AIM, _FINE)), known),
        "w2 of Gaussians": (divergences.w2(law, other), _bures(_TILTED, _OTHER)),
        "w2 to a Gaussian that is wider than the grid": (divergences.w2(_law(_ROUND), wide), _bures(_ROUND, _WIDE)),
        "kl to a Gaussian with mass beyond the grid": (divergences.kl(round_law, beyond), _formulas(_ROUND, _BEYOND)["kl"]),
        "tv to a Gaussian with mass beyond the grid": (divergences.tv(round_law, beyond), _across_a_circle(8.0)),
        "tv across a line": (divergences.tv(_law(_TILTED, _FINE), Gaussian(*_SHIFTED)), _across_a_line()),
    }
    for words, to in (("a Gaussian", other), ("a law", _law(_OTHER, _FINE))):
        pairs |= {f"{name} to {words}": (number, _formulas(_TILTED, _OTHER)[name]) for name, number in _numbers(law, to).items()}
    found = {name: apart(float(seen), exact) for name, (seen, exact) in pairs.items()}
    found |= {f"{name}, stated error": stated(seen) for name, (seen, _) in pairs.items()}
    found["mean of |f| over triangles"] = _over_triangles()
    found |= _errors_of_w2() | _errors_of_integrals()
    return held(found, _WITHIN)


def _law(moments: Moments, grid: tuple[tuple[int, float], ...] = _GRID) -> PlanarLaw:
    places = _places(grid)
    return _of_values(_density(moments, places), moments, grid)


def _of_values(values: Numbers, moments: Moments, grid: tuple[tuple[int, float], ...]) -> PlanarLaw:
    first, second = (torch.as_tensor(axis) for axis in _axes(grid))
    law = PlanarLaw((first, second), torch.as_tensor(values), Gaussian(*moments))
    law.errors["resolution"] = 0.0
    return law


def _axes(grid: tuple[tuple[int, float], ...]) -> list[Numbers]:
    return [np.linspace(-half, half, n) for n, half in grid]


def _places(grid: tuple[tuple[int, float], ...]) -> Numbers:
    return np.stack(np.meshgrid(*_axes(grid), indexing="ij"), -1)


def _density(moments: Moments, x: Numbers) -> Numbers:
    off, inverse = x - moments[0], np.linalg.inv(moments[1])
    found: Numbers = np.exp(-np.einsum("...i,ij,...j", off, inverse, off) / 2) / (2 * math.pi * math.sqrt(np.linalg.det(moments[1])))
    return found


def _map(x: Numbers) -> tuple[Numbers, Numbers]:
    """T(x) and det T'(x)."""
    there, slope = x.copy(), np.broadcast_to(np.eye(2), (*x.shape, 2)).copy()
    for k, c, a in _WAVES:
        there -= c * np.sin(x @ k + a)[..., None] * k
        slope -= c * np.cos(x @ k + a)[..., None, None] * np.outer(k, k)
    return there, np.linalg.det(slope)


def _carried(grid: tuple[tuple[int, float], ...]) -> PlanarLaw:
    """The law that T carries to the Gaussian: its density is that of the Gaussian at T(x), times det T'(x)."""
    there, stretched = _map(_places(grid))
    return _of_values(_density(_AIM, there) * stretched, _AIM, grid)


def _displacement() -> float:
    """(int |T(x) - x|^2 p(x) dx)^1/2: T is optimal, as the gradient of a convex function is."""
    x = _places(_FINE)
    there, stretched = _map(x)
    p = _density(_AIM, there) * stretched
    return math.sqrt(float((((there - x) ** 2).sum(-1) * p).sum() / p.sum()))


def _bures(p: Moments, q: Moments) -> float:
    turn = _turn(p, q)
    return math.sqrt(float(((p[0] - q[0]) ** 2).sum() + np.trace(p[1] + q[1] - 2 * turn @ p[1])))


def _turn(p: Moments, q: Moments) -> Numbers:
    """The slope of the map between Gaussians."""
    root = linalg.sqrtm(p[1])
    back = np.linalg.inv(root)
    found: Numbers = back @ linalg.sqrtm(root @ q[1] @ root).real @ back
    return found


def _numbers(law: PlanarLaw, other: PlanarLaw | Gaussian) -> dict[str, Estimate]:
    k, b = (torch.as_tensor(part) for part in (_FREQUENCY, _SQUARES))

    def wave(x: Tensor) -> Tensor:
        return torch.cos(x @ k)

    def form(x: Tensor) -> Tensor:
        return torch.einsum("...i,ij,...j", x, b, x)

    found = {name: getattr(divergences, name)(law, other) for name in ("kl", "reverse_kl", "chi2", "hellinger")}
    return found | {"the mean of a wave": divergences.weak(law, other, wave), "the mean of a quadratic form": divergences.weak(law, other, form)}


def _formulas(p: Moments, q: Moments) -> dict[str, float]:
    found = {"kl": _kl(p, q), "reverse_kl": _kl(q, p), "chi2": _power(p, q, 2.0) - 1, "hellinger": math.sqrt(1 - _power(p, q, 0.5))}
    means = [math.exp(-float(_FREQUENCY @ s @ _FREQUENCY) / 2) * math.cos(float(_FREQUENCY @ m)) for m, s in (p, q)]
    forms = [float(np.trace(_SQUARES @ s) + m @ _SQUARES @ m) for m, s in (p, q)]
    return found | {"the mean of a wave": abs(means[0] - means[1]), "the mean of a quadratic form": abs(forms[0] - forms[1])}


def _kl(p: Moments, q: Moments) -> float:
    off, inverse = p[0] - q[0], np.linalg.inv(q[1])
    return float(np.trace(inverse @ p[1]) - 2 + off @ inverse @ off - np.linalg.slogdet(inverse @ p[1])[1]) / 2


def _power(p: Moments, q: Moments, a: float) -> float:
    """int p^a q^(1 - a), by completing the square."""
    one, two, off = a * np.linalg.inv(p[1]), (1 - a) * np.linalg.inv(q[1]), p[0] - q[0]
    logs = a * np.linalg.slogdet(p[1])[1] + (1 - a) * np.linalg.slogdet(q[1])[1] + np.linalg.slogdet(one + two)[1]
    return math.exp(-float(off @ one @ np.linalg.solve(one + two, two @ off) + logs) / 2)


def _across_a_circle(variance: float) -> float:
    """Of N(0, I) and N(0, v I): their densities cross at the radius r, r^2 (1 - 1/v) = 2 log v."""
    square = 2 * math.log(variance) / (1 - 1 / variance)
    return math.exp(-square / (2 * variance)) - math.exp(-square / 2)


def _across_a_line() -> float:
    """Of two Gaussians with one covariance."""
    off = _SHIFTED[0] - _TILTED[0]
    return float(2 * ndtr(math.sqrt(off @ np.linalg.solve(_TILTED[1], off)) / 2) - 1)


def _over_triangles() -> Estimate:
    """The mean of g''(f), f linear with values a, b and c at the corners, is twice the divided difference of g at these, here of |t|^3/6."""
    a, b, c = np.random.default_rng(0).standard_normal((3, 200))
    divided = sum(np.abs(s) ** 3 / 6 / ((s - t) * (s - u)) for s, t, u in ((a, b, c), (b, c, a), (c, a, b)))
    return farthest(_modulus(*(torch.as_tensor(values) for values in (a, b, c))).numpy(), 2 * divided)


def _errors_of_w2() -> dict[str, Estimate]:
    """The parts that are known for Gaussians: a coarse law shifted by s v moves a law by s (v.A v)^1/2 in the norm of its map A; and the gap for A = c I."""
    v, small, inverse = np.array([0.6, -0.8]), 1e-3, np.linalg.inv(_TILTED[1])
    x = _places(_ROOMY)
    p = _density(_TILTED, x)
    law, even = _of_values(p, _TILTED, _ROOMY), _law(_ROUND)
    law.coarse = _of_values(p * (1 - small * (x - _TILTED[0]) @ inverse @ v), _TILTED, _ROOMY)
    law.caution = 1.5
    law.errors |= {"ends": 1e-7, "start": 2e-7}
    even.errors |= {"solver": 1e-6}
    parts, turn, width = divergences.w2(law, Gaussian(*_OTHER)).parts, _turn(_TILTED, _OTHER), math.hypot(*(2 * half for _, half in _ROOMY))
    value = _bures(_TILTED, _OTHER)
    known = {"resolution": 3 * small * math.sqrt(1.002 * v @ turn @ v), "ends": math.hypot(value, math.sqrt(3e-7) * width) - value}
    found = {f"w2 of Gaussians, error by {part}": apart(parts[part], number) for part, number in known.items()}
    solver = divergences.w2(even, Gaussian(np.array([0.1, 0.0]), 1.21 * np.eye(2))).parts["solver"]
    return found | {"w2 of Gaussians, error by solver": apart(solver, 2e-6 * math.sqrt(2 * 1.1))}


def _errors_of_integrals() -> dict[str, Estimate]:
    """The parts of kl and of a weak error, of a law and a reference whose coarser laws are other Gaussians."""
    law, other = _law(_TILTED, _FINE), _law(_OTHER, _FINE)
    law.coarse, other.coarse, law.caution = _law(_NEAR, _FINE), _law(_CLOSE, _FINE), 1.5
    law.errors |= {"ends": 1e-7, "start": 2e-7, "solver": 1e-6}
    x, (first, second) = _places(_FINE), _axes(_FINE)
    finer = _places(tuple((3 * (n - 1) + 1, half) for n, half in _FINE))  # the grid of weak errors
    p, q, close, near = (_density(moments, x) for moments in (_TILTED, _OTHER, _CLOSE, _NEAR))
    untold = np.where(near <= 1e-14 * near.max(), p * np.log(p / q) - p + q, 0.0)
    cell, shift = (first[1] - first[0]) * (second[1] - second[0]), np.log(q / close)
    value, change = _kl(_TILTED, _OTHER), _kl(_TILTED, _NEAR)
    size = np.abs(np.cos(finer @ _FREQUENCY) - math.cos(float(_FREQUENCY @ _TILTED[0])))
    there = [_density(moments, finer) for moments in (_TILTED, _NEAR, _OTHER, _CLOSE)]
    known = {
        "kl": {
            "resolution": 1.5 * (2 * math.sqrt(value * change) + change + abs(value - _kl(_NEAR, _OTHER)) + float(np.abs(untold).sum()) * cell),
            "ends": 6e-7 * (1 + value),
            "solver": 4e-6 * math.sqrt(value) + 4e-12,
            "reference": float((np.abs((p - q) * shift) + p * shift**2).sum()) * cell,
        },
        "the mean of a wave": {
            "resolution": 1.5 * float((size * np.abs(there[0] - there[1])).sum()) * cell / 9,
            "reference": float((size * there[2] * np.abs(np.log(there[2] / there[3]))).sum()) * cell / 9,
            "solver": 2e-6 * float(size.max()),
            "ends": 3e-7 * float(size.max()),
        },
    }
    found = _numbers(law, other)
    return {f"{name}, error by {part}": apart(found[name].parts[part], number) for name, parts in known.items() for part, number in parts.items()}
