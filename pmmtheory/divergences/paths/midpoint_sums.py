"""What independent midpoints do to a step on a Gaussian, in two numbers: the sums over the substeps of N_i and N_i^2, N_i the midpoints after substep i."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pmmtheory.numerics.recombination import recombined

_LEAST = 1e-17
"""The probability of so many midpoints that none of more is looked at."""

_MANY = 400
"""So many pairs of equally many midpoints are replaced by fewer."""


@lru_cache(maxsize=64)
def midpoint_sums(substeps: int, intensity: float, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (n, 2) of the sums, and their weights (n,), for midpoints with probability intensity/K at each of K substeps.

    A recursion from the last substep to the first, over the number of midpoints: all pairs where they are few; of many, fewer that have the same moments
    up to `degree`. At substep 0 a midpoint changes nothing.

    Examples
    --------
    >>> pairs, weights = midpoint_sums(2, 1.0, 9)
    >>> pairs.tolist(), weights.tolist()
    ([[0.0, 0.0], [1.0, 1.0]], [0.5, 0.5])
    """
    p = intensity / substeps
    groups = {0: (np.zeros((1, 2)), np.ones(1))}
    for _ in range(substeps - 1):
        moved: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
        for n, (pairs, w) in groups.items():
            later = pairs + np.array([float(n), float(n * n)])
            moved.setdefault(n, []).append((later, w * (1 - p)))
            moved.setdefault(n + 1, []).append((later, w * p))
        groups = {n: found for n, parts in moved.items() if (found := _joined(parts, degree))[1].sum() > _LEAST}
    points = np.concatenate([pairs + np.array([float(n), float(n * n)]) for n, (pairs, _) in groups.items()])
    return points, np.concatenate([w for _, w in groups.values()])


def _joined(parts: list[tuple[np.ndarray, np.ndarray]], degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of all parts, equal ones as one, and fewer of too many."""
    pairs, place = np.unique(np.concatenate([part[0] for part in parts]), axis=0, return_inverse=True)
    w = np.bincount(place.ravel(), weights=np.concatenate([part[1] for part in parts]))
    return recombined(pairs, w, degree) if len(w) > _MANY else (pairs, w)
