"""Leading errors of stationary covariances on Gaussians, next to the chains themselves at one tiny step, with 90 digits."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

import mpmath as mp
import numpy as np

from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory import schemes
from pmmtheory.estimate import Estimate
from pmmtheory.theory.covariance_series import covariance_series, curvature, friction
from pmmtheory.theory.gaussian import ENTRIES, LeadingCovariance, leading_covariance

Array = np.ndarray
_STEP = mp.mpf(10) ** -12
_CURVATURE, _FRICTION, _C = 1.7, 0.6, 3.0
_ORDERS = {
    **{"ULMC": (1, 3, 1), "RMM": (3, 3, 3), "BAOAB": (0, 0, 2), "OBABO": (2, 0, 0), "UBU": (2, 2, 2)},
    **{"PMM, K = 3": (1, 3, 1), "PMM, one midpoint, K = 3": (1, 3, 1)},
    **{"LMC": (1,), "overdamped RMM": (3,), "overdamped PMM, K = 3": (1,), "overdamped PMM, one midpoint, K = 3": (1,)},
    **{"PMM, K = inf": (3, None, 3), "PMM, K = 3/step": (2, None, 2)},
    **{"overdamped PMM, K = inf": (2,), "overdamped PMM, K = 3/step": (2,)},
}
"""Of the errors of E U^2, E UV and E V^2; 0 where they vanish, None where that is not looked at."""
_ONE, _FORCE = np.array([[mp.mpf(1), 0], [0, 1]], dtype=object), np.array([[-mp.mpf(_CURVATURE), 0], [0, 0]], dtype=object)
_KS = (1, 2, 3, 4)
Draws = list[tuple[Any, Array, Array]]
"""Probability, matrix and covariance of the noise for each value of the random times."""


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Each with its order: a difference of a whole power is one of the number times the step."""
    found: dict[str, Estimate] = {}
    with mp.workdps(90):
        for over, damping in (("", _FRICTION), ("overdamped ", None)):
            of = _Langevin() if damping else _Overdamped()
            chains: dict[str, tuple[Draws, LeadingCovariance]] = {
                "LMC" if over else "ULMC": (of.euler(), leading_covariance(schemes.EulerMaruyama, _CURVATURE, damping)),
                f"{over}RMM": (of.randomized(), leading_covariance(schemes.RandomizedMidpoint, _CURVATURE, damping)),
                f"{over}PMM, K = 3": (of.poisson(3), leading_covariance(schemes.PoissonMidpoint, _CURVATURE, damping, 3)),
                f"{over}PMM, one midpoint, K = 3": (of.poisson(3, one=True), leading_covariance(schemes.PoissonMidpoint, _CURVATURE, damping, 3, "single")),
            }
            for name, (draws, told) in chains.items():
                found |= _compared(name, *_stationary(draws), told)
            parts = [_stationary(of.poisson(k)) for k in _KS]
            for words, scaled, inverse in (("inf", None, 0), ("3/step", _C, _STEP / 3)):
                told = leading_covariance(schemes.PoissonMidpoint, _CURVATURE, damping, substeps_times_step=scaled)
                found |= _compared(f"{over}PMM, K = {words}", *_between(parts, inverse), told)
        for name in ("BAOAB", "OBABO", "UBU"):
            found |= _compared(name, *_stationary(_Langevin().splitting(name)), leading_covariance(getattr(schemes, name), _CURVATURE, _FRICTION))
        found |= _higher()
    return held(found | _distances(), 2e-11)


def _higher() -> dict[str, Estimate]:
    """The second and third coefficients of PMM with K = 3: overdamped in closed form, underdamped through chains of three steps."""
    k, x = 3, _CURVATURE
    symbols = {curvature: _CURVATURE, friction: _FRICTION}
    told, under = (covariance_series(schemes.PoissonMidpoint, overdamped, inverse_substeps=Fraction(1, k)).errors for overdamped in (True, False))
    closed = [x / (2 * k), x**2 * (4 * k**2 - 6 * k + 5) / (12 * k**2), x**3 * (15 * k**3 - 38 * k**2 + 33 * k - 7) / (24 * k**3)]
    steps = [j * _STEP for j in (1, 2, 3, 4)]
    means = [_stationary(_Langevin(step).poisson(k), spread=False)[0] for step in steps]
    found = {"overdamped PMM, K = 3, uu to step^3": farthest(np.array([float(told[j][0].subs(symbols)) for j in range(3)]), np.array(closed))}
    parts = [(0, 0, mp.mpf(_CURVATURE), 1), (0, 1, mp.sqrt(_CURVATURE), 0), (1, 1, mp.mpf(1), 1)]
    for row, (entry, (i, j, unit, target)) in enumerate(zip(ENTRIES, parts, strict=True)):
        sizes = mp.matrix([unit * mean[i, j] - target for mean in means])
        series = mp.lu_solve(mp.matrix([[h**power for power in (1, 2, 3, 4)] for h in steps]), sizes)
        own = [float(under[power][row].subs(symbols)) for power in range(3)]
        found[f"PMM, K = 3, {entry} to step^3"] = farthest(np.array(own), np.array([float(c) for c in series[:3]]))
    return found


