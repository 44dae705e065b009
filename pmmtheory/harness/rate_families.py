"""Curves whose rate and constant are known, by family: what verdicts on rates are tried against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from pmmtheory.estimate import Estimate

Array = np.ndarray
Random = np.random.Generator
EXACT = 2e-16


@dataclass(frozen=True)
class Curve:
    """Errors at falling steps, and the truth about them: error ~ constant step^rate log(1/step)^logarithm.

    `options` are the forms that a claim on it states, as arguments of fit_rate. A constant is NaN where the form stated has none.
    """

    rate: float
    constant: float
    steps: Array
    errors: Array
    uncertainty: Array
    options: Mapping[str, float] = field(default_factory=dict)

    @property
    def estimates(self) -> list[Estimate]:
        """The errors as numbers with their uncertainty."""
        return [Estimate(float(e), float(u), "synthetic") for e, u in zip(self.errors, self.uncertainty, strict=True)]


@dataclass(frozen=True)
class Family:
    """A kind of curve.

    Attributes
    ----------
    name : str
    factor : function of (random numbers, steps)
        What multiplies C step^p.
    noise : range, optional
        Relative size of the normal noise, log-uniform; without it the numbers are exact to rounding.
    drift : range, optional
        Relative size of an error that is no noise: a smooth one, as large as stated at most.
    options : mapping
        The forms that the claim states.
    tame : bool
        Verdicts must be reached on nearly all of its curves.
    inside : bool
        Whether the curves satisfy what a verdict assumes.
    """

    name: str
    factor: Callable[[Random, Array], Array]
    rates: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
    noise: tuple[float, float] | None = None
    drift: tuple[float, float] | None = None
    options: Callable[[float], Mapping[str, float]] = lambda rate: {}
    has_constant: bool = True
    tame: bool = False
    inside: bool = True

    def draw(self, rng: Random) -> Curve:
        """A curve with a random rate, constant, number of steps and factor."""
        rate, constant = float(rng.choice(self.rates)), float(10 ** rng.uniform(-3, 2))
        steps = _steps(rng, least=5 if self.tame else 4)
        exact = constant * steps**rate * self.factor(rng, steps)
        size = np.full(len(steps), EXACT)
        seen = exact
        if self.noise:
            size += _log_uniform(rng, *self.noise)
            seen = exact * (1 + (size - EXACT) * rng.standard_normal(len(steps)))
        if self.drift:
            size += _log_uniform(rng, *self.drift)
            seen = exact * (1 + (size - EXACT) * np.sin(rng.uniform(0, 1.5) * np.arange(len(steps)) + rng.uniform(0, 6)))
        return Curve(rate, constant if self.has_constant else np.nan, steps, seen, size * exact, self.options(rate))


def _log_uniform(rng: Random, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _steps(rng: Random, least: int) -> Array:
    """Steps that fall by one ratio, by ratios that vary, or as 1/n for round numbers n."""
    first, number = float(rng.choice([0.05, 0.1, 0.2])), int(rng.integers(least, 9))
    kind = rng.integers(4)
    if kind == 0:
        return np.array(1 / np.array([6, 8, 12, 16, 24, 32, 48, 64])[:number])
    ratios = rng.uniform(0.45, 0.75, number) if kind == 1 else np.full(number, rng.choice([0.5, 0.5**0.5, 0.62]))
    return np.array(first * np.cumprod(ratios) / ratios[0])


def _power(low: float, high: float, exponent: float = 1.0) -> Callable[[Random, Array], Array]:
    return lambda rng, h: np.asarray(1 + _log_uniform(rng, low, high) * h**exponent)


def _tame(rng: Random, h: Array) -> Array:
    return np.asarray(1 + rng.uniform(-3, 3) * h)


def _two_terms(rng: Random, h: Array) -> Array:
    return np.asarray(1 + rng.uniform(-2, 2) * h + rng.uniform(-2, 2) * h**2)


def _second_term(rng: Random, h: Array) -> Array:
    return np.asarray(1 + _log_uniform(rng, 1, 3000) * h * (1 + rng.uniform(-2, 2) * h))


def _half(rng: Random, h: Array) -> Array:
    return np.asarray(1 + rng.uniform(-1, 3) * h**0.5 + rng.uniform(-1, 1) * h)


def _log_factor(rng: Random, h: Array) -> Array:
    return np.asarray(np.log(_log_uniform(rng, 1, 30) / h))


def _log_term(rng: Random, h: Array) -> Array:
    return np.asarray(1 + rng.uniform(-2, 6) * h * np.log(1 / h))


def _oscillating(rng: Random, h: Array) -> Array:
    amplitude, order = rng.uniform(0, 4), rng.choice([1.0, 2.0])
    return np.asarray(1 + amplitude * h**order * np.sin(rng.uniform(1, 8) * np.log(h) + rng.uniform(0, 6)))


def _saturating(rng: Random, h: Array) -> Array:
    c = _log_uniform(rng, 1, 3000)
    return np.asarray(-np.expm1(-c * h) / (c * h))


def _saturating_root(rng: Random, h: Array) -> Array:
    return np.asarray((1 + (_log_uniform(rng, 1, 3000) * h) ** 2) ** -0.5)


def _tanh(rng: Random, h: Array) -> Array:
    c = _log_uniform(rng, 1, 3000)
    return np.asarray(np.tanh(c * h) / (c * h))


def _rational(largest: float) -> Callable[[Random, Array], Array]:
    return lambda rng, h: np.asarray((1 + _log_uniform(rng, 0.1, largest) * h) / (1 + _log_uniform(rng, 0.1, largest) * h))


def _norm(rng: Random, h: Array) -> Array:
    return np.asarray(np.sqrt(1 + (_log_uniform(rng, 0.1, 1000) * h ** rng.choice([0.5, 1.0])) ** 2))


def _cancelling(rng: Random, h: Array) -> Array:
    return np.asarray(np.abs(1 - _log_uniform(rng, 1, 200) * h + rng.choice([0, 1]) * _log_uniform(rng, 1, 200) * h**2))


def _cubic_tail(rng: Random, h: Array) -> Array:
    return np.asarray(1 + rng.uniform(-2, 2) * h + (_log_uniform(rng, 0.3, 10) * h) ** 3)


def _small_steps(rng: Random, h: Array) -> Array:
    """Terms beyond all orders, such as exp(-1/h)."""
    return np.asarray(1 + rng.uniform(-1, 5) * np.exp(-_log_uniform(rng, 0.2, 2) / h))


def _slow_waves(rng: Random, h: Array) -> Array:
    return np.asarray(np.exp(rng.uniform(0.05, 0.5) * np.sin(rng.uniform(0.3, 3) * np.log(h) + rng.uniform(0, 6))))


FAMILIES: tuple[Family, ...] = (
    Family("1 + c h, abs c <= 3", _tame, tame=True),
    Family("1 + c h + d h^2, abs c, d <= 2", _two_terms, tame=True),
    Family("1 + c h^2, c in .1-100", _power(0.1, 100, 2.0)),
    Family("1 + c h, c in 3-30", _power(3, 30)),
    Family("1 + c h, c in 30-300", _power(30, 300)),
    Family("1 + c h, c in 300-3000", _power(300, 3000)),
    Family("1 + c h^.5 + d h", _half),
    Family("1 + c h^.5, c in .1-100", _power(0.1, 100, 0.5)),
    Family("crossover: a + h, a in 1e-6-1", lambda rng, h: 1 + h / _log_uniform(rng, 1e-6, 1)),
    Family("log(b/h), b in 1-30", _log_factor, has_constant=False),
    Family("1 + c h log(1/h)", _log_term),
    Family("oscillating: 1 + c h^r sin(w log h)", _oscillating),
    Family("saturating: 1 - exp(-c h)", _saturating, rates=(1.0,)),
    Family("saturating: tanh(c h)", _tanh, rates=(1.0,)),
    Family("saturating: h (1 + c^2 h^2)^-1/2", _saturating_root, rates=(1.0,)),
    Family("rational: (1 + c h)/(1 + d h), c, d in .1-10", _rational(10)),
    Family("norm of two terms", _norm),
    Family("cancellation: abs(1 - c h + d h^2)", _cancelling),
    Family("late cubic term", _cubic_tail),
    Family("term beyond all orders", _small_steps),
    Family("noise 1e-9-1e-5", _two_terms, noise=(1e-9, 1e-5)),
    Family("noise 1e-5-1e-3", _two_terms, noise=(1e-5, 1e-3)),
    Family("noise 1e-3-9e-3", _two_terms, noise=(1e-3, 9e-3)),
    Family("noise 1e-9-1e-3, 1 + c h^.5, c in .1-3", _power(0.1, 3, 0.5), noise=(1e-9, 1e-3)),
    Family("noise 1e-9-9e-3, saturating: 1 - exp(-c h)", _saturating, rates=(1.0,), noise=(1e-9, 9e-3)),
    Family("noise 1e-9-1e-3, c in 3-300", _power(3, 300), noise=(1e-9, 1e-3)),
    Family("smooth error 1e-9-9e-3 within its bound", _two_terms, drift=(1e-9, 9e-3)),
    Family("1 + c h^.5 + d h, stated", _half, options=lambda rate: {"correction": 0.5}),
    Family("log(1/h) (1 + c h), stated", lambda rng, h: -np.log(h) * _tame(rng, h), options=lambda rate: {"logarithm": 1.0}),
    Family("a + h + d h^2, stated", _second_term, options=lambda rate: {"crossover": rate + 1}),
    Family("slow waves: exp(c sin(w log h))", _slow_waves, inside=False),
    Family("two crossovers: (1 + c h)/(1 + d h), c, d in .1-1000", _rational(1000), inside=False),
    Family("log(b/h), hidden by noise 1e-9-9e-3", _log_factor, noise=(1e-9, 9e-3), has_constant=False, inside=False),
    Family("1 + c h, c in 30-3000, hidden by noise 1e-9-9e-3", _power(30, 3000), noise=(1e-9, 9e-3), inside=False),
)
