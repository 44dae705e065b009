"""The local weak operator of an underdamped scheme: E f(U', V') of one step as a differential operator, by powers of the step.

The friction is found by units. In c step^m g^p v^q prod b_n d^j/du^j d^k/dv^k lengths, times and the temperature leave one p alone, so that one friction
tells all.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np

from pmmtheory.dynamics import Dynamics
from pmmtheory.errors import InvalidParameter
from pmmtheory.numerics.chebyshev import chebyshev
from pmmtheory.schemes import Scheme
from pmmtheory.theory.jets.moments import Make
from pmmtheory.theory.jets.operator import rational
from pmmtheory.theory.jets.phase_moments import HIGHEST, VELOCITIES, Place, phase_moments, refined_gap, require_own_step
from pmmtheory.theory.jets.series import INFINITESIMALS, NoSeries, weight
from pmmtheory.theory.jets.substeps import CHECKED, SUBSTEPS, interpolated
from pmmtheory.theory.phase_plane import polynomials
from pmmtheory.theory.phase_plane.polynomials import FRICTION, RING, F, Polynomial, V

Operator = dict[tuple[int, int, int], Polynomial]
"""The coefficient of step^m d^j/du^j d^k/dv^k, by (m, j, k); those that vanish are missing."""

_STEP, _COUNT = 0.2, 11
"""The largest step at which moments are read, and at how many."""

_ZERO, _LEFT = 1e-6, 1e-3
"""What coefficients may be off by, and what that may leave of a difference of order four in 1/K."""

_OTHER = 2.0
"""Another friction, at which what was found must hold too."""


@lru_cache(maxsize=1)
def diffusion() -> Operator:
    """exp(step L) with L = v d/du - (F' + g v) d/dv + g d^2/dv^2."""
    power, total = {(0, 0): RING(1)}, Operator()
    for n in range(1, HIGHEST + 1):
        following: dict[tuple[int, int], Polynomial] = {}
        for (j, k), c in power.items():
            first = c.diff(V)
            kept = V * polynomials.slope(c) - (F[1] + FRICTION * V) * first + FRICTION * first.diff(V)
            parts = {(j, k): kept, (j + 1, k): V * c, (j, k + 1): 2 * FRICTION * first - (F[1] + FRICTION * V) * c, (j, k + 2): FRICTION * c}
            for place, part in parts.items():
                following[place] = following.get(place, RING(0)) + part
        power = following
        total |= {(n, j, k): c / math.factorial(n) for (j, k), c in power.items() if c}
    return total


@lru_cache(maxsize=64)
def operator(scheme: Callable[..., Scheme], midpoints: str | None = None) -> Operator:
    """Of one step of an underdamped scheme with any force; K as a variable where the scheme takes `substeps`.

    Raises NoSeries where its step is no power series in the force, its draws and the step.
    """
    takes = inspect.signature(scheme).parameters
    options = {"midpoints": midpoints} if midpoints is not None and "midpoints" in takes else {}
    if "substeps" not in takes:
        return _of(partial(_made, scheme, options), rules=True)
    parts = [_of(partial(_made, scheme, options | {"substeps": n}), rules=n == CHECKED) for n in SUBSTEPS]
    return interpolated(parts, SUBSTEPS, polynomials.K, _LEFT)


def _made(scheme: Callable[..., Scheme], options: Mapping[str, Any], dynamics: Dynamics, step_size: float) -> Scheme:
    return scheme(dynamics, step_size, **options)


def _of(make: Make, rules: bool) -> Operator:
    try:
        require_own_step(make, _OTHER)
        if rules and (gap := refined_gap(make, 1.0)) > 1e-13:
            raise NoSeries(f"two rules for its draws differ by {gap:.1e} in a moment of one step")
        found = _powers(make)
    except (InvalidParameter, NoSeries):
        raise
    except Exception as error:  # whatever a step does with what is no number
        raise NoSeries(f"{type(error).__name__}: {error}".splitlines()[0]) from error
    return found


def _powers(make: Make) -> Operator:
    """Polynomials in the step through the moments at some steps, and in the velocity through those at its places."""
    steps, told, powers = _rule()
    runs = [phase_moments(make, float(step), 1.0, 0) for step in steps]
    velocities = np.linalg.inv(np.vander(VELOCITIES, increasing=True))
    found = Operator()
    for place in {key for run in runs for key in run}:
        j, k, monomial = place
        first = max(j + (k + 1) // 2, weight(monomial))
        if first > HIGHEST:
            continue
        values = np.stack([run.get(place, np.zeros(len(VELOCITIES))) for run in runs]) / steps[:, None] ** first @ velocities.T
        series = told @ values
        if np.abs(series[-2:]).max() * (4 / _STEP) ** (HIGHEST - first) > _ZERO * max(1.0, np.abs(values).max()):
            raise NoSeries("its moments are no power series in the step")
        for m, row in enumerate((powers @ series)[: HIGHEST + 1 - first], first):
            for q, c in enumerate(row):
                if abs(c) > _ZERO:
                    _add(found, m, place, q, float(c))
    return {key: p for key, p in found.items() if p}


@lru_cache(maxsize=1)
def _rule() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chebyshev's nodes in [0, _STEP], and the matrices from values there to coefficients of his polynomials and from these to those of powers."""
    angles, told = (part.astype(np.float64) for part in chebyshev(_COUNT))
    polynomial = np.polynomial.Polynomial
    columns = [np.polynomial.Chebyshev.basis(n, domain=[0, _STEP]).convert(kind=polynomial).coef for n in range(_COUNT)]
    powers = np.array([np.pad(column, (0, _COUNT - len(column))) for column in columns]).T
    return _STEP * (1 + np.cos(angles)) / 2, told, powers


def _add(found: Operator, m: int, place: Place, q: int, value: float) -> None:
    j, k, monomial = place
    forces = sum(monomial[INFINITESIMALS:])
    twice = j + k - q - 2 * forces + weight(monomial)  # of the power of the temperature, by units of length
    friction = m + k - q - 2 * forces - twice  # by units of time
    if twice < 0 or twice % 2 or friction < 0 or m < weight(monomial):
        raise NoSeries("what it does with the force does not have the units of a force")
    exact = rational(value, _ZERO)
    share = RING.domain(exact.numerator, exact.denominator) / (math.factorial(j) * math.factorial(k))
    found[m, j, k] = found.get((m, j, k), RING(0)) + polynomials.term(monomial, q, friction, share)