def _distances() -> dict[str, Estimate]:
    """Of ULMC and of LMC with curvature 1, by the table of errors: relatively step/(2 g) and curvature step/(2 g), and step/2."""
    told, plain, dim = leading_covariance(schemes.EulerMaruyama, _CURVATURE, _FRICTION), leading_covariance(schemes.EulerMaruyama), 3
    one, other = _CURVATURE / (2 * _FRICTION), _CURVATURE / (2 * _FRICTION)
    return {
        "ULMC, KL of position": apart(told.distances("position", dim).kl, dim * one**2 / 4),
        "ULMC, W2 of position": apart(told.distances("position", dim).w2, math.sqrt(dim / _CURVATURE) * one / 2),
        "ULMC, KL of velocity": apart(told.distances("velocity", dim).kl, dim * other**2 / 4),
        "ULMC, W2 of velocity": apart(told.distances("velocity", dim).w2, math.sqrt(dim) * other / 2),
        "ULMC, KL of position and velocity": apart(told.distances("joint", dim).kl, dim * (one**2 + other**2) / 4),
        "ULMC, W2 of position and velocity": apart(told.distances("joint", dim).w2, math.sqrt(dim * (one**2 / _CURVATURE + other**2) / 4)),
        "LMC, KL": apart(plain.distances(dim=dim).kl, dim / 16),
        "LMC, W2": apart(plain.distances().w2, 1 / 4),
    }


def _compared(name: str, mean: Array, spread: Array, told: LeadingCovariance) -> dict[str, Estimate]:
    sizes = {"uu": _CURVATURE * mean[0, 0] - 1, "uv": mp.sqrt(_CURVATURE) * mean[0, -1], "vv": mean[-1, -1] - 1}
    found = {}
    for entry, order in zip(ENTRIES, _ORDERS[name], strict=False):
        seen, constant = told.first.get(entry, (math.inf, 0.0))
        if order:
            found[f"{name}, {entry}"] = apart(constant if seen == order else math.nan, float(sizes[entry] / _STEP**order))
        elif order == 0:
            found[f"{name}, {entry} vanishes"] = Estimate(float(abs(sizes[entry]) / _STEP**5) + abs(constant), 0.0, "a chain")
    if len(_ORDERS[name]) == 3:
        found[f"{name}, lowest order"] = apart(told.order, min(filter(None, _ORDERS[name])))
    for place, entry, unit in ((0, "uu", mp.mpf(_CURVATURE) ** 2), (-1, "vv", mp.mpf(1))):
        if any(spread.flat) and entry in told.spread:
            found[f"{name}, spread of {entry}"] = apart(told.spread[entry], float(spread[place, place] * unit / _STEP**3))
    return found


def _stationary(draws: Draws, spread: bool = True) -> tuple[Array, Array]:
    """The mean and, entry by entry, the variance of the covariance given the random times: S' = R S R' + Q."""
    size = len(draws[0][1])
    n = size * size
    maps = [(share, np.kron(matrix, matrix), noise.reshape(-1)) for share, matrix, noise in draws]
    mean = _solved(sum(share * linear for share, linear, _ in maps), sum(share * shift for share, _, shift in maps))
    pairs, given = np.full((n * n, n * n), mp.mpf(0)), np.full(n * n, mp.mpf(0))
    several = spread and len(maps) > 1
    for share, linear, shift in maps if several else ():
        pairs = pairs + share * np.kron(linear, linear)
        off = linear @ mean + shift - mean  # what a step adds to S - E S at its mean
        given = given + share * np.outer(off, off).reshape(-1)
    variance = _solved(pairs, given) if several else given
    return mean.reshape(size, size), np.array([[variance[i * n + i] for i in range(n)]], dtype=object).reshape(size, size)


def _between(parts: list[tuple[Array, Array]], inverse: Any) -> tuple[Array, Array]:
    """At this 1/K: up to step^3 both are cubic in 1/K."""
    places = [mp.mpf(1) / k for k in _KS]
    shares = [mp.fprod((inverse - y) / (x - y) for y in places if y != x) for x in places]
    mean, spread = (sum(share * part[i] for share, part in zip(shares, parts, strict=True)) for i in (0, 1))
    return mean, spread


def _solved(linear: Array, shift: Array) -> Array:
    """x = linear x + shift."""
    rest = mp.matrix((np.eye(len(shift), dtype=int) - linear).tolist())
    return np.array(list(mp.lu_solve(rest, mp.matrix(shift.tolist()))), dtype=object)


