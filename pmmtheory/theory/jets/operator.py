"""The local weak operator of a scheme on the line: E f(X') of one step as a differential operator, by powers of the root of the step."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import numpy as np

from pmmtheory.errors import InvalidParameter
from pmmtheory.schemes import Scheme
from pmmtheory.theory.jets import polynomials
from pmmtheory.theory.jets.moments import HIGHEST, Make, Moments, moments, require_own_step
from pmmtheory.theory.jets.operations import SIDE
from pmmtheory.theory.jets.polynomials import RING, SIGN, F, Polynomial, polynomial
from pmmtheory.theory.jets.series import Monomial, NoSeries, weight
from pmmtheory.theory.jets.substeps import CHECKED, SUBSTEPS, interpolated

Operator = dict[tuple[int, int], Polynomial]
"""The coefficient of s^m d^k/dx^k, s the root of the step, by (m, k); those that vanish are missing."""

_STEP, _RATIO = 0.25, 4.0
_ZERO = 1e-9
_DENOMINATOR = 20_000


@lru_cache(maxsize=1)
def diffusion() -> Operator:
    """exp(s^2 L) with L = -F' d/dx + d^2/dx^2."""
    power, total = {0: RING(1)}, Operator()
    for n in range(1, HIGHEST // 2 + 1):
        following: dict[int, Polynomial] = {}
        for k, c in power.items():
            first = polynomials.slope(c)
            for place, term in ((k, -F[1] * first + polynomials.slope(first)), (k + 1, -F[1] * c + 2 * first), (k + 2, c)):
                following[place] = following.get(place, RING(0)) + term
        power = following
        total |= {(2 * n, k): c / math.factorial(n) for k, c in power.items() if c}
    return total


@lru_cache(maxsize=128)
def operator(scheme: Callable[..., Scheme], midpoints: str | None = None) -> Operator:
    """Of one step of a scheme on the line, overdamped, with any force; K as a variable where the scheme takes `substeps`.

    Raises NoSeries where its step is no power series in the force, its draws and the step.
    """
    takes = inspect.signature(scheme).parameters
    options = {"midpoints": midpoints} if midpoints is not None and "midpoints" in takes else {}
    if "substeps" not in takes:
        return _of(lambda dynamics, step: scheme(dynamics, step, **options))
    return interpolated([_at(scheme, n, midpoints, rules=n == CHECKED) for n in SUBSTEPS], SUBSTEPS, polynomials.K)


@lru_cache(maxsize=128)
def operator_at(scheme: Callable[..., Scheme], substeps: float, midpoints: str | None = None) -> Operator:
    """The same at one K."""
    return _at(scheme, substeps, midpoints, rules=True)


def _at(scheme: Callable[..., Scheme], substeps: float, midpoints: str | None, rules: bool) -> Operator:
    options = {"midpoints": midpoints} if midpoints is not None and "midpoints" in inspect.signature(scheme).parameters else {}
    return _of(lambda dynamics, step: scheme(dynamics, step, substeps=substeps, **options), rules)


def _of(make: Make, rules: bool = True) -> Operator:
    """At one K: with either sign of b_0 where the step asks for it. `rules` says whether those of the draws are looked at."""
    try:
        if rules:
            _require_exact_rules(make)
        positive, asked = _with_side(make, 1)
        if not asked:
            return positive
        negative, _ = _with_side(make, -1)
    except (InvalidParameter, NoSeries):
        raise
    except Exception as error:  # whatever a step does with what is no number
        raise NoSeries(f"{type(error).__name__}: {error}".splitlines()[0]) from error
    result = Operator()
    for key in positive | negative:
        one, other = positive.get(key, RING(0)), negative.get(key, RING(0))  # b_0 > 0 is F' < 0
        result[key] = (one + other) / 2 - SIGN * (one - other) / 2
    return {key: p for key, p in result.items() if p}


def _with_side(make: Make, sign: int) -> tuple[Operator, bool]:
    SIDE.sign, SIDE.asked = sign, False
    try:
        require_own_step(make, 0)
        return _powers(make), SIDE.asked
    finally:
        SIDE.sign = 1


def _powers(make: Make) -> Operator:
    """The powers of the root of the step in each moment: one alone, as where a scheme scales with the unit of length, or some, by interpolation."""
    one, other = moments(make, _STEP, 0), moments(make, _STEP / _RATIO, 0)
    found: dict[tuple[int, int], dict[Monomial, Fraction]] = {}
    more = []
    for (k, monomial), value in one.items():
        small = other.get((k, monomial), 0.0)
        if abs(value) < _ZERO * _STEP ** (HIGHEST / 2) and abs(small) < _ZERO * (_STEP / _RATIO) ** (HIGHEST / 2):
            continue
        power = math.log(value / small, _RATIO**0.5) if value * small > 0 else math.nan
        if abs(power - round(power)) > 1e-9 if math.isfinite(power) else True:
            more.append((k, monomial))
            continue
        _add(found, k, monomial, round(power), value / _STEP ** (round(power) / 2), 1e-12)
    if more:
        _by_interpolation(make, more, found)
    terms = {key: polynomial(part) / math.factorial(key[1]) for key, part in found.items()}
    return {key: p for key, p in terms.items() if p and key[0] <= HIGHEST}


def _add(found: dict[tuple[int, int], dict[Monomial, Fraction]], k: int, monomial: Monomial, power: int, value: float, error: float) -> None:
    if power < k + weight(monomial):
        raise NoSeries("what it does with the force does not fall with the step as fast as the drift of a diffusion does")
    found.setdefault((power, k), {})[monomial] = rational(value, error)


def rational(value: float, error: float) -> Fraction:
    """The simplest fraction within the error; the number itself where that is not simple."""
    near = Fraction(value).limit_denominator(_DENOMINATOR if error < 1e-9 else 500)  # among more of them one is always near
    return near if abs(float(near) - value) <= error * max(1.0, abs(value)) else Fraction(value)


def _by_interpolation(make: Make, wanted: list[tuple[int, Monomial]], found: dict[tuple[int, int], dict[Monomial, Fraction]]) -> None:
    """Polynomials in the step through its moments at Chebyshev's nodes, held to two more steps."""
    count = 13
    steps = _STEP * (1 - np.cos((np.arange(count) + 0.5) * np.pi / count)) / 2
    extra = _STEP * np.array([0.37, 0.71])
    runs: list[Moments] = [moments(make, float(step), 0) for step in (*steps, *extra)]
    for key in wanted:
        values = np.array([run.get(key, 0.0) for run in runs])
        fit = np.polynomial.Chebyshev.fit(steps, values[:count], count - 1, domain=[0, _STEP])
        if np.abs(fit(extra) - values[count:]).max() > 1e-10 * np.abs(values).max():
            raise NoSeries("its moments are no power series in the step")
        k, monomial = key
        size = float(np.abs(values).max())
        for j, c in enumerate(fit.convert(kind=np.polynomial.Polynomial).coef[: HIGHEST // 2 + 1]):
            if abs(c) * _STEP**j > 1e-9 * size:
                _add(found, k, monomial, 2 * j, float(c), 1e-7)


def _require_exact_rules(make: Make) -> None:
    """Raise NoSeries unless finer rules for the draws, normals as well, give the same moments: they do where the step is a polynomial in the draws."""
    from pmmtheory.dynamics import Overdamped
    from pmmtheory.theory.jets.force import AnyForce

    scheme = make(Overdamped(AnyForce()), _STEP)
    if not scheme.draws:
        return
    one, other = moments(make, _STEP, 0), moments(make, _STEP, 2)
    worst = max((abs(one.get(key, 0.0) - other.get(key, 0.0)) for key in one | other), default=0.0)
    if worst > 1e-11:
        raise NoSeries(f"two rules for its draws differ by {worst:.1e} in a moment of one step")
