"""The covariance of every scheme on a Gaussian target of curvature lam, overdamped and underdamped, in 80 digits.

From the second moments of one step, solved for the stationary ones or applied n times. Starts are centred, so these are covariances.
Nothing is shared with the package.
"""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np

from tests.oracles.linear_step import DIGITS, Array, Moments, exact, step_moments


def stationary_covariance(scheme: str, step: float, lam: float, friction: float | None, substeps: int | None = None, kind: str = "bernoulli") -> Array:
    """The stationary covariance: 1 x 1 overdamped, which is friction None, else 2 x 2 in (U, V).

    scheme : a class of pmmtheory.schemes by name;  substeps, kind : those of "PoissonMidpoint", None is K = infinity.
    Raises ValueError where the chain has no stationary second moment.
    """
    with mp.workdps(DIGITS):
        return _rounded(_stationary(step_moments(scheme, step, lam, friction, substeps, kind)))


def stationary_error(scheme: str, step: float, lam: float, friction: float | None, substeps: int | None = None, kind: str = "bernoulli") -> Array:
    """The stationary covariance less that of the target, with all digits however small it is."""
    with mp.workdps(DIGITS):
        variances = [1 / mp.mpf(lam)] if friction is None else [1 / mp.mpf(lam), mp.mpf(1)]
        return _rounded(_stationary(step_moments(scheme, step, lam, friction, substeps, kind)) - np.diag(variances).ravel())


def covariance_after(
    scheme: str, step: float, lam: float, friction: float | None, n: int, initial: Any, substeps: int | None = None, kind: str = "bernoulli"
) -> Array:
    """The covariance n steps after a centred start of covariance `initial`, a number or an array."""
    with mp.workdps(DIGITS):
        growth, noise = step_moments(scheme, step, lam, friction, substeps, kind)
        state = exact(np.atleast_2d(np.asarray(initial, dtype=float))).ravel()
        for _ in range(n):
            state = growth @ state + noise
        return _rounded(state)


def contraction(scheme: str, step: float, lam: float, friction: float | None, substeps: int | None = None, kind: str = "bernoulli") -> float:
    """The factor by which second moments come closer to the stationary ones in a step: below 1 where the chain is mean-square stable."""
    with mp.workdps(DIGITS):
        return _radius(step_moments(scheme, step, lam, friction, substeps, kind)[0])


def _stationary(moments: Moments) -> Array:
    growth, noise = moments
    if _radius(growth) >= 1:
        raise ValueError("the chain is not mean-square stable")
    return np.array(list(mp.lu_solve(mp.matrix((exact(np.eye(len(noise))) - growth).tolist()), mp.matrix(noise.tolist()))))


def _radius(matrix: Array) -> float:
    return float(np.abs(np.linalg.eigvals(matrix.astype(float))).max())


def _rounded(entries: Array) -> Array:
    size = round(len(entries) ** 0.5)
    return entries.astype(float).reshape(size, size)
