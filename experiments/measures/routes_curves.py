"""What limits of rates are taken of: numbers of curves that are made up, next to what they are by their definition."""

from __future__ import annotations

import math

import numpy as np

from experiments.measures._routes import apart, compared, farthest, held
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.rates import fit_rate
from pmmtheory.rates.form import Form
from pmmtheory.rates.interval import Interval
from pmmtheory.rates.root import root
from pmmtheory.rates.sequence import Points, local_constants, local_rates
from pmmtheory.rates.to_zero import to_zero
from pmmtheory.rates.two_terms import constants_beside, rates_beside

_STEPS = np.array([0.2, 0.11, 0.06, 0.03, 0.014])
_NOISE = np.array([1e-4, 2e-4, 1e-4, 3e-4, 2e-4])


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Slopes, constants, their errors and what corrections do to them; the ends of a form; a root; a value at step 0."""
    but = {"rates beside another term, what": 1e-5, "constants beside another term, what": 1e-5, "corrections of half an order": 1e-4}
    return held(_one_term() | _two_terms() | _forms() | _small_parts(), but=but)


def _one_term() -> dict[str, Estimate]:
    x, y = np.log(_STEPS), np.log(3 * _STEPS**1.5 * (1 + _STEPS))
    points, found = Points(x, y, _NOISE), {}
    slopes = [(y[i] - y[i + 1]) / (x[i] - x[i + 1]) for i in range(4)]
    errors = [3 * (_NOISE[i] + _NOISE[i + 1]) / (x[i] - x[i + 1]) for i in range(4)]
    curves = {"local rates": (local_rates(points), slopes, errors), "local constants": (local_constants(points, 1.5), y - 1.5 * x, 3 * _NOISE)}
    for name, (sequence, values, bounds) in curves.items():
        found[name] = farthest(sequence.values, np.array(values))
        found[f"{name}, their errors"] = farthest(sequence.bounds, np.array(bounds))
        corrected = _one_values(name, 0.7)
        found[f"{name}, what a correction does"] = farthest(_normal(sequence.effect(0.7)), _normal(corrected))
    places = (x[1:] + x[:-1]) / 2
    found["local rates, their places"] = farthest(curves["local rates"][0].places, places)
    first = curves["local rates"][0].first(3)
    parts = [first.values, first.bounds, first.places, first.effect(0.7)]
    whole = [slopes[:3], errors[:3], places[:3], curves["local rates"][0].effect(0.7)[:3]]
    found["local rates, of the first points"] = farthest(np.concatenate(parts), np.concatenate(whole))
    return found


def _one_values(name: str, exponent: float) -> Numbers:
    """The change of rates or constants when the logarithm of the error changes by step^exponent."""
    change = _STEPS**exponent
    return np.diff(change) / np.diff(np.log(_STEPS)) if name == "local rates" else change


def _normal(values: Numbers) -> Numbers:
    """A sequence up to a factor."""
    return np.asarray(values / values[0])


def _two_terms() -> dict[str, Estimate]:
    """a step^p + b step^q: p of three neighbours and a of two are exact, whatever b is."""
    x, found = np.log(_STEPS), {}
    a, p, b, q = 0.7, 2.3, 0.4, 1.1
    points = Points(x, np.log(a * _STEPS**p + b * _STEPS**q), _NOISE / 100)
    scaled = a * _STEPS ** (p - q) + b
    error = 3 * scaled * _NOISE / 100
    gaps, errors = -np.diff(scaled), error[1:] + error[:-1]
    middles = (x[1:] + x[:-1]) / 2
    found["rates beside another term"] = farthest(rates_beside(points, q).values, np.full(3, p))
    found["rates beside another term, their errors"] = farthest(
        rates_beside(points, q).bounds, -(errors[1:] / gaps[1:] + errors[:-1] / gaps[:-1]) / np.diff(middles)
    )
    found["rates beside another term, their places"] = farthest(rates_beside(points, q).places, (middles[1:] + middles[:-1]) / 2)
    found["constants beside another term"] = farthest(np.exp(constants_beside(points, p, q).values), np.full(4, a))
    found["constants beside another term, their errors"] = farthest(constants_beside(points, p, q).bounds, errors / gaps)
    found["constants beside another term, their places"] = farthest(constants_beside(points, p, q).places, middles)
    # a small correction of the first term, and what it changes: for rates that is exact where steps are equally apart
    steps = 0.2 * 0.5 ** np.arange(6)
    for name, at in (("rates", steps), ("constants", _STEPS)):
        plain, bent = (Points(np.log(at), np.log(a * at**p * (1 + c * at**0.7) + b * at**q), np.full(len(at), 1e-8)) for c in (0.0, 1e-5))
        one, other = (rates_beside(of, q) if name == "rates" else constants_beside(of, p, q) for of in (plain, bent))
        found[f"{name} beside another term, what a correction does"] = farthest(_normal(one.effect(0.7)), _normal(other.values - one.values))
    # the two largest steps are not told apart, so that they do not count
    x, y = np.log(steps), np.log(a * steps**p + b * steps**q)
    lost = Points(x, y, np.array([1e-8, 0.5, 1e-8, 1e-8, 1e-8, 1e-8]))
    found["rates beside another term, of the steps that tell"] = farthest(rates_beside(lost, q).values, np.full(2, p))
    return found


def _forms() -> dict[str, Estimate]:
    """With a factor log(1/step), and corrections step^(1/2)."""
    measured = [(step, Estimate(step**2, step**2 * error, "made up")) for step, error in zip(_STEPS, [1e-3, 1e-16, 1e-3, 1e-3, 1e-3], strict=True)]
    points = Form(0.5, 2.0, None).points(measured[::-1])
    noise = np.array([1e-3, 1e-15, 1e-3, 1e-3, 1e-3]) + 2.3e-16 * 2 * np.abs(np.log(_STEPS))
    parts = {"steps": (points.x, np.log(_STEPS) / 2), "errors": (points.y, 2 * np.log(_STEPS) - 2 * np.log(-np.log(_STEPS)))}
    found = {f"a form, its {name}": farthest(one, other) for name, (one, other) in parts.items()}
    found["a form, its noise"] = farthest(points.noise[[1]], noise[[1]])
    halves = 0.1 * 4.0 ** -np.arange(6)
    for name, fit in (
        ("corrections of half an order", fit_rate(halves.tolist(), (2 * halves**1.5 * np.exp(0.3 * halves**0.5)).tolist(), 1.5, correction=0.5)),
        ("a second term", fit_rate(halves.tolist(), (2 * halves**1.5 + 0.1 * halves).tolist(), 1.5, crossover=1.0)),
        ("a logarithm", fit_rate(halves.tolist(), (2 * halves**1.5 * np.log(1 / halves)).tolist(), 1.5, logarithm=1.0)),
    ):
        found[f"{name}: the rate"], found[f"{name}: the constant"] = apart(fit.rate, 1.5), apart(fit.constant, 2.0)
    return found


def _small_parts() -> dict[str, Estimate]:
    interval = Interval(1.5, 1.8, "made up")
    steep = [Estimate(1 + 30 * x - 150 * x**2 + 400 * x**3, 0.0, "made up") for x in (0.2, 0.1, 0.05)]
    bent = to_zero(steep, 0.5)
    cubic = to_zero([Estimate(2 + x + x**3, 0.0, "made up") for x in (0.4, 0.2, 0.1)], 0.5)
    return {
        "a root": apart(root(lambda x: math.exp(x) - 3, 0.0, 2.0, 1e-13), math.log(3)),
        "a root beyond the ends": apart(root(lambda x: x - 3, 0.0, 2.0, 1e-13), 2.0),
        "an interval": farthest(np.array([interval.width, interval.middle]), np.array([0.3, 1.65])),
        "a parabola at step 0": apart(to_zero([Estimate(1 + 0.5 * x - 0.2 * x**2, 0.0, "made up") for x in (0.4, 0.2, 0.1)], 0.5).value, 1.0),
        "a cubic at step 0": apart(cubic.value, 2 + 0.4 * 0.2 * 0.1),
        "a steep cubic at step 0, its error": apart(bent.error, 2 * bent.value * (steep[2].value / bent.value - 1) ** 2),
        "a cubic at step 0, its error": apart(cubic.error, max(abs(cubic.value - (2 * 2.101 - 2.208)), 4.016 * (2.101 / cubic.value - 1) ** 2)),
    }
