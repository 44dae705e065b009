"""Closed forms between Gaussians in eighty digits, and the exact Gaussian laws of some chains."""

from __future__ import annotations

import math
import sys
from typing import Any

import mpmath
import numpy as np
import scipy.linalg
import scipy.special
from numpy.typing import NDArray

Array = NDArray[np.float64]
Normal = tuple[Any, Any]
"""(mean, variance) on the line, or (vector, matrix)."""

mp = mpmath.mp.clone()
mp.dps = 80


def kl(p: Normal, q: Normal) -> float:
    """KL(p || q) in any dimension."""
    (m, a), (n, b) = _matrices(p), _matrices(q)
    shift, inverse = m - n, b**-1
    trace = sum((inverse * a)[i, i] for i in range(a.rows))
    return float((trace - a.rows + (shift.T * inverse * shift)[0] - mp.log(mp.det(a) / mp.det(b))) / 2)


def chi2(p: Normal, q: Normal) -> float:
    """chi2(p || q), infinite unless 2 A^-1 - B^-1 is positive definite."""
    (m, a), (n, b) = _matrices(p), _matrices(q)
    joint = 2 * a**-1 - b**-1
    if min(_eigenvalues(joint)) <= 0:
        return math.inf
    pull = 2 * a**-1 * m - b**-1 * n
    exponent = ((pull.T * joint**-1 * pull)[0] - 2 * (m.T * a**-1 * m)[0] + (n.T * b**-1 * n)[0]) / 2
    value = mp.exp(exponent) * mp.sqrt(mp.det(b)) / (mp.det(a) * mp.sqrt(mp.det(joint))) - 1
    return float(value) if value <= sys.float_info.max else math.inf


def w2(p: Normal, q: Normal) -> float:
    """(|m - n|^2 + tr (A + B - 2 (A^1/2 B A^1/2)^1/2))^1/2."""
    (m, a), (n, b) = _matrices(p), _matrices(q)
    values, vectors = mp.eigsy(a)
    root = vectors * mp.diag([mp.sqrt(value) for value in values]) * vectors.T
    cross = sum(mp.sqrt(max(value, mp.mpf(0))) for value in _eigenvalues(root * b * root))
    shift = m - n
    return float(mp.sqrt(max((shift.T * shift)[0] + sum(a[i, i] + b[i, i] for i in range(a.rows)) - 2 * cross, mp.mpf(0))))


def tv(p: Normal, q: Normal) -> float:
    """On the line, by the distribution functions at the crossings of the densities."""
    (m, v), (n, w) = ((mp.mpf(float(x)) for x in pair) for pair in (p, q))
    a, b, c = 1 / w - 1 / v, 2 * (m / v - n / w), n * n / w - m * m / v + mp.log(w / v)
    if a == 0:
        crossings = [-c / b] if b else []
    else:
        root = mp.sqrt(max(b * b - 4 * a * c, mp.mpf(0)))
        crossings = sorted([(-b - root) / (2 * a), (-b + root) / (2 * a)])
    turns = [mp.mpf(0), *(mp.ncdf((x - m) / mp.sqrt(v)) - mp.ncdf((x - n) / mp.sqrt(w)) for x in crossings), mp.mpf(0)]
    return float(sum(abs(right - left) for left, right in zip(turns, turns[1:], strict=False)) / 2)


def reverse_kl(p: Normal, q: Normal) -> float:
    """KL(q || p) in any dimension."""
    return kl(q, p)


def power(p: Normal, q: Normal, order: float) -> float:
    """log int p^a q^(1 - a) in any dimension, infinite unless a A^-1 + (1 - a) B^-1 is positive definite."""
    (m, a), (n, b) = _matrices(p), _matrices(q)
    own, rest = mp.mpf(order), 1 - mp.mpf(order)
    first, second = own * a**-1, rest * b**-1
    joint = first + second
    if min(_eigenvalues(joint)) <= 0:
        return math.inf
    pull = first * m + second * n
    square = (pull.T * joint**-1 * pull)[0] - (m.T * first * m)[0] - (n.T * second * n)[0]
    return float((square - own * mp.log(mp.det(a)) - rest * mp.log(mp.det(b)) - mp.log(mp.det(joint))) / 2)


def hellinger(p: Normal, q: Normal) -> float:
    """(1 - int sqrt(p q))^1/2 in any dimension."""
    (m, a), (n, b) = _matrices(p), _matrices(q)
    middle, shift = (a + b) / 2, m - n
    log = mp.log(mp.det(a) * mp.det(b)) / 4 - mp.log(mp.det(middle)) / 2 - (shift.T * middle**-1 * shift)[0] / 8
    return float(mp.sqrt(max(-mp.expm1(log), mp.mpf(0))))


def w1(p: Normal, q: Normal) -> float:
    """On the line E |m - n + (s - t) Z| for a standard normal Z."""
    (m, v), (n, w) = ((mp.mpf(float(x)) for x in pair) for pair in (p, q))
    shift, spread = abs(m - n), abs(mp.sqrt(v) - mp.sqrt(w))
    if spread == 0:
        return float(shift)
    z = shift / spread
    return float(spread * mp.sqrt(2 / mp.pi) * mp.exp(-z * z / 2) + shift * mp.erf(z / mp.sqrt(2)))


