"""Intervals of rates and constants of curves that are made up, next to what the rules that find them come to there, as a formula."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from experiments.measures._routes import apart, compared, farthest, held
from experiments.measures._routes_of_fits import hull_of_fits, least_residual
from pmmtheory.estimate import Estimate
from pmmtheory.noise.levels import Numbers
from pmmtheory.rates import fit_rate
from pmmtheory.rates.interval import Interval
from pmmtheory.rates.judge import judge
from pmmtheory.rates.limit import NOISE, limit
from pmmtheory.rates.noise import fits
from pmmtheory.rates.sequence import Points, Sequence

_CORRECTIONS = ((0.15,), (0.4,), (0.6,), (0.8,), (1.0,), (1.5,), (2.0,), (3.0,))
_PAIRS = ((1.0, 2.0), (0.4, 1.0), (0.15, 1.0))
_STEPS = 0.2 * 0.5 ** np.arange(7)
_NEXT = 2.0**0.4 - 1
"""What is left of a sequence is at most its last change over this, if it shrinks like step^0.4."""


@compared
def measure(device: str) -> dict[str, Estimate]:
    """Ends of intervals, and verdicts where they change."""
    return held(_settling() | _turning() | _in_noise() | _fits() | _used() | _verdicts(), 1e-8)


def _settling() -> dict[str, Estimate]:
    """log error = log 3 + 2 x + 0.8 step: slopes are 2 plus a power of the step, and what is left of them is a geometric series."""
    errors = np.exp(math.log(3) + 2 * np.log(_STEPS) + 0.8 * _STEPS)
    found = {}
    for number, words in ((7, ""), (4, ", four steps")):
        fit = fit_rate(_STEPS[:number].tolist(), errors[:number].tolist(), 2.0)
        logs = np.log(errors[:number])
        for name, interval, values in (
            ("rates", fit.interval, -np.diff(logs) / math.log(2)),
            ("constants", np.log(fit.constant_interval), logs - 2 * np.log(_STEPS[:number])),
        ):
            found[f"{name} that settle{words}"] = farthest(np.array(interval), np.array(_settled(values, 0.0, 2.0)))
    for name, changes, error, factor in (
        ("faster and faster", [0.06, 0.035, 0.017, 0.007], 1e-4, 2.0),
        ("slower and slower", [0.08, 0.03, 0.012, 0.0056], 1e-4, 2.0),
        ("at steps far apart", [0.09, 0.027, 0.0088, 0.0027], 1e-5, 3.0),
        ("once slow", [0.01, 0.03, 0.004, 0.0021], 1e-6, 2.0),
    ):
        values = 1 + np.cumsum([0.0, *changes])
        ends = _ends(limit(_sequence(values, np.full(5, error), factor)))
        found[f"numbers that settle {name}"] = farthest(ends, np.array(_settled(values, error, factor)))
    return found | _first()


def _sequence(values: Numbers, bounds: Numbers, factor: float) -> Sequence:
    """At steps that fall by a factor, whose corrections are powers of the step."""
    steps = 0.2 * factor ** -np.arange(float(len(values)))
    return Sequence(values, bounds, np.log(steps), lambda r: steps**r)


def _settled(values: Numbers, error: float, factor: float) -> tuple[float, float]:
    """What is left is change / (factor^r - 1), with r as the last two changes show it, give or take their errors, and as far as it drifts."""
    last, sizes = values[-1], np.abs(np.diff(values))
    orders, change, e = np.log(sizes[:-1] / sizes[1:]) / math.log(factor), values[-1] - values[-2], 2 * error
    slow, fast, pad = min(0.4, orders[-1] / 3), 60.0, abs(change) if len(sizes) < 3 else 0.0
    if len(sizes) > 2:
        pad = max(0.0, _largest(sizes, factor) - 1.1 * sizes[-1]) / (factor**0.4 - 1)
        drift, far = orders[-1] - orders[-2], max(1.0, 0.9 / math.log(factor))
        down, up = (far * max(2.5 * size if size > 0 else -0.7 * size, 0.06) for size in (-drift, drift))
        slow = max(slow, math.log((sizes[-2] - e) / (sizes[-1] + e)) / math.log(factor) - down)
        fast = min(fast, math.log((sizes[-2] + e) / (sizes[-1] - e)) / math.log(factor) + up)
    left = [1 / (factor**power - 1) for power in (slow, fast)]
    ends = [last + part * change + sign * (1 + 2 * part) * error for part in left for sign in (-1, 1)]
    return min(ends) - pad, max(ends) + pad


def _first() -> dict[str, Estimate]:
    """Numbers that settle, and then are lost in their errors: the first ones tell, unless the rest lie beyond."""
    found = {}
    for name, sign in (("rise", 1.0), ("fall", -1.0)):
        values = 1 + sign * np.cumsum([0.0, 0.04, 0.02, 0.01])
        last, near, (low, high) = values[-1], 1 + sign * 0.08, _settled(values, 1e-4, 2.0)
        found[f"numbers that {name} before they are lost"] = farthest(_ends(_lost(values, near)), np.array([low, high]))
        seen = [_change(partial(_told_alike, values, near), near + far, near) for far in (-0.2, 0.2)]
        reach = np.array([min(low, last - 1e-4) - 0.02, max(high, last + 1e-4) + 0.02])
        found[f"how far the rest may lie, for those that {name}"] = farthest(np.array(seen), reach)
    return found


def _lost(values: Numbers, rest: float) -> Interval:
    """The limit of four numbers, and of two more that are lost in their errors."""
    errors = np.array([1e-4, 1e-4, 1e-4, 1e-4, 0.02, 0.02])
    return limit(_sequence(np.concatenate([values, [rest, rest]]), errors, 2.0))


def _told_alike(values: Numbers, near: float, rest: float) -> str:
    return str(_lost(values, rest) == _lost(values, near))


def _ends(interval: Interval) -> Numbers:
    return np.array([interval.low, interval.high])


def _turning() -> dict[str, Estimate]:
    """Changes of both signs, and changes that fall like step^3, by their sizes and those of their changes."""
    places, found = np.log(_STEPS[:6]), {}
    for name, values in (("turn", np.array([1.0, 1.03, 1.01, 1.04, 1.02, 1.021])), ("fall fast", 1 + 8.0 ** -np.arange(6))):
        ends = _ends(limit(Sequence(values, np.full(6, 1e-6), places, lambda r: np.exp(r * places))))
        changes = np.abs(np.diff(values))
        turns = np.abs(np.diff(np.diff(values)))
        half = (_largest(changes, 2.0) + 2 * _largest(turns, 2.0)) / _NEXT + 1e-6
        found[f"numbers that {name}"] = farthest(ends - values[-1], np.array([-half, half]))
    return found


def _largest(changes: Numbers, factor: float) -> float:
    """Of the last three, had they shrunk like the step."""
    return float(max(changes[-1], changes[-2] / factor, changes[-3] / factor**2))


def _in_noise() -> dict[str, Estimate]:
    """Slopes lost in the errors of their points: all fits by least squares that match, or the last slope and what its changes allow."""
    found = {}
    for name, size, bend, sign in (
        ("one correction", 1e-3, 0.3, [1, -1, 1, -1, 1, -1, 1]),
        ("a slow correction", 1e-3, 0.0, [1, -1, -1, 1, 1, -1, 1]),
    ):
        x, signs = np.log(_STEPS), np.array(sign)
        y = 1.5 * x + bend * _STEPS + (0.2 * _STEPS**0.15 if not bend else 0) + size * signs
        points = [Estimate(value, size * value, "made up") for value in np.exp(y)]
        interval = fit_rate(_STEPS.tolist(), points, 1.5).interval
        low, high = hull_of_fits(x, y, size)
        last = (y[-1] - y[-2]) / (x[-1] - x[-2])
        pad = max(abs(last - low), abs(last - high)) / 4
        found[f"rates in noise, {name}"] = farthest(np.array(interval), np.array([low - pad, high + pad]))
    values, bounds = np.array([1.0, 1.004, 1.001, 1.0025]), np.array([1e-3, 1e-3, 2e-3, 2e-3])
    ends = _ends(limit(Sequence(values, bounds, np.log(_STEPS[:4]), lambda r: _STEPS[:4] ** r)))
    half = max(0.0015 + 4e-3, (0.003 + 3e-3) / 2**0.4) / _NEXT + 2e-3
    found["numbers in noise"] = farthest(ends - values[-1], np.array([-half, half]))
    return found


def _fits() -> dict[str, Estimate]:
    """The hull of all fits that match, where one correction or one pair of them does, and where the first points do not."""
    x, signs, found = np.log(_STEPS), np.array([1, 1, -1, -1, 1, -1, 1]), {}
    for name, slope in (("rates", True), ("constants", False)):
        hulls = []
        for terms in (*_CORRECTIONS, *_PAIRS):
            y = 0.5 + 1.5 * x * slope + 2e-8 * signs + sum(c * _STEPS**r for c, r in zip((0.3, 0.9), terms, strict=False))
            hulls.append((y, 2e-8))
        hulls.append((0.5 + 1.5 * x * slope + 1e-3 * signs + np.array([0.5, -0.3, 0, 0, 0, 0, 0]), 1e-3))
        ours = [fits(Points(x, y, np.full(7, noise)), slope) for y, noise in hulls]
        theirs = [hull_of_fits(x, y, noise, slope) for y, noise in hulls]
        found[f"hulls of fits of {name}"] = farthest(np.array(ours), np.array(theirs))
    four = fits(Points(x[-4:], 0.5 + 1.5 * x[-4:] + np.array([0.2, -0.3, 0.1, 0.2]), np.full(4, 1e-3)), True)
    found["hulls where no fit matches"] = apart(sum(map(math.isinf, four)), 2.0)
    x, y = x[-4:], np.array([0.3, -0.5, 0.4, -0.6])
    matches = _change(lambda size: str(fits(Points(x, size * y, np.ones(4)), False)[0] == -math.inf), 100.0, 0.0)
    found["the largest residual of a fit that matches"] = apart(matches * least_residual(x, y), 2.5)
    return found


def _used() -> dict[str, Estimate]:
    """The relative error from which a point does not enter."""

    def used(error: float) -> str:
        points = [Estimate(step, share * step, "made up") for step, share in zip(_STEPS, [error, *[1e-3] * 6], strict=True)]
        return str(len(fit_rate(_STEPS.tolist(), points, 1.0).used))

    return {"the largest error of a point": apart(_change(used, 0.1, 0.0), 0.01)}


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
