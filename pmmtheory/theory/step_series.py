"""The second moments after one step on a Gaussian target, as power series in the step, for every scheme and every K.

On an axis of curvature w^2 the state is x = (w U, V), or w U when overdamped: standard normal under the target. A step is
x' = R x + N(0, Q) with R and Q random through the times of the midpoints, so the entries y = (uu, uv, vv) of the second moments obey

    E y' = M y + c,

and between two axes that share the times, what these change in y has a covariance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import EulerMaruyama, PoissonMidpoint, RandomizedMidpoint, Scheme, Splitting
from pmmtheory.theory.series import Array, a, array, exponential_series, g, in_time_s, k, mean_over_times, per_substep, product, r, s, times, w


@dataclass(frozen=True)
class StepSeries:
    """M, c, and the covariance of the change of y at the target that is due to the random times (to leading order)."""

    matrix: Array
    shift: Array
    spread: Array


class System:
    """A_h, G_h and Gamma_h^2 of the dynamics, and the row F of the force F x."""

    def __init__(self, overdamped: bool):
        self.linear = array([[0]] if overdamped else [[0, w], [0, -g]])
        self.impulse = array([[w]] if overdamped else [[0], [1]])
        self.force = array([[-w]] if overdamped else [[-w, 0]])
        self.diffusion = array([[2 * w**2]] if overdamped else [[0, 0], [0, 2 * g]])
        self.still = array(np.eye(len(self.linear), dtype=int).tolist())

    def transport(self, h: Array) -> Array:
        """A_h = sum of (h N)^j / j!."""
        return self.still + exponential_series(self.linear * h, lambda term: product(self.linear, term * h))

    def response(self, h: Array) -> Array:
        """G_h = int_0^h A_t f dt."""
        return exponential_series(self.impulse * h, lambda term: product(self.linear, term * h))

    def noise(self, h: Array) -> Array:
        """Gamma_h^2 = int_0^h A_t D A_t' dt."""
        return exponential_series(self.diffusion * h, lambda term: product(self.linear, term * h) + product(term * h, self.linear.T))

    def flow(self, h: Array) -> Array:
        """A_h x + G_h b(x) as a matrix."""
        return self.transport(h) + product(self.response(h), self.force)


@lru_cache(maxsize=64)
def step_series(scheme: type[Scheme], overdamped: bool, midpoints: str = "bernoulli") -> StepSeries:
    """The series of a scheme; k is zero for K = inf.

    Raises
    ------
    InvalidParameter
        For a scheme whose step is not known here.
    """
    system = System(overdamped)
    parts: Any = getattr(scheme, "parts", None)
    if _is(scheme, Splitting) and isinstance(parts, tuple) and not overdamped:
        return _random(*_splitting(system, parts))
    if _is(scheme, RandomizedMidpoint):
        return _random(*_randomized_midpoint(system))
    if _is(scheme, PoissonMidpoint) and midpoints == "single":
        return _random(*_one_midpoint(system))
    if _is(scheme, PoissonMidpoint) and getattr(scheme, "intensity", 1.0) == 1.0:
        return _poisson(system)
    if _is(scheme, EulerMaruyama):
        return _random(*_euler(system))
    raise InvalidParameter("scheme", scheme.__name__, "EulerMaruyama, RandomizedMidpoint, PoissonMidpoint or, underdamped, a Splitting")


def _is(scheme: type[Scheme], family: Any) -> bool:
    """Whether the scheme makes the steps of a family that is known here."""
    return issubclass(scheme, family) and bool(scheme.step is family.step)


def _euler(system: System) -> tuple[Array, Array]:
    return system.flow(a), system.noise(a)


def _randomized_midpoint(system: System) -> tuple[Array, Array]:
    """x' = A_a x + a A_{a-sa} f b(Y) + W_a with Y = A_{sa} x + G_{sa} b(x) + W_{sa}."""
    kick = product(system.transport(a - a * s), system.impulse * a, system.force)
    return system.transport(a) + product(kick, system.flow(a * s)), _noise(system, kick)


