"""Intervals of rates and constants of curves that are made up, next to what the rules that find them come to there, as a formula."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from experiments.measures._routes import apart, farthest
from experiments.measures._routes_of_fits import hull_of_fits
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.rates import fit_rate
from pmmtheory.rates.interval import Interval
from pmmtheory.rates.judge import judge
from pmmtheory.rates.limit import NOISE, limit
from pmmtheory.rates.noise import fits
from pmmtheory.rates.sequence import Points, Sequence, local_rates

_STEPS = 0.2 * 0.5 ** np.arange(7)
_NEXT = 2.0**0.4 - 1
"""What is left of a sequence is at most its last change over this, if it shrinks like step^0.4."""


def measure(device: str) -> dict[str, Estimate]:
    """Ends of intervals, and verdicts where they change."""
    return _settling() | _turning() | _in_noise() | _verdicts()


def _settling() -> dict[str, Estimate]:
    """log error = log 3 + 2 x + 0.8 step: slopes are 2 plus a power of the step, and what is left of them is a geometric series."""
    errors = np.exp(math.log(3) + 2 * np.log(_STEPS) + 0.8 * _STEPS)
    found, about = {}, 0.06 * 0.9 / math.log(2)
    for number, words in ((7, ""), (4, ", four steps")):
        fit = fit_rate(_STEPS[:number].tolist(), errors[:number].tolist(), 2.0)
        logs = np.log(errors[:number])
        for name, interval, values in (
            ("rates", fit.interval, -np.diff(logs) / math.log(2)),
            ("constants", np.log(fit.constant_interval), logs - 2 * np.log(_STEPS[:number])),
        ):
            last, change = values[-1], values[-1] - values[-2]
            slow, fast, pad = (1 - about, 1 + about, 0.0) if len(values) > 3 else (1 / 3, 60.0, abs(change))
            ends = [last + change / (2**power - 1) for power in (slow, fast)]
            found[f"{name} that settle{words}"] = farthest(np.array(interval), np.array([min(ends) - pad, max(ends) + pad]))
    return found


def _turning() -> dict[str, Estimate]:
    """Changes of both signs, and changes that fall like step^3, by their sizes and those of their changes."""
    places, found = np.log(_STEPS[:6]), {}
    for name, values in (("turn", np.array([1.0, 1.03, 1.01, 1.04, 1.02, 1.021])), ("fall fast", 1 + 8.0 ** -np.arange(6))):
        interval = limit(Sequence(values, np.full(6, 1e-6), places, lambda r: np.exp(r * places)))
        changes = np.abs(np.diff(values))
        turns = np.abs(np.diff(np.diff(values)))
        half = (_largest(changes) + 2 * _largest(turns)) / _NEXT + 1e-6
        found[f"numbers that {name}"] = farthest(np.array([interval.low, interval.high]) - values[-1], np.array([-half, half]))
    return found


def _largest(changes: Numbers) -> float:
    """Of the last three, had they shrunk like the step."""
    return max(changes[-1], changes[-2] / 2, changes[-3] / 4)


def _in_noise() -> dict[str, Estimate]:
    """Slopes lost in the errors of their points: all fits by least squares that match, or the last slope and what its changes allow."""
    found = {}
    for name, size, bend, sign in (
        ("one correction", 1e-3, 0.3, [1, -1, 1, -1, 1, -1, 1]),
        ("a slow correction", 1e-3, 0.0, [1, -1, -1, 1, 1, -1, 1]),
    ):
        x, signs = np.log(_STEPS), np.array(sign)
        y = 1.5 * x + bend * _STEPS + (0.2 * _STEPS**0.15 if not bend else 0) + size * signs
        interval = limit(local_rates(Points(x, y, np.full(7, size))))
        low, high = hull_of_fits(x, y, size)
        last = (y[-1] - y[-2]) / (x[-1] - x[-2])
        pad = max(abs(last - low), abs(last - high)) / 4
        found[f"rates in noise, {name}"] = farthest(np.array([interval.low, interval.high]), np.array([low - pad, high + pad]))
    y = 1.5 * x + 3 * _STEPS + 0.9 * _STEPS**2 + 2e-5 * np.array([1, 1, -1, -1, 1, -1, 1])
    for name, slope in (("rates", True), ("constants", False)):
        held = y if slope else y - 1.5 * x
        hull = hull_of_fits(x, held, 2e-5, slope)
        found[f"{name} in noise, two corrections"] = farthest(np.array(fits(Points(x, held, np.full(7, 2e-5)), slope)), np.array(hull))
    values, bounds = np.array([1.0, 1.004, 1.001, 1.0025]), np.array([1e-3, 1e-3, 2e-3, 2e-3])
    interval = limit(Sequence(values, bounds, np.log(_STEPS[:4]), lambda r: _STEPS[:4] ** r))
    half = max(0.0015 + 4e-3, (0.003 + 3e-3) / 2**0.4) / _NEXT + 2e-3
    found["numbers in noise"] = farthest(np.array([interval.low, interval.high]) - values[-1], np.array([-half, half]))
    return found


def _verdicts() -> dict[str, Estimate]:
    """The claims between which a verdict changes, by bisection, and where the rules say that it does."""
    rate, wide = Interval(1.9, 2.1, "made up"), Interval(1.7, 2.3, "made up")
    constant, doubt = Interval(0.98, 1.02, "made up"), Interval(0.9, 1.0, "made up")

    def verdict(claim: float, interval: Interval = rate, kind: str = "asymptotic", log: float | None = None, of: Interval = constant) -> str:
        return judge(interval, claim, kind, of, None if log is None else math.exp(log))[0]

    changes = {
        "rate, low": (_change(verdict, 1.0, 2.0), 1.9 - 0.1 - 0.02),
        "rate, high": (_change(verdict, 3.0, 2.0), 2.1 + 0.1 + 0.02),
        "rate, bound": (_change(lambda p: verdict(p, kind="bound"), 3.0, 2.0), 2.1 + 0.1 + 0.02),
        "rate, wide interval, below": (_change(lambda p: verdict(p, wide), 1.2, 1.8), 1.7 - 0.3 - 0.02),
        "rate, wide interval, pass of a bound": (_change(lambda p: verdict(p, wide, "bound"), 1.95 + 0.3, 1.0), 1.7 + 0.25),
        "rate, pass": (_change(lambda p: verdict(p, Interval(1.9, 2.3, "made up")), 1.9, 2.1), 2.3 - 0.25),
        "rate near 0": (_change(lambda p: verdict(5.0, Interval(p, p + 0.5, NOISE)), 1.0, 0.0), 0.1),
        "rate near 0, from below": (_change(lambda p: verdict(5.0, Interval(p - 0.5, p, NOISE)), -1.0, 0.0), -0.1),
        "constant, low": (_change(lambda c: verdict(2.0, log=c), 0.5, 1.0), 0.98 - 0.02 - 0.002),
        "constant, high": (_change(lambda c: verdict(2.0, log=c), 1.5, 1.0), 1.02 + 0.02 + 0.002),
        "constant, width": (_change(lambda w: verdict(2.0, log=1.0, of=Interval(1.0 - w, 1.0, "made up")), 0.5, 0.0), math.log(1.05)),
    }
    found = {f"verdict changes, {name}": apart(seen, rule) for name, (seen, rule) in changes.items()}
    told = [verdict(0.95, log=0.95, of=doubt), verdict(2.0), verdict(2.0, log=0.95, of=doubt), verdict(2.0, log=2.0, of=doubt)]
    right = sum(one == other for one, other in zip(told, ("fail", "pass", "undecided", "fail"), strict=True))
    return found | {"verdicts": apart(right, 4.0)}


def _change(verdict: Callable[[float], str], at: float, to: float) -> float:
    """Where between two claims the verdict is another, to 1e-9."""
    first = verdict(at)
    for _ in range(40):
        middle = (at + to) / 2
        at, to = (middle, to) if verdict(middle) == first else (at, middle)
    return at
