"""Distances between Gaussians at 60 digits, by mpmath, from their covariances as they are given."""

from __future__ import annotations

import mpmath as mp
import numpy as np

from pmmtheory.targets import Gaussian

DIGITS = 60


def exact(name: str, m: np.ndarray, a: np.ndarray, n: np.ndarray, b: np.ndarray) -> mp.mpf:
    """kl, w2 or chi2 of N(m, a) to N(n, b)."""
    with mp.workdps(DIGITS):
        return {"kl": _kl, "w2": _w2, "chi2": _chi2}[name](mp.matrix(m - n), mp.matrix(a), mp.matrix(b))


def tv(m: float, v: float, n: float, w: float) -> mp.mpf:
    """By the masses between the crossings of the densities."""
    with mp.workdps(DIGITS):
        m, v, n, w = (mp.mpf(x) for x in (m, v, n, w))
        a, b, c = 1 / w - 1 / v, 2 * (m / v - n / w), n * n / w - m * m / v + mp.log(w / v)
        if a == 0:
            places = [-c / b] if b else []
        else:
            root = mp.sqrt(b * b - 4 * a * c)
            places = sorted([(-b - root) / (2 * a), (-b + root) / (2 * a)])
        turns = [mp.mpf(0), *(mp.ncdf((x - m) / mp.sqrt(v)) - mp.ncdf((x - n) / mp.sqrt(w)) for x in places), mp.mpf(0)]
        return sum((abs(y - x) for x, y in zip(turns, turns[1:], strict=False)), mp.mpf(0)) / 2


def of(name: str, p: Gaussian, q: Gaussian, a: np.ndarray, b: np.ndarray) -> mp.mpf:
    """exact for the means of p and q and the covariances that they were built from."""
    m, n = (np.atleast_1d(np.asarray(g.mean, dtype=float)) for g in (p, q))
    return exact(name, m, a, n, b)


def _root(a: mp.matrix) -> mp.matrix:
    values, vectors = mp.eigsy(a)
    return vectors * mp.diag([mp.sqrt(max(v, mp.mpf(0))) for v in values]) * vectors.T


def _trace(a: mp.matrix) -> mp.mpf:
    return sum((a[i, i] for i in range(a.rows)), mp.mpf(0))


def _square(s: mp.matrix, a: mp.matrix) -> mp.mpf:
    return (s.T * mp.lu_solve(a, s))[0]


def _kl(s: mp.matrix, a: mp.matrix, b: mp.matrix) -> mp.mpf:
    return (_trace(mp.inverse(b) * a) - a.rows + _square(s, b) - mp.log(mp.det(a) / mp.det(b))) / 2


def _w2(s: mp.matrix, a: mp.matrix, b: mp.matrix) -> mp.mpf:
    root = _root(a)
    middle = mp.eigsy(root * b * root, eigvals_only=True)
    bures = _trace(a) + _trace(b) - 2 * sum(mp.sqrt(max(v, mp.mpf(0))) for v in middle)
    return mp.sqrt((s.T * s)[0] + max(bures, mp.mpf(0)))


def _chi2(s: mp.matrix, a: mp.matrix, b: mp.matrix) -> mp.mpf:
    """Infinite unless 2b - a is positive definite."""
    joint = 2 * b - a
    if min(mp.eigsy(joint, eigvals_only=True)) <= 0:
        return mp.inf
    return mp.det(b) / mp.sqrt(mp.det(a) * mp.det(joint)) * mp.exp(_square(s, joint)) - 1
