"""The limit of a sequence whose distance from it shrinks with the step: an interval, or the word that none can be given.

What is assumed: the distance |v - v_k| shrinks at least like step^SLOWEST from each number to the next, and so do its changes.
Where the numbers show otherwise the interval is infinite.
"""

from __future__ import annotations

import math

import numpy as np

from pmmtheory.rates.interval import Interval
from pmmtheory.rates.noise import fits, grows, hardly_shrinks
from pmmtheory.rates.root import root
from pmmtheory.rates.sequence import Array, Sequence

SLOWEST = 0.4
FASTEST = 2.5
"""Beyond this exponent two changes in a row tell of a turn, not of a power."""
SOLID = 4.0
"""A change that is so many times its error is one."""
DRIFT, BACK, LEAST_DRIFT = 2.5, 0.7, 0.06
"""So many times as far as it went from the last step to this the exponent of the correction may go on, and back; and so far at least ..."""
FAR = 0.9
"""... where steps fall by a factor exp(FAR) or more; closer steps move it less, so that what remains is more of them."""
APART, MORE, LEAST_MORE = math.log(1.2), 1.0, 0.06
"""Steps nearer to each other than by this logarithm leave more to be guessed: so many times what is extrapolated, and so much of a rate, which may turn
where they are, for each time that they are as near again."""
LARGEST_CHANGE = 0.1
"""Changes of a rate up to this one may grow."""
LOWEST, HIGHEST = -6.0, 12.0
"""Exponents of corrections that are looked at."""
EXTRAPOLATED = 0.25
"""The part of what fits extrapolate that is added to their hull."""
SMALL = 0.005
"""Beside noise, changes up to this one may grow."""


NOISE = "noise"
UNSETTLED = "the points settle on nothing: smaller steps are needed, or the error is of another form"


def limit(sequence: Sequence) -> Interval:
    """An interval that holds the limit of a sequence of at least three numbers."""
    if len(sequence.values) < 3:
        return Interval.unknown("the terms of the form stated are not told apart by at least three numbers")
    changes = _Changes(sequence)
    found, clear = changes.limit(), changes.clear
    if clear not in (0, len(sequence.values)):
        earlier = _of_the_first(sequence, clear)
        found = earlier if earlier.width < found.width else found
    return found


def beyond_close_steps(found: Interval, sequence: Sequence, gap: float, pad: float) -> Interval:
    """An interval of the limit whose ends are as far from the last number as steps leave to be guessed whose logarithms are so near; pad: what is added."""
    near = max(0.0, APART / gap - 1)
    if near == 0 or not found.known:
        return found
    last, times = float(sequence.values[-1]), 1 + MORE * near
    low, high = last - times * (last - found.low), last + times * (found.high - last)
    return Interval(min(low, found.low) - pad * near, max(high, found.high) + pad * near, found.how)


def _of_the_first(sequence: Sequence, number: int) -> Interval:
    """The limit of the first numbers, where the rest are lost in their errors: unknown if one of these lies beyond it."""
    first = sequence.first(number)
    found, last, bound = _Changes(first).limit(), first.values[-1], first.bounds[-1]
    low, high = min(found.low, last - bound), max(found.high, last + bound)
    rest, bounds = sequence.values[number:], sequence.bounds[number:]
    return found if np.all((low <= rest + bounds) & (rest - bounds <= high)) else Interval.unknown(UNSETTLED)