class _Langevin:
    """dU = V dt, dV = (b - g V) dt + sqrt(2 g) dW with b = -curvature U, by its solution for a frozen force."""

    def __init__(self, step: Any = _STEP):
        self.step = step

    impulse: Array = np.array([[0], [mp.mpf(1)]], dtype=object)
    one: Array = _ONE
    force: Array = _FORCE[:1]

    def transport(self, h: Any) -> Array:
        g = mp.mpf(_FRICTION)
        return np.array([[mp.mpf(1), (1 - mp.exp(-g * h)) / g], [0, mp.exp(-g * h)]], dtype=object)

    def response(self, h: Any) -> Array:
        g = mp.mpf(_FRICTION)
        left = (1 - mp.exp(-g * h)) / g
        return np.array([[(h - left) / g], [left]], dtype=object)

    def noise(self, h: Any) -> Array:
        g = mp.mpf(_FRICTION)
        one, two = 1 - mp.exp(-g * h), 1 - mp.exp(-2 * g * h)
        cross = one**2 / g
        return np.array([[(2 * g * h - 4 * one + two) / g**2, cross], [cross, two]], dtype=object)

    def flow(self, h: Any) -> Array:
        """Of the step with the force of its start."""
        return np.asarray(self.transport(h) + self.response(h) @ self.force)

    def euler(self) -> Draws:
        return [(mp.mpf(1), self.flow(self.step), self.noise(self.step))]

    def randomized(self) -> Draws:
        """x' = A_a x + a A_(a - t) f b(Y) + W_a, Y = A_t x + G_t b(x) + W_t, at equal times t with the weights of a rule of degree 12."""
        places = [mp.mpf(i) / 12 for i in range(13)]
        weights = mp.lu_solve(mp.matrix([[t**j for t in places] for j in range(13)]), mp.matrix([mp.mpf(1) / (j + 1) for j in range(13)]))
        draws = []
        for share, place in zip(weights, places, strict=True):
            before, after = place * self.step, (1 - place) * self.step
            kick = self.transport(after) @ self.impulse @ self.force * self.step
            carried = self.transport(after) + kick
            draws.append((share, self.transport(self.step) + kick @ self.flow(before), carried @ self.noise(before) @ carried.T + self.noise(after)))
        return draws

    def poisson(self, substeps: int, one: bool = False) -> Draws:
        """x' = A_a x + G_a b(x) + W_a + sum over marked i of K A_((K-1-i)h) G_h (b(Y_i) - b(x)), all sets of marks one after another."""
        h, k = self.step / substeps, mp.mpf(substeps)
        pushes = [k * self.transport((substeps - 1 - i) * h) @ self.response(h) @ self.force for i in range(substeps)]
        draws = []
        for marks in product((0, 1), repeat=substeps):
            if one and sum(marks) != 1:
                continue
            share = 1 / k if one else (1 / k) ** sum(marks) * (1 - 1 / k) ** (substeps - sum(marks))
            matrix, noise = self.flow(self.step), 0 * self.noise(h)
            for i, mark in enumerate(marks):
                matrix = matrix + mark * pushes[i] @ (self.flow(i * h) - self.one)
            for j in range(substeps):
                carried = self.transport((substeps - 1 - j) * h)
                for i in range(j + 1, substeps):
                    carried = carried + marks[i] * pushes[i] @ self.transport((i - 1 - j) * h)
                noise = noise + carried @ self.noise(h) @ carried.T
            draws.append((share, matrix, noise))
        return draws

    def splitting(self, parts: str) -> Draws:
        """Drift A, kick B, friction with noise O, and U for A and O together, one after another; those that come twice for half a step."""
        matrix, noise = self.one, 0 * self.noise(self.step)
        for letter in parts:
            h = self.step / parts.count(letter)
            left = mp.exp(-mp.mpf(_FRICTION) * h) if letter == "O" else mp.mpf(1)
            own = np.array([[mp.mpf(1), h if letter == "A" else 0], [-mp.mpf(_CURVATURE) * h if letter == "B" else 0, left]], dtype=object)
            own = self.transport(h) if letter == "U" else own
            added = self.noise(h) if letter == "U" else np.array([[0, 0], [0, 1 - left**2]], dtype=object)
            matrix, noise = own @ matrix, own @ noise @ own.T + added
        return [(mp.mpf(1), matrix, noise)]


class _Overdamped(_Langevin):
    """dX = b dt + sqrt(2) dW."""

    impulse = np.array([[mp.mpf(1)]], dtype=object)
    one = _ONE[:1, :1]
    force = _FORCE[:1, :1]

    def transport(self, h: Any) -> Array:
        return self.one

    def response(self, h: Any) -> Array:
        return np.asarray(self.one * h)

    def noise(self, h: Any) -> Array:
        return np.asarray(self.one * (2 * h))