def _one_midpoint(system: System) -> tuple[Array, Array]:
    """x' = A_a x + G_a b(x) + W_a + push (b(Y) - b(x))."""
    push = _push(system)
    return system.flow(a) + product(push, _change(system)), _noise(system, push)


def _push(system: System) -> Array:
    """K A_{(K-1-i)h} G_h F at the time s = i/K."""
    return product(system.transport(a - a * s - a * k), per_substep(system.response(a * k)), system.force)


def _change(system: System) -> Array:
    """A_{sa} + G_{sa} F - I."""
    return system.flow(a * s) - system.still


def _noise(system: System, push: Array) -> Array:
    """Of W_a + push W_{sa}."""
    carried = system.transport(a - a * s) + push
    return product(carried, system.noise(a * s), carried.T) + system.noise(a - a * s)


def _splitting(system: System, parts: tuple[tuple[str, float], ...]) -> tuple[Array, Array]:
    """The flows of the parts, one after another."""
    matrix, noise = system.still, system.still * 0
    for letter, share in parts:
        h = a * array([share])[0]
        own, added = (system.transport(h), system.noise(h)) if letter in "OU" else (system.still, system.still * 0)
        if letter == "O":
            own, added = own * array([[0, 0], [0, 1]]) + array([[1, 0], [0, 0]]), added * array([[0, 0], [0, 1]])
        elif letter == "A":
            own = own + system.linear * array([[0, 1], [0, 0]]) * h
        elif letter == "B":
            own = own + product(system.impulse, system.force) * h
        matrix, noise = product(own, matrix), product(own, noise, own.T) + added
    return matrix, noise


def _random(matrix: Array, noise: Array) -> StepSeries:
    """Of a step that is Gaussian given one time s."""
    moments, shift = _on_entries(matrix), _entries(noise)
    change = _change_at_target(moments, shift)
    mean = mean_over_times(change)
    spread = mean_over_times(_square(change)) - _square(mean)
    return StepSeries(mean_over_times(moments), mean_over_times(shift), spread)


def _poisson(system: System) -> StepSeries:
    """Of independent midpoints: given the noise, x' has the mean of the chain with all of them at weight one, and the covariance

    (1 - k) E_s push_s (b(Y_s) - b(x))^2 push_s'.
    """
    push, change = _push(system), _change(system)
    mean = system.flow(a) + mean_over_times(product(push, change))
    later = mean_over_times(product(push, system.transport(a * s - a * r - a * k)), start=r + k)
    carried = system.transport(a - a * r - a * k) + later
    noise = mean_over_times(in_time_s(product(carried, per_substep(system.noise(a * k)), carried.T)))
    jumps = mean_over_times(product(push, system.noise(a * s), push.T))
    moments = _on_entries(mean) + mean_over_times(_on_entries(product(push, change))) * (1 - k)
    one, none = (_change_at_target(_on_entries(matrix), _entries(added)) for matrix, added in (_one_midpoint(system), _euler(system)))
    return StepSeries(moments, _entries(noise + jumps * (1 - k)), mean_over_times(_square(one - none)) * (1 - k))


def _pairs(size: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(size) for j in range(i, size)]


def _entries(matrix: Array) -> Array:
    """(uu, uv, vv) of a symmetric matrix."""
    return array([matrix[i, j] for i, j in _pairs(len(matrix))])


def _on_entries(matrix: Array) -> Array:
    """S -> R S R' on the entries."""
    pairs = _pairs(len(matrix))
    x = matrix
    return array([[times(x[i, m], x[j, n]) + (times(x[i, n], x[j, m]) if m != n else 0) for m, n in pairs] for i, j in pairs])


def _change_at_target(moments: Array, shift: Array) -> Array:
    """M y + c - y at y = (1, 0, 1)."""
    target = _entries(array(np.eye(2 if len(shift) > 1 else 1, dtype=int).tolist()))
    return (moments @ target + shift - target)[:, None]


def _square(column: Array) -> Array:
    return product(column, column.T)