class _Changes:
    """The differences d_k = v_k - v_{k-1} of a sequence and what they say."""

    def __init__(self, sequence: Sequence):
        self.sequence = sequence
        self.d = np.diff(sequence.values)
        self.bounds = sequence.bounds[1:] + sequence.bounds[:-1]
        self.places = sequence.places[1:]
        self.solid = np.abs(self.d) > SOLID * self.bounds
        theta = math.exp(SLOWEST * (self.places[-1] - self.places[-2]))
        self.reach = theta / (1 - theta)
        self.theta = theta

    @property
    def clear(self) -> int:
        """How many numbers there are up to the last two changes in a row that are solid."""
        pairs = np.flatnonzero(self.solid[1:] & self.solid[:-1])
        return int(pairs[-1]) + 3 if len(pairs) else 0

    def limit(self) -> Interval:
        if not (self.solid[-1] and self.solid[-2]):
            return self._in_noise()
        recent = np.sign(self.d[-5:][self.solid[-5:]])
        long = len(self.d) > 2
        order = math.inf if np.any(recent != recent[-1]) else self._order(len(self.d) - 1)
        if order > (FASTEST if long else 1.5):
            return self._turning()
        before = abs(self.d[-3]) if long and self.solid[-3] else math.inf
        if order < SLOWEST or abs(self.d[-2]) > max(LARGEST_CHANGE, before):
            return Interval.unknown(UNSETTLED)
        return self._settling(order)

    def _around(self, distance: float, how: str) -> Interval:
        """The last number, give or take what its changes allow."""
        last, half = self.sequence.values[-1], self.reach * distance + self.sequence.bounds[-1]
        return Interval(float(last - half), float(last + half), how)

    def _shrunk(self, changes: Array, exponent: float, number: int) -> float:
        """The largest of the last changes, each shrunk like step^exponent to the last place."""
        places = self.places[len(self.places) - len(changes) :]
        return float(np.max((np.abs(changes) * np.exp(exponent * (places[-1] - places)))[-number:]))

    def _in_noise(self) -> Interval:
        """Changes that are lost in the errors: fits to the points, or the plain bound where that is narrower."""
        points, slope = self.sequence.points, self.sequence.slope
        seen = bool(np.all(np.abs(self.d[-2:]) > self.bounds[-2:]))
        unsettled = (seen and self._order(len(self.d) - 1) < SLOWEST) or (points is not None and grows(points, slope))
        if unsettled and abs(self.d[-1]) > SMALL:
            return Interval.unknown(UNSETTLED)
        bound = self._around(self._shrunk(np.abs(self.d) + self.bounds, SLOWEST, 2), NOISE)
        if points is None:
            return bound
        found = self._padded(*fits(points, slope))
        return bound if bound.width < found.width and not hardly_shrinks(points, slope) else found

    def _padded(self, low: float, high: float) -> Interval:
        """The hull of fits, wider by a part of what they extrapolate: their corrections are not the only ones."""
        last = float(self.sequence.values[-1])
        pad = EXTRAPOLATED * max(abs(last - low), abs(last - high)) if math.isfinite(high - low) else 0.0
        return Interval(low - pad, high + pad, NOISE)

    def _turning(self) -> Interval:
        """Changes that are no power of the step: bounded by their size and that of their own changes."""
        if abs(self.d[-1]) > max(LARGEST_CHANGE, abs(self.d[-2])):
            return Interval.unknown(UNSETTLED)
        return self._around(self._shrunk(self.d, 1.0, 3) + 2 * self._shrunk(np.diff(self.d), 1.0, 3), "turning")

    def _settling(self, order: float) -> Interval:
        """Changes like a power of the step: extrapolated with every exponent about the one seen that its drift and its error allow."""
        low, high = min(SLOWEST, order / 3), 60.0
        pad = self.reach * max(0.0, self._shrunk(self.d, 1.0, 3) - 1.1 * abs(self.d[-1]))
        if len(self.d) > 2 and self.solid[-3]:
            n = len(self.d) - 1
            per_step = max(1.0, FAR / abs(self.places[-1] - self.places[-2]))
            drift = order - self._order(n - 1)
            down, up = (per_step * max(side * drift * (DRIFT if side * drift > 0 else -BACK), LEAST_DRIFT) for side in (-1, 1))
            low, high = max(low, self._order(n, 1.0) - down), min(high, self._order(n, -1.0) + up)
        elif len(self.d) < 3:
            pad += abs(self.d[-1])
        ends = [end for exponent in (low, high) for end in self._extrapolated(exponent)]
        return Interval(float(min(ends) - pad), float(max(ends) + pad), "settling")

    def _extrapolated(self, exponent: float) -> tuple[float, float]:
        """The limit if the rest of the correction is step^exponent."""
        effect, bounds = self.sequence.effect(exponent), self.sequence.bounds
        share = float(effect[-1] / (effect[-1] - effect[-2]))
        value = float(self.sequence.values[-1] - share * self.d[-1])
        error = float(abs(1 - share) * bounds[-1] + abs(share) * bounds[-2])
        return value - error, value + error

    def _order(self, i: int, error: float = 0.0) -> float:
        """The exponent r with which step^r would have the last change d_i / d_{i-1}, within what is looked at; its lower end for error 1, its upper for -1."""
        ratio = float((abs(self.d[i]) + error * self.bounds[i]) / (abs(self.d[i - 1]) - error * self.bounds[i - 1]))

        def excess(r: float) -> float:
            changes = np.diff(self.sequence.effect(r))
            return float(changes[i] / changes[i - 1]) - ratio

        return root(excess, LOWEST, HIGHEST, 1e-9)
