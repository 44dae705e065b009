"""The random midpoints of a step as a finite sum over sets of times."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations

import numpy as np
from scipy.special import roots_jacobi

from pmmtheory.numerics.interpolation import lagrange

Sets = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Times (N, q), ascending, which of them count (N, q), and weights (q,)."""

LISTED = 12
"""The largest K whose subsets are all listed."""

_BETWEEN = (5, 6, 8, 10, 12), (3, 4, 5, 6, 8, 10, 12)
"""The K that, together with infinity, larger ones are interpolated from: at the lowest level, and at all others, so that two levels show what that costs."""

_MOST = 14
"""More midpoints than this have a probability below 1e-12."""


@lru_cache(maxsize=32)
def bernoulli_sets(substeps: float, intensity: float, level: int) -> Sets:
    """Sets of independent midpoints with weights w such that E f(midpoints) = sum w f(set) for f smooth in the times.

    All subsets for K <= 12; for K = inf, Gauss rules on the simplex of n ordered times for every number n, fewer nodes
    where n is rare. For other K, E f is smooth in 1/K and is interpolated between these.
    """
    if substeps <= LISTED:
        return _subsets(int(substeps), intensity)
    if substeps == math.inf:
        return _process(intensity, level)
    between = _BETWEEN[level > 0]
    places = [0.0, *(1 / k for k in between)]
    parts = [_process(intensity, level), *(_subsets(k, intensity) for k in between)]
    shares = lagrange(places, 1 / substeps)
    return _joined([(times, marks, share * weights) for share, (times, marks, weights) in zip(shares, parts, strict=True)])


def _subsets(k: int, intensity: float) -> Sets:
    """All subsets of the substeps 1..K-1; at substep 0 a midpoint changes nothing."""
    p = intensity / k
    parts = []
    for size in range(k):
        chosen = np.array(list(combinations(range(1, k), size)), dtype=float).reshape(math.comb(k - 1, size), size)
        parts.append(_equal(chosen / k, np.full(len(chosen), p**size * (1 - p) ** (k - 1 - size))))
    return _joined(parts)


def _process(intensity: float, level: int) -> Sets:
    """A Poisson process: n times with probability e^-c c^n / n!, uniform on the simplex of ordered times."""
    parts = [_equal(np.zeros((1, 0)), np.array([math.exp(-intensity)]))]
    for n in range(1, _MOST + 1):
        nodes = 1 if n > 9 + 2 * (level > 0) else max(2, round((9 + 2 * level) / (1 + 0.5 * (n - 1))))
        times, w = simplex_rule(n, nodes)
        parts.append(_equal(times, w * math.exp(-intensity) * intensity**n / math.factorial(n)))
    return _joined(parts)


def simplex_rule(n: int, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Times (q, n) and weights (q,) for the uniform law on 0 < s_1 < ... < s_n < 1.

    With s_n = u_n^(1/n), s_(n-1) = s_n u_(n-1)^(1/(n-1)), ... the u are independent: products of Gauss-Jacobi rules for
    v_k = u_k^(1/k), whose density is k v^(k-1).
    """
    rules = [_power_rule(k, nodes) for k in range(1, n + 1)]
    v, shares = (np.stack(np.meshgrid(*(rule[i] for rule in rules), indexing="ij"), -1).reshape(-1, n) for i in (0, 1))
    w = np.prod(shares, axis=1)
    return np.flip(np.cumprod(np.flip(v, 1), axis=1), 1).copy(), w


@lru_cache(maxsize=256)
def _power_rule(k: int, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """The Gauss rule of the density k v^(k-1) on [0, 1]."""
    x, w = roots_jacobi(nodes, 0.0, k - 1.0)
    return (1 + x) / 2, w / w.sum()


def _equal(times: np.ndarray, weights: np.ndarray) -> Sets:
    """Sets of one size, times of shape (q, n)."""
    return times.T, np.ones(times.T.shape, dtype=bool), weights


def _joined(parts: list[Sets]) -> Sets:
    """Sets of several sizes in one table; what is missing is not marked."""
    depth = max(1, max(times.shape[0] for times, _, _ in parts))
    times, marks = (np.concatenate([np.pad(part[i], ((0, depth - part[i].shape[0]), (0, 0))) for part in parts], 1) for i in (0, 1))
    return times, marks.astype(bool), np.concatenate([weights for _, _, weights in parts])