def renyi(p: Normal, q: Normal, order: float) -> float:
    """On the line, infinite where (1 - order) v_p + order v_q is not positive."""
    (m, v), (n, w) = ((mp.mpf(float(x)) for x in pair) for pair in (p, q))
    a = mp.mpf(order)
    joint = (1 - a) * v + a * w
    if joint <= 0:
        return math.inf
    return float(a * (m - n) ** 2 / (2 * joint) + mp.log(joint / (v ** (1 - a) * w**a)) / (2 * (1 - a)))


def lmc(mean: float, variance: float, step: float) -> Normal:
    """The stationary law of LMC on N(mean, variance)."""
    return mean, float(mp.mpf(variance) / (1 - mp.mpf(step) / (2 * mp.mpf(variance))))


def kinetic(scheme: str, mean: float, variance: float, friction: float, step: float) -> tuple[Array, Array]:
    """The stationary law of ULMC ("EulerMaruyama") or a splitting on N(mean, variance): mean and covariance of (U, V)."""
    steps = {"BAOAB": "BAOAB", "OBABO": "OBABO", "ABOBA": "ABOBA", "UBU": "UBU", "BUB": "BUB", "EulerMaruyama": "E"}[scheme]
    whole, noise = np.eye(2), np.zeros((2, 2))
    for letter in steps:
        share = step * (0.5 if steps.count(letter) == 2 else 1.0)
        matrix, more = _flow(letter, share, variance, friction)
        whole, noise = matrix @ whole, matrix @ noise @ matrix.T + more
    return np.array([mean, 0.0]), scipy.linalg.solve_discrete_lyapunov(whole, noise)


def _flow(letter: str, h: float, variance: float, friction: float) -> tuple[Array, Array]:
    """The matrix and the noise of a flow; the force -u/variance is frozen in "E"."""
    still = np.zeros((2, 2))
    if letter == "A":
        return np.array([[1.0, h], [0.0, 1.0]]), still
    if letter == "B":
        return np.array([[1.0, 0.0], [-h / variance, 1.0]]), still
    if letter == "O":
        return np.diag([1.0, math.exp(-friction * h)]), np.diag([0.0, -math.expm1(-2 * friction * h)])
    drift = np.array([[0.0, 1.0, 0.0], [0.0, -friction, 1.0], [0.0, 0.0, 0.0]])
    flow = scipy.linalg.expm(h * drift)
    both = np.block([[-drift[:2, :2], np.diag([0.0, 2 * friction])], [still, drift[:2, :2].T]])
    part = scipy.linalg.expm(h * both)
    noise = part[2:, 2:].T @ part[:2, 2:]
    matrix = flow[:2, :2] + (np.outer(flow[:2, 2], [-1 / variance, 0.0]) if letter == "E" else 0.0)
    return matrix, noise


def tv_plane(p: tuple[Array, Array], q: tuple[Array, Array], n: int = 6000) -> float:
    """In the plane: over the second variable by distribution functions at the crossings, over the first by the midpoint rule."""
    low, high = (sign * max(sign * float(m[0]) + 9 * math.sqrt(float(c[0, 0])) for m, c in (p, q)) for sign in (-1.0, 1.0))
    u = low + (high - low) * (np.arange(n) + 0.5) / n
    parts = []
    for m, c in (p, q):
        slope = c[0, 1] / c[0, 0]
        rest = c[1, 1] - slope * c[0, 1]
        log = -((u - m[0]) ** 2) / (2 * c[0, 0]) - math.log(2 * math.pi * c[0, 0]) / 2
        parts.append((log, m[1] + slope * (u - m[0]), rest))
    (lp, mp_, vp), (lq, mq, vq) = parts
    a = np.full(n, 1 / vq - 1 / vp)
    b = 2 * (mp_ / vp - mq / vq)
    c0 = mq**2 / vq - mp_**2 / vp + math.log(vq / vp) + 2 * (lp - lq)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.maximum(b * b - 4 * a * c0, 0.0))
        flat = np.abs(a) * (1 + np.abs(c0)) < 1e-13 * (1 + np.abs(b))
        first = np.where(flat, -c0 / b, (-b - root) / (2 * a))
        second = np.where(flat, -c0 / b, (-b + root) / (2 * a))
    first, second = np.nan_to_num(np.minimum(first, second)), np.nan_to_num(np.maximum(first, second))
    masses = [np.exp(log) * scipy.special.ndtr((cut - centre) / math.sqrt(rest)) for cut in (first, second) for log, centre, rest in parts]
    left, right = masses[0] - masses[1], masses[2] - masses[3]
    end = np.exp(lp) - np.exp(lq)
    total = np.abs(left) + np.abs(right - left) + np.abs(end - right)
    return float(total.sum() * (high - low) / n / 2)


def _matrices(p: Normal) -> tuple[Any, Any]:
    mean, covariance = (np.atleast_1d(np.asarray(part, dtype=np.float64)) for part in p)
    d = mean.shape[0]
    matrix = covariance if covariance.ndim == 2 else np.diag(np.broadcast_to(covariance, (d,)))
    return mp.matrix(mean.tolist()), mp.matrix(matrix.tolist())


def _eigenvalues(matrix: Any) -> list[Any]:
    return list(mp.eigsy((matrix + matrix.T) / 2, eigvals_only=True))
