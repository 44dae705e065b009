"""One step of every scheme on a Gaussian target of curvature lam, overdamped and underdamped, as a map of second moments in 80 digits.

A step of a chain with linear force b = -lam u is X' = M X + N with random M and Gaussian N, so second moments follow

    E X' X'^T = E[M S M^T] + E[N N^T],

kept as a pair of a matrix on the entries of S, row by row, and a vector.
Written from the formulas of the methods alone; nothing is shared with the package. Arrays hold mpmath numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import mpmath as mp
import numpy as np

DIGITS = 80
_BITS = 400
"""Of fractions of fixed point, 120 digits: what is of the size of the noise of a substep keeps its 80."""
Array = np.ndarray
Moments = tuple[Array, Array]
"""E[M (x) M] and the entries of E[N N^T]."""


class System:
    """The SDE: D, A_h, G_h and Gamma_h^2, the row that reads the force b = -lam u off a state, and the column f it acts along."""

    def __init__(self, lam: Any, friction: Any):
        self.friction, overdamped = friction, friction is None
        self.size = 1 if overdamped else 2
        self.force = exact([[-lam]] if overdamped else [[-lam, 0]])
        self.impulse = exact([[1]] if overdamped else [[0], [1]])
        self.diffusion = exact([[2]] if overdamped else [[0, 0], [0, 2 * friction]])

    def transport(self, h: Any) -> Array:
        if self.friction is None:
            return exact([[1]])
        decay = mp.exp(-self.friction * h)
        return exact([[1, (1 - decay) / self.friction], [0, decay]])

    def response(self, h: Any) -> Array:
        if self.friction is None:
            return exact([[h]])
        moved = (1 - mp.exp(-self.friction * h)) / self.friction
        return exact([[(h - moved) / self.friction], [moved]])

    def noise(self, h: Any) -> Array:
        if self.friction is None:
            return exact([[2 * h]])
        g, e1, e2 = self.friction, mp.exp(-self.friction * h), mp.exp(-2 * self.friction * h)
        cross = (1 - 2 * e1 + e2) / g
        return exact([[2 / g * (h - 2 / g * (1 - e1) + (1 - e2) / (2 * g)), cross], [cross, 1 - e2]])

    def flow(self, h: Any) -> Array:
        """A_h X + G_h b(X) as a matrix."""
        return self.transport(h) + self.response(h) @ self.force


@lru_cache(maxsize=256)
def step_moments(scheme: str, step: float, lam: float, friction: float | None, substeps: int | None, kind: str) -> Moments:
    system, a = System(mp.mpf(lam), None if friction is None else mp.mpf(friction)), mp.mpf(step)
    if scheme == "EulerMaruyama":
        return _given(system.flow(a), system.noise(a))
    if scheme == "RandomizedMidpoint":
        return _mean_over_times(lambda time: _randomized_midpoint(system, a, time), system, a)
    if scheme == "PoissonMidpoint" and kind == "bernoulli":
        return _jumps(system, a) if substeps is None else _substeps(system, a, substeps)
    if scheme == "PoissonMidpoint" and kind == "single" and substeps is None:
        return _mean_over_times(lambda time: _one_midpoint(system, a, time, a * system.transport(a - time) @ system.impulse), system, a)
    if scheme == "PoissonMidpoint" and kind == "single":
        h = a / substeps
        pushes = [substeps * system.transport(a - (i + 1) * h) @ system.response(h) for i in range(substeps)]
        return _mean([(mp.mpf(1) / substeps, _one_midpoint(system, a, i * h, push)) for i, push in enumerate(pushes)])
    if friction is not None and set(scheme) <= set("ABOU"):
        return _splitting(system, a, scheme)
    raise ValueError(f"no formula for {scheme}, {kind}, at friction {friction}")


def _randomized_midpoint(system: System, a: Any, time: Any) -> Moments:
    """X' = A_a X + a A_{a-s} f b(Y) + W_a with Y = A_s X + G_s b(X) + W_s."""
    kick = a * system.transport(a - time) @ system.impulse @ system.force
    carried = system.transport(a - time) + kick
    return _given(system.transport(a) + kick @ system.flow(time), carried @ system.noise(time) @ carried.T + system.noise(a - time))


def _one_midpoint(system: System, a: Any, time: Any, push: Array) -> Moments:
    """X' = A_a X + G_a b(X) + W_a + push (b(Xhat_s) - b(X)) with Xhat_s = A_s X + G_s b(X) + W_s."""
    kick = push @ system.force
    carried = system.transport(a - time) + kick
    change = system.flow(time) - exact(np.eye(system.size))
    return _given(system.flow(a) + kick @ change, carried @ system.noise(time) @ carried.T + system.noise(a - time))


