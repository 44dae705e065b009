"""The matrices of underdamped Langevin dynamics by matrix exponentials, and its splittings flow by flow.

Written from dU = V dt, dV = (-friction V + b) dt + sqrt(2 friction) dB alone; nothing is shared with the package. A state
is an array whose first axis tells U from V.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.linalg import expm

Array = np.ndarray
Force = Callable[[Array], Array]


@lru_cache(maxsize=4096)
def matrices(friction: float, h: float) -> tuple[Array, Array, Array]:
    """A_h (2, 2), G_h (2,) and the lower triangular Gamma_h (2, 2).

    In units where h = 1 all entries are of order one: U in units of h, and C' = N C + C N' + diag(0, 1) for the noise.
    """
    flow, still = np.array([[0.0, 1.0], [0.0, -friction * h]]), np.eye(2)
    forced = expm(np.block([[flow, np.array([[0.0], [1.0]])], [np.zeros((1, 3))]]))
    moments = np.kron(flow, still) + np.kron(still, flow)
    noisy = expm(np.block([[moments, np.array([[0.0], [0.0], [0.0], [1.0]])], [np.zeros((1, 5))]]))
    units = np.array([h, 1.0])
    factor = np.linalg.cholesky(noisy[:4, 4].reshape(2, 2)) * math.sqrt(2 * friction * h)
    return forced[:2, :2] * units[:, None] / units, forced[:2, 2] * units * h, factor * units[:, None]


def baoab(force: Force, x: Array, friction: float, a: float, normals: list[Array]) -> Array:
    u, v = x
    v = v + a / 2 * force(u)
    u = u + a / 2 * v
    v = _refreshed(v, friction, a, normals[0])
    u = u + a / 2 * v
    return np.stack([u, v + a / 2 * force(u)])


def obabo(force: Force, x: Array, friction: float, a: float, normals: list[Array]) -> Array:
    u, v = x
    v = _refreshed(v, friction, a / 2, normals[0])
    v = v + a / 2 * force(u)
    u = u + a * v
    v = v + a / 2 * force(u)
    return np.stack([u, _refreshed(v, friction, a / 2, normals[1])])


def aboba(force: Force, x: Array, friction: float, a: float, normals: list[Array]) -> Array:
    u, v = x
    u = u + a / 2 * v
    v = v + a / 2 * force(u)
    v = _refreshed(v, friction, a, normals[0])
    v = v + a / 2 * force(u)
    return np.stack([u + a / 2 * v, v])


def ubu(force: Force, x: Array, friction: float, a: float, normals: list[Array]) -> Array:
    u, v = _free(x, friction, a / 2, normals[0])
    return _free(np.stack([u, v + a * force(u)]), friction, a / 2, normals[1])


def bub(force: Force, x: Array, friction: float, a: float, normals: list[Array]) -> Array:
    u, v = x
    u, v = _free(np.stack([u, v + a / 2 * force(u)]), friction, a, normals[0])
    return np.stack([u, v + a / 2 * force(u)])


def _refreshed(v: Array, friction: float, h: float, z: Array) -> Array:
    """The velocity after friction and noise over h."""
    keep = math.exp(-friction * h)
    return keep * v + math.sqrt(1 - keep**2) * z


def _free(x: Array, friction: float, h: float, z: Array) -> Array:
    """The exact motion without a force over h."""
    linear, _, factor = matrices(friction, h)
    return linear @ x + factor @ z