def _substeps(system: System, a: Any, substeps: int) -> Moments:
    """One substep after another, each with a midpoint with probability 1/K, on the second moments of (X_0, W_i, X_i).

    Xhat_i = A_{ih} X_0 + G_{ih} b(X_0) + W_i and W_{i+1} = A_h W_i + Gamma_h Z_i.
    """
    n, h = system.size, a / substeps
    still, nothing = exact(np.eye(n)), exact(np.zeros((n, n)))
    linear, response, fresh = system.transport(h), system.response(h) @ system.force, system.noise(h)
    noise = _fixed(np.block([[nothing, nothing, nothing], [nothing, fresh, fresh], [nothing, fresh, fresh]]))
    plain = np.block([[still, nothing, nothing], [nothing, linear, nothing], [response, nothing, linear]])
    middles = []
    for i in range(substeps):
        middle = plain.copy()
        middle[2 * n :] = np.hstack([response + substeps * response @ (system.flow(i * h) - still), substeps * response, linear])
        middles.append(_fixed(middle))
    plain, ends = _fixed(plain), []
    for start in [nothing, *_units(n)]:
        copied = _fixed(np.block([[start, nothing, start], [nothing, nothing, nothing], [start, nothing, start]]))
        for middle in middles:
            after, other = (_times_fixed(_times_fixed(step, copied), step.T) for step in (plain, middle))
            copied = ((substeps - 1) * after + other) // substeps + noise
        ends.append(np.array([mp.ldexp(mp.mpf(entry), -_BITS) for entry in copied[2 * n :, 2 * n :].ravel()]))
    return np.column_stack([end - ends[0] for end in ends[1:]]), ends[0]


def _fixed(matrix: Array) -> Array:
    """As integers, in units of 2^-_BITS: their products are many times as fast."""
    return np.array([[int(mp.ldexp(mp.mpf(entry), _BITS)) for entry in row] for row in matrix], dtype=object)


def _times_fixed(one: Array, other: Array) -> Array:
    return (one @ other) >> _BITS


def _jumps(system: System, a: Any) -> Moments:
    """Midpoints at rate 1/a: given the noise, X' is a sum over a Poisson process, of mean m and by Campbell's formula of covariance v,

    m = A_a X + G_a b(X) + int_0^a (A_{a-r} + int_r^a A_{a-s} f b A_{s-r} ds) D^(1/2) dB_r + int_0^a A_{a-s} f change_s X ds,
    v = a int_0^a A_{a-s} f (b(Xhat_s) - b(X))^2 f^T A_{a-s}^T ds.
    """
    matrix, noise, parts = system.flow(a), 0, []
    for time, weight in _times(system, a):
        pushed = system.transport(a - time) @ system.impulse @ system.force
        change = system.flow(time) - exact(np.eye(system.size))
        matrix = matrix + weight * pushed @ change
        parts.append((weight * a, _given(pushed @ change, pushed @ system.noise(time) @ pushed.T)))
        carried = system.transport(a - time)
        for later, share in _times(system, a - time):
            carried = carried + share * system.transport(a - time - later) @ system.impulse @ system.force @ system.transport(later)
        noise = noise + weight * carried @ system.diffusion @ carried.T
    return _mean([(1, _given(matrix, noise)), *parts])


def _units(n: int) -> list[Array]:
    """The matrices with a single one, row by row."""
    return [exact(unit.reshape(n, n)) for unit in np.eye(n * n)]


def _splitting(system: System, a: Any, letters: str) -> Moments:
    """The flows one after another, those of a letter that comes twice for half a step each."""
    matrix, noise = exact(np.eye(2)), exact(np.zeros((2, 2)))
    for letter in letters:
        h = a / letters.count(letter)
        own, added = exact(np.eye(2)), exact(np.zeros((2, 2)))
        if letter == "A":
            own[0, 1] = h
        elif letter == "B":
            own = own + h * system.impulse @ system.force
        elif letter == "O":
            own[1, 1], added[1, 1] = mp.exp(-system.friction * h), 1 - mp.exp(-2 * system.friction * h)
        else:
            own, added = system.transport(h), system.noise(h)
        matrix, noise = own @ matrix, own @ noise @ own.T + added
    return _given(matrix, noise)


def _given(matrix: Array, noise: Array) -> Moments:
    return np.kron(matrix, matrix), noise.ravel()


def _mean(parts: list[tuple[Any, Moments]]) -> Moments:
    return sum(weight * growth for weight, (growth, _) in parts), sum(weight * noise for weight, (_, noise) in parts)


def _mean_over_times(step: Callable[[Any], Moments], system: System, a: Any) -> Moments:
    """The mean over a time uniform on [0, a]."""
    return _mean([(weight / a, step(time)) for time, weight in _times(system, a)])


def _times(system: System, a: Any) -> list[tuple[Any, Any]]:
    """The Gauss-Legendre rule on [0, a]: all that is integrated is a polynomial times exponentials of multiples of the friction."""
    nodes, weights = gauss_legendre(30 if system.friction is None else 30 + 2 * int(system.friction * a))
    return [(a * node, a * weight) for node, weight in zip(nodes, weights, strict=True)]


@cache
def gauss_legendre(n: int) -> tuple[list[Any], list[Any]]:
    """Nodes and weights on [0, 1], in all digits by Newton's method."""
    nodes, weights = [], []
    with mp.workdps(DIGITS):
        for start in np.polynomial.legendre.leggauss(n)[0]:
            x = mp.mpf(float(start))
            for _ in range(4):
                value, slope = _legendre(n, x)
                x -= value / slope
            nodes.append((1 + x) / 2)
            weights.append(1 / ((1 - x * x) * _legendre(n, x)[1] ** 2))
    return nodes, weights


def _legendre(n: int, x: Any) -> tuple[Any, Any]:
    """P_n(x) and its derivative."""
    before, now = mp.mpf(1), x
    for k in range(2, n + 1):
        before, now = now, ((2 * k - 1) * x * now - (k - 1) * before) / k
    return now, n * (x * now - before) / (x * x - 1)


def exact(entries: Any) -> Array:
    return np.array([[mp.mpf(entry) for entry in row] for row in entries], dtype=object)
